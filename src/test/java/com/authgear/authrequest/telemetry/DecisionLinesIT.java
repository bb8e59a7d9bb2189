package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What the running service writes about single requests. */
class DecisionLinesIT {
  private static final Clock CLOCK = Clock.systemUTC();

  private static Sandbox sandbox;
  private static Service service;
  private static HttpClient http;

  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private Logger logger;

  @BeforeAll
  static void start() throws Exception {
    sandbox = Sandbox.start(SandboxOptions.loopback(CLOCK));
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_LOG_ALLOWED", "true");
    environment.put("AUTHGEAR_LOG_USER_ID", "true");
    environment.put("AUTHGEAR_POLICY_STAFF", "role=staff");
    environment.put("AUTHGEAR_DRAIN", "0s");
    Settings settings =
        switch (SettingsReader.read(environment)) {
          case Accepted accepted -> accepted.settings();
          case Refused refused -> throw new AssertionError(refused.report());
        };
    service = Service.start(settings, CLOCK, "test");
    http = HttpClient.newHttpClient();
    String token = sandbox.project().accessToken("alice");
    Awaitility.await().until(() -> ask("/auth", "Authorization", "Bearer " + token) == 200);
  }

  @AfterAll
  static void stop() {
    http.close();
    service.close();
    sandbox.close();
  }

  @BeforeEach
  void listen() {
    logger = (Logger) LoggerFactory.getLogger(DecisionLog.class);
    logger.setLevel(Level.INFO);
    lines.start();
    logger.addAppender(lines);
  }

  @AfterEach
  void stopListening() {
    logger.detachAppender(lines);
  }

  private static int ask(String path, String... headers) throws Exception {
    return http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .headers(headers)
                .build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  /** Level, message and every key with its value. */
  private List<String> written() {
    List<String> written = new ArrayList<>();
    for (ILoggingEvent line : lines.list) {
      StringBuilder text = new StringBuilder(line.getLevel() + " " + line.getFormattedMessage());
      line.getKeyValuePairs().forEach(pair -> text.append(' ').append(pair.key + "=" + pair.value));
      written.add(text.toString());
    }
    return written;
  }

  @Test
  void denied_hasOneLineWithWhatTheProxySaid() throws Exception {
    String token = sandbox.project().accessToken("bob");
    assertThat(
            ask(
                "/auth/staff",
                "Authorization",
                "Bearer " + token,
                "X-Request-ID",
                "5d3c9a0e0f0b4a1f8d2e6c7b9a8f7e6d",
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
                "X-Real-IP",
                "2001:DB8::7"))
        .isEqualTo(403);
    assertThat(written())
        .containsExactly(
            "INFO request denied reason=role_missing verifier=jwt policy=staff"
                + " request_id=5d3c9a0e0f0b4a1f8d2e6c7b9a8f7e6d"
                + " trace_id=0af7651916cd43dd8448eb211c80319c client=2001:db8:0:0:0:0:0:7"
                + " user_id="
                + sandbox.project().user("bob").id()
                + " left_out=0");
  }

  @Test
  void allowed_hasALineToo() throws Exception {
    assertThat(
            ask(
                "/auth",
                "Authorization",
                "Bearer " + sandbox.project().accessToken("alice"),
                "X-Request-ID",
                "r-1",
                "X-Real-IP",
                "192.0.2.7"))
        .isEqualTo(200);
    assertThat(written())
        .containsExactly(
            "INFO request allowed verifier=jwt request_id=r-1 client=192.0.2.7 user_id="
                + sandbox.project().user("alice").id());
  }

  @Test
  void whatIsNoAddressOrId_isReplaced() throws Exception {
    String token = sandbox.project().accessToken("alice");
    assertThat(
            ask(
                "/auth",
                "X-Request-ID",
                token,
                "X-Real-IP",
                "evil client=1",
                "traceparent",
                "00-evil-client=1-00"))
        .isEqualTo(401);
    assertThat(written())
        .singleElement()
        .asString()
        .matches(
            "INFO request denied reason=no_credentials verifier=none"
                + " request_id=[0-9a-f]{16} client=127\\.0\\.0\\.1 left_out=0");
  }

  @Test
  void mistakenRequirement_isQuoted() throws Exception {
    assertThat(ask("/auth?rolle=admin", "X-Request-ID", "r-2")).isEqualTo(503);
    assertThat(written())
        .singleElement()
        .asString()
        .startsWith(
            "WARN request not decided reason=bad_requirement verifier=none request_id=r-2"
                + " client=127.0.0.1 detail=in \"rolle=admin\": unknown key \"rolle\"");
  }

  @Test
  void policyThatNoOneNamed_isNotRepeatedIfItIsNoName() throws Exception {
    assertThat(ask("/auth/nobody", "X-Request-ID", "r-3")).isEqualTo(503);
    assertThat(ask("/auth/no%0Abody", "X-Request-ID", "r-3")).isEqualTo(503);
    assertThat(written())
        .containsExactly(
            "WARN request not decided reason=unknown_policy verifier=none policy=nobody"
                + " request_id=r-3 client=127.0.0.1 left_out=0",
            "WARN request not decided reason=unknown_policy verifier=none request_id=r-3"
                + " client=127.0.0.1 left_out=0");
  }
}
