package com.authgear.authrequest.follow;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.follow.AuditLog.Failed;
import com.authgear.authrequest.follow.AuditLog.Page;
import com.authgear.authrequest.follow.AuditLog.Refused;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Answers are what a running Authgear said ({@code recorded/audit-poll.json}). */
class AdminApiTest {

  private static final Instant NOW = Instant.parse("2026-11-28T17:30:10Z");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KeyPair KEYS = keys();

  private final MockWebServer authgear = new MockWebServer();
  private AdminApi api;

  @BeforeEach
  void start() throws IOException {
    authgear.start();
    api =
        new AdminApi(
            URI.create("http://127.0.0.1:" + authgear.getPort() + "/graphql"),
            URI.create("https://project.example.test"),
            new AdminKey("app", "key-1", KEYS.getPrivate()),
            Duration.ofSeconds(5),
            () -> NOW);
  }

  @AfterEach
  void stop() {
    api.close();
    authgear.close();
  }

  @Test
  void read_recordedAnswer_givesEveryEntry() throws Exception {
    authgear.enqueue(json(recorded().get("response").toString()));

    Page page = (Page) api.read(NOW.minusSeconds(60), null);

    assertThat(page.entries()).hasSize(recorded().at("/response/data/auditLogs/edges").size());
    assertThat(page.full()).isFalse();
    AuditEntry first = page.entries().getFirst();
    assertThat(first.activity()).isEqualTo("USER_SIGNED_OUT");
    assertThat(first.id()).isEqualTo("QXVkaXRMb2c6MDAwMDAwMDAwMDAwMGE5MA");
    assertThat(first.createdAt()).isEqualTo(Instant.parse("2026-11-28T17:29:54Z").getEpochSecond());
    assertThat(first.user()).isEqualTo("37d3284f-422b-4125-b8b3-3b4a0235e355");
    assertThat(first.event().at("/seq").asLong()).isEqualTo(2704);
  }

  @Test
  void read_asksAsAuthgearWantsIt() throws Exception {
    authgear.enqueue(json(recorded().get("response").toString()));

    api.read(NOW.minusSeconds(60), "cursor");

    RecordedRequest request = authgear.takeRequest();
    assertThat(request.getMethod()).isEqualTo("POST");
    assertThat(request.getTarget()).isEqualTo("/graphql");
    assertThat(request.getHeaders().get("Host")).isEqualTo("project.example.test");
    JsonNode variables =
        JSON.readTree(requireNonNull(request.getBody()).toByteArray()).get("variables");
    assertThat(variables.get("from").asText()).isEqualTo("2026-11-28T17:29:10Z");
    assertThat(variables.get("after").asText()).isEqualTo("cursor");
    SignedJWT token = token(request);
    assertThat(token.getHeader().getKeyID()).isEqualTo("key-1");
    assertThat(token.getJWTClaimsSet().getAudience()).containsExactly("app");
    assertThat(token.verify(new RSASSAVerifier((RSAPublicKey) KEYS.getPublic()))).isTrue();
  }

  @Test
  void read_clockHereIsWrong_signsForAuthgearsTime() throws Exception {
    authgear.enqueue(
        new MockResponse.Builder()
            .code(403)
            .setHeader("Date", "Sat, 28 Nov 2026 18:30:10 GMT")
            .build());
    authgear.enqueue(json(recorded().get("response").toString()));

    assertThat(((Refused) api.read(NOW, null)).advice())
        .contains("AUTHGEAR_ADMIN_API_APP_ID (app)", "AUTHGEAR_ADMIN_API_KEY_ID (key-1)", "clock");
    api.read(NOW, null);

    authgear.takeRequest();
    assertThat(token(authgear.takeRequest()).getJWTClaimsSet().getExpirationTime().toInstant())
        .isAfter(NOW.plusSeconds(3600));
  }

  @Test
  void read_typesAreKnown_asksForThoseThatMayMeanSomething() throws Exception {
    authgear.enqueue(
        json(
            "{\"data\":{\"__type\":{\"enumValues\":[{\"name\":\"USER_AUTHENTICATED\"},"
                + "{\"name\":\"USER_SIGNED_OUT\"},{\"name\":\"EMAIL_SENT\"},"
                + "{\"name\":\"SOMETHING_NEW\"}]}}}"));
    authgear.enqueue(json(recorded().get("response").toString()));

    api.learnTypes();
    api.read(NOW, null);

    authgear.takeRequest();
    assertThat(types(authgear.takeRequest())).isEqualTo("[\"USER_SIGNED_OUT\",\"SOMETHING_NEW\"]");
  }

  @Test
  void read_typesAreNotTold_asksForAll() throws Exception {
    authgear.enqueue(json("{\"errors\":[{\"message\":\"introspection is off\"}]}"));
    authgear.enqueue(json(recorded().get("response").toString()));

    api.learnTypes();
    api.read(NOW, null);

    authgear.takeRequest();
    assertThat(types(authgear.takeRequest())).isEqualTo("null");
  }

  @Test
  void read_failsWithTypes_asksForAllTheNextTime() throws Exception {
    authgear.enqueue(
        json("{\"data\":{\"__type\":{\"enumValues\":[{\"name\":\"USER_SIGNED_OUT\"}]}}}"));
    authgear.enqueue(json("{\"errors\":[{\"message\":\"got invalid value\"}]}"));
    authgear.enqueue(json(recorded().get("response").toString()));

    api.learnTypes();
    assertThat(api.read(NOW, null)).isInstanceOf(Failed.class);
    assertThat(api.read(NOW, null)).isInstanceOf(Page.class);

    authgear.takeRequest();
    assertThat(types(authgear.takeRequest())).isEqualTo("[\"USER_SIGNED_OUT\"]");
    assertThat(types(authgear.takeRequest())).isEqualTo("null");
  }

  private static String types(RecordedRequest request) throws IOException {
    return JSON.readTree(requireNonNull(request.getBody()).toByteArray())
        .at("/variables/types")
        .toString();
  }

  @Test
  void read_aHugeAttribute_isRead() throws Exception {
    String huge = "x".repeat(30 * 1024 * 1024);
    authgear.enqueue(
        json(
            "{\"data\":{\"auditLogs\":{\"edges\":[{\"node\":{\"id\":\"a\",\"createdAt\":"
                + "\"2026-11-28T17:29:54Z\",\"activityType\":\"USER_DISABLED\",\"user\":null,"
                + "\"data\":{\"payload\":{\"user\":{\"standard_attributes\":{\"nickname\":\""
                + huge
                + "\"}}}}}}]}}}"));

    assertThat(((Page) api.read(NOW, null)).entries()).hasSize(1);
  }

  @Test
  void read_graphqlErrors_fails() {
    authgear.enqueue(json("{\"errors\":[{\"message\":\"boom\"}],\"data\":{\"auditLogs\":null}}"));

    assertThat(api.read(NOW, null)).isInstanceOf(Failed.class);
  }

  @Test
  void read_anotherServer_fails() {
    authgear.enqueue(new MockResponse.Builder().code(200).body("<html>").build());
    authgear.enqueue(new MockResponse.Builder().code(502).build());
    authgear.enqueue(new MockResponse.Builder().code(302).setHeader("Location", "/x").build());

    assertThat(api.read(NOW, null)).isInstanceOf(Failed.class);
    assertThat(api.read(NOW, null)).isInstanceOf(Failed.class);
    assertThat(api.read(NOW, null)).isInstanceOf(Failed.class);
  }

  private static MockResponse json(String body) {
    return new MockResponse.Builder()
        .setHeader("Content-Type", "application/json; charset=utf-8")
        .setHeader("Date", "Sat, 28 Nov 2026 17:30:10 GMT")
        .body(body)
        .build();
  }

  private static SignedJWT token(RecordedRequest request) throws Exception {
    String header = String.valueOf(request.getHeaders().get("Authorization"));
    assertThat(header).startsWith("Bearer ");
    return SignedJWT.parse(header.substring("Bearer ".length()));
  }

  private static JsonNode recorded() throws IOException {
    try (InputStream in = AdminApiTest.class.getResourceAsStream("/recorded/audit-poll.json")) {
      return JSON.readTree(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
