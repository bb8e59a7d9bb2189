package com.authgear.authrequest.vectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.jwk.JWKSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;

/** The Authgear of the language-neutral vectors: their keys, and the resolver's answer of each. */
public final class VectorAuthgear implements AutoCloseable {

  public static final Path FOLDER = Path.of("src/test/resources/vectors");

  private static final String ISSUER = "https://my-project.authgear.cloud";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final MockWebServer server = new MockWebServer();
  private final Map<String, MockResponse> answers = new ConcurrentHashMap<>();

  public static VectorAuthgear start() throws IOException, ParseException {
    VectorAuthgear authgear = new VectorAuthgear();
    JWKSet published =
        new JWKSet(
            JWKSet.parse(Files.readString(FOLDER.resolve("keys.json"))).getKeys().stream()
                .filter(key -> !key.getKeyID().equals("unpublished"))
                .collect(Collectors.toList()));
    authgear.answer("/oauth2/jwks", published.toString(true));
    authgear.answer(
        "/.well-known/openid-configuration",
        JSON.writeValueAsString(Map.of("issuer", ISSUER, "jwks_uri", ISSUER + "/oauth2/jwks")));
    authgear.server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return authgear.answers.getOrDefault(
                request.getUrl().encodedPath(), new MockResponse.Builder().code(404).build());
          }
        });
    authgear.server.start(InetAddress.getLoopbackAddress(), 0);
    return authgear;
  }

  private void answer(String path, String body) {
    answers.put(path, new MockResponse.Builder().body(body).build());
  }

  /** From now on the resolver says what a vector tells of it, if it tells anything. */
  public void resolveAs(JsonNode vector) {
    JsonNode told = vector.path("resolver");
    if (told.isMissingNode()) {
      return;
    }
    MockResponse.Builder answer = new MockResponse.Builder().code(told.get("status").intValue());
    String body = told.get("body").textValue();
    if (!body.isEmpty()) {
      answer.body(body);
    }
    told.get("headers")
        .forEach(line -> answer.addHeader(line.get(0).textValue(), line.get(1).textValue()));
    answers.put("/_resolver/resolve", answer.build());
  }

  /** The environment that a vector of a document wants. */
  public Map<String, String> environment(JsonNode document, JsonNode vector) {
    Map<String, String> environment = new HashMap<>();
    for (JsonNode settings : List.of(document.get("settings"), vector.path("settings"))) {
      settings.properties().forEach(e -> environment.put(e.getKey(), e.getValue().textValue()));
    }
    environment.put("AUTHGEAR_INTERNAL_URL", "http://127.0.0.1:" + server.getPort());
    return environment;
  }

  public static JsonNode read(Path file) {
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
