package com.authgear.authrequest.nginx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.authgear.authrequest.demo.Demo;
import com.authgear.authrequest.demo.Demo.Ports;
import com.authgear.authrequest.support.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.InstantSource;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The main job as a user sees it: real nginx with the shipped files, real service, real tokens. */
class MainJobIT {

  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static Demo demo;
  private static String sandbox;
  private static String site;
  private static String management;

  @BeforeAll
  static void start() throws Exception {
    Ports ports = FreePort.ofDemo();
    demo = Demo.start(InstantSource.system(), "test", ports);
    if (!demo.throughNginx()) {
      if ("true".equals(System.getenv("REQUIRE_PROGRAMS"))) {
        fail("nginx is not installed");
      }
      abort("nginx is not installed");
    }
    sandbox = "http://127.0.0.1:" + ports.sandbox();
    site = "http://127.0.0.1:" + ports.nginx();
    management = "http://127.0.0.1:" + ports.management();
    Awaitility.await().until(() -> get(management + "/readyz").statusCode() == 200);
  }

  @AfterAll
  static void stop() {
    if (demo != null) {
      demo.close();
    }
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return HTTP.send(request.build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static HttpRequest.Builder request(String url) {
    return HttpRequest.newBuilder(URI.create(url));
  }

  private static HttpResponse<String> get(String url, String... headers) {
    HttpRequest.Builder request = request(url);
    return send(headers.length == 0 ? request : request.headers(headers));
  }

  private static void post(String url) {
    assertThat(send(request(url).POST(BodyPublishers.noBody())).statusCode()).isBetween(200, 299);
  }

  private static String token(String query) {
    return get(sandbox + "/sandbox/token?" + query).body().strip();
  }

  private static HttpResponse<String> withToken(String query) {
    return get(site + "/", "Authorization", "Bearer " + token(query));
  }

  @Test
  void validJwt_reachesTheBackendWithItsIdentity() {
    HttpResponse<String> answer = withToken("user=alice");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .contains("\"x-authgear-session-valid\" : [ \"true\" ]")
        .contains("\"x-authgear-user-roles\" : [ \"admin,editor\" ]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "user=alice&expires_in=-3600",
        "user=alice&kind=id",
        "user=alice&audience=https://x"
      })
  void tokenThatIsNotGood_is401WithAChallenge(String query) {
    HttpResponse<String> answer = withToken(query);
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.headers().firstValue("www-authenticate"))
        .hasValue("Bearer error=\"invalid_token\"");
  }

  @Test
  void machineToken_is403WhereNobodyAskedForIt() {
    assertThat(withToken("kind=m2m").statusCode()).isEqualTo(403);
  }

  @Test
  void noCredentials_is401WithoutAnError() {
    HttpResponse<String> answer = get(site + "/");
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.headers().allValues("www-authenticate")).containsExactly("Bearer");
  }

  @Test
  void opaqueTokenAndCookie_areJudgedByTheResolver() {
    assertThat(withToken("user=bob&kind=opaque").statusCode()).isEqualTo(200);
    String cookie = get(sandbox + "/sandbox/cookie?user=bob").body().strip();
    assertThat(get(site + "/", "Cookie", cookie).statusCode()).isEqualTo(200);
    assertThat(get(site + "/", "Cookie", "session=unknown.unknown").statusCode()).isEqualTo(401);
  }

  @Test
  void invalidBearerWithAValidCookie_passes() {
    String cookie = get(sandbox + "/sandbox/cookie?user=bob").body().strip();
    String expired = token("user=alice&expires_in=-3600");
    HttpResponse<String> answer =
        get(site + "/", "Cookie", cookie, "Authorization", "Bearer " + expired);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("b0b00000").doesNotContain("a11ce000");
  }

  @Test
  void clientsOwnIdentityHeaders_neverReachTheBackend() {
    HttpResponse<String> answer =
        get(
            site + "/",
            "Authorization",
            "Bearer " + token("user=bob"),
            "X-Authgear-User-Id",
            "spoofed",
            "x_authgear_user_id",
            "spoofed",
            "X-Authgear-User-Roles",
            "spoofed",
            "X-Authgear-Session-Acr",
            "spoofed");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).doesNotContain("spoofed");
  }

  @Test
  void otherMethodsWithoutCredentials_areDenied() {
    for (String method : List.of("HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND")) {
      HttpRequest.Builder request = request(site + "/").method(method, BodyPublishers.noBody());
      assertThat(send(request).statusCode()).as(method).isEqualTo(401);
    }
  }

  @Test
  void largePost_reachesTheBackend() {
    HttpRequest.Builder request =
        request(site + "/")
            .header("Authorization", "Bearer " + token("user=alice"))
            .POST(BodyPublishers.ofByteArray(new byte[1 << 20]));
    assertThat(send(request).body()).contains("\"body_bytes\" : 1048576");
  }

  @Test
  void clientsQuery_hasNoEffectOnTheRequirement() {
    assertThat(get(site + "/?optional=true").statusCode()).isEqualTo(401);
  }

  @Test
  void rotatedKey_isAcceptedAtOnce() {
    String old = token("user=alice");
    post(sandbox + "/sandbox/keys/rotate");
    assertThat(withToken("user=alice").statusCode()).isEqualTo(200);
    assertThat(get(site + "/", "Authorization", "Bearer " + old).statusCode()).isEqualTo(200);
  }

  @Test
  void decisions_areCounted() {
    String series = "authgear_auth_decision_seconds_count{";
    double before = allowed(series);
    withToken("user=alice");
    withToken("user=alice");
    assertThat(allowed(series) - before).isEqualTo(2);
  }

  private static double allowed(String series) {
    return get(management + "/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(series) && line.contains("verifier=\"jwt\""))
        .filter(line -> line.contains("outcome=\"allow\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }
}
