package com.authgear.authrequest.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The whole service in front of a resolver that answers as a real Authgear did: it vouches for
 * every JWT whose signature is good and whose grant lives, whomever the token is for.
 */
class RecordedCredentialsTest {

  private static final Path FOLDER = Path.of("src/test/resources/recorded");
  private static final String ORDERS = "audience=https://api.example.test/orders";
  private static final Map<String, Map<String, String>> MODES =
      Map.of(
          "auto", Map.of(),
          "recheck", Map.of("AUTHGEAR_RECHECK", "30s"),
          "jwt", Map.of("AUTHGEAR_MODE", "jwt"),
          "resolver", Map.of("AUTHGEAR_MODE", "resolver"));

  private static final Map<Map<String, String>, Service> SERVICES = new HashMap<>();
  private static final MockWebServer SERVER = new MockWebServer();

  /** {@code Authorization} and {@code Cookie} of each call. */
  private static final Queue<String> ASKED = new ConcurrentLinkedQueue<>();

  private static JsonNode recorded;
  private static volatile String otherUser = "";

  @BeforeAll
  static void start() throws IOException {
    recorded = read("tokens-and-answers.json");
    String issuer = recorded.get("issuer").textValue();
    SERVER.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return switch (request.getUrl().encodedPath()) {
              case "/.well-known/openid-configuration" ->
                  body(
                      String.format(
                          Locale.ROOT,
                          "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/oauth2/jwks\"}",
                          issuer,
                          issuer));
              case "/oauth2/jwks" -> body(recorded.get("jwks").toString());
              case "/_resolver/resolve" -> resolve(request);
              default -> new MockResponse.Builder().code(404).build();
            };
          }
        });
    SERVER.start(InetAddress.getLoopbackAddress(), 0);
  }

  @AfterAll
  static void stop() {
    SERVICES.values().forEach(Service::close);
    SERVER.close();
  }

  @BeforeEach
  void forget() {
    ASKED.clear();
    otherUser = "";
  }

  private static JsonNode read(String file) throws IOException {
    return new ObjectMapper().readTree(FOLDER.resolve(file).toFile());
  }

  private static MockResponse body(String text) {
    return new MockResponse.Builder().body(text).build();
  }

  /** As recorded, wherever the credential stands; what was not recorded is unknown. */
  private static MockResponse resolve(RecordedRequest request) {
    String authorization = request.getHeaders().get("Authorization");
    String cookie = request.getHeaders().get("Cookie");
    ASKED.add(authorization + " " + cookie);
    String sent = value(authorization == null ? String.valueOf(cookie) : authorization);
    MockResponse.Builder answer = new MockResponse.Builder();
    for (JsonNode credential : recorded.get("credentials")) {
      if (value(credential.get("value").textValue()).equals(sent)) {
        for (JsonNode header : credential.get("resolver").get("headers")) {
          boolean another =
              !otherUser.isEmpty() && header.get(0).textValue().equals("X-Authgear-User-Id");
          answer.addHeader(
              header.get(0).textValue(), another ? otherUser : header.get(1).textValue());
        }
        break;
      }
    }
    return answer.build();
  }

  /** Without its scheme or name. */
  private static String value(String sent) {
    return sent.replaceFirst("^(Bearer |[a-z_]+=)", "");
  }

  private static String token(String name) {
    return value(recorded.get("credentials").get(name).get("value").textValue());
  }

  private static final String FOREIGN = "resource-bound jwt of a dynamic client";

  private static Map<String, String> mode(String name) {
    return Objects.requireNonNull(MODES.get(name));
  }

  private static Service service(Map<String, String> settings) throws IOException {
    Service known = SERVICES.get(settings);
    if (known != null) {
      return known;
    }
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("AUTHGEAR_ENDPOINT", recorded.get("issuer").textValue());
    environment.put("AUTHGEAR_INTERNAL_URL", "http://127.0.0.1:" + SERVER.getPort());
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    Service running =
        switch (SettingsReader.read(environment)) {
          case Accepted accepted ->
              Service.start(
                  accepted.settings(),
                  InstantSource.fixed(
                      Instant.ofEpochSecond(recorded.get("recorded_at").longValue())),
                  "test");
          case Refused refused -> throw new AssertionError(refused.report());
        };
    SERVICES.put(settings, running);
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

  /** Status, and the reason if there is one. */
  private static String ask(Map<String, String> settings, String require, String... lines)
      throws IOException {
    HttpMessage answer = answer(settings, require, lines);
    List<String> reason = answer.values("x-auth-reason");
    return answer.status() + (reason.isEmpty() ? "" : " " + reason.getFirst());
  }

  private static HttpMessage answer(Map<String, String> settings, String require, String... lines)
      throws IOException {
    try (RawClient client = new RawClient(service(settings).port())) {
      return client.send("GET", "/auth" + (require.isEmpty() ? "" : "?" + require), lines);
    }
  }

  @TestFactory
  Stream<DynamicTest> credential_inEachMode_isAnsweredAsExpected() throws IOException {
    JsonNode expected = read("expected.json");
    assertThat(expected.fieldNames())
        .toIterable()
        .containsExactlyInAnyOrderElementsOf(() -> recorded.get("credentials").fieldNames());
    return expected.properties().stream()
        .flatMap(
            entry ->
                MODES.keySet().stream()
                    .map(
                        mode ->
                            dynamicTest(
                                entry.getKey() + ", " + mode,
                                () -> check(entry.getKey(), mode, entry.getValue().get(mode)))));
  }

  private static void check(String name, String mode, JsonNode expected) throws IOException {
    JsonNode credential = recorded.get("credentials").get(name);
    ASKED.clear();

    String answer =
        ask(
            mode(mode),
            "",
            credential.get("header").textValue() + ": " + credential.get("value").textValue());

    assertThat(answer)
        .isEqualTo(
            expected.get("status").asText()
                + (expected.has("reason") ? " " + expected.get("reason").textValue() : ""));
    boolean foreign =
        credential.has("jwt_claims")
            && !credential.get("jwt_claims").get("aud").get(0).equals(recorded.get("issuer"));
    if (foreign || mode.equals("jwt")) {
      assertThat(ASKED).isEmpty();
    }
  }

  /** The resolver would vouch for it at each of these places. */
  @ParameterizedTest
  @ValueSource(strings = {"auto", "recheck", "resolver"})
  void tokenOfAnotherApi_whereverItStands_isRefusedAndNotSent(String mode) throws IOException {
    String foreign = token(FOREIGN);
    for (String[] lines :
        List.of(
            new String[] {"Authorization: Bearer " + foreign},
            new String[] {"Authorization: bearer   " + foreign},
            new String[] {"Cookie: app_access_token=" + foreign},
            new String[] {"Cookie: app_access_token=\"" + foreign + "\""},
            new String[] {"Cookie: a=b;app_access_token =" + foreign},
            new String[] {"Cookie: app_session=" + foreign},
            new String[] {"Cookie: session=" + foreign},
            new String[] {"Cookie: session=\"" + foreign + "\""},
            new String[] {"Authorization: Bearer garbage", "Cookie: app_access_token=" + foreign},
            new String[] {"Authorization: Basic dTpw", "Cookie: app_access_token=" + foreign},
            new String[] {
              "Authorization: Bearer " + foreign, "Cookie: app_access_token=" + foreign
            },
            new String[] {
              "Authorization: Bearer garbage",
              "Cookie: app_session=junk; app_access_token=\"" + foreign + "\""
            })) {
      for (String require : List.of("", "role=admin", "optional=true&role=admin")) {
        HttpMessage answer = answer(mode(mode), require, lines);
        assertThat(answer.values("x-authgear-user-id")).as(lines[0]).allMatch(String::isEmpty);
        if (!require.startsWith("optional")) {
          assertThat(answer.status()).as(lines[0]).isEqualTo(401);
          assertThat(answer.values("x-auth-reason")).as(lines[0]).containsExactly("wrong_audience");
        }
      }
    }
    assertThat(ASKED).noneMatch(sent -> sent.contains(foreign));
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "recheck", "resolver"})
  void tokenOfAnotherApi_givesWayToWhatIsBesideIt(String mode) throws IOException {
    String foreign = token(FOREIGN);
    String session = "session=" + token("session cookie");
    Map<String, String> settings = mode(mode);

    assertThat(ask(settings, "", "Authorization: Bearer " + foreign, "Cookie: " + session))
        .isEqualTo("200");
    assertThat(ask(settings, "", "Cookie: app_access_token=" + foreign + "; " + session))
        .isEqualTo("200");
    assertThat(ASKED).allMatch(sent -> sent.equals("null " + session));
    assertThat(ask(settings, ORDERS, "Authorization: Bearer " + foreign, "Cookie: " + session))
        .as("where it is meant for")
        .isEqualTo("200");
  }

  /** Whatever any cache holds, each location asks for its own audience. */
  @ParameterizedTest
  @ValueSource(strings = {"auto", "recheck", "resolver"})
  void audience_isAskedAtEachLocation(String mode) throws IOException {
    Map<String, String> settings = mode(mode);
    for (String prefix : List.of("Authorization: Bearer ", "Cookie: app_access_token=")) {
      for (int i = 0; i < 3; i++) {
        assertThat(ask(settings, ORDERS, prefix + token(FOREIGN))).isEqualTo("200");
        assertThat(ask(settings, "", prefix + token(FOREIGN))).isEqualTo("401 wrong_audience");
        assertThat(ask(settings, "", prefix + token("jwt after refresh"))).isEqualTo("200");
        assertThat(ask(settings, ORDERS, prefix + token("jwt after refresh")))
            .isEqualTo("401 wrong_audience");
      }
    }
    for (String line :
        List.of(
            "Cookie: session=" + token("session cookie"),
            "Authorization: Bearer " + token("opaque"),
            "Cookie: app_access_token=" + token("opaque"))) {
      assertThat(ask(settings, "", line)).isEqualTo("200");
      assertThat(ask(settings, ORDERS, line)).as("names none").isEqualTo("401 wrong_audience");
      assertThat(ask(settings, "audience=" + recorded.get("issuer").textValue(), line))
          .as("names none, also not the project's own")
          .isEqualTo("401 wrong_audience");
      assertThat(ask(settings, "client_id=spa-jwt", line)).isEqualTo("403 client_not_allowed");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "recheck", "resolver"})
  void clientIds_bindWhatNamesAClient(String mode) throws IOException {
    Map<String, String> its = new HashMap<>(mode(mode));
    its.put("AUTHGEAR_CLIENT_IDS", "spa-jwt");
    Map<String, String> others = new HashMap<>(mode(mode));
    others.put("AUTHGEAR_CLIENT_IDS", "other");
    String jwt = token("jwt after login");
    String session = "session=" + token("session cookie");

    assertThat(ask(its, "", "Authorization: Bearer " + jwt)).isEqualTo("200");
    assertThat(ask(its, "", "Cookie: app_access_token=" + jwt)).isEqualTo("200");
    assertThat(ask(its, "", "Cookie: " + session)).isEqualTo("200");
    assertThat(ask(its, "", "Authorization: Bearer " + token("opaque")))
        .isEqualTo("403 client_not_allowed");
    assertThat(ask(its, "", "Cookie: app_access_token=" + token("opaque")))
        .isEqualTo("403 client_not_allowed");
    assertThat(ask(its, "", "Authorization: Bearer garbage")).isEqualTo("401 session_invalid");
    ASKED.clear();
    assertThat(ask(others, "", "Authorization: Bearer " + jwt)).isEqualTo("403 client_not_allowed");
    assertThat(ask(others, "", "Cookie: app_access_token=" + jwt))
        .isEqualTo("403 client_not_allowed");
    assertThat(ASKED).isEmpty();
    assertThat(ask(others, "", "Cookie: app_access_token=" + jwt + "; " + session))
        .isEqualTo("200");
    assertThat(ASKED).containsExactly("null " + session);
  }

  @Test
  void jwtInCookie_ofAnotherUserThanTheResolvers_isUnavailable() throws IOException {
    otherUser = "someone-else";
    Map<String, String> settings =
        Map.of("AUTHGEAR_MODE", "resolver", "AUTHGEAR_RESOLVER_CACHE_TTL", "0s");
    for (String prefix : List.of("Authorization: Bearer ", "Cookie: app_access_token=")) {
      assertThat(ask(settings, "", prefix + token("jwt after login")))
          .isEqualTo("503 resolver_bad_answer");
    }
  }

  /** Authgear's cookie names are many others' default. */
  @ParameterizedTest
  @ValueSource(strings = {"auto", "recheck", "jwt", "resolver"})
  void cookiesOfOtherSoftware_areIgnoredAndNotSent(String mode) throws IOException {
    Map<String, String> settings = mode(mode);
    String jwt = "Authorization: Bearer " + token("jwt after login");
    for (String cookie :
        List.of(
            "session={\"a\": 1}",
            "session=caf\u00e9",
            "app_session=a\\b",
            "session=" + "s".repeat(17_000),
            "session=" + "s".repeat(9_000) + "; app_session=" + "s".repeat(9_000))) {
      assertThat(ask(settings, "", jwt, "Cookie: " + cookie)).as(cookie).isEqualTo("200");
    }
    assertThat(ask(settings, "", "Cookie: session={\"a\": 1}; app_session=\u00e9"))
        .isEqualTo("401 no_credentials");
    assertThat(ASKED).allMatch(sent -> sent.endsWith(" null"));
    assertThat(ask(settings, "", "Authorization: Bearer\t" + token("jwt after login")))
        .isEqualTo("401 no_credentials");
  }
}
