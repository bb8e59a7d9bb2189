package com.authgear.authrequest.proxies;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static com.authgear.authrequest.wire.RecordingServer.answerWithBody;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.ServiceWithSandbox;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.HttpMessage.Field;
import com.authgear.authrequest.wire.RawClient;
import com.authgear.authrequest.wire.RecordingServer;
import com.authgear.authrequest.wire.Spoofed;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What each proxy promises with its shipped configuration, the real service and real tokens: {@code
 * /admin/} is for administrators, {@code /catalog/} for everyone who is told apart, {@code
 * /public/} for everyone unasked, the rest for users. Alice is an administrator, Bob is a user.
 */
@TestInstance(Lifecycle.PER_CLASS)
abstract class ProxyContract {

  static final Map<String, String> POLICIES =
      Map.of(
          "AUTHGEAR_POLICY_USER", "principal=user",
          "AUTHGEAR_POLICY_ADMIN", "role=admin",
          "AUTHGEAR_POLICY_GUEST", "optional=true");

  private ServiceWithSandbox site;
  private RecordingServer backend;
  private RunningProxy proxy;

  /** Starts the proxy with the shipped files, only addresses replaced. */
  abstract RunningProxy start(InetSocketAddress auth, InetSocketAddress backend);

  /** Whether the configuration has {@code /public/}, which is open without asking. */
  boolean hasPublicPaths() {
    return true;
  }

  /** Whether the backend gets the path by which it was decided, in place of the client's. */
  boolean cleansPaths() {
    return false;
  }

  /** The address that the proxy tells of a client on this machine. */
  String forwardedFor() throws IOException {
    return "127.0.0.1";
  }

  @BeforeAll
  void start() throws IOException {
    site = ServiceWithSandbox.start(POLICIES);
    backend = RecordingServer.start(ProxyContract::serve);
    proxy = start(site.address(), backend.address());
  }

  @AfterAll
  void stop() throws IOException {
    if (proxy != null) {
      proxy.close();
    }
    if (backend != null) {
      backend.close();
    }
    if (site != null) {
      site.close();
    }
  }

  @BeforeEach
  void forget() {
    backend.reset(ProxyContract::serve);
  }

  private static String serve(HttpMessage request) {
    return request.startLine().startsWith("HEAD ")
        ? answer(200)
        : answerWithBody(200, "backend", "Content-Type: text/plain");
  }

  final ServiceWithSandbox site() {
    return site;
  }

  final RecordingServer backend() {
    return backend;
  }

  /** A header line with a fresh token. */
  final String bearer(String user) {
    return "Authorization: Bearer " + site.project().accessToken(user);
  }

  final HttpMessage send(String method, String target, String... headerLines) throws IOException {
    return sendTo(proxy, method, target, headerLines);
  }

  static HttpMessage sendTo(RunningProxy proxy, String method, String target, String... headerLines)
      throws IOException {
    try (RawClient client = new RawClient(proxy.port())) {
      return client.send(method, target, headerLines);
    }
  }

  private String userId(String user) {
    return site.project().user(user).id();
  }

  private void assertBackendSaw(String user) {
    assertThat(backend.request().values("x-authgear-session-valid")).containsExactly("true");
    assertThat(backend.request().values("x-authgear-user-id")).containsExactly(userId(user));
  }

  /** No header line says anything; some proxies pass empty ones on, others none. */
  private void assertBackendSawNobody() {
    assertThat(Spoofed.identity(backend.request()))
        .allSatisfy(field -> assertThat(field.value()).as(field.name()).isEmpty());
  }

  private static String[] with(String line, String... more) {
    return Stream.concat(Stream.of(line), Arrays.stream(more)).toArray(String[]::new);
  }

  // ---- Allowed

  @Test
  void user_reachesTheBackendWithItsIdentity() throws IOException {
    HttpMessage response = send("GET", "/orders?id=1", bearer("alice"));

    assertThat(response.status()).isEqualTo(200);
    assertThat(response.body()).isEqualTo("backend");
    assertThat(backend.request().startLine()).isEqualTo("GET /orders?id=1 HTTP/1.1");
    assertBackendSaw("alice");
    assertThat(backend.request().values("x-authgear-user-roles")).containsExactly("admin,editor");
    assertThat(backend.request().values("x-authgear-client-id")).containsExactly("sandbox-app");
    assertThat(backend.request().values("x-authgear-scope").toString()).contains("openid");
  }

  @Test
  void sessionCookie_reachesTheBackendWithItsIdentity() throws IOException {
    String cookie = site.project().sessionCookie("bob");

    assertThat(send("GET", "/", "Cookie: " + cookie).status()).isEqualTo(200);
    assertBackendSaw("bob");
  }

  @Test
  void administrator_reachesTheAdministrators() throws IOException {
    assertThat(send("GET", "/admin/1", bearer("alice")).status()).isEqualTo(200);
    assertBackendSaw("alice");
  }

  @Test
  void guest_reachesTheCatalogAsNobody() throws IOException {
    assertThat(send("GET", "/catalog/1").status()).isEqualTo(200);
    assertBackendSawNobody();
  }

  @Test
  void userInTheCatalog_isKnown() throws IOException {
    assertThat(send("GET", "/catalog/1", bearer("bob")).status()).isEqualTo(200);
    assertBackendSaw("bob");
  }

  @Test
  void brokenTokenInTheCatalog_isNotValid() throws IOException {
    assertThat(send("GET", "/catalog/1", "Authorization: Bearer broken.broken.broken").status())
        .isEqualTo(200);
    assertThat(backend.request().values("x-authgear-session-valid")).containsExactly("false");
    assertThat(String.join("", backend.request().values("x-authgear-user-id"))).isEmpty();
  }

  @Test
  void head_isPassedAsHead() throws IOException {
    assertThat(send("HEAD", "/", bearer("alice")).status()).isEqualTo(200);
    assertThat(backend.request().startLine()).isEqualTo("HEAD / HTTP/1.1");
  }

  @Test
  void posts_reachTheBackendWithTheirBody_andTheConnectionGoesOn() throws IOException {
    String content = "0123456789abcdef".repeat(4096);
    try (RawClient client = new RawClient(proxy.port())) {
      String token = bearer("alice");
      HttpMessage response =
          client.sendWithBody(content, "POST", "/", token, "Content-Length: " + content.length());
      assertThat(response.status()).isEqualTo(200);
      response =
          client.sendWithBody(
              "5\r\nhello\r\n0\r\n\r\n", "POST", "/", token, "Transfer-Encoding: chunked");
      assertThat(response.status()).isEqualTo(200);
      assertThat(client.send("GET", "/", token).status()).isEqualTo(200);
    }
    assertThat(backend.requests())
        .extracting(HttpMessage::body)
        .containsExactly(content, "hello", "");
  }

  // ---- Denied

  @Test
  void noCredentials_is401WithAPlainChallenge() throws IOException {
    HttpMessage response = send("GET", "/");

    assertThat(response.status()).isEqualTo(401);
    assertThat(response.values("WWW-Authenticate")).containsExactly("Bearer");
    assertThat(backend.requests()).isEmpty();
  }

  @Test
  void brokenToken_is401WithAnError() throws IOException {
    HttpMessage response = send("GET", "/", "Authorization: Bearer broken.broken.broken");

    assertThat(response.status()).isEqualTo(401);
    assertThat(response.values("WWW-Authenticate"))
        .singleElement()
        .asString()
        .startsWith("Bearer ")
        .contains("error=\"invalid_token\"");
    assertThat(backend.requests()).isEmpty();
  }

  @Test
  void deadSession_isClearedByThe401() throws IOException {
    HttpMessage response = send("GET", "/", "Cookie: session=unknown.unknown");

    assertThat(response.status()).isEqualTo(401);
    assertThat(response.values("Set-Cookie")).singleElement().asString().startsWith("session=;");
    assertThat(backend.requests()).isEmpty();
  }

  @Test
  void userAmongAdministrators_is403() throws IOException {
    assertThat(send("GET", "/admin/1", bearer("bob")).status()).isEqualTo(403);
    assertThat(send("GET", "/admin/1").status()).isEqualTo(401);
    assertThat(backend.requests()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"})
  void otherMethodsWithoutCredentials_are401(String method) throws IOException {
    assertThat(send(method, "/", "Content-Length: 0").status()).isEqualTo(401);
    assertThat(backend.requests()).isEmpty();
  }

  @Test
  void postWithoutCredentials_neverReachesTheBackend() throws IOException {
    try (RawClient client = new RawClient(proxy.port())) {
      HttpMessage response =
          client.sendWithBody("hello", "POST", "/", "Content-Length: 5", "Connection: close");
      assertThat(response.status()).isEqualTo(401);
    }
    assertThat(backend.requests()).isEmpty();
  }

  // ---- What a client may not do

  @ParameterizedTest
  @ValueSource(
      strings = {
        "optional=true",
        "role=editor",
        "principal=any",
        "?optional=true",
        "x=%3Foptional=true",
        "policy=guest"
      })
  void requirementInTheClientsQuery_hasNoEffect(String query) throws IOException {
    assertThat(send("GET", "/?" + query).status()).isEqualTo(401);
    assertThat(send("GET", "/admin/1?" + query, bearer("bob")).status()).isEqualTo(403);
    assertThat(send("GET", "/admin/1?" + query).status()).isEqualTo(401);
    assertThat(backend.requests()).isEmpty();

    assertThat(send("GET", "/1?" + query, bearer("bob")).status()).isEqualTo(200);
    assertThat(backend.request().startLine()).isEqualTo("GET /1?" + query + " HTTP/1.1");
  }

  /** Each of these is {@code /admin/1} for some backends. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/public/../admin/1",
        "/public/%2e%2e/admin/1",
        "/public//../admin/1",
        "/public/..%2fadmin/1",
        "/catalog/../admin/1",
        "/x/../admin/1",
        "/%61dmin/1",
        "//admin/1"
      })
  void pathThatCanBeReadAsTheAdministrators_isDeniedToUsers(String target) throws IOException {
    assertAdministratorsAlone(target);
  }

  /**
   * Each of these is below {@code /admin} for backends to which {@code ;x} is no part of the path.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/admin;x/1",
        "/admin;x=1",
        "/%61dmin%3Bx/1",
        "/public;x/../admin/1",
        "/public/..;/admin/1",
        "/catalog/..;x/admin/1"
      })
  void pathWithParameters_isDeniedToUsers(String target) throws IOException {
    assertAdministratorsAlone(target);
  }

  private void assertAdministratorsAlone(String target) throws IOException {
    HttpMessage response = send("GET", target, bearer("bob"));
    if (cleansPaths() && response.status() == 200) {
      // "//.." is "/" when it is cleaned first, and the backend gets what is left.
      assertThat(backend.request().startLine()).isEqualTo("GET /public/admin/1 HTTP/1.1");
      return;
    }
    assertThat(response.status()).isIn(400, 403);
    assertThat(send("GET", target).status()).isIn(400, 401);
    assertThat(backend.requests()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("com.authgear.authrequest.wire.Spoofed#spellings")
  void spoofedHeaders_neverReachTheBackend(UnaryOperator<String> spelling) throws IOException {
    for (String target : List.of("/", "/admin/1", "/catalog/1")) {
      assertNothingSpoofed(target, with(bearer("alice"), Spoofed.lines(spelling)));
    }
    assertNothingSpoofed("/catalog/1", Spoofed.lines(spelling));
    if (hasPublicPaths()) {
      assertNothingSpoofed("/public/1", Spoofed.lines(spelling));
    }
  }

  private void assertNothingSpoofed(String target, String... lines) throws IOException {
    backend.reset(ProxyContract::serve);
    HttpMessage response = send("GET", target, lines);

    // A line that begins with a space continues the one before it, which may be the token.
    assertThat(response.status()).as(target).isIn(200, 400, 401);
    assertThat(backend.requests()).hasSize(response.status() == 200 ? 1 : 0);
    assertThat(spoofed()).isEmpty();
  }

  private List<Field> spoofed() {
    return backend.requests().stream()
        .flatMap(request -> request.fields().stream())
        .filter(field -> field.name().toLowerCase(Locale.ROOT).contains("authgear"))
        .filter(field -> field.value().contains("spoofed"))
        .toList();
  }

  @Test
  void spoofedHeaders_whereTheServiceSaysNothing_neverReachTheBackend() throws IOException {
    try (RecordingServer silent = RecordingServer.start(_ -> answer(200));
        RunningProxy other = start(silent.address(), backend.address())) {
      for (UnaryOperator<String> spelling : Spoofed.spellings().toList()) {
        HttpMessage response = sendTo(other, "GET", "/", Spoofed.lines(spelling));

        assertThat(response.status()).isIn(200, 400);
        assertThat(spoofed()).isEmpty();
      }
    }
    assertThat(backend.requests()).isNotEmpty();
  }

  @Test
  void spoofedWhereabouts_reachNeitherTheServiceNorTheBackend() throws IOException {
    String[] lines = {
      "X-Forwarded-For: 6.6.6.6",
      "X-Real-IP: 6.6.6.6",
      "X-Forwarded-Host: evil.example",
      "X-Forwarded-Proto: evil",
      "Forwarded: for=6.6.6.6"
    };
    String forwardedFor = forwardedFor();
    try (RecordingServer auth = RecordingServer.start(_ -> answer(200, everyHeader()));
        RunningProxy other = start(auth.address(), backend.address())) {
      assertThat(sendTo(other, "GET", "/", lines).status()).isEqualTo(200);
      assertThat(auth.request().values("X-Forwarded-For")).containsExactly(forwardedFor);
      assertThat(auth.request().values("X-Real-IP")).containsExactly("127.0.0.1");
      assertThat(backend.request().values("X-Forwarded-For")).containsExactly(forwardedFor);
      assertThat(backend.request().values("X-Real-IP")).containsExactly("127.0.0.1");
      assertThat(backend.request().values("X-Forwarded-Host").toString())
          .doesNotContain("evil.example");
    }
  }

  private static String[] everyHeader() {
    return Arrays.stream(IdentityHeader.values())
        .map(header -> header.headerName() + ": 1")
        .toArray(String[]::new);
  }

  @Test
  void everyHeaderOfTheService_reachesTheBackendOnce() throws IOException {
    String[] said =
        Arrays.stream(IdentityHeader.values())
            .map(header -> header.headerName() + ": " + header + " a,b c")
            .toArray(String[]::new);
    try (RecordingServer auth = RecordingServer.start(_ -> answer(200, said));
        RunningProxy other = start(auth.address(), backend.address())) {
      assertThat(sendTo(other, "GET", "/").status()).isEqualTo(200);
      for (IdentityHeader header : IdentityHeader.values()) {
        assertThat(backend.request().values(header.headerName()))
            .containsExactly(header + " a,b c");
      }
    }
  }

  // ---- The service fails

  @Test
  void serviceIsDown_backendIsNotAsked() throws IOException {
    InetSocketAddress nobody =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.find());
    try (RunningProxy other = start(nobody, backend.address())) {
      for (String target : List.of("/", "/admin/1", "/catalog/1")) {
        assertThat(sendTo(other, "GET", target, bearer("alice")).status())
            .as(target)
            .isBetween(500, 599);
      }
    }
    assertThat(backend.requests()).isEmpty();
  }

  @Test
  void serviceAnswersNeitherYesNorNo_backendIsNotAsked() throws IOException {
    try (RecordingServer auth = RecordingServer.start(_ -> answer(503));
        RunningProxy other = start(auth.address(), backend.address())) {
      for (int status : new int[] {302, 404, 429, 500, 503}) {
        auth.reset(_ -> answer(status, everyHeader()));
        assertThat(sendTo(other, "GET", "/", bearer("alice")).status())
            .as("%d of the service", status)
            .isGreaterThan(299);
      }
    }
    assertThat(backend.requests()).isEmpty();
  }

  @Test
  void serviceHangsUp_backendIsNotAsked() throws IOException {
    try (RecordingServer auth = RecordingServer.start(_ -> "");
        RunningProxy other = start(auth.address(), backend.address())) {
      assertThat(sendTo(other, "GET", "/", bearer("alice")).status()).isBetween(500, 599);
    }
    assertThat(backend.requests()).isEmpty();
  }

  @Test
  void serviceNeverAnswers_clientIsDeniedInTime() throws IOException {
    try (RecordingServer auth = RecordingServer.start(ProxyContract::never);
        RunningProxy other = start(auth.address(), backend.address())) {
      assertThat(sendTo(other, "GET", "/", bearer("alice")).status()).isBetween(500, 599);
    }
    assertThat(backend.requests()).isEmpty();
  }

  private static String never(HttpMessage request) throws InterruptedException {
    new CountDownLatch(1).await();
    return request.body();
  }
}
