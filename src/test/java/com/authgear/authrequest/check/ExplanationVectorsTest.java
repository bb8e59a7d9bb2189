package com.authgear.authrequest.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.authgear.authrequest.CheckAssembly;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.RequestFields;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.jwk.JWKSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Each language-neutral vector, explained: {@code check} says what {@code /auth} answers (which
 * {@code VectorsTest} holds against the same file), and its steps lead there.
 */
class ExplanationVectorsTest {

  private static final Path FOLDER = Path.of("src/test/resources/vectors");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ISSUER = "https://my-project.authgear.cloud";

  private static final MockWebServer authgear = new MockWebServer();
  private static final Map<String, MockResponse> answers = new ConcurrentHashMap<>();

  @BeforeAll
  static void start() throws Exception {
    authgear.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return answers.getOrDefault(
                request.getUrl().encodedPath(), new MockResponse.Builder().code(404).build());
          }
        });
    JWKSet published =
        new JWKSet(
            JWKSet.parse(Files.readString(FOLDER.resolve("keys.json"))).getKeys().stream()
                .filter(key -> !key.getKeyID().equals("unpublished"))
                .collect(Collectors.toList()));
    answers.put("/oauth2/jwks", new MockResponse.Builder().body(published.toString(true)).build());
    answers.put(
        "/.well-known/openid-configuration",
        new MockResponse.Builder()
            .body(
                JSON.writeValueAsString(
                    Map.of("issuer", ISSUER, "jwks_uri", ISSUER + "/oauth2/jwks")))
            .build());
    authgear.start(InetAddress.getLoopbackAddress(), 0);
  }

  @AfterAll
  static void stop() {
    authgear.close();
  }

  @TestFactory
  Stream<DynamicTest> explanation_leadsToWhatTheServiceAnswers() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(FOLDER)) {
      files =
          all.filter(file -> file.toString().endsWith(".json"))
              .filter(file -> !file.endsWith("keys.json"))
              .sorted()
              .toList();
    }
    assertThat(files).hasSizeGreaterThanOrEqualTo(6);
    return files.stream()
        .flatMap(
            file -> {
              JsonNode document = read(file);
              return document
                  .get("vectors")
                  .valueStream()
                  .map(
                      vector ->
                          dynamicTest(
                              file.getFileName() + ": " + vector.get("name").textValue(),
                              () -> check(document, vector)));
            });
  }

  private static JsonNode read(Path file) {
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void check(JsonNode document, JsonNode vector) {
    if (vector.has("resolver")) {
      answers.put("/_resolver/resolve", resolverAnswer(vector.get("resolver")));
    }
    InstantSource clock =
        InstantSource.fixed(Instant.ofEpochSecond(document.get("now").longValue()));
    Settings settings = settings(document, vector);
    Explanation explanation;
    try (Parts parts = CheckAssembly.of(settings, clock)) {
      assertThat(parts.keys().load()).isNull();
      explanation =
          Explanation.of("a vector", fields(vector), location(vector), settings, parts, clock);
    }

    JsonNode expected = vector.get("expect");
    assertThat(explanation.status()).isEqualTo(expected.get("status").intValue());
    String reason = expected.path("reason").textValue();
    assertThat(explanation.reason())
        .isEqualTo(reason == null ? null : Reason.valueOf(reason.toUpperCase(Locale.ROOT)));
    Map<String, String> headers = new LinkedHashMap<>(explanation.headers());
    headers.remove("Set-Cookie");
    assertThat(headers).isEqualTo(headers(expected));
    assertThat(explanation.agrees()).as("%s", explanation.steps()).isTrue();
    List<Line> failed = explanation.steps().stream().filter(Line::isFailed).toList();
    if (reason == null) {
      assertThat(failed).isEmpty();
    } else {
      assertThat(failed)
          .first()
          .extracting(Line::reason)
          .isEqualTo(Reason.valueOf(reason.toUpperCase(Locale.ROOT)));
    }
    assertThat(explanation.steps())
        .allSatisfy(line -> assertThat(line.text()).isNotBlank().matches("[ -~]*"));
    vector
        .path("authorization")
        .forEach(
            value -> {
              String signature = value.textValue().replaceFirst(".*\\.", "");
              if (signature.length() > 40) {
                assertThat(explanation.toString()).doesNotContain(signature);
              }
            });
  }

  private static Map<String, String> headers(JsonNode expected) {
    Map<String, String> headers = new HashMap<>();
    expected
        .path("headers")
        .properties()
        .forEach(header -> headers.put(header.getKey(), header.getValue().textValue()));
    if (expected.has("reason")) {
      headers.put("x-auth-reason", expected.get("reason").textValue());
    }
    if (expected.has("challenge")) {
      headers.put("WWW-Authenticate", expected.get("challenge").textValue());
    }
    return headers;
  }

  private static RequestFields fields(JsonNode vector) {
    Map<String, List<String>> fields = new HashMap<>();
    vector.path("authorization").forEach(value -> add(fields, "authorization", value.textValue()));
    vector.path("cookie").forEach(value -> add(fields, "cookie", value.textValue()));
    vector
        .path("fields")
        .forEach(pair -> add(fields, pair.get(0).textValue(), pair.get(1).textValue()));
    return name -> fields.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
  }

  /** As a server strips white space around values. */
  private static void add(Map<String, List<String>> fields, String name, String value) {
    fields
        .computeIfAbsent(name.toLowerCase(Locale.ROOT), _ -> new ArrayList<>())
        .add(value.strip());
  }

  /** As the service reads its URL. */
  private static Explanation.Location location(JsonNode vector) {
    String path = vector.path("path").asText("/auth");
    String query = vector.path("require").asText("");
    int mark = path.indexOf('?');
    if (path.equals("/auth") || path.startsWith("/auth?")) {
      return new Explanation.Query(mark < 0 ? query : path.substring(mark + 1));
    }
    String plain = mark < 0 ? path : path.substring(0, mark);
    if (plain.startsWith("/auth/")) {
      return new Explanation.Policy(plain.substring("/auth/".length()));
    }
    String rest = plain.substring("/ext-authz/".length());
    int end = rest.indexOf('/');
    return new Explanation.Policy(end < 0 ? rest : rest.substring(0, end));
  }

  private static Settings settings(JsonNode document, JsonNode vector) {
    Map<String, String> environment = new HashMap<>();
    for (JsonNode settings : List.of(document.get("settings"), vector.path("settings"))) {
      settings.properties().forEach(e -> environment.put(e.getKey(), e.getValue().textValue()));
    }
    environment.put("AUTHGEAR_INTERNAL_URL", "http://127.0.0.1:" + authgear.getPort());
    return switch (SettingsReader.read(environment)) {
      case Accepted accepted -> accepted.settings();
      case Refused refused -> throw new AssertionError(refused.report());
    };
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
}
