package com.authgear.authrequest.nginx;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static com.authgear.authrequest.wire.RecordingServer.answerWithBody;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.HttpMessage.Field;
import com.authgear.authrequest.wire.RawClient;
import com.authgear.authrequest.wire.RecordingServer;
import com.authgear.authrequest.wire.RecordingServer.Script;
import com.authgear.authrequest.wire.Spoofed;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The shipped files in a real nginx, with an auth service and a backend that do as they are told.
 */
class NginxConfigIT {

  private static final String TOKEN = "Authorization: Bearer t0ken";
  private static final Script ALLOW_WITHOUT_HEADERS = _ -> answer(200);

  private static RecordingServer auth;
  private static RecordingServer backend;
  private static Nginx shared;

  @BeforeAll
  static void start() {
    auth = RecordingServer.start(ALLOW_WITHOUT_HEADERS);
    backend = RecordingServer.start(NginxConfigIT::serve);
    shared = Nginx.start(auth.address(), backend.address());
  }

  @AfterAll
  static void stop() throws IOException {
    String errors = shared.errorLog();
    shared.close();
    backend.close();
    auth.close();
    assertThat(errors).doesNotContain("[alert]", "[emerg]", "[crit]");
  }

  @BeforeEach
  void forget() {
    auth.reset(ALLOW_WITHOUT_HEADERS);
    backend.reset(NginxConfigIT::serve);
  }

  private static String serve(HttpMessage request) {
    if (!request.values("upgrade").isEmpty()) {
      return answer(101, "Upgrade: websocket", "Connection: Upgrade");
    }
    if (request.startLine().startsWith("HEAD ")) {
      return answer(200);
    }
    return answerWithBody(200, "backend", "Set-Cookie: cart=7");
  }

  private static HttpMessage send(String method, String target, String... headerLines)
      throws IOException {
    try (RawClient client = new RawClient(shared.port())) {
      return client.send(method, target, headerLines);
    }
  }

  private static String[] everyHeader(String value) {
    return Arrays.stream(IdentityHeader.values())
        .map(header -> header.headerName() + ":" + (value.isEmpty() ? "" : " " + value))
        .toArray(String[]::new);
  }

  @Test
  void check_shippedFiles_haveNeitherErrorsNorWarnings() {
    assertThat(Nginx.check(UnaryOperator.identity()))
        .contains("syntax is ok", "test is successful")
        .doesNotContain("[warn]", "[emerg]");
  }

  @Test
  void check_serverFileIncludedNowhere_isAnError() {
    assertThat(Nginx.check(conf -> conf.replace("include authgear/server.conf;", "")))
        .contains("unknown \"authgear_asked\" variable");
  }

  @Nested
  class Allowed {

    @Test
    void allow_everyHeader_reachesTheBackendUnchanged() throws IOException {
      String[] said =
          Arrays.stream(IdentityHeader.values())
              .map(header -> header.headerName() + ": " + header + " a,b c")
              .toArray(String[]::new);
      auth.reset(_ -> answer(200, said));

      HttpMessage response = send("GET", "/orders?id=1", TOKEN, "Cookie: session=s; theme=dark");

      assertThat(response.status()).isEqualTo(200);
      assertThat(response.body()).isEqualTo("backend");
      assertThat(backend.request().startLine()).isEqualTo("GET /orders?id=1 HTTP/1.1");
      assertThat(Spoofed.identity(backend.request()).stream().map(f -> f.name() + ": " + f.value()))
          .containsExactlyInAnyOrder(said);
      assertThat(backend.request().values("Authorization")).containsExactly("Bearer t0ken");
      assertThat(backend.request().values("Cookie")).containsExactly("session=s; theme=dark");
    }

    @Test
    void allow_serviceSetsCookie_clientGetsItBesideTheBackends() throws IOException {
      String cleared = "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly";
      auth.reset(_ -> answer(200, "Set-Cookie: " + cleared));

      assertThat(send("GET", "/").values("Set-Cookie"))
          .containsExactlyInAnyOrder("cart=7", cleared);
    }

    @Test
    void allow_head_isAskedAsGetAndPassedAsHead() throws IOException {
      HttpMessage response = send("HEAD", "/", TOKEN);

      assertThat(response.status()).isEqualTo(200);
      assertThat(auth.request().startLine()).isEqualTo("GET /auth HTTP/1.1");
      assertThat(backend.request().startLine()).isEqualTo("HEAD / HTTP/1.1");
    }

    @Test
    void allow_twoHundredRequests_useOneConnectionToEach() throws IOException {
      try (Nginx nginx = Nginx.start(auth.address(), backend.address());
          RawClient client = new RawClient(nginx.port())) {
        for (int i = 0; i < 200; i++) {
          assertThat(client.send("GET", "/" + i, TOKEN).status()).isEqualTo(200);
        }
      }

      assertThat(auth.requests()).hasSize(200);
      assertThat(auth.connections()).isEqualTo(1);
      assertThat(backend.connections()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {7 * 1024, 16 * 1024})
    void allow_longToken_reachesTheService(int length) throws IOException {
      String token = "t".repeat(length);

      HttpMessage response = send("GET", "/", "Authorization: Bearer " + token);

      assertThat(response.status()).isEqualTo(200);
      assertThat(auth.request().values("Authorization")).containsExactly("Bearer " + token);
    }

    @Test
    void allow_fourKilobytesOfHeaders_fitTheBuffer() throws IOException {
      String roles = "r".repeat(4 * 1024);
      auth.reset(_ -> answer(200, "x-authgear-user-roles: " + roles));

      assertThat(send("GET", "/", TOKEN).status()).isEqualTo(200);
      assertThat(backend.request().values("x-authgear-user-roles")).containsExactly(roles);
    }

    @Test
    void allow_webSocket_isUpgradedAtTheBackendOnly() throws IOException {
      try (RawClient client = new RawClient(shared.port())) {
        HttpMessage response =
            client.send(
                "GET",
                "/socket",
                TOKEN,
                "Connection: keep-alive, Upgrade",
                "Upgrade: WebSocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");

        assertThat(response.status()).isEqualTo(101);
        assertThat(client.echo("through the tunnel")).isEqualTo("through the tunnel");
      }
      assertThat(backend.request().values("Upgrade")).containsExactly("websocket");
      assertThat(backend.request().values("Connection")).containsExactly("upgrade");
      assertThat(backend.request().values("Sec-WebSocket-Key")).isNotEmpty();
      assertThat(auth.request().values("Upgrade")).isEmpty();
      assertThat(auth.request().values("Connection")).isEmpty();
    }

    @Test
    void allow_upgradeToClearTextHttp2_isNotPassedOn() throws IOException {
      HttpMessage response =
          send(
              "GET",
              "/",
              "Connection: Upgrade, HTTP2-Settings",
              "Upgrade: h2c",
              "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA");

      assertThat(response.status()).isEqualTo(200);
      assertThat(backend.request().values("Upgrade")).isEmpty();
      assertThat(backend.request().values("Connection")).isEmpty();
    }
  }

  @Nested
  class Asked {

    @Test
    void ask_clientsOwnQueryAndForwardedFacts_doNotReachTheService() throws IOException {
      send(
          "GET",
          "/admin?optional=true&role=admin",
          "X-Forwarded-For: 6.6.6.6",
          "X-Real-IP: 6.6.6.6",
          "X-Forwarded-Proto: https",
          "X-Forwarded-Host: evil.example",
          "X-Forwarded-Uri: /evil",
          "X-Forwarded-Method: EVIL",
          "X-Original-URI: /evil",
          "X-Original-URL: /evil",
          "X-Rewrite-URL: /evil",
          "X-Original-Method: EVIL",
          "Forwarded: for=6.6.6.6;host=evil.example",
          "X-Request-ID: evil",
          "User-Agent: browser");

      assertThat(auth.request().startLine()).isEqualTo("GET /auth HTTP/1.1");
      assertThat(auth.request().values("X-Request-ID"))
          .singleElement()
          .asString()
          .matches("[0-9a-f]{32}");
      assertThat(auth.request().fields())
          .filteredOn(field -> !field.name().equals("X-Request-ID"))
          .containsExactlyInAnyOrder(
              new Field("Host", "authgear-auth"),
              new Field("X-Real-IP", "127.0.0.1"),
              new Field("X-Forwarded-For", "127.0.0.1"),
              new Field("X-Forwarded-Proto", "http"),
              new Field("User-Agent", "browser"));
      assertThat(backend.request().startLine())
          .isEqualTo("GET /admin?optional=true&role=admin HTTP/1.1");
      assertThat(backend.request().values("X-Forwarded-For")).containsExactly("127.0.0.1");
      assertThat(backend.request().fields().toString())
          .doesNotContain("6.6.6.6", "evil.example", "X-Original-URL", "X-Rewrite-URL");
    }

    @Test
    void ask_post_sendsTheBodyToTheBackendOnly() throws IOException {
      String content = "0123456789abcdef".repeat(64 * 1024);
      try (RawClient client = new RawClient(shared.port())) {
        HttpMessage response =
            client.sendWithBody(
                content, "POST", "/upload", TOKEN, "Content-Length: " + content.length());
        assertThat(response.status()).isEqualTo(200);
        // A body that went to the service would be read there as the next request.
        assertThat(client.send("GET", "/", TOKEN).status()).isEqualTo(200);
      }

      assertThat(backend.requests().getFirst().body()).isEqualTo(content);
      assertThat(auth.requests())
          .hasSize(2)
          .allSatisfy(
              request -> {
                assertThat(request.startLine()).isEqualTo("GET /auth HTTP/1.1");
                assertThat(request.values("Content-Length")).isEmpty();
                assertThat(request.values("Transfer-Encoding")).isEmpty();
              });
    }

    @Test
    void ask_chunkedPost_sendsTheBodyToTheBackendOnly() throws IOException {
      String content = "5\r\nhello\r\n0\r\n\r\n";
      try (RawClient client = new RawClient(shared.port())) {
        client.sendWithBody(content, "POST", "/upload", TOKEN, "Transfer-Encoding: chunked");
        client.send("GET", "/", TOKEN);
      }

      assertThat(backend.requests().getFirst().body()).isEqualTo("hello");
      assertThat(auth.requests())
          .hasSize(2)
          .allSatisfy(
              request -> {
                assertThat(request.startLine()).isEqualTo("GET /auth HTTP/1.1");
                assertThat(request.values("Content-Length")).isEmpty();
                assertThat(request.values("Transfer-Encoding")).isEmpty();
              });
    }

    @Test
    void ask_deniedPost_neverReachesTheBackend() throws IOException {
      auth.reset(_ -> answer(401, "WWW-Authenticate: Bearer"));

      assertThat(send("POST", "/upload", "Content-Length: 0").status()).isEqualTo(401);
      assertThat(backend.requests()).isEmpty();
    }

    /** Newer versions of nginx refuse two such lines themselves. */
    @Test
    void ask_twoAuthorizationLines_serviceSeesBothOrNginxRefuses() throws IOException {
      HttpMessage response = send("GET", "/", TOKEN, "Authorization: Bearer other");

      if (response.status() == 200) {
        assertThat(auth.request().values("Authorization"))
            .containsExactly("Bearer t0ken", "Bearer other");
      } else {
        assertThat(response.status()).isEqualTo(400);
        assertThat(backend.requests()).isEmpty();
      }
    }

    @Test
    void ask_oldClientWithoutHost_getsAnAnswer() throws IOException {
      try (RawClient client = new RawClient(shared.port())) {
        assertThat(client.sendHead("GET / HTTP/1.0\r\n\r\n").status()).isEqualTo(200);
      }
      assertThat(auth.request().values("Host")).containsExactly("authgear-auth");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/_authgear/auth", "/_authgear%2Fauth", "//_authgear/./auth?x=1"})
    void ask_pathOfTheInternalLocation_isNoPathForClients(String target) throws IOException {
      assertThat(send("GET", target, TOKEN).status()).isIn(400, 404);
      assertThat(auth.requests()).isEmpty();
      assertThat(backend.requests()).isEmpty();
    }
  }

  @Nested
  class Spoofing {

    private void sendSpoofed(String target, UnaryOperator<String> spelling) throws IOException {
      HttpMessage response = send("GET", target, Spoofed.lines(spelling));

      assertThat(response.status()).isIn(200, 400);
      assertThat(backend.requests()).hasSize(response.status() == 200 ? 1 : 0);
      assertThat(backend.requests())
          .allSatisfy(
              request -> {
                assertThat(Spoofed.identity(request)).isEmpty();
                assertThat(request.fields().toString()).doesNotContain("spoofed");
              });
    }

    @ParameterizedTest
    @MethodSource("com.authgear.authrequest.wire.Spoofed#spellings")
    void spoof_serviceSaysEmpty_backendSeesNone(UnaryOperator<String> spelling) throws IOException {
      auth.reset(_ -> answer(200, everyHeader("")));
      sendSpoofed("/", spelling);
    }

    @ParameterizedTest
    @MethodSource("com.authgear.authrequest.wire.Spoofed#spellings")
    void spoof_serviceSaysNothing_backendSeesNone(UnaryOperator<String> spelling)
        throws IOException {
      auth.reset(ALLOW_WITHOUT_HEADERS);
      sendSpoofed("/api/", spelling);
    }

    @ParameterizedTest
    @MethodSource("com.authgear.authrequest.wire.Spoofed#spellings")
    void spoof_publicLocation_backendSeesNone(UnaryOperator<String> spelling) throws IOException {
      sendSpoofed("/public/", spelling);
      assertThat(auth.requests()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("com.authgear.authrequest.wire.Spoofed#spellings")
    void spoof_serviceSpeaks_backendSeesTheServiceOnly(UnaryOperator<String> spelling)
        throws IOException {
      auth.reset(_ -> answer(200, everyHeader("true")));

      HttpMessage response = send("GET", "/", Spoofed.lines(spelling));

      assertThat(response.status()).isIn(200, 400);
      assertThat(backend.requests())
          .allSatisfy(
              request ->
                  assertThat(Spoofed.identity(request))
                      .hasSize(IdentityHeader.values().length)
                      .allSatisfy(field -> assertThat(field.value()).isEqualTo("true")));
    }

    @Test
    void spoof_headersNamedInConnection_areStillReplaced() throws IOException {
      auth.reset(_ -> answer(200, everyHeader("true")));

      send("GET", "/", "Connection: x-authgear-user-id, x-authgear-user-roles");

      assertThat(backend.request().values("Connection")).isEmpty();
      assertThat(Spoofed.identity(backend.request())).hasSize(IdentityHeader.values().length);
    }

    /** Headers of one request on a connection say nothing about the next one. */
    @Test
    void spoof_requestAfterAnAllowedOne_hasNoIdentityOfIt() throws IOException {
      auth.reset(
          request ->
              request.values("Authorization").isEmpty()
                  ? answer(200)
                  : answer(200, everyHeader("true")));
      try (RawClient client = new RawClient(shared.port())) {
        client.send("GET", "/", TOKEN);
        client.send("GET", "/");
        client.send("GET", "/public/");
      }

      assertThat(backend.requests().stream().map(Spoofed::identity).map(List::size))
          .containsExactly(IdentityHeader.values().length, 0, 0);
    }
  }

  @Nested
  class Denied {

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD", "POST", "OPTIONS", "DELETE", "BREW"})
    void deny_401_challengeAndCookieReachTheClient(String method) throws IOException {
      auth.reset(
          _ ->
              answer(
                  401,
                  "WWW-Authenticate: Bearer error=\"invalid_token\"",
                  "Set-Cookie: session=; Max-Age=0",
                  "x-auth-reason: expired"));

      HttpMessage response = send(method, "/", TOKEN);

      assertThat(response.status()).isEqualTo(401);
      assertThat(response.values("WWW-Authenticate"))
          .containsExactly("Bearer error=\"invalid_token\"");
      assertThat(response.values("Set-Cookie")).containsExactly("session=; Max-Age=0");
      assertThat(response.values("x-auth-reason")).isEmpty();
      assertThat(backend.requests()).isEmpty();
    }

    @Test
    void deny_403_challengeReachesTheClientOnce() throws IOException {
      String challenge = "Bearer error=\"insufficient_scope\", scope=\"read:orders\"";
      auth.reset(_ -> answer(403, "WWW-Authenticate: " + challenge, "Set-Cookie: session="));

      HttpMessage response = send("GET", "/", TOKEN);

      assertThat(response.status()).isEqualTo(403);
      assertThat(response.values("WWW-Authenticate")).containsExactly(challenge);
      assertThat(response.values("Set-Cookie")).containsExactly("session=");
      assertThat(backend.requests()).isEmpty();
    }

    @Test
    void deny_403WithoutChallenge_hasNone() throws IOException {
      auth.reset(_ -> answer(403));

      assertThat(send("GET", "/", TOKEN).values("WWW-Authenticate")).isEmpty();
    }

    @Test
    void deny_reason_isLoggedWithoutSecrets() throws IOException {
      auth.reset(_ -> answer(401, "WWW-Authenticate: Bearer", "x-auth-reason: expired"));
      try (RawClient client = new RawClient(shared.port())) {
        client.send("GET", "/orders?access_token=qu3ry", TOKEN, "Cookie: session=c00kie");
        Awaitility.await().until(() -> shared.accessLog().contains("reason=expired"));
        assertThat(shared.accessLog())
            .contains("\"GET /orders HTTP/1.1\" 401")
            .doesNotContain("t0ken", "c00kie", "qu3ry");
      }
    }

    @Test
    void deny_errorPageInsideAProtectedLocation_doesNotLoop() throws IOException {
      auth.reset(_ -> answer(401, "WWW-Authenticate: Bearer"));
      try (Nginx nginx =
              Nginx.start(
                  auth.address(),
                  backend.address(),
                  withServerLine("error_page 401 /login.html;"));
          RawClient client = new RawClient(nginx.port())) {
        assertThat(client.send("GET", "/").status()).isEqualTo(401);
      }
      assertThat(auth.requests()).hasSize(2);
      assertThat(backend.requests()).isEmpty();
    }
  }

  @Nested
  class Failing {

    private static Stream<String> answersThatAreNoVerdict() {
      return Stream.of(
          answer(503, "x-auth-reason: keys_unavailable"),
          answer(500),
          answer(502),
          answer(404),
          answer(400),
          answer(429),
          answer(302, "Location: https://evil.example/"),
          answer(304),
          "HTTP/1.1 200",
          "HTTP/1.1 200 OK\r\nx-authgear-user-id: half",
          "HTTP/1.1 200 OK\r\n\0\0: x\r\n\r\n",
          "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n",
          "+PONG\r\n\r\n",
          "\r\n\r\n",
          "");
    }

    @ParameterizedTest
    @MethodSource("answersThatAreNoVerdict")
    void fail_noVerdict_is500AndNeverReachesTheBackend(String said) throws IOException {
      auth.reset(_ -> said);

      HttpMessage response = send("GET", "/", TOKEN);

      assertThat(response.status()).isEqualTo(500);
      assertThat(response.values("Location")).isEmpty();
      assertThat(backend.requests()).isEmpty();
    }

    @Test
    void fail_connectionRefused_is500() throws IOException {
      try (Nginx nginx = Nginx.start(closedPort(), backend.address());
          RawClient client = new RawClient(nginx.port())) {
        assertThat(client.send("GET", "/", TOKEN).status()).isEqualTo(500);
      }
      assertThat(backend.requests()).isEmpty();
    }

    /** Takes as long as the shipped proxy_read_timeout. */
    @Test
    void fail_serviceNeverAnswers_is500() throws IOException {
      auth.reset(
          _ -> {
            new CountDownLatch(1).await();
            return answer(200);
          });

      assertThat(send("GET", "/", TOKEN).status()).isEqualTo(500);
      assertThat(backend.requests()).isEmpty();
    }

    @Test
    void fail_headersTooBig_is500() throws IOException {
      auth.reset(_ -> answer(200, "x-authgear-user-roles: " + "r".repeat(9 * 1024)));

      assertThat(send("GET", "/", TOKEN).status()).isEqualTo(500);
      assertThat(backend.requests()).isEmpty();
    }

    @Test
    void fail_apiLocation_is503AsJson() throws IOException {
      auth.reset(_ -> answer(503));

      HttpMessage response = send("GET", "/api/orders", TOKEN);

      assertThat(response.status()).isEqualTo(503);
      assertThat(response.values("Content-Type")).containsExactly("application/json");
      assertThat(response.values("Retry-After")).containsExactly("5");
      assertThat(response.body()).isEqualTo("{\"error\":\"temporarily_unavailable\"}\n");
      assertThat(backend.requests()).isEmpty();
    }

    /** A page that a site shows in place of an error is no verdict. */
    @ParameterizedTest
    @ValueSource(strings = {"refused", "401", "403", "503"})
    void fail_siteWideErrorPagesThatAnswer200_letNobodyIn(String how) throws IOException {
      InetSocketAddress service = how.equals("refused") ? closedPort() : auth.address();
      auth.reset(_ -> answer(Integer.parseInt(how), "WWW-Authenticate: Bearer"));
      UnaryOperator<String> sorry =
          withServerLine(
              "proxy_intercept_errors on;"
                  + "error_page 401 403 502 503 504 =200 /sorry;"
                  + "location = /sorry { return 200 sorry; }");
      try (Nginx nginx = Nginx.start(service, backend.address(), sorry);
          RawClient client = new RawClient(nginx.port())) {
        client.send("GET", "/orders", TOKEN);
      }
      assertThat(backend.requests()).isEmpty();
    }

    @Test
    void fail_siteWideCache_doesNotKeepVerdicts() throws IOException {
      auth.reset(request -> answer(request.values("Authorization").isEmpty() ? 401 : 200));
      UnaryOperator<String> cache =
          conf ->
              conf.replace("\nhttp {\n", "\nhttp {\nproxy_cache_path cache keys_zone=site:1m;\n");
      UnaryOperator<String> cached =
          conf ->
              withServerLine(
                      "proxy_cache site; proxy_cache_valid any 1h;"
                          + "proxy_ignore_headers Cache-Control Expires Set-Cookie;")
                  .apply(cache.apply(conf));
      try (Nginx nginx = Nginx.start(auth.address(), backend.address(), cached);
          RawClient client = new RawClient(nginx.port())) {
        assertThat(client.send("GET", "/orders", TOKEN).status()).isEqualTo(200);
        assertThat(client.send("GET", "/orders").status()).isEqualTo(401);
      }
    }

    /** The question then lands in another location, here one that leads to the backend. */
    @Test
    void fail_serverFileNotIncludedInThisServer_is500() throws IOException {
      UnaryOperator<String> forgotten =
          conf ->
              conf.replace("include authgear/server.conf;", "")
                  .replaceFirst(
                      "(listen [^;]+;)\\s+server_name _;",
                      "$1 server_name other; include authgear/server.conf; }"
                          + " server { $1 server_name localhost;");
      try (Nginx nginx = Nginx.start(auth.address(), backend.address(), forgotten);
          RawClient client = new RawClient(nginx.port())) {
        assertThat(client.send("GET", "/orders", TOKEN).status()).isEqualTo(500);
      }
      assertThat(backend.requests()).isEmpty();
    }

    private static InetSocketAddress closedPort() throws IOException {
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        return new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
      }
    }
  }

  @Nested
  class Stripped {

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "session=s; theme=dark; app_session=a; lang=en; app_access_token=t | theme=dark; lang=en",
          "theme=dark; lang=en | theme=dark; lang=en",
          "theme=dark; session=s | theme=dark",
          "theme=dark; session=s; lang=en | theme=dark; lang=en",
          "a=1;session=s;b=2 | a=1;b=2",
          "a=1;\tsession\t=s;b=2 | a=1;b=2",
          "a=1; session=s; session=s2; app_session=a; b=2 | a=1; b=2",
          "mysession=1; session_id=2; app_sessions=3; Session=4 | mysession=1; session_id=2;"
              + " app_sessions=3; Session=4",
          "a=session=s; b=\"x y\" | a=session=s; b=\"x y\"",
          "session= | ",
          "session=s | ",
          ";session=s | ",
          "session=1; session=2; session=3; session=4; session=5; theme=dark | "
        })
    void strip_cookies_onlyAuthgearsAreTakenAway(String sent, String kept) throws IOException {
      HttpMessage response = send("GET", "/api/", TOKEN, "Cookie: " + sent);

      assertThat(response.status()).isEqualTo(200);
      assertThat(auth.request().values("Cookie")).containsExactly(sent);
      assertThat(backend.request().values("Cookie"))
          .isEqualTo(kept == null ? List.of() : List.of(kept));
      assertThat(auth.request().values("Authorization")).containsExactly("Bearer t0ken");
      assertThat(backend.request().values("Authorization")).isEmpty();
    }

    @Test
    void strip_severalCookieLines_areReadAsOne() throws IOException {
      send("GET", "/api/", "Cookie: a=1; session=s", "Cookie: app_session=x", "Cookie: b=2");

      assertThat(backend.request().values("Cookie")).containsExactly("a=1; b=2");
    }
  }

  private static UnaryOperator<String> withServerLine(String line) {
    return conf -> conf.replace("server_name _;", "server_name _;\n" + line);
  }
}
