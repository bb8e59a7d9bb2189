package com.authgear.authrequest.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.HttpMessage.Field;
import com.authgear.authrequest.wire.RawClient;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
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
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The language-neutral vectors, asked over HTTP of the whole service as its settings make it. */
class VectorsTest {

  private static final List<String> FILES =
      List.of(
          "tokens.json",
          "policies.json",
          "resolver.json",
          "locations.json",
          "carriers.json",
          "claims.json");

  /** What no single request can show; StatusTableIT does, and AuthHandlerTest a bug. */
  private static final EnumSet<Reason> SHOWN_ELSEWHERE =
      EnumSet.of(
          Reason.AMBIGUOUS_PATH,
          Reason.USER_CHANGED,
          Reason.KEYS_UNAVAILABLE,
          Reason.RESOLVER_UNAVAILABLE,
          Reason.OVERLOADED,
          Reason.DRAINING,
          Reason.INTERNAL_ERROR);

  private static final Map<Map<String, String>, Service> services = new HashMap<>();
  private static VectorAuthgear authgear;

  @BeforeAll
  static void start() throws Exception {
    authgear = VectorAuthgear.start();
  }

  @AfterAll
  static void stop() {
    services.values().forEach(Service::close);
    authgear.close();
  }

  private static JsonNode read(String file) {
    return VectorAuthgear.read(VectorAuthgear.FOLDER.resolve(file));
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
    Service service = service(document, vector);
    authgear.resolveAs(vector);
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

  /** One service for all vectors with the same settings. */
  private static Service service(JsonNode document, JsonNode vector) throws IOException {
    Map<String, String> settings = authgear.environment(document, vector);
    Service running = services.get(settings);
    if (running == null) {
      running = start(settings, document.get("now").longValue());
      services.put(settings, running);
    }
    return running;
  }

  private static Service start(Map<String, String> settings, long now) throws IOException {
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    Service running =
        switch (SettingsReader.read(environment)) {
          case Accepted accepted ->
              Service.start(
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
