package com.authgear.authrequest.proxies;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.support.ServiceWithSandbox;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The questions of proxies that have no package to try them with, octet for octet as their
 * documentation describes them, put to the real service.
 */
class CheckRequestIT {

  private static ServiceWithSandbox site;

  @BeforeAll
  static void start() throws IOException {
    site = ServiceWithSandbox.start(ProxyContract.POLICIES);
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  private static String token(String user) {
    return "Bearer " + site.project().accessToken(user);
  }

  private static HttpMessage ask(String... lines) throws IOException {
    String head = String.join("\r\n", lines) + "\r\n\r\n";
    try (RawClient client = new RawClient(site.address().getPort())) {
      // The answer to HEAD says "Content-Length: 0", as every answer does.
      return client.sendHead(head);
    }
  }

  /** What is true of each answer, whoever asks: exactly one of four statuses, and no content. */
  private static HttpMessage check(HttpMessage answer) {
    assertThat(answer.status()).isIn(200, 401, 403, 503);
    assertThat(answer.values("Content-Length")).containsExactly("0");
    assertThat(answer.values("Location")).isEmpty();
    if (answer.status() == 200) {
      for (IdentityHeader header : IdentityHeader.values()) {
        assertThat(answer.values(header.headerName())).as(header.headerName()).hasSize(1);
      }
    }
    return answer;
  }

  /**
   * Envoy's ext_authz with an HTTP service: the client's method, {@code path_prefix} and the
   * client's {@code :path} joined, Content-Length 0, the listed headers, and Envoy's own.
   */
  @Nested
  class Envoy {

    private HttpMessage envoy(String method, String policy, String path, String... more)
        throws IOException {
      String[] lines = {
        method + " /ext-authz/" + policy + path + " HTTP/1.1",
        "host: app.example.com",
        "content-length: 0",
        "x-envoy-internal: true",
        "x-forwarded-for: 10.0.0.1",
        "x-envoy-expected-rq-timeout-ms: 5000"
      };
      return check(ask(Stream.of(lines, more).flatMap(Arrays::stream).toArray(String[]::new)));
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "X-Y"})
    void anyMethod_isJudgedAlike(String method) throws IOException {
      String alice = "authorization: " + token("alice");
      assertThat(envoy(method, "admin", "/orders", alice).status()).isEqualTo(200);
      assertThat(envoy(method, "admin", "/orders", "authorization: " + token("bob")).status())
          .isEqualTo(403);
      assertThat(envoy(method, "admin", "/orders").status()).isEqualTo(401);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "/",
          "/?optional=true",
          "?role=editor",
          "/a/b?role=editor&optional=true&principal=any",
          "/../guest",
          "/../../auth/guest",
          "/../../auth?optional=true",
          "/..%2f..%2fauth%2fguest",
          "/%2e%2e/guest/",
          "/.",
          "/a%2Fb",
          "/a%252Fb",
          "//guest",
          "/;/guest",
          "/a;optional=true",
          "/%00",
          "/%ff%fe",
          "/a%5Cb",
          "/%zz",
          "/a?x=%zz",
          "/\u00e9",
          "/a?b=c?d=e",
          "/\"<>|^`{}"
        })
    void whateverPathAndQuery_thePolicyDecides(String path) throws IOException {
      assertThat(envoy("GET", "admin", path).status()).isEqualTo(401);
      assertThat(envoy("GET", "admin", path, "authorization: " + token("bob")).status())
          .isEqualTo(403);
      assertThat(envoy("GET", "admin", path, "authorization: " + token("alice")).status())
          .isEqualTo(200);
    }

    @Test
    void longPath_isJudgedLikeAShortOne() throws IOException {
      String path = "/" + "a".repeat(30_000) + "?" + "b".repeat(10_000);
      assertThat(envoy("GET", "admin", path, "authorization: " + token("alice")).status())
          .isEqualTo(200);
    }

    @Test
    void unknownPolicy_letsNobodyIn() throws IOException {
      for (String policy : List.of("adnim", "ADMIN", "", "%61dmin")) {
        assertThat(envoy("GET", policy, "/", "authorization: " + token("alice")).status())
            .as(policy)
            .isEqualTo(503);
      }
    }

    @Test
    void cookieThatIsListed_counts() throws IOException {
      String cookie = "cookie: theme=dark; " + site.project().sessionCookie("bob");
      assertThat(envoy("POST", "user", "/", cookie).values("x-authgear-user-id"))
          .containsExactly(site.project().user("bob").id());
    }
  }

  /**
   * Traefik's ForwardAuth: GET to the address itself, the client's headers without hop-by-hop ones,
   * {@code X-Forwarded-*} about the client's request.
   */
  @Nested
  class Traefik {

    private HttpMessage traefik(String address, String uri, String... more) throws IOException {
      String[] lines = {
        "GET " + address + " HTTP/1.1",
        "Host: authgear-auth-request.authgear-auth.svc.cluster.local:8080",
        "User-Agent: curl/8.5.0",
        "X-Forwarded-For: 10.0.0.1",
        "X-Forwarded-Host: app.example.com",
        "X-Forwarded-Method: POST",
        "X-Forwarded-Port: 443",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Server: traefik-0",
        "X-Forwarded-Uri: " + uri,
        "X-Real-Ip: 10.0.0.1",
        "Accept-Encoding: gzip"
      };
      return check(ask(Stream.of(lines, more).flatMap(Arrays::stream).toArray(String[]::new)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/auth/admin", "/auth?role=admin"})
    void address_decides(String address) throws IOException {
      String uri = "/orders?optional=true&role=editor";
      assertThat(traefik(address, uri).values("WWW-Authenticate")).containsExactly("Bearer");
      assertThat(traefik(address, uri, "Authorization: " + token("bob")).status()).isEqualTo(403);
      HttpMessage allowed = traefik(address, uri, "Authorization: " + token("alice"));
      assertThat(allowed.status()).isEqualTo(200);
      assertThat(allowed.values("x-authgear-user-roles")).containsExactly("admin,editor");
    }

    @Test
    void guestWithoutCredentials_getsEveryHeaderEmpty() throws IOException {
      HttpMessage answer = traefik("/auth/guest", "/");
      assertThat(answer.status()).isEqualTo(200);
      for (IdentityHeader header : IdentityHeader.values()) {
        assertThat(answer.values(header.headerName())).containsExactly("");
      }
    }

    @Test
    void clientsOwnIdentityHeaders_areNotRepeated() throws IOException {
      HttpMessage answer =
          traefik("/auth/guest", "/", "X-Authgear-User-Id: spoofed", "X_Authgear_User_Id: spoofed");
      assertThat(answer.fields().toString()).doesNotContain("spoofed");
    }
  }
}
