package com.authgear.authrequest.follow;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.settings.FollowSettingsReader;
import com.authgear.authrequest.settings.FollowSettingsReader.Accepted;
import com.authgear.authrequest.settings.FollowSettingsReader.Refused;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the command says while the Admin API is not as it should be. */
class FollowCommandTest {

  private static final String EMPTY = "{\"data\":{\"auditLogs\":{\"edges\":[]}}}";

  private final HttpClient http = HttpClient.newHttpClient();
  private final MockWebServer adminApi = new MockWebServer();
  private final Sandbox sandbox =
      Sandbox.start(SandboxOptions.loopback(InstantSource.system())); // has a key
  private final CountDownLatch stopped = new CountDownLatch(1);
  private FollowCommand command;

  @BeforeEach
  void start() throws IOException {
    adminApi.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) throws InterruptedException {
            stopped.await(); // hangs
            return status(500);
          }
        });
    adminApi.start();
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_ADMIN_API_URL", "http://127.0.0.1:" + adminApi.getPort());
    environment.put("AUTHGEAR_ADMIN_API_APP_ID", "my-app");
    environment.put("AUTHGEAR_ADMIN_API_KEY_ID", "my-key");
    environment.put("AUTHGEAR_ADMIN_API_KEY", sandbox.adminApiKey());
    environment.put("AUTHGEAR_FOLLOW_INTERVAL", "100ms");
    environment.put("AUTHGEAR_FOLLOW_TARGETS", "http://127.0.0.1:1");
    environment.put("AUTHGEAR_FOLLOW_SECRET", "a-secret-of-followers");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    command =
        switch (FollowSettingsReader.read(environment)) {
          case Accepted accepted ->
              FollowCommand.start(accepted.settings(), InstantSource.system());
          case Refused refused -> throw new AssertionError(refused.report());
        };
  }

  @AfterEach
  void stop() {
    stopped.countDown();
    command.close();
    adminApi.close();
    sandbox.close();
    http.close();
  }

  private void answers(MockResponse response) {
    adminApi.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return response;
          }
        });
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    URI url = URI.create("http://127.0.0.1:" + command.managementPort() + path);
    return http.send(HttpRequest.newBuilder(url).build(), BodyHandlers.ofString());
  }

  private void awaitReadyz(int status, String... parts) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              HttpResponse<String> ready = get("/readyz");
              assertThat(ready.body()).contains(parts);
              assertThat(ready.statusCode()).isEqualTo(status);
            });
  }

  private static MockResponse status(int code) {
    return new MockResponse.Builder().code(code).build();
  }

  @Test
  void keyIsRefused_saysAppKeyAndClock_andGoesOnWhenItIsNot() throws Exception {
    answers(status(403));
    awaitReadyz(
        503,
        "answers 403",
        "AUTHGEAR_ADMIN_API_APP_ID (my-app)",
        "AUTHGEAR_ADMIN_API_KEY_ID (my-key)",
        "this machine's clock");
    assertThat(get("/metrics").body())
        .contains("authgear_follow_lag_seconds NaN")
        .doesNotContain("authgear_follow_polls_total{result=\"refused\"} 0.0");

    answers(new MockResponse.Builder().body(EMPTY).build());

    awaitReadyz(200, "ready");
    assertThat(get("/metrics").body()).doesNotContain("authgear_follow_lag_seconds NaN");
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503, 404, 302})
  void adminApiFails_saysTheStatus(int code) {
    answers(status(code));
    awaitReadyz(503, "answers " + code, "AUTHGEAR_ADMIN_API_URL");
  }

  @Test
  void adminApiHangs_isGivenUpAndTriedAgain() {
    awaitReadyz(503, "does not answer", "AUTHGEAR_ADMIN_API_URL", "the network");
    answers(new MockResponse.Builder().body(EMPTY).build());
    awaitReadyz(200, "ready");
  }

  @Test
  void answerOfAnotherServer_isNotTaken() {
    answers(new MockResponse.Builder().body("<html>a login page</html>").build());
    awaitReadyz(503, "does not answer as Authgear's Admin API does");
  }
}
