package com.authgear.authrequest.nginx;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static com.authgear.authrequest.wire.RecordingServer.answerWithBody;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.EdgeCache;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.ServiceWithSandbox;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import com.authgear.authrequest.wire.RecordingServer;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The shipped cache of allows in a real nginx. Each test has an nginx of its own, and its cache.
 */
class EdgeCacheIT {

  private static final String TOKEN = "Authorization: Bearer t0ken";
  private static final String KEPT = "X-Accel-Expires: 30";

  private static RecordingServer auth;
  private static RecordingServer backend;
  private Nginx nginx;

  @BeforeAll
  static void start() {
    auth = RecordingServer.start(EdgeCacheIT::allow);
    backend = RecordingServer.start(EdgeCacheIT::tellUser);
  }

  @AfterAll
  static void stop() throws IOException {
    backend.close();
    auth.close();
  }

  @BeforeEach
  void forget() {
    auth.reset(EdgeCacheIT::allow);
    backend.reset(EdgeCacheIT::tellUser);
    nginx = start(UnaryOperator.identity());
  }

  @AfterEach
  void end() {
    String errors = nginx.errorLog();
    nginx.close();
    assertThat(errors).doesNotContain("[alert]", "[emerg]", "[crit]", "buffer_size");
  }

  private static Nginx start(UnaryOperator<String> edit) {
    return Nginx.start(
        auth.address(), backend.address(), conf -> edit.apply(EdgeCache.switchOn(conf)));
  }

  private void restart(UnaryOperator<String> edit) {
    nginx.close();
    nginx = start(edit);
  }

  /** Whoever comes is the user that their credentials name, for 30 s. */
  private static String allow(HttpMessage request) {
    return answer(200, "x-authgear-user-id: " + credentials(request), KEPT);
  }

  private static String credentials(HttpMessage request) {
    return String.join("", request.values("Authorization"))
        + "|"
        + String.join("; ", request.values("Cookie"));
  }

  private static String tellUser(HttpMessage request) {
    return answerWithBody(200, String.join("", request.values("x-authgear-user-id")));
  }

  private static HttpMessage sendTo(Nginx other, String... headerLines) throws IOException {
    try (RawClient client = new RawClient(other.port())) {
      return client.send("GET", "/", headerLines);
    }
  }

  private HttpMessage send(String target, String... headerLines) throws IOException {
    try (RawClient client = new RawClient(nginx.port())) {
      return client.send("GET", target, headerLines);
    }
  }

  @Test
  void check_shippedFiles_haveNeitherErrorsNorWarnings() {
    assertThat(Nginx.check(EdgeCache::switchOn))
        .contains("syntax is ok", "test is successful")
        .doesNotContain("[warn]", "[emerg]");
  }

  @Test
  void check_withoutAPlaceForTheCache_isAnError() {
    assertThat(Nginx.check(conf -> conf.replace("server.conf", "edge-cache.conf")))
        .contains("zone \"authgear\" is unknown");
  }

  @Test
  void allow_isRepeatedWithTheSameIdentity() throws IOException {
    for (int i = 0; i < 3; i++) {
      assertThat(send("/" + i, TOKEN).body()).isEqualTo("Bearer t0ken|");
    }
    try (RawClient client = new RawClient(nginx.port())) {
      assertThat(client.send("HEAD", "/", TOKEN).status()).isEqualTo(200);
      assertThat(client.send("POST", "/", TOKEN, "Content-Length: 0").body())
          .isEqualTo("Bearer t0ken|");
    }
    assertThat(auth.requests()).hasSize(1);
    assertThat(backend.requests()).hasSize(5);
  }

  @Test
  void allow_clientsOwnConditionsAndRanges_changeNothing() throws IOException {
    for (int i = 0; i < 2; i++) {
      HttpMessage response =
          send("/", TOKEN, "If-None-Match: *", "Range: bytes=0-0", "Cache-Control: no-cache");
      assertThat(response.body()).isEqualTo("Bearer t0ken|");
    }
    assertThat(auth.request().values("If-None-Match")).isEmpty();
  }

  /** What could be glued together to the same text. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "Bearer a # session=b # Bearer a session=b # ",
        "Bearer a # session=b # Bearer # a session=b",
        "Bearer ab # c # Bearer a # bc",
        "Bearer a # # # Bearer a",
        "Bearer a # session=b # bearer a # session=b",
        "Bearer a # session=b # Bearer A # session=b",
        "Bearer a # session=b # Bearer a # session=B",
        "Bearer a\\n # session=b # Bearer a # \\nsession=b",
        "Bearer a # x=1; session=b # Bearer a # x=1; session=c",
        "Bearer a # session=b; session=c # Bearer a # session=c; session=b"
      })
  void key_twoDifferentRequests_neverShareAnAnswer(
      @Nullable String authorization,
      @Nullable String cookie,
      @Nullable String authorization2,
      @Nullable String cookie2)
      throws IOException {
    String[] one = lines(authorization, cookie);
    String[] other = lines(authorization2, cookie2);
    String first = send("/", one).body();
    assertThat(send("/", other).body()).isNotEqualTo(first);
    assertThat(send("/", one).body()).isEqualTo(first);
    assertThat(auth.requests()).hasSize(2);
  }

  private static String[] lines(@Nullable String authorization, @Nullable String cookie) {
    List<String> lines = new ArrayList<>();
    if (authorization != null) {
      lines.add("Authorization: " + authorization);
    }
    if (cookie != null) {
      lines.add("Cookie: " + cookie);
    }
    return lines.toArray(String[]::new);
  }

  @Test
  void key_secondLines_count() throws IOException {
    send("/", "Cookie: session=a");
    send("/", "Cookie: session=a", "Cookie: session=b");
    send("/", "Cookie: session=b", "Cookie: session=a");
    assertThat(auth.requests()).hasSize(3);
    assertThat(send("/", TOKEN).status()).isEqualTo(200);
    assertThat(send("/", TOKEN, "Authorization: Bearer other").status()).isEqualTo(400);
  }

  @Test
  void key_requirement_counts() throws IOException {
    restart(
        conf ->
            conf.replace(
                "location /public/ {",
                "location /admin/ { auth_request /_authgear/auth/admin;"
                    + " include authgear/identity.conf; include authgear/proxy.conf;"
                    + " proxy_pass http://backend; } location /public/ {"));
    auth.reset(
        request ->
            request.startLine().contains("/admin")
                ? answer(403, "Cache-Control: no-store")
                : answer(200, KEPT));
    for (int i = 0; i < 2; i++) {
      assertThat(send("/", TOKEN).status()).isEqualTo(200);
      assertThat(send("/admin/", TOKEN).status()).isEqualTo(403);
    }
    assertThat(auth.requests().stream().map(HttpMessage::startLine))
        .containsExactly(
            "GET /auth HTTP/1.1", "GET /auth/admin HTTP/1.1", "GET /auth/admin HTTP/1.1");
  }

  /**
   * The service says X-Accel-Expires with none of these; if it did, they would not be kept either.
   */
  @ParameterizedTest
  @CsvSource({
    "401, Cache-Control: no-store, 401",
    "401, X-Accel-Expires: 30, 401",
    "403, Cache-Control: no-store, 403",
    "403, X-Accel-Expires: 30, 403",
    "503, Cache-Control: no-store, 500",
    "503, X-Accel-Expires: 30, 500",
    "204, X-Accel-Expires: 30, 200",
    "200, Cache-Control: no-store, 200",
    "200, X-Accel-Expires: 0, 200",
    "200, X-Other: 1, 200"
  })
  void answer_thatIsNotToBeKept_isAskedForEveryTime(int said, String header, int seen)
      throws IOException {
    auth.reset(_ -> answer(said, header));
    for (int i = 1; i <= 3; i++) {
      int before = auth.requests().size();
      assertThat(send("/", TOKEN).status()).isEqualTo(seen);
      assertThat(auth.requests()).hasSizeGreaterThan(before);
    }
  }

  @Test
  void answer_withACookie_isNotKept() throws IOException {
    auth.reset(_ -> answer(200, KEPT, "Set-Cookie: session=; Max-Age=0"));
    for (int i = 0; i < 2; i++) {
      assertThat(send("/", TOKEN).values("Set-Cookie")).containsExactly("session=; Max-Age=0");
    }
    assertThat(auth.requests()).hasSize(2);
  }

  @Test
  void siteWideCacheSettings_doNotAct() throws IOException {
    restart(
        conf ->
            conf.replace(
                "server_name _;",
                "server_name _; proxy_cache_valid any 1h; proxy_cache_use_stale error http_503;"
                    + "proxy_ignore_headers Cache-Control Expires Set-Cookie X-Accel-Expires;"
                    + "proxy_buffering off; proxy_cache_min_uses 9;"));
    auth.reset(_ -> answer(401, "Cache-Control: no-store"));
    send("/", TOKEN);
    auth.reset(_ -> answer(200, "X-Accel-Expires: 1"));
    assertThat(send("/", TOKEN).status()).isEqualTo(200);
    assertThat(send("/", TOKEN).status()).isEqualTo(200);
    assertThat(auth.requests()).hasSize(1);
    assertNotUsedAfter(2000);
  }

  /** nginx counts whole seconds, so what may be used for one second is used for less than two. */
  @Test
  void answer_isNeverUsedPastItsTime_notEvenIfTheServiceIsDown() throws IOException {
    auth.reset(_ -> answer(200, "X-Accel-Expires: 1"));
    assertThat(send("/", TOKEN).status()).isEqualTo(200);
    assertNotUsedAfter(2000);
  }

  private void assertNotUsedAfter(long millis) throws IOException {
    long kept = System.nanoTime();
    auth.reset(_ -> answer(503));
    while (true) {
      long sent = System.nanoTime();
      int status = send("/", TOKEN).status();
      if (status != 200) {
        assertThat(status).isEqualTo(500);
        break;
      }
      assertThat((sent - kept) / 1_000_000).isLessThan(millis);
    }
    assertThat(send("/", TOKEN).status()).isEqualTo(500);
  }

  @ParameterizedTest
  @ValueSource(ints = {1024, 8100, 8300, 12_000, 16_384, 19_000})
  void longCredentials_passAsWithoutTheCache(int length) throws IOException {
    String token = "t".repeat(length);
    String roles = "r".repeat(7 * 1024);
    auth.reset(_ -> answer(200, KEPT, "x-authgear-user-id: u", "x-authgear-user-roles: " + roles));
    for (int i = 0; i < 2; i++) {
      assertThat(send("/", "Authorization: Bearer " + token).body()).isEqualTo("u");
    }
    assertThat(auth.requests()).hasSize(length < 8192 ? 1 : 2);
    assertThat(backend.requests().getLast().values("x-authgear-user-roles")).containsExactly(roles);
  }

  @Test
  void manyUsersAtOnce_areNeverMixedUp() throws Exception {
    auth.reset(
        request ->
            answer(200, "x-authgear-user-id: " + credentials(request), "X-Accel-Expires: 1"));
    int users = 40;
    List<Callable<String>> clients = new ArrayList<>();
    for (int client = 0; client < 16; client++) {
      int seed = client;
      clients.add(
          () -> {
            try (RawClient connection = new RawClient(nginx.port())) {
              for (int i = 0; i < 200; i++) {
                int user = (seed * 7 + i * 13) % users;
                String authorization = user % 3 == 0 ? "" : "Bearer " + user / 2;
                String cookie = user % 3 == 1 ? "" : "session=" + user / 2;
                HttpMessage response =
                    connection.send("GET", "/", lines(orNull(authorization), orNull(cookie)));
                assertThat(response.body()).isEqualTo(authorization + "|" + cookie);
              }
            }
            return "done";
          });
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<String> client : threads.invokeAll(clients)) {
        assertThat(client.get()).isEqualTo("done");
      }
    }
    assertThat(auth.requests().size()).as("most came from the cache").isLessThan(1600);
  }

  private static @Nullable String orNull(String text) {
    return text.isEmpty() ? null : text;
  }

  @Test
  void sameKeyAtOnce_isAskedOnceOrNearlySo() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    auth.reset(
        request -> {
          arrived.countDown();
          goOn.await();
          return allow(request);
        });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> answers = new ArrayList<>();
      answers.add(threads.submit(() -> send("/", TOKEN).status()));
      arrived.await();
      CountDownLatch sent = new CountDownLatch(32);
      for (int i = 0; i < 32; i++) {
        answers.add(
            threads.submit(
                () -> {
                  sent.countDown();
                  return send("/", TOKEN).status();
                }));
      }
      sent.await();
      goOn.countDown();
      for (Future<Integer> status : answers) {
        assertThat(status.get()).isEqualTo(200);
      }
    }
    assertThat(auth.requests().size()).isLessThan(16);
  }

  /** AUTHGEAR_EDGE_CACHE_TTL and nginx's second, with the real service. */
  @Test
  void disabledUser_isKeptOutThreeSecondsAfterTheWebhookAtTheLatest() throws IOException {
    String secret = "a-secret-of-the-project";
    try (ServiceWithSandbox service =
            ServiceWithSandbox.start(
                Map.of("AUTHGEAR_WEBHOOK_SECRET", secret, "AUTHGEAR_EDGE_CACHE_TTL", "2s"));
        Nginx real = Nginx.start(service.address(), backend.address(), EdgeCache::switchOn)) {
      int port = service.address().getPort();
      service.project().hooks().configure("http://127.0.0.1:" + port + "/hooks/authgear", secret);
      String token = "Authorization: Bearer " + service.project().accessToken("alice");
      HttpMessage first = sendTo(real, token);
      assertThat(first.body()).isEqualTo(service.project().user("alice").id());
      service.project().disable("alice");
      long disabled = System.nanoTime();
      int repeated = 0;
      while (sendTo(real, token).status() == 200) {
        repeated++;
        assertThat((System.nanoTime() - disabled) / 1_000_000).isLessThan(3500);
      }
      assertThat(repeated).as("the cache repeats the first answer").isPositive();
    }
  }

  /** The backend may believe the other token, which nginx's key does not hold. */
  @Test
  void tokenWhereNginxDoesNotLook_isJudgedOnEachRequest() throws IOException {
    try (ServiceWithSandbox service =
            ServiceWithSandbox.start(
                Map.of(
                    "AUTHGEAR_TOKEN_HEADER", "x-access-token", "AUTHGEAR_EDGE_CACHE_TTL", "10s"));
        Nginx real = Nginx.start(service.address(), backend.address(), EdgeCache::switchOn)) {
      String token = "Authorization: Bearer " + service.project().accessToken("alice");
      String other = "X-Access-Token: " + service.project().accessToken("bob");
      assertThat(sendTo(real, token).status()).isEqualTo(200);
      assertThat(sendTo(real, token).status()).isEqualTo(200);

      assertThat(sendTo(real, token, other).status()).isEqualTo(401);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "AUTHGEAR_TOKEN_COOKIE, token, true",
    "AUTHGEAR_TOKEN_HEADER, x-access-token, false",
    "AUTHGEAR_TOKEN_QUERY_FROM, x-original-uri, false"
  })
  void settingThatLooksElsewhere_endsTheCache(String setting, String value, boolean repeated)
      throws IOException {
    try (ServiceWithSandbox service =
            ServiceWithSandbox.start(Map.of(setting, value, "AUTHGEAR_EDGE_CACHE_TTL", "10s"));
        RawClient client = new RawClient(service.address().getPort())) {
      HttpMessage answer =
          client.send(
              "GET", "/auth", "Authorization: Bearer " + service.project().accessToken("alice"));

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.values("X-Accel-Expires")).hasSize(repeated ? 1 : 0);
    }
  }

  /** Keys are credentials in clear. */
  @Test
  void files_areForNoOneElse() throws IOException {
    send("/", TOKEN);
    try (var files = Files.walk(nginx.folder().resolve("edge-cache"))) {
      assertThat(files.filter(Files::isRegularFile))
          .singleElement()
          .satisfies(
              file ->
                  assertThat(Files.getPosixFilePermissions(file).toString())
                      .doesNotContain("GROUP", "OTHERS"));
    }
  }
}
