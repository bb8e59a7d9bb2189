package com.authgear.authrequest.nginx;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static com.authgear.authrequest.wire.RecordingServer.answerWithBody;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.ServiceWithSandbox;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.HttpMessage.Field;
import com.authgear.authrequest.wire.RawClient;
import com.authgear.authrequest.wire.RecordingServer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code nginx/authgear/login.conf} in a real nginx: who is sent to the login, and back to where.
 */
class LoginIT {

  private static final String LOGIN =
      "https://auth.example.com/oauth2/authorize?response_type=none&scope=openid&client_id=web"
          + "&redirect_uri=https%3A%2F%2Fwww.example.com%2F_authgear%2Flogin";
  private static final String BACK = "/_authgear/login";
  private static final String[] NAVIGATION = {
    "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: none"
  };
  private static final String CORS_MAP =
      """
      map $http_origin $authgear_cors_origin {
          default "";
          https://app.example.com $http_origin;
      }
      """;
  private static final String CLEARED =
      "authgear_login_from=; Path=/_authgear/login; Max-Age=0; HttpOnly; SameSite=Lax";

  private static ServiceWithSandbox site;
  private static RecordingServer backend;
  private static Nginx nginx;
  private static Nginx without;

  @BeforeAll
  static void start() throws IOException {
    site =
        ServiceWithSandbox.start(
            Map.of(
                "AUTHGEAR_POLICY_RECENT", "max_age=60",
                "AUTHGEAR_POLICY_STRONG", "amr=otp",
                "AUTHGEAR_POLICY_ADMIN", "role=admin"));
    backend = RecordingServer.start(_ -> answer(200));
    nginx = Nginx.start(site.address(), backend.address(), site(true));
    without = Nginx.start(site.address(), backend.address(), site(false));
  }

  /** What a user would have changed in nginx.conf. */
  static UnaryOperator<String> site(boolean login) {
    StringBuilder lines = new StringBuilder("include authgear/server.conf;\n");
    lines.append("include authgear/cors.conf;\n");
    if (login) {
      lines.append("set $authgear_login \"").append(LOGIN).append("\";\n");
      lines.append("include authgear/login.conf;\n");
    }
    for (String policy : List.of("recent", "strong", "admin")) {
      lines.append(
          String.format(
              Locale.ROOT,
              """
              location ~* "^/%s(?![\\w-])" {
                  auth_request /_authgear/auth/%s;
                  include authgear/identity.conf;
                  include authgear/proxy.conf;
                  proxy_pass http://backend;
              }
              """,
              policy,
              policy));
    }
    return conf ->
        conf.replace("include authgear/server.conf;\n", lines)
            .replace("include authgear/http.conf;\n", "include authgear/http.conf;\n" + CORS_MAP);
  }

  @AfterAll
  static void stop() throws IOException {
    String errors = nginx.errorLog();
    nginx.close();
    without.close();
    backend.close();
    site.close();
    assertThat(errors).doesNotContain("[alert]", "[emerg]", "[crit]", "[warn]");
  }

  @BeforeEach
  void forget() {
    backend.reset(_ -> answer(200));
  }

  private static HttpMessage send(Nginx to, String method, String target, String... headerLines)
      throws IOException {
    try (RawClient client = new RawClient(to.port())) {
      return client.send(method, target, headerLines);
    }
  }

  private static HttpMessage navigate(String target, String... headerLines) throws IOException {
    List<String> lines = new ArrayList<>(Arrays.asList(NAVIGATION));
    lines.addAll(Arrays.asList(headerLines));
    return send(nginx, "GET", target, lines.toArray(String[]::new));
  }

  private static String from(String page) {
    return "authgear_login_from="
        + page
        + "; Path=/_authgear/login; Max-Age=600; HttpOnly; SameSite=Lax";
  }

  /** The login's URL is what the operator wrote, whatever the client sent. */
  private static void assertSentToLogin(HttpMessage response, String url, String page) {
    assertThat(response.status()).as(response.body()).isEqualTo(302);
    assertThat(response.values("Location")).containsExactly(url);
    assertThat(response.values("Set-Cookie")).contains(from(page));
    assertThat(backend.requests()).isEmpty();
  }

  private static void assertBack(HttpMessage response, String page) {
    assertThat(response.status()).isEqualTo(302);
    assertThat(response.values("Location")).containsExactly(page);
    assertThat(response.values("Set-Cookie")).containsExactly(CLEARED);
    HttpUrl here = HttpUrl.get("https://www.example.com" + BACK);
    assertThat(requireNonNull(here.resolve(page)).host()).isEqualTo(here.host());
  }

  // ---- Who is sent to the login

  @Test
  void navigation_ofNobody_isSentToTheLoginAndRemembersThePage() throws IOException {
    assertSentToLogin(navigate("/orders/7?tab=a&q=b%20c"), LOGIN, "/orders/7?tab=a&q=b%20c");
  }

  @ParameterizedTest
  @CsvSource({"session=gone", "app_access_token=abcdefghijklmnopqrstuvwxyz012345"})
  void navigation_withADeadSession_isSentToTheLogin(String cookie) throws IOException {
    assertSentToLogin(navigate("/orders", "Cookie: " + cookie), LOGIN, "/orders");
  }

  @Test
  void navigation_withADeadSession_losesItsCookie() throws IOException {
    assertThat(navigate("/orders", "Cookie: session=gone").values("Set-Cookie"))
        .hasSize(2)
        .anyMatch(cookie -> cookie.startsWith("session=; Path=/; Expires=Thu, 01 Jan 1970"));
  }

  @Test
  void navigation_withAnExpiredTokenInACookie_isSentToTheLogin() throws IOException {
    String cookie =
        site.project()
            .appAccessTokenCookie(
                "alice", TokenOptions.DEFAULTS.withExpiresIn(Duration.ofHours(-1)));

    assertSentToLogin(navigate("/orders", "Cookie: " + cookie), LOGIN, "/orders");
  }

  private static String oldSession() {
    return site.project()
        .sessionCookie(
            "alice", TokenOptions.DEFAULTS.withAuthTime(Instant.now().minusSeconds(3600)));
  }

  @Test
  void navigation_signedInTooLongAgo_isSentToANewLogin() throws IOException {
    assertSentToLogin(
        navigate("/recent/x", "Cookie: " + oldSession()), LOGIN + "&prompt=login", "/recent/x");
  }

  @Test
  void navigation_signedIn_isNotSentAway() throws IOException {
    String cookie = site.project().sessionCookie("alice");

    assertThat(navigate("/recent/x", "Cookie: " + cookie).status()).isEqualTo(200);
    assertThat(backend.request().values("Cookie")).containsExactly(cookie);
  }

  // ---- Who is not

  /** Method, target and header lines of what stays as it is without login.conf. */
  static List<List<String>> others() {
    String page = "Sec-Fetch-Mode: navigate";
    String document = "Sec-Fetch-Dest: document";
    String token = site.project().accessToken("alice");
    return List.of(
        List.of("GET", "/"),
        List.of("GET", "/", "Accept: text/html"),
        List.of("GET", "/", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"),
        List.of(
            "GET",
            "/",
            "Sec-Fetch-Mode: cors",
            "Sec-Fetch-Dest: empty",
            "Origin: https://app.example.com"),
        List.of("POST", "/", "Sec-Fetch-Mode: navigate document  GET /x y navigate document"),
        List.of("GET", "/", page, "Sec-Fetch-Dest: iframe"),
        List.of("GET", "/", page, "Sec-Fetch-Dest: frame"),
        List.of("GET", "/", page, "Sec-Fetch-Dest: embed"),
        List.of("GET", "/", page, "Sec-Fetch-Dest: object"),
        List.of("GET", "/", page, "Sec-Fetch-Dest: "),
        List.of("GET", "/", page),
        List.of("GET", "/", document),
        List.of("GET", "/", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"),
        List.of("GET", "/", "Sec-Fetch-Mode: websocket", document),
        List.of("GET", "/", page, document, "Sec-Purpose: prefetch"),
        List.of("GET", "/", page, document, "Sec-Purpose: prefetch;prerender"),
        List.of("GET", "/", page, document, "Authorization: Bearer nonsense"),
        List.of("GET", "/", page, document, "Authorization: Basic YTpi"),
        List.of("GET", "/", page, document, "Authorization: Bearer " + token + "x"),
        List.of("HEAD", "/", page, document),
        List.of("POST", "/", page, document, "Content-Length: 0"),
        List.of("PUT", "/", page, document, "Content-Length: 0"),
        List.of("OPTIONS", "/", page, document),
        List.of("GET", "/strong", page, document, "Cookie: " + oldSession()),
        List.of("GET", "/strong", page, document, "Cookie: app_access_token=" + token),
        List.of("GET", "/recent", "Cookie: " + oldSession()),
        List.of("POST", "/recent", page, document, "Content-Length: 0", "Cookie: " + oldSession()),
        List.of(
            "GET", "/", page, document, "Cookie: app_access_token=" + token + "; app_session=a b"),
        List.of("GET", "/admin", page, document, "Cookie: " + site.project().sessionCookie("bob")),
        List.of("GET", "/public/x", page, document),
        List.of("GET", "/x/..;/y", page, document));
  }

  @ParameterizedTest
  @MethodSource("others")
  void everythingElse_isAnsweredAsWithoutTheLogin(List<String> request) throws IOException {
    String[] lines = request.subList(2, request.size()).toArray(String[]::new);
    HttpMessage answered = send(nginx, request.get(0), request.get(1), lines);
    HttpMessage expected = send(without, request.get(0), request.get(1), lines);

    assertThat(answered.status()).isNotEqualTo(302);
    assertThat(answered.startLine()).isEqualTo(expected.startLine());
    assertThat(stable(answered)).isEqualTo(stable(expected));
    assertThat(answered.body()).isEqualTo(expected.body());
    if (expected.status() == 401) {
      assertThat(answered.values("WWW-Authenticate")).hasSize(1);
    }
  }

  private static List<Field> stable(HttpMessage message) {
    return message.fields().stream()
        .filter(field -> !field.name().equalsIgnoreCase("Date"))
        .toList();
  }

  @Test
  void amrThatNoLoginBrings_isNotSentAway() throws IOException {
    HttpMessage refused = navigate("/strong/x", "Cookie: " + oldSession());

    assertThat(refused.status()).isEqualTo(401);
    assertThat(nginx.accessLog()).contains("/strong/x HTTP/1.1\" 401").contains("amr_missing");
  }

  @Test
  void aServiceThatIsAway_sendsNobodyToTheLogin() throws IOException {
    site.sandbox().breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Down());
    try {
      assertThat(navigate("/orders", "Cookie: session=" + "s".repeat(40)).status()).isEqualTo(500);
    } finally {
      site.sandbox().repair(AuthgearEndpoint.RESOLVER);
    }
  }

  @Test
  void the401OfTheBackend_isItsOwn() throws IOException {
    backend.reset(_ -> answerWithBody(401, "the backend's", "WWW-Authenticate: Basic realm=\"b\""));

    HttpMessage answered = navigate("/orders", "Cookie: " + site.project().sessionCookie("alice"));

    assertThat(answered.status()).isEqualTo(401);
    assertThat(answered.body()).isEqualTo("the backend's");
    assertThat(answered.values("WWW-Authenticate")).containsExactly("Basic realm=\"b\"");
  }

  // ---- What an attacker writes into the page's URL

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      quoteCharacter = '\0',
      value = {
        "/p&prompt=none /p&prompt=none",
        "/p?a=b&prompt=none&client_id=evil /p?a=b&prompt=none&client_id=evil",
        "/p?redirect_uri=https://evil.example/&response_type=code"
            + " /p?redirect_uri=https://evil.example/&response_type=code",
        "/p%26client_id=evil /p%26client_id=evil",
        "/p?a=%0d%0aSet-Cookie:%20x=y /p?a=%0d%0aSet-Cookie:%20x=y",
        "/p?a=b;Path=/;Domain=example.com /p",
        "/p?a=\"b\" /p",
        "/p?a=\\b /p",
        "/p?a=b%3B%20Path=/ /p?a=b%3B%20Path=/",
        "/p?next=//evil.example /p?next=//evil.example",
        "/p?a[]=1&b={x}|y,z'~ /p?a[]=1&b={x}|y,z'~",
        "/p?\u00e4=1 /p",
        "/p\u00e4?a=1 /",
        "/p,q?a,b /p,q?a,b",
        "/$host$uri?$request_uri /$host$uri?$request_uri",
      })
  void parametersOfThePage_neverReachTheLogin(String page, String kept) throws IOException {
    assertSentToLogin(navigate(page), LOGIN, kept);
  }

  /** What {@code refuse.conf} does not let through goes nowhere. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "//evil.example/",
        "/\\evil.example/",
        "/%5cevil.example/",
        "/%2f%2fevil.example/",
        "/%09/evil.example",
        "/%0d%0aLocation:%20//evil.example",
        "/./x",
        "/../x",
        "/x;y"
      })
  void pathsThatAreRead_inTwoWays_areRefused(String page) throws IOException {
    HttpMessage refused = navigate(page);

    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.values("Location")).isEmpty();
    assertThat(refused.values("Set-Cookie")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {2000, 2001, 18_000})
  void aLongQuery_isRememberedOrLost(int length) throws IOException {
    String page = "/p?" + "q".repeat(length - 2);

    assertSentToLogin(navigate(page), LOGIN, length > 2000 ? "/p" : page);
  }

  @Test
  void aLongPath_leadsBackToTheFirstPage() throws IOException {
    assertSentToLogin(navigate("/" + "p".repeat(2001) + "?q"), LOGIN, "/");
  }

  /** A request in absolute form, and another Host, change neither. */
  @Test
  void anotherHost_isNotInTheRedirect() throws IOException {
    try (RawClient client = new RawClient(nginx.port())) {
      HttpMessage response =
          client.sendHead(
              "GET http://evil.example/p HTTP/1.1\r\nHost: evil.example\r\n"
                  + String.join("\r\n", NAVIGATION)
                  + "\r\n\r\n");

      assertSentToLogin(response, LOGIN, "/p");
    }
  }

  // ---- And into the cookie

  @Test
  void back_goesToThePageAndForgetsIt() throws IOException {
    assertBack(
        navigate(BACK, "Cookie: a=b; authgear_login_from=/orders/7?a=b&c"), "/orders/7?a=b&c");
    assertBack(navigate(BACK + "?state=x", "Cookie: authgear_login_from=/p; a=b"), "/p");
    assertBack(navigate(BACK), "/");
    assertBack(send(nginx, "GET", BACK, "Cookie: authgear_login_from=/p"), "/p");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "evil",
        "evil.example/x",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\\/evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\t/evil.example",
        "\t//evil.example",
        "/ /evil.example",
        "/%2fevil.example",
        "/%2F/evil.example",
        "/%5cevil.example",
        "/%5C%5Cevil.example",
        "/%09/evil.example",
        "/%0d%0ax",
        "/%00",
        "/%20//evil.example",
        "/%252fevil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/./\\evil.example",
        "/\"x\"",
        "\"/x\"",
        "\"//evil.example\"",
        "/x\\y",
        "/p\u00e4",
        "/_authgear/login",
        "/_AUTHGEAR/login",
        "/_authgear/auth",
        "/#//evil.example",
        "/x\u000b",
        "/\u0001/evil.example",
        "@evil.example",
        "?x",
        ".evil.example",
        ":80/"
      })
  void back_fromACookieThatIsNoPage_goesToTheFirst(String value) throws IOException {
    HttpMessage response = navigate(BACK, "Cookie: authgear_login_from=" + value);

    if (response.status() == 400) {
      // nginx itself refuses some control characters in headers.
      assertThat(response.values("Location")).isEmpty();
    } else {
      assertBack(response, "/");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "authgear_login_from=/p; authgear_login_from=//evil.example",
        "authgear_login_from=//evil.example; authgear_login_from=/p",
        "authgear_login_from=/p; authgear_login_from=/q",
        "authgear_login_from=/p;authgear_login_from = /q",
        "xauthgear_login_from=/p",
        "x=1 authgear_login_from=/p",
        "x=\"; y\" authgear_login_from=/p",
        "authgear_login_from",
        "authgear_login_fromx=/p"
      })
  void back_fromCookiesThatAreNotOne_goesToTheFirst(String cookies) throws IOException {
    assertBack(navigate(BACK, "Cookie: " + cookies), "/");
  }

  @Test
  void back_fromTwoCookieHeaders_goesToTheFirst() throws IOException {
    HttpMessage response =
        navigate(BACK, "Cookie: authgear_login_from=/p", "Cookie: authgear_login_from=/q");

    if (response.status() != 400) { // newer versions of nginx refuse them
      assertBack(response, "/");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2001, 2002, 18_000})
  void back_fromALongCookie_goesToThePageOrTheFirst(int length) throws IOException {
    String page = "/" + "p".repeat(length - 1);

    assertBack(navigate(BACK, "Cookie: authgear_login_from=" + page), length > 2001 ? "/" : page);
  }

  @Test
  void back_withAnError_goesNowhere() throws IOException {
    HttpMessage response =
        navigate(BACK + "?error=access_denied&state=x", "Cookie: authgear_login_from=/p");

    assertThat(response.status()).isEqualTo(403);
    assertThat(response.values("Location")).isEmpty();
    assertThat(response.body()).isEqualTo("The login did not succeed.\n");
  }

  @Test
  void shippedFiles_haveNeitherErrorsNorWarnings() {
    assertThat(Nginx.check(site(true)))
        .contains("syntax is ok", "test is successful")
        .doesNotContain("[warn]", "[emerg]");
  }

  @Test
  void recursiveErrorPages_makeNoLoop() throws IOException {
    UnaryOperator<String> recursive =
        conf ->
            site(true)
                .apply(conf)
                .replace("server_name _;", "server_name _; recursive_error_pages on;");
    try (Nginx other = Nginx.start(site.address(), backend.address(), recursive)) {
      assertThat(send(other, "GET", "/").status()).isEqualTo(401);
      assertThat(send(other, "GET", "/", NAVIGATION).status()).isEqualTo(302);
    }
  }

  @Test
  void aForgottenLogin_isAnErrorOfNginx() {
    assertThat(
            Nginx.check(
                conf ->
                    conf.replace(
                        "include authgear/server.conf;\n",
                        "include authgear/server.conf;\ninclude authgear/login.conf;\n")))
        .contains("[emerg] unknown \"authgear_login\" variable");
  }
}
