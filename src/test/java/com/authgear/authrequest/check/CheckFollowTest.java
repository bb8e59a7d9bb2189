package com.authgear.authrequest.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code check follow} in front of the sandbox, and of services that are none. */
class CheckFollowTest {

  private static final String INSTANCE = "x-authgear-follow-instance";

  private final MockWebServer service = new MockWebServer();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Map<String, String> environment = new HashMap<>();
  private Sandbox sandbox;

  @BeforeEach
  void start() throws IOException {
    sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));
    service.start();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_ADMIN_API_URL", sandbox.adminApiUrl());
    environment.put("AUTHGEAR_ADMIN_API_APP_ID", sandbox.adminApiAppId());
    environment.put("AUTHGEAR_ADMIN_API_KEY_ID", sandbox.adminApiKeyId());
    environment.put("AUTHGEAR_ADMIN_API_KEY", sandbox.adminApiKey());
    environment.put("AUTHGEAR_FOLLOW_SECRET", "a-secret-of-followers");
    environment.put("AUTHGEAR_FOLLOW_TARGETS", "http://127.0.0.1:" + service.getPort());
  }

  @AfterEach
  void stop() {
    sandbox.close();
    service.close();
  }

  private int run(String... arguments) {
    return CheckFollow.run(
        List.of(arguments),
        environment,
        InstantSource.system(),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private void serviceAnswers(int status) {
    service.enqueue(new MockResponse.Builder().code(status).setHeader(INSTANCE, "me").build());
  }

  @Test
  void everythingIsThere_saysWhatItSaw() {
    sandbox.project().create("user1");
    sandbox.project().logout("user1");
    serviceAnswers(200);

    assertThat(run()).as(printed()).isZero();

    assertThat(printed())
        .contains("✓ admin_api: " + sandbox.adminApiUrl() + "/graphql accepts the key")
        .contains(sandbox.adminApiKeyId(), "of the app " + sandbox.adminApiAppId())
        .contains("✓ clock: Authgear's clock and this one are together")
        .containsPattern("✓ audit_log: \\d+ entr.* the newest [A-Z_]+ \\d+ s ago")
        .contains("✓ audit_log_types: this version knows every type")
        .contains("– redis: not used")
        .contains("✓ targets: http://127.0.0.1:" + service.getPort() + " at 127.0.0.1 takes")
        .contains("nothing failed");
    saysNoSecret();
  }

  @Test
  void nothingInTheLog_warns() {
    serviceAnswers(200);
    assertThat(run()).isZero();
    assertThat(printed()).contains("⚠ audit_log: no entry of the last 28 days", "sign in once");
  }

  @Test
  void otherKeyId_failsWithAllThatMayBeWrong() {
    environment.put("AUTHGEAR_ADMIN_API_KEY_ID", "another-key");
    serviceAnswers(200);

    assertThat(run()).isOne();

    assertThat(printed())
        .contains("✗ admin_api:", "answers 403", "fix: check AUTHGEAR_ADMIN_API_APP_ID")
        .contains("(" + sandbox.adminApiAppId() + ")", "(another-key)", "clock")
        .contains("– audit_log: not tried because admin_api failed")
        .contains("✓ targets:");
    saysNoSecret();
  }

  @Test
  void adminApiIsDown_failsWithTheSettingToLookAt() {
    sandbox.suspendAdminApi();
    serviceAnswers(200);
    assertThat(run()).isOne();
    assertThat(printed()).contains("✗ admin_api:", "fix: check AUTHGEAR_ADMIN_API_URL");
  }

  @Test
  void adminApiFails_saysTheStatus() {
    environment.put("AUTHGEAR_ADMIN_API_URL", "http://127.0.0.1:" + service.getPort() + "/admin");
    environment.remove("AUTHGEAR_FOLLOW_TARGETS");
    environment.put("AUTHGEAR_REDIS_URL", "redis://127.0.0.1:1");
    service.enqueue(new MockResponse.Builder().code(502).build());
    assertThat(run()).isOne();
    assertThat(printed())
        .contains("/admin/graphql answers 502", "Authgear's log")
        .contains("✗ redis:", "– targets: not used");
  }

  @Test
  void authgearsClockIsAnotherOne_warns() {
    environment.put("AUTHGEAR_ADMIN_API_URL", "http://127.0.0.1:" + service.getPort());
    environment.remove("AUTHGEAR_FOLLOW_TARGETS");
    environment.put("AUTHGEAR_REDIS_URL", "redis://127.0.0.1:1");
    for (int i = 0; i < 2; i++) {
      service.enqueue(
          new MockResponse.Builder()
              .setHeader("Date", "Sat, 28 Nov 2026 17:30:10 GMT")
              .body("{\"data\":{\"auditLogs\":{\"edges\":[]}}}")
              .build());
    }
    assertThat(run()).isOne();
    assertThat(printed())
        .containsPattern("⚠ clock: Authgear's clock is .* (behind|ahead of) this one");
  }

  @Test
  void newerAuthgear_namesTheTypesThatAreNotKnown() {
    environment.put("AUTHGEAR_ADMIN_API_URL", "http://127.0.0.1:" + service.getPort());
    environment.remove("AUTHGEAR_FOLLOW_TARGETS");
    environment.put("AUTHGEAR_REDIS_URL", "redis://127.0.0.1:1");
    service.enqueue(
        new MockResponse.Builder().body("{\"data\":{\"auditLogs\":{\"edges\":[]}}}").build());
    service.enqueue(
        new MockResponse.Builder()
            .body(
                "{\"data\":{\"__type\":{\"enumValues\":[{\"name\":\"USER_SIGNED_OUT\"},"
                    + "{\"name\":\"USER_SOMETHING_NEW\"}]}}}")
            .build());
    assertThat(run()).isOne();
    assertThat(printed())
        .contains("⚠ audit_log_types: this version does not know USER_SOMETHING_NEW\n");
  }

  @Test
  void serviceWithoutSecret_orWithAnotherOne_saysWhich() {
    serviceAnswers(404);
    assertThat(run()).isOne();
    assertThat(printed())
        .contains("✗ targets:", "it answers 404", "does the service have AUTHGEAR_FOLLOW_SECRET?");
    out.reset();
    serviceAnswers(401);
    assertThat(run()).isOne();
    assertThat(printed()).contains("it answers 401", "is AUTHGEAR_FOLLOW_SECRET the same there");
    saysNoSecret();
  }

  @Test
  void settingsHaveProblems_allAreSaidAndNothingIsTried() {
    environment.remove("AUTHGEAR_ADMIN_API_APP_ID");
    environment.put("AUTHGEAR_ADMIN_API_KEY", "no key at all");

    assertThat(run()).isOne();

    assertThat(printed())
        .contains("✗ settings: AUTHGEAR_ADMIN_API_APP_ID", "✗ settings: AUTHGEAR_ADMIN_API_KEY:")
        .contains("– admin_api: not tried because settings failed")
        .doesNotContain("no key at all");
    assertThat(service.getRequestCount()).isZero();
  }

  @Test
  void json_isOneDocument() throws IOException {
    serviceAnswers(200);
    assertThat(run("--json")).isZero();
    JsonNode json = new ObjectMapper().readTree(printed());
    assertThat(json.path("ok").asBoolean()).isTrue();
    assertThat(json.path("checks").findValuesAsText("id"))
        .contains("admin_api", "clock", "audit_log", "audit_log_types", "redis", "targets");
  }

  @Test
  void argumentsThatAreNotUnderstood_areAMistake() {
    assertThat(run("--jsno")).isEqualTo(2);
    assertThat(run("--json", "more")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("\"--jsno\" is not understood", "\"more\"", "Exit status");
    assertThat(printed()).isEmpty();
  }

  private void saysNoSecret() {
    String key = sandbox.adminApiKey().lines().skip(1).findFirst().orElseThrow();
    assertThat(printed()).doesNotContain(key.substring(0, 20), "a-secret-of-followers");
  }
}
