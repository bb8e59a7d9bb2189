package com.authgear.authrequest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.HttpMessage.Field;
import com.authgear.authrequest.wire.RawClient;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.jwk.JWKSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The language-neutral vectors, asked over HTTP of the whole service as its settings make it. */
class VectorsTest {

  private static final Path FOLDER = Path.of("src/test/resources/vectors");
  private static final List<String> FILES =
      List.of(
          "tokens.json",
          "policies.json",
          "resolver.json",
          "locations.json",
          "carriers.json",
          "claims.json");
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What no single request can show; StatusTableIT does, and AuthHandlerTest a bug. */
  private static final EnumSet<Reason> SHOWN_ELSEWHERE =
      EnumSet.of(
          Reason.USER_CHANGED,
          Reason.KEYS_UNAVAILABLE,
          Reason.RESOLVER_UNAVAILABLE,
          Reason.OVERLOADED,
          Reason.DRAINING,
          Reason.INTERNAL_ERROR);

  private static final Map<Map<String, String>, Running> services = new HashMap<>();
  private static final MockWebServer authgear = new MockWebServer();
  private static final Map<String, MockResponse> answers = new HashMap<>();

  @BeforeAll
  static void start() throws Exception {
    authgear.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            synchronized (answers) {
              return answers.getOrDefault(
                  request.getUrl().encodedPath(), new MockResponse.Builder().code(404).build());
            }
          }
        });
    JWKSet keys = JWKSet.parse(Files.readString(FOLDER.resolve("keys.json")));
    JWKSet published =
        new JWKSet(
            keys.getKeys().stream()
                .filter(key -> !key.getKeyID().equals("unpublished"))
                .collect(Collectors.toList()));
    String issuer = "https://my-project.authgear.cloud";
    answer("/oauth2/jwks", new MockResponse.Builder().body(published.toString(true)).build());
    answer(
        "/.well-known/openid-configuration",
        new MockResponse.Builder()
            .body(
                JSON.writeValueAsString(
                    Map.of("issuer", issuer, "jwks_uri", issuer + "/oauth2/jwks")))
            .build());
    authgear.start(InetAddress.getLoopbackAddress(), 0);
  }

  @AfterAll
  static void stop() {
    services.values().forEach(Running::close);
    authgear.close();
  }

  private static void answer(String path, MockResponse response) {
    synchronized (answers) {
      answers.put(path, response);
    }
  }

  private static JsonNode read(String file) {
    try {
      return JSON.readTree(FOLDER.resolve(file).toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @TestFactory
  Stream<DynamicTest> vector_isAnsweredAsExpected() {
    return FILES.stream()
        .flatMap(
            file -> {
              JsonNode document = read(file);
              return document
                  .get("vectors")
                  .valueStream()
                  .map(
                      vector ->
                          dynamicTest(
                              file + ": " + vector.get("name").textValue(),
                              () -> check(document, vector)));
            });
  }

  @Test
  void everyReason_hasAVector() {
    Set<String> shown =
        FILES.stream()
            .flatMap(file -> read(file).get("vectors").valueStream())
            .map(vector -> vector.get("expect").path("reason").asText())
            .filter(code -> !code.isEmpty())
            .collect(Collectors.toSet());
    assertThat(shown)
        .containsExactlyInAnyOrderElementsOf(
            EnumSet.complementOf(SHOWN_ELSEWHERE).stream().map(Reason::code).toList());
  }

  private static void check(JsonNode document, JsonNode vector) throws IOException {
    Running service = service(document, vector);
    if (vector.has("resolver")) {
      answer("/_resolver/resolve", resolverAnswer(vector.get("resolver")));
    }
    List<String> lines = new ArrayList<>();
    vector.path("authorization").forEach(v -> lines.add("Authorization: " + v.textValue()));
    vector.path("cookie").forEach(v -> lines.add("Cookie: " + v.textValue()));
    vector
        .path("fields")
        .forEach(v -> lines.add(v.get(0).textValue() + ": " + v.get(1).textValue()));
    String target =
        vector.path("path").asText("/auth")
            + (vector.has("require") ? "?" + vector.get("require").textValue() : "");

    HttpMessage answer;
    try (RawClient client = new RawClient(service.port())) {
      answer = client.send("GET", target, lines.toArray(String[]::new));
    }

    JsonNode expected = vector.get("expect");
    assertThat(answer.values("x-auth-reason"))
        .isEqualTo(
            expected.has("reason") ? List.of(expected.get("reason").textValue()) : List.of());
    assertThat(answer.status()).isEqualTo(expected.get("status").intValue());
    assertThat(answer.values("WWW-Authenticate"))
        .isEqualTo(
            expected.has("challenge") ? List.of(expected.get("challenge").textValue()) : List.of());
    assertThat(answer.fields())
        .filteredOn(field -> field.name().toLowerCase(Locale.ROOT).startsWith("x-authgear-"))
        .containsExactlyInAnyOrderElementsOf(
            expected.path("headers").properties().stream()
                .map(header -> new Field(header.getKey(), header.getValue().textValue()))
                .toList());
  }

  private static MockResponse resolverAnswer(JsonNode told) {
    MockResponse.Builder answer = new MockResponse.Builder().code(told.get("status").intValue());
    String body = told.get("body").textValue();
    if (!body.isEmpty()) {
      answer.body(body);
    }
    told.get("headers")
        .forEach(line -> answer.addHeader(line.get(0).textValue(), line.get(1).textValue()));
    return answer.build();
  }

  /** One service for all vectors with the same settings. */
  private static Running service(JsonNode document, JsonNode vector) throws IOException {
    Map<String, String> settings = new HashMap<>();
    document
        .get("settings")
        .properties()
        .forEach(e -> settings.put(e.getKey(), e.getValue().textValue()));
    vector
        .path("settings")
        .properties()
        .forEach(e -> settings.put(e.getKey(), e.getValue().textValue()));
    Running running = services.get(settings);
    if (running == null) {
      running = start(settings, document.get("now").longValue());
      services.put(settings, running);
    }
    return running;
  }

  private static Running start(Map<String, String> settings, long now) throws IOException {
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("AUTHGEAR_INTERNAL_URL", "http://127.0.0.1:" + authgear.getPort());
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    Running running =
        switch (SettingsReader.read(environment)) {
          case Accepted accepted ->
              Running.start(
                  accepted.settings(), InstantSource.fixed(Instant.ofEpochSecond(now)), "test");
          case Refused refused -> throw new AssertionError(refused.report());
        };
    HttpRequest ready =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + running.managementPort() + "/readyz"))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      Awaitility.await("the service to be ready")
          .until(() -> http.send(ready, BodyHandlers.discarding()).statusCode() == 200);
    }
    return running;
  }
}
