package com.authgear.authrequest.telemetry;

import static com.authgear.authrequest.support.Collector.described;
import static com.authgear.authrequest.support.Collector.hex;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.support.Collector;
import com.authgear.authrequest.support.ServiceProcess;
import com.authgear.authrequest.support.Site;
import com.authgear.authrequest.trace.TraceContext;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.Headers;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Traces as a collector gets them, and as the resolver is told of them. */
class TracingIT {

  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String CLIENT = "00f067aa0ba902b7";
  private static final String SAMPLED = "00-" + TRACE + "-" + CLIENT + "-01";
  private static final String NOT_SAMPLED = "00-" + TRACE + "-" + CLIENT + "-00";
  private static final String STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
  private static final String NO_TRACE = "";

  private final HttpClient http = HttpClient.newHttpClient();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));
  private final MockWebServer resolver = new MockWebServer();
  private Collector collector;
  private volatile MockResponse answer =
      new MockResponse(
          200,
          Headers.of("x-authgear-session-valid", "true", "x-authgear-user-id", "a11ce000"),
          "");

  @BeforeEach
  void start() throws IOException {
    collector = new Collector();
    resolver.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return answer;
          }
        });
    resolver.start(InetAddress.getLoopbackAddress(), 0);
  }

  @AfterEach
  void stop() {
    http.close();
    collector.close();
    resolver.close();
    sandbox.close();
  }

  private Map<String, String> settings(String... more) {
    Map<String, String> settings = new HashMap<>();
    settings.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    settings.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    settings.put("AUTHGEAR_RESOLVER_URL", "http://127.0.0.1:" + resolver.getPort() + "/resolve");
    settings.put("AUTHGEAR_LISTEN", "127.0.0.1:0");
    settings.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    settings.put("AUTHGEAR_POLICY_STAFF", "role=staff");
    for (int i = 0; i < more.length; i += 2) {
      settings.put(more[i], more[i + 1]);
    }
    return settings;
  }

  private Service serve(String ratio, String... more) throws IOException {
    Map<String, String> settings = settings(more);
    if (!ratio.isEmpty()) {
      settings.put("AUTHGEAR_OTLP_ENDPOINT", collector.endpoint());
      settings.put("AUTHGEAR_TRACE_RATIO", ratio);
    }
    Service service =
        switch (SettingsReader.read(settings)) {
          case Accepted accepted ->
              Service.start(accepted.settings(), InstantSource.system(), "1.2.3");
          case Refused refused -> throw new AssertionError(refused.report());
        };
    Awaitility.await().until(() -> management(service, "/readyz").startsWith("ready"));
    return service;
  }

  private String management(Service service, String path) throws Exception {
    URI url = URI.create("http://127.0.0.1:" + service.managementPort() + path);
    return http.send(HttpRequest.newBuilder(url).build(), BodyHandlers.ofString()).body();
  }

  private int ask(Service service, String path, String token, String traceparent) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path));
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    if (!traceparent.isEmpty()) {
      request.header("traceparent", traceparent).header("tracestate", STATE);
    }
    return http.send(request.build(), BodyHandlers.discarding()).statusCode();
  }

  /** What was sent, after the service has ended; those of the start are not among them. */
  private List<Span> spansOfTrace() {
    return Collector.spans(collector.received()).stream()
        .filter(span -> hex(span.getTraceId()).equals(TRACE))
        .toList();
  }

  private TraceContext toldToTheResolver() throws InterruptedException {
    Headers headers =
        Objects.requireNonNull(resolver.takeRequest(5, TimeUnit.SECONDS)).getHeaders();
    return Objects.requireNonNull(
        TraceContext.of(headers.values("traceparent"), headers.values("tracestate")));
  }

  private String resolverAddress() {
    return " server.address=127.0.0.1 server.port=" + resolver.getPort();
  }

  @Test
  void sampledRequest_hasItsSpanAndOneForTheResolver_whichIsToldOfIt() throws Exception {
    String opaque = sandbox.project().opaqueToken("alice");
    try (Service service = serve("0")) {
      assertThat(ask(service, "/auth", opaque, SAMPLED)).isEqualTo(200);
    }
    List<Span> spans = spansOfTrace();
    assertThat(spans.stream().map(Collector::described))
        .containsExactly(
            "SERVER auth authgear.auth.outcome=allow authgear.auth.reason=none"
                + " authgear.auth.verifier=resolver http.response.status_code=200 ["
                + STATE
                + "] UNSET",
            "CLIENT resolve authgear.resolver.result=valid"
                + resolverAddress()
                + " ["
                + STATE
                + "] UNSET");
    Span server = spans.getFirst();
    Span call = spans.getLast();
    assertThat(hex(server.getParentSpanId())).isEqualTo(CLIENT);
    assertThat(call.getParentSpanId()).isEqualTo(server.getSpanId());
    assertThat(call.getEndTimeUnixNano())
        .isBetween(call.getStartTimeUnixNano(), server.getEndTimeUnixNano());
    assertThat(toldToTheResolver())
        .isEqualTo(new TraceContext("00-" + TRACE + "-" + hex(call.getSpanId()) + "-01", STATE));
  }

  @Test
  void resource_namesTheServiceAndItsVersion() throws Exception {
    try (Service service = serve("1")) {
      assertThat(ask(service, "/auth", "", NO_TRACE)).isEqualTo(401);
    }
    List<ResourceSpans> received = collector.received();
    assertThat(received)
        .isNotEmpty()
        .allSatisfy(
            one ->
                assertThat(described(one.getResource()))
                    .isEqualTo("service.name=authgear-auth-request service.version=1.2.3"));
  }

  @Test
  void requestThatIsNotSampled_hasNoSpans_andTheResolverIsToldSo() throws Exception {
    String opaque = sandbox.project().opaqueToken("alice");
    try (Service service = serve("1")) {
      assertThat(ask(service, "/auth", opaque, NOT_SAMPLED)).isEqualTo(200);
    }
    assertThat(spansOfTrace()).isEmpty();
    TraceContext told = toldToTheResolver();
    assertThat(told.traceId()).isEqualTo(TRACE);
    assertThat(told.isSampled()).isFalse();
    assertThat(told.tracestate()).isEqualTo(STATE);
  }

  @Test
  void requestInNoTrace_isTracedByChance() throws Exception {
    try (Service service = serve("0")) {
      assertThat(ask(service, "/auth", "", NO_TRACE)).isEqualTo(401);
      assertThat(ask(service, "/auth", "", "00-" + TRACE + "-" + CLIENT)).isEqualTo(401);
    }
    assertThat(collector.received()).isEmpty();
    try (Service service = serve("1")) {
      assertThat(ask(service, "/auth", "", NO_TRACE)).isEqualTo(401);
      assertThat(ask(service, "/auth", "", "00-" + TRACE + "-" + CLIENT)).isEqualTo(401);
    }
    List<Span> spans = Collector.spans(collector.received());
    assertThat(spans)
        .allSatisfy(span -> assertThat(span.getParentSpanId().isEmpty()).isTrue())
        .allSatisfy(span -> assertThat(hex(span.getTraceId())).isNotEqualTo(TRACE));
    assertThat(spans.stream().map(Collector::described))
        .containsExactly(
            "CLIENT fetch keys authgear.key_set.result=success server.address=127.0.0.1"
                + " server.port="
                + URI.create(sandbox.origin()).getPort()
                + " UNSET",
            "SERVER auth authgear.auth.outcome=unauthenticated"
                + " authgear.auth.reason=no_credentials authgear.auth.verifier=none"
                + " http.response.status_code=401 UNSET",
            "SERVER auth authgear.auth.outcome=unauthenticated"
                + " authgear.auth.reason=no_credentials authgear.auth.verifier=none"
                + " http.response.status_code=401 UNSET");
  }

  @Test
  void refusalsAndFailures_areNamedAsInTheMetrics() throws Exception {
    String bob = sandbox.project().accessToken("bob");
    String opaque = sandbox.project().opaqueToken("alice");
    answer = new MockResponse.Builder().code(500).build();
    try (Service service = serve("0")) {
      assertThat(ask(service, "/auth/staff", bob, SAMPLED)).isEqualTo(403);
      assertThat(ask(service, "/auth/no-such-policy", bob, SAMPLED)).isEqualTo(503);
      assertThat(ask(service, "/auth", opaque, SAMPLED)).isEqualTo(503);
    }
    assertThat(spansOfTrace().stream().map(span -> described(span).replace(" [" + STATE + "]", "")))
        .containsExactly(
            "SERVER auth authgear.auth.outcome=forbidden authgear.auth.policy=staff"
                + " authgear.auth.reason=role_missing authgear.auth.verifier=jwt"
                + " http.response.status_code=403 UNSET",
            "SERVER auth authgear.auth.outcome=unavailable"
                + " authgear.auth.reason=unknown_policy authgear.auth.verifier=none"
                + " http.response.status_code=503 ERROR",
            "SERVER auth authgear.auth.outcome=unavailable"
                + " authgear.auth.reason=resolver_error authgear.auth.verifier=resolver"
                + " http.response.status_code=503 ERROR",
            "CLIENT resolve authgear.resolver.result=error" + resolverAddress() + " ERROR",
            // Once more, because it may have been the session's lock.
            "CLIENT resolve authgear.resolver.result=error" + resolverAddress() + " ERROR");
  }

  @Test
  void tokenWithANewKey_hasASpanForTheKeys() throws Exception {
    try (Service service = serve("0")) {
      sandbox.project().rotateKeys();
      String token = sandbox.project().accessToken("alice");
      assertThat(ask(service, "/auth", token, SAMPLED)).isEqualTo(200);
    }
    List<Span> spans = spansOfTrace();
    assertThat(spans.stream().map(Span::getName)).containsExactly("auth", "fetch keys");
    assertThat(spans.getLast().getParentSpanId()).isEqualTo(spans.getFirst().getSpanId());
  }

  @Test
  void off_theResolverIsToldWhatCame() throws Exception {
    String opaque = sandbox.project().opaqueToken("alice");
    try (Service service = serve("", "AUTHGEAR_RESOLVER_CACHE_TTL", "0s")) {
      assertThat(ask(service, "/auth", opaque, SAMPLED)).isEqualTo(200);
      assertThat(toldToTheResolver()).isEqualTo(new TraceContext(SAMPLED, STATE));
      assertThat(ask(service, "/auth", opaque, SAMPLED + "-x")).isEqualTo(200);
      Headers headers = resolver.takeRequest().getHeaders();
      assertThat(headers.names()).doesNotContain("traceparent", "tracestate");
      assertThat(management(service, "/metrics")).doesNotContain("authgear_auth_spans_total");
    }
    assertThat(collector.calls()).isZero();
  }

  @Test
  void collectorThatRefuses_costsOnlySpans() throws Exception {
    collector.answers(new MockResponse.Builder().code(400).build());
    try (Service service = serve("1")) {
      assertThat(ask(service, "/auth", "", SAMPLED)).isEqualTo(401);
      Awaitility.await()
          .until(
              () ->
                  management(service, "/metrics")
                      .contains("authgear_auth_spans_total{result=\"failed\"} 2.0"));
      collector.answers(new MockResponse.Builder().build());
      assertThat(ask(service, "/auth", "", SAMPLED)).isEqualTo(401);
      Awaitility.await()
          .until(
              () ->
                  management(service, "/metrics")
                      .contains("authgear_auth_spans_total{result=\"exported\"} 1.0"));
      assertThat(management(service, "/metrics"))
          .contains("authgear_auth_spans_total{result=\"dropped\"} 0.0");
    }
  }

  @Test
  void throughNginx_theClientsTraceGoesOn() throws IOException {
    try (Site site =
        new Site(
            Map.of("AUTHGEAR_OTLP_ENDPOINT", collector.endpoint(), "AUTHGEAR_TRACE_RATIO", "0"),
            UnaryOperator.identity())) {
      assertThat(site.status("traceparent", SAMPLED)).isEqualTo(401);
      assertThat(site.status("traceparent", NOT_SAMPLED)).isEqualTo(401);
    }
    assertThat(spansOfTrace())
        .singleElement()
        .satisfies(span -> assertThat(hex(span.getParentSpanId())).isEqualTo(CLIENT));
  }

  /** Off costs nothing: not one class of OpenTelemetry is loaded. */
  @Test
  void off_noClassOfOpenTelemetryIsLoaded(@TempDir Path folder) throws Exception {
    assertThat(openTelemetryClassesLoaded(folder.resolve("off"), settings())).isEmpty();
    assertThat(
            openTelemetryClassesLoaded(
                folder.resolve("on"), settings("AUTHGEAR_OTLP_ENDPOINT", collector.endpoint())))
        .isNotEmpty();
    assertThat(spansOfTrace().stream().map(Span::getName))
        .as("the packaged program sends spans")
        .containsExactly("auth", "auth", "resolve");
  }

  private List<String> openTelemetryClassesLoaded(Path log, Map<String, String> settings)
      throws Exception {
    try (ServiceProcess service =
        new ServiceProcess(List.of("-Xlog:class+load:file=" + log), settings)) {
      service.awaitReady();
      for (String token :
          List.of(sandbox.project().accessToken("alice"), sandbox.project().opaqueToken("alice"))) {
        URI url = URI.create("http://127.0.0.1:" + service.address().getPort() + "/auth");
        assertThat(
                http.send(
                        HttpRequest.newBuilder(url)
                            .header("Authorization", "Bearer " + token)
                            .header("traceparent", SAMPLED)
                            .build(),
                        BodyHandlers.discarding())
                    .statusCode())
            .isEqualTo(200);
      }
      service.terminate();
      service.awaitExit();
    }
    List<String> loaded = Files.readAllLines(log);
    assertThat(loaded).anyMatch(line -> line.contains("com.authgear.authrequest.http.AuthHandler"));
    return loaded.stream()
        .filter(line -> line.contains("io.opentelemetry.") || line.contains("telemetry.otlp."))
        .toList();
  }
}
