package com.authgear.authrequest.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.sandbox.DemoSite.Access;
import com.authgear.authrequest.sandbox.DemoSite.DemoLocation;
import com.authgear.authrequest.sandbox.SandboxClient.Answer;
import com.authgear.authrequest.support.SettableClock;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may ask the playground, for what, and what it answers; PlaygroundIT has its page. */
class PlaygroundTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ADMIN =
      """
      {"location": "/admin/", "header": "Authorization", "value": "Bearer secret"}\
      """;

  private final SettableClock clock = new SettableClock();
  private final MockWebServer service = new MockWebServer();
  private final List<Sandbox> started = new ArrayList<>();
  private final List<SandboxClient> clients = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    service.start();
  }

  @AfterEach
  void stop() {
    clients.forEach(SandboxClient::close);
    started.forEach(Sandbox::close);
    service.close();
  }

  private Sandbox sandbox() {
    String here = "http://127.0.0.1:" + service.getPort();
    Sandbox sandbox =
        Sandbox.start(
            SandboxOptions.loopback(clock),
            new DemoSite(
                null,
                here,
                List.of(
                    new DemoLocation("/", "every user", new Access.AnyUser()),
                    new DemoLocation(
                        "/admin/", "administrators", new Access.Policy("admin", "role=admin"))),
                "10s",
                "5s"));
    started.add(sandbox);
    return sandbox;
  }

  private SandboxClient client(Sandbox sandbox) {
    SandboxClient client = new SandboxClient(sandbox.address());
    clients.add(client);
    return client;
  }

  private Answer post(Sandbox sandbox, String path, String json, String... headers)
      throws IOException {
    return client(sandbox)
        .send(
            "POST",
            path,
            RequestBody.create(json, MediaType.get("application/json")),
            headers.length == 0 ? new String[] {"Origin", sandbox.address()} : headers);
  }

  private static MockResponse refusal(Reason reason, @Nullable String challenge) {
    MockResponse.Builder refusal =
        new MockResponse.Builder()
            .code(
                switch (reason.outcome()) {
                  case UNAUTHENTICATED -> 401;
                  case FORBIDDEN -> 403;
                  case UNAVAILABLE -> 503;
                })
            .addHeader("x-auth-reason", reason.code());
    if (challenge != null) {
      refusal.addHeader("WWW-Authenticate", challenge);
    }
    return refusal.build();
  }

  // ---- Who may ask

  @ParameterizedTest
  @CsvSource({
    "Origin, https://evil.example",
    "Origin, null",
    "Origin, http://127.0.0.1:1",
    "Sec-Fetch-Site, cross-site",
    "Sec-Fetch-Site, same-site",
    "Host, rebound.example",
    "Host, 127.0.0.1.evil.example",
    "Host, evil.example:8090",
  })
  void otherSitesPages_changeAndReadNothing(String header, String value) throws IOException {
    Sandbox sandbox = sandbox();
    SandboxClient client = client(sandbox);

    assertThat(post(sandbox, "/playground/requests", ADMIN, header, value).status()).isEqualTo(403);
    assertThat(
            client
                .send(
                    "POST",
                    "/sandbox/users/alice/disable",
                    RequestBody.create(new byte[0]),
                    header,
                    value)
                .status())
        .isEqualTo(403);
    Answer token = client.get("/sandbox/token?user=alice", header, value);
    assertThat(token.status()).isEqualTo(403);
    assertThat(token.body()).doesNotContain("eyJ");
    assertThat(client.get("/playground/state", header, value).status()).isEqualTo(403);
    assertThat(sandbox.project().user("alice").status()).isEqualTo(User.Status.ACTIVE);
    assertThat(service.getRequestCount()).isZero();
  }

  @Test
  void requestWithoutOrigin_isRefused() throws IOException {
    assertThat(post(sandbox(), "/playground/requests", ADMIN, "Accept", "*/*").status())
        .isEqualTo(403);
    assertThat(service.getRequestCount()).isZero();
  }

  @Test
  void requestThatAFormCanSend_isRefused() throws IOException {
    Sandbox sandbox = sandbox();
    Answer answer =
        client(sandbox)
            .send(
                "POST",
                "/playground/requests",
                RequestBody.create(ADMIN, MediaType.get("text/plain")),
                "Origin",
                sandbox.address());
    assertThat(answer.status()).isEqualTo(415);
    assertThat(service.getRequestCount()).isZero();
  }

  @Test
  void linkFromAnotherSite_opensThePageOnly() throws IOException {
    SandboxClient client = client(sandbox());
    String[] link = {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"};
    assertThat(client.get("/", link).status()).isEqualTo(200);
    assertThat(client.get("/sandbox", link).status()).isEqualTo(200);
    assertThat(client.get("/sandbox/token?user=alice", link).status()).isEqualTo(403);
  }

  @Test
  void whatAuthgearAnswers_isNotGuarded() throws IOException {
    Answer answer =
        client(sandbox())
            .get("/oauth2/jwks", "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site");
    assertThat(answer.status()).isEqualTo(200);
  }

  @Test
  void page_runsNothingButItsOwn() throws IOException {
    Answer page = client(sandbox()).get("/");
    assertThat(page.headers().get("Content-Security-Policy"))
        .matches(
            "default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src"
                + " data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors"
                + " 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
    assertThat(page.headers().get("x-authgear-sandbox")).isEqualTo("not a real Authgear project");
    assertThat(page.body()).doesNotContain("innerHTML", "src=", "@import", " style=", "onclick");
  }

  // ---- For what

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"location\": \"/elsewhere/\", \"header\": \"\", \"value\": \"\"}              | 404",
        "{\"location\": \"//evil.example/\", \"header\": \"\", \"value\": \"\"}          | 404",
        "{\"location\": \"/\", \"header\": \"Host\", \"value\": \"evil.example\"}        | 404",
        "{\"location\": \"/\", \"header\": \"Cookie\", \"value\": \"secret\\r\\nX: y\"}  | 400",
        "{\"location\": \"/\", \"header\": \"Cookie\", \"value\": \"secret\\u00e4\"}     | 400",
        "{\"location\": \"/\", \"header\": \"Cookie\"}                                   | 400",
        "[                                                                               | 400",
      })
  void whatIsNotOnTheList_isNotSent(String json, int status) throws IOException {
    Answer answer = post(sandbox(), "/playground/requests", json);
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.body()).doesNotContain("secret");
    assertThat(service.getRequestCount()).isZero();
  }

  @Test
  void longBody_isRefused() throws IOException {
    assertThat(post(sandbox(), "/playground/requests", " ".repeat(65 * 1024)).status())
        .isEqualTo(413);
  }

  // ---- What is answered

  private JsonNode report(Sandbox sandbox, String json) throws IOException {
    Answer answer = post(sandbox, "/playground/requests", json);
    assertThat(answer.status()).isEqualTo(200);
    return JSON.readTree(answer.body());
  }

  @Test
  void withoutNginx_theServiceIsAskedForTheLocationsPolicy() throws Exception {
    service.enqueue(refusal(Reason.ROLE_MISSING, null));
    service.enqueue(refusal(Reason.ROLE_MISSING, null));
    JsonNode report = report(sandbox(), ADMIN);

    RecordedRequest request = Objects.requireNonNull(service.takeRequest());
    assertThat(request.getTarget()).isEqualTo("/auth/admin");
    assertThat(request.getHeaders().get("Authorization")).isEqualTo("Bearer secret");
    assertThat(report.get("through").textValue()).isEqualTo("service");
    assertThat(report.get("status").intValue()).isEqualTo(403);
    assertThat(report.get("outcome").textValue()).isEqualTo("refused");
    assertThat(report.get("reason").textValue()).isEqualTo("role_missing");
    assertThat(report.get("received").isNull()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(Reason.class)
  void everyReason_endsTheStepsAtItsOwn(Reason reason) throws IOException {
    service.enqueue(refusal(reason, "Bearer"));
    service.enqueue(refusal(reason, "Bearer"));
    List<String> states = new ArrayList<>();
    List<String> titles = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (JsonNode step : report(sandbox(), ADMIN).get("steps")) {
      states.add(step.get("state").textValue());
      titles.add(step.get("title").textValue());
      texts.add(step.get("text").textValue());
    }
    int failed = states.indexOf("failed");
    assertThat(states).hasSize(7);
    assertThat(states.getLast()).isEqualTo("failed");
    assertThat(states.subList(failed + 1, 7)).doesNotContain("passed");
    assertThat(titles.get(failed)).isEqualTo(DecisionSteps.stageOf(reason).title());
    assertThat(texts.getLast()).endsWith("WWW-Authenticate: Bearer");
  }

  @ParameterizedTest
  @ValueSource(strings = {"200", "302", "404", "502"})
  void answerOfNobodyWhoDecides_isNoRefusal(int status) throws IOException {
    service.enqueue(new MockResponse.Builder().code(status).build());
    service.enqueue(new MockResponse.Builder().code(status).build());
    service.enqueue(new MockResponse.Builder().code(status).build());
    assertThat(report(sandbox(), ADMIN).get("outcome").textValue())
        .isEqualTo(status == 200 ? "allowed" : "undecided");
  }

  @Test
  void serviceThatIsGone_isUndecided() throws IOException {
    Sandbox sandbox = sandbox();
    service.close();
    JsonNode report = report(sandbox, ADMIN);
    assertThat(report.get("status").intValue()).isZero();
    assertThat(report.get("outcome").textValue()).isEqualTo("undecided");
  }

  @Test
  void everyKindOfCredential_isMinted() throws IOException {
    Sandbox sandbox = sandbox();
    List<String> values = new ArrayList<>();
    for (JsonNode kind :
        JSON.readTree(client(sandbox).get("/playground/state").body()).get("kinds")) {
      JsonNode header =
          JSON.readTree(
              post(
                      sandbox,
                      "/playground/credentials",
                      JSON.createObjectNode()
                          .put("user", "bob")
                          .put("kind", kind.get("code").textValue())
                          .toString())
                  .body());
      values.add(header.get("name").textValue() + ": " + header.get("value").textValue());
    }
    assertThat(values).hasSize(CredentialKind.values().length).doesNotHaveDuplicates();
  }
}
