package com.authgear.authrequest.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.CountingProxy;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.Site;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.HttpMessage.Field;
import com.authgear.authrequest.wire.RawClient;
import com.authgear.authrequest.wire.RecordingServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What clients send, and what then reaches backend and resolver, through real nginx and service.
 */
class RealTrafficIT {

  /** Longer than the time between two fetches for unknown keys. */
  private static final Duration PAST_THE_PACE = Duration.ofSeconds(2);

  private static Site site;

  @BeforeAll
  static void start() throws IOException {
    site = new Site();
  }

  @AfterAll
  static void stop() {
    if (site != null) {
      site.close();
    }
  }

  @BeforeEach
  void reset() {
    site.reset();
    site.clock().advance(PAST_THE_PACE);
  }

  private static String jwt(String user) {
    return site.sandbox().project().accessToken(user);
  }

  private static String bearer(String token) {
    return "Authorization: Bearer " + token;
  }

  private static HttpMessage send(String method, String... headerLines) throws IOException {
    try (RawClient client = new RawClient(site.nginxPort())) {
      return client.send(method, "/orders", headerLines);
    }
  }

  private static String expired() {
    return site.sandbox()
        .project()
        .accessToken("alice", TokenOptions.DEFAULTS.withExpiresIn(Duration.ofHours(-1)));
  }

  private static String withOtherPayload(String token, String other) {
    String[] parts = token.split("\\.", -1);
    return parts[0] + "." + other.split("\\.", -1)[1] + "." + parts[2];
  }

  @Test
  void keysRotateWhileRequestsFlow_everyAnswerIsRight() {
    int clients = 6;
    List<String> good = new CopyOnWriteArrayList<>(List.of(jwt("alice")));
    List<String> bad =
        new CopyOnWriteArrayList<>(
            List.of("opaque", "a.b.c", expired(), site.sandbox().project().idToken("alice")));
    Queue<String> wrong = new ConcurrentLinkedQueue<>();
    AtomicInteger allowed = new AtomicInteger();
    AtomicInteger denied = new AtomicInteger();
    AtomicBoolean enough = new AtomicBoolean();
    try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
      for (int client = 0; client < clients; client++) {
        int number = client;
        threads.execute(
            () -> {
              for (int i = number; !enough.get(); i++) {
                // The newest half of the time, so that all clients meet a new key together.
                int right = i % 3 == 0 ? 401 : 200;
                List<String> tokens = right == 200 ? good : bad;
                String token = i % 2 == 0 ? tokens.getLast() : tokens.get(i % tokens.size());
                int status = site.statusWith(token);
                (right == 200 ? allowed : denied).incrementAndGet();
                if (status != right) {
                  wrong.add(status + " in place of " + right);
                }
              }
            });
      }
      try {
        for (int rotation = 0; rotation < 8; rotation++) {
          int before = allowed.get();
          Awaitility.await("traffic").until(() -> allowed.get() > before + 60);
          site.clock().advance(PAST_THE_PACE);
          site.sandbox().project().rotateKeys();
          good.add(jwt("alice"));
          bad.add(expired());
          bad.add(withOtherPayload(good.getLast(), good.getFirst()));
        }
      } finally {
        enough.set(true);
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(denied.get()).as("bad tokens sent").isGreaterThan(100);
    assertThat(site.backend().requests()).hasSize(allowed.get());
    assertThat(site.sandbox().project().keyIds()).hasSizeGreaterThanOrEqualTo(9);
  }

  @Test
  void manyTokensWithRandomKeys_causeOneFetchASecondAndHideNoRotation() throws IOException {
    site.clock().advance(PAST_THE_PACE);
    long fetches = site.sandbox().calls(AuthgearEndpoint.KEYS);
    double counted = refreshesForUnknownKeys();
    for (int i = 0; i < 300; i++) {
      assertThat(site.statusWith(withKeyId("random-" + i)))
          .as("looked up, or not yet")
          .isEqualTo(i == 0 ? 401 : 500);
    }
    assertThat(site.statusWith(withKeyId("random-0"))).as("known to be absent").isEqualTo(401);
    assertThat(site.sandbox().calls(AuthgearEndpoint.KEYS) - fetches).isEqualTo(1);
    assertThat(refreshesForUnknownKeys() - counted).isEqualTo(1);
    assertThat(site.backend().requests()).isEmpty();

    site.sandbox().project().rotateKeys();
    assertThat(site.statusWith(jwt("alice"))).as("perhaps good, no one knows").isEqualTo(500);
    site.clock().advance(PAST_THE_PACE);
    assertThat(site.statusWith(jwt("alice"))).as("a real new key after the flood").isEqualTo(200);
  }

  private static double refreshesForUnknownKeys() {
    return site.metric("authgear_auth_key_set_refreshes_total", "trigger=\"unknown_key\"");
  }

  private static String withKeyId(String kid) {
    String header = "{\"alg\":\"RS256\",\"kid\":\"" + kid + "\",\"typ\":\"at+jwt\"}";
    return Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(header.getBytes(StandardCharsets.UTF_8))
        + ".e30.AAAA";
  }

  @Test
  void twoHundredRequests_useOneConnectionToTheService() throws IOException {
    List<String> credentials =
        List.of(
            bearer(jwt("alice")),
            bearer(expired()),
            "Cookie: " + site.sandbox().project().sessionCookie("bob"),
            "Cookie: session=unknown.unknown",
            "X-None: 1");
    UnaryOperator<String> oneWorker =
        conf -> conf.replace("worker_processes auto;", "worker_processes 1;");
    try (CountingProxy proxy = new CountingProxy(site.serviceAddress());
        Nginx nginx = Nginx.start(proxy.address(), site.backend().address(), oneWorker);
        RawClient client = new RawClient(nginx.port())) {
      List<Integer> statuses = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        String line = credentials.get(i % credentials.size());
        statuses.add(client.send(i % 2 == 0 ? "GET" : "HEAD", "/orders", line).status());
      }
      assertThat(statuses.stream().collect(Collectors.groupingBy(s -> s, Collectors.counting())))
          .isEqualTo(Map.of(200, 80L, 401, 120L));
      assertThat(proxy.connections()).isEqualTo(1);
    }
  }

  @Test
  void tokenOfSevenKibibytes_reachesTheBackend() throws IOException {
    List<String> roles = roles(80);
    String token =
        site.sandbox()
            .project()
            .accessToken(
                "alice",
                TokenOptions.DEFAULTS.withRoles(roles).withClaim("note", "x".repeat(3000)));
    assertThat(token.length()).isBetween(7 * 1024, 8 * 1024);

    assertThat(send("GET", bearer(token)).status()).isEqualTo(200);
    assertThat(site.backend().request().values("x-authgear-user-roles"))
        .containsExactly(String.join(",", roles));
    assertThat(site.backend().request().values("Authorization")).containsExactly("Bearer " + token);
  }

  /** Too much for a proxy's buffer is not cut off but refused, with a reason of its own. */
  @Test
  void rolesBeyondTheHeaderBudget_neverReachTheBackend() throws IOException {
    double before = site.metric("authgear_auth_decision_seconds_count", "reason=\"header_budget\"");
    String token = withRoles(roles(220));

    assertThat(send("GET", bearer(token)).status()).isEqualTo(401);
    assertThat(site.backend().requests()).isEmpty();
    assertThat(
            site.metric("authgear_auth_decision_seconds_count", "reason=\"header_budget\"")
                - before)
        .isEqualTo(1);
  }

  private static List<String> roles(int count) {
    return IntStream.range(0, count).mapToObj(i -> "department:" + (1_000_000 + i) + ":r").toList();
  }

  private static String withRoles(List<String> roles) {
    return site.sandbox().project().accessToken("alice", TokenOptions.DEFAULTS.withRoles(roles));
  }

  @Test
  void webSocket_opensForAValidTokenOnly() throws IOException {
    site.backend()
        .reset(_ -> RecordingServer.answer(101, "Upgrade: websocket", "Connection: Upgrade"));
    String[] handshake = {
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    };
    assertThat(send("GET", handshake).status()).isEqualTo(401);
    assertThat(site.backend().requests()).isEmpty();

    try (RawClient client = new RawClient(site.nginxPort())) {
      String[] withToken =
          Stream.concat(Stream.of(handshake), Stream.of(bearer(jwt("alice"))))
              .toArray(String[]::new);
      assertThat(client.send("GET", "/socket", withToken).status()).isEqualTo(101);
      assertThat(client.echo("through the tunnel")).isEqualTo("through the tunnel");
    }
    assertThat(site.backend().request().values("x-authgear-session-valid")).containsExactly("true");
  }

  @ParameterizedTest
  @ValueSource(strings = {"HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND"})
  void anyMethodWithAValidToken_reachesTheBackendAsItIs(String method) throws IOException {
    assertThat(send(method, bearer(jwt("alice"))).status()).isEqualTo(200);
    assertThat(site.backend().request().startLine()).startsWith(method + " /orders ");
    assertThat(site.backend().request().values("x-authgear-user-id"))
        .containsExactly(site.sandbox().project().user("alice").id());
  }

  @Test
  void headWithoutAToken_is401WithAChallenge() throws IOException {
    HttpMessage answer = send("HEAD");
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.values("WWW-Authenticate")).containsExactly("Bearer");
    assertThat(site.backend().requests()).isEmpty();
  }

  static Stream<UnaryOperator<String>> spellings() {
    return Stream.of(
        name -> name, name -> name.replace('-', '_'), name -> name.toUpperCase(Locale.ROOT));
  }

  /** Bob has no roles, so his empty header must not leave room for the client's. */
  @ParameterizedTest
  @MethodSource("spellings")
  void clientsOwnIdentityHeaders_areReplacedByTheServices(UnaryOperator<String> spelling)
      throws IOException {
    List<String> lines = new ArrayList<>();
    for (IdentityHeader header : IdentityHeader.values()) {
      lines.add(spelling.apply(header.headerName()) + ": admin");
    }
    lines.add(bearer(jwt("bob")));

    assertThat(send("GET", lines.toArray(String[]::new)).status()).isEqualTo(200);

    Map<String, String> seen =
        site.backend().request().fields().stream()
            .filter(field -> field.name().toLowerCase(Locale.ROOT).startsWith("x"))
            .filter(field -> field.name().toLowerCase(Locale.ROOT).contains("authgear"))
            .collect(Collectors.toMap(Field::name, Field::value));
    assertThat(seen)
        .containsOnlyKeys(
            "x-authgear-session-valid",
            "x-authgear-user-id",
            "x-authgear-user-anonymous",
            "x-authgear-user-verified",
            "x-authgear-user-can-reauthenticate",
            "x-authgear-session-amr",
            "x-authgear-session-authenticated-at",
            "x-authgear-client-id",
            "x-authgear-scope")
        .containsEntry("x-authgear-user-id", site.sandbox().project().user("bob").id())
        .doesNotContainValue("admin");
  }

  @Test
  void resolver_seesAuthgearsCookiesAndTheClientOnly() throws IOException {
    String session = site.sandbox().project().sessionCookie("bob");
    HttpMessage answer =
        send(
            "POST",
            "Cookie: theme=dark; " + session + "; cart=7",
            "Cookie: tracking=9",
            "User-Agent: browser/1",
            "X-Forwarded-For: 203.0.113.9",
            "X-Forwarded-Host: evil.example",
            "X-Api-Key: s3cret",
            "Referer: https://site.example/private",
            "Content-Length: 0");

    assertThat(answer.status()).isEqualTo(200);
    Map<String, List<String>> seen = site.sandbox().lastResolverHeaders();
    String host = site.sandbox().origin().substring("http://".length());
    assertThat(seen)
        .containsEntry("cookie", List.of(session))
        .containsEntry("user-agent", List.of("browser/1"))
        .containsEntry("x-forwarded-for", List.of("127.0.0.1"))
        .containsEntry("x-real-ip", List.of("127.0.0.1"))
        .containsEntry("host", List.of(host))
        .containsEntry("x-forwarded-host", List.of(host))
        .containsEntry("x-forwarded-proto", List.of("http"))
        .containsOnlyKeys(
            "cookie",
            "user-agent",
            "x-forwarded-for",
            "x-real-ip",
            "host",
            "x-forwarded-host",
            "x-forwarded-proto",
            "connection");
  }

  @Test
  void cookiesOfTheSiteAlone_areNoCredentialsAndAskNobody() throws IOException {
    long calls = site.sandbox().calls(AuthgearEndpoint.RESOLVER);
    HttpMessage answer = send("GET", "Cookie: theme=dark; mysession=1; session_id=2");
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.values("WWW-Authenticate")).containsExactly("Bearer");
    assertThat(site.sandbox().calls(AuthgearEndpoint.RESOLVER)).isEqualTo(calls);
  }

  @Test
  void deadSession_isClearedAtTheClient() throws IOException {
    String session = site.sandbox().project().sessionCookie("bob");
    site.sandbox().project().endSession(session);
    HttpMessage answer = send("GET", "Cookie: " + session);
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.values("Set-Cookie"))
        .singleElement()
        .asString()
        .startsWith("session=;")
        .contains("Expires=Thu, 01 Jan 1970");
    assertThat(site.backend().requests()).isEmpty();
  }
}
