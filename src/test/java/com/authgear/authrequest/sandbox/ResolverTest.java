package com.authgear.authrequest.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.SandboxClient.Answer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import okhttp3.RequestBody;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** AUTHGEAR.md, "Resolver", row by row. */
class ResolverTest {

  private static final String RESOLVE = "/resolve";
  private static final Map<String, String> SESSION_INVALID =
      Map.of("x-authgear-session-valid", "false");

  private final SettableClock clock = new SettableClock();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
  private final Project project = sandbox.project();
  private final SandboxClient client = new SandboxClient(sandbox.resolverAddress());

  @AfterEach
  void stop() {
    client.close();
    sandbox.close();
  }

  private Answer resolveBearer(String token) throws IOException {
    return client.get(RESOLVE, "Authorization", "Bearer " + token);
  }

  private Answer resolveCookie(String cookie) throws IOException {
    return client.get(RESOLVE, "Cookie", cookie);
  }

  private static void assertAbsent(Answer answer) {
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.identity()).isEmpty();
    assertThat(answer.headers().values("Set-Cookie")).isEmpty();
  }

  private static void assertUser(Answer answer, String id) {
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.identity())
        .containsEntry("x-authgear-session-valid", "true")
        .containsEntry("x-authgear-user-id", id);
  }

  private static void assertInvalid(Answer answer) {
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.identity()).isEqualTo(SESSION_INVALID);
  }

  @Nested
  class Cases {
    @Test
    void resolve_validSession_tellsEveryHeader() throws IOException {
      Instant authenticated = clock.instant().minusSeconds(90);
      TokenOptions options =
          TokenOptions.DEFAULTS.withAmr(List.of("pwd", "otp", "mfa")).withAuthTime(authenticated);

      Answer answer = resolveBearer(project.accessToken("alice", options));

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).isEmpty();
      assertThat(answer.identity())
          .isEqualTo(
              Map.of(
                  "x-authgear-session-valid", "true",
                  "x-authgear-user-id", project.user("alice").id(),
                  "x-authgear-user-anonymous", "false",
                  "x-authgear-user-verified", "true",
                  "x-authgear-user-can-reauthenticate", "true",
                  "x-authgear-user-roles", "admin,editor",
                  "x-authgear-session-amr", "",
                  "x-authgear-session-authenticated-at",
                      Long.toString(authenticated.getEpochSecond())));
    }

    @Test
    void resolve_anonymousUserWithNothingKnown_leavesRolesAndTimeOutButNotAmr() throws IOException {
      String token = project.opaqueToken("carol", TokenOptions.DEFAULTS.withoutAuthTime());

      assertThat(resolveBearer(token).identity())
          .isEqualTo(
              Map.of(
                  "x-authgear-session-valid", "true",
                  "x-authgear-user-id", project.user("carol").id(),
                  "x-authgear-user-anonymous", "true",
                  "x-authgear-user-verified", "false",
                  "x-authgear-user-can-reauthenticate", "false",
                  "x-authgear-session-amr", ""));
    }

    @Test
    void resolve_noCredentials_tellsNothing() throws IOException {
      assertAbsent(client.get(RESOLVE));
    }

    @Test
    void resolve_expiredJwt_tellsNothing() throws IOException {
      String token =
          project.accessToken("alice", TokenOptions.DEFAULTS.withExpiresIn(Duration.ofMinutes(1)));
      clock.advance(Duration.ofSeconds(59));
      assertUser(resolveBearer(token), project.user("alice").id());

      clock.advance(Duration.ofSeconds(1));

      assertAbsent(resolveBearer(token));
    }

    @Test
    void resolve_expiredOpaqueToken_tellsNothing() throws IOException {
      String token = project.opaqueToken("alice");
      assertUser(resolveBearer(token), project.user("alice").id());

      clock.advance(Duration.ofMinutes(30));

      assertAbsent(resolveBearer(token));
    }

    @Test
    void resolve_tokenBornExpired_tellsNothing() throws IOException {
      assertAbsent(
          resolveBearer(
              project.accessToken(
                  "alice", TokenOptions.DEFAULTS.withExpiresIn(Duration.ofMinutes(-1)))));
    }

    @Test
    void resolve_unknownBearer_tellsNothing() throws IOException {
      assertAbsent(resolveBearer("0123456789abcdefghijABCDEFGHIJ01"));
    }

    @Test
    void resolve_jwtWithOtherSignature_tellsNothing() throws IOException {
      String token = project.accessToken("alice");
      int at = token.lastIndexOf('.') + 10;
      char other = token.charAt(at) == 'A' ? 'B' : 'A';

      assertAbsent(resolveBearer(token.substring(0, at) + other + token.substring(at + 1)));
    }

    @Test
    void resolve_revokedToken_tellsNothingAndSparesItsSession() throws IOException {
      String revoked = project.accessToken("alice");
      String sibling = project.accessToken("alice", TokenOptions.DEFAULTS.withSessionOf(revoked));

      project.revoke(revoked);

      assertAbsent(resolveBearer(revoked));
      assertUser(resolveBearer(sibling), project.user("alice").id());
    }

    @Test
    void resolve_endedSession_forgetsEveryCredentialOfIt() throws IOException {
      String cookie = project.sessionCookie("alice");
      TokenOptions sameSession = TokenOptions.DEFAULTS.withSessionOf(cookie);
      String jwt = project.accessToken("alice", sameSession);
      String opaque = project.opaqueToken("alice", sameSession);
      String otherSession = project.accessToken("alice");

      project.endSession(jwt);

      assertAbsent(resolveBearer(jwt));
      assertAbsent(resolveBearer(opaque));
      assertInvalid(resolveCookie(cookie));
      assertUser(resolveBearer(otherSession), project.user("alice").id());
    }

    @Test
    void resolve_m2mToken_tellsNothing() throws IOException {
      assertAbsent(resolveBearer(project.m2mToken("https://api.example.com", "read:orders")));
    }

    @Test
    void resolve_idToken_tellsNothing() throws IOException {
      assertAbsent(resolveBearer(project.idToken("alice")));
    }

    @Test
    void resolve_jwtForAnotherAudience_tellsNothing() throws IOException {
      assertAbsent(
          resolveBearer(
              project.accessToken(
                  "alice",
                  TokenOptions.DEFAULTS.withAudience(List.of("https://other.example.com")))));
    }

    @Test
    void resolve_jwtOfRetiredKey_tellsNothing() throws IOException {
      String token = project.accessToken("alice");
      project.rotateKeys();
      assertUser(resolveBearer(token), project.user("alice").id());

      project.retireKeys();

      assertAbsent(resolveBearer(token));
    }

    @ParameterizedTest
    @ValueSource(strings = {"session=unknown", "session=", "other=1; session=a.b"})
    void resolve_unknownSessionCookie_isInvalidAndCleared(String cookie) throws IOException {
      Answer answer = resolveCookie(cookie);

      assertInvalid(answer);
      assertThat(answer.headers().values("Set-Cookie"))
          .containsExactly(
              "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax");
    }

    @Test
    void resolve_idleSessionCookie_isInvalidAndCleared() throws IOException {
      String cookie = project.sessionCookie("alice");
      clock.advance(Project.SESSION_IDLE_TIMEOUT.minusSeconds(1));
      assertUser(resolveCookie(cookie), project.user("alice").id());
      clock.advance(Project.SESSION_IDLE_TIMEOUT.minusSeconds(1));
      assertUser(resolveCookie(cookie), project.user("alice").id());

      clock.advance(Project.SESSION_IDLE_TIMEOUT);

      Answer answer = resolveCookie(cookie);
      assertInvalid(answer);
      assertThat(answer.headers().values("Set-Cookie")).hasSize(1);
    }

    @Test
    void resolve_disabledUser_isInvalidUntilEnabled() throws IOException {
      String token = project.accessToken("alice");

      project.disable("alice");
      Answer disabled = resolveBearer(token);
      project.enable("alice");

      assertInvalid(disabled);
      assertThat(disabled.headers().values("Set-Cookie")).isEmpty();
      assertUser(resolveBearer(token), project.user("alice").id());
    }

    @Test
    void resolve_disabledUserWhoseSessionsAreGone_tellsNothing() throws IOException {
      String token = project.opaqueToken("dave");
      assertInvalid(resolveBearer(token));

      project.logout("dave");

      assertAbsent(resolveBearer(token));
    }

    @Test
    void resolve_deletedUser_isInvalid() throws IOException {
      String token = project.accessToken("bob");

      project.delete("bob");

      assertInvalid(resolveBearer(token));
    }

    @Test
    void resolve_accountOutsideItsValidity_isInvalid() throws IOException {
      String token = project.accessToken("bob");
      Instant now = clock.instant();

      project.setValidity("bob", now.plusSeconds(1), null);
      assertInvalid(resolveBearer(token));
      project.setValidity("bob", null, now);
      assertInvalid(resolveBearer(token));
      project.setValidity("bob", now, now.plusSeconds(1));
      assertUser(resolveBearer(token), project.user("bob").id());
    }

    @Test
    void resolve_changedRoles_areToldAtOnce() throws IOException {
      String token = project.accessToken("bob", TokenOptions.DEFAULTS.withRoles(List.of("x")));

      project.setRoles("bob", List.of("staff", "billing:read"));

      assertThat(resolveBearer(token).identity())
          .containsEntry("x-authgear-user-roles", "staff,billing:read");
    }
  }

  @Nested
  class Precedence {
    private final String alice = project.user("alice").id();
    private final String bob = project.user("bob").id();

    @ParameterizedTest
    @ValueSource(strings = {"Bearer", "bearer", "BEARER"})
    void resolve_bearerAndCookie_bearerWins(String scheme) throws IOException {
      Answer answer =
          client.get(
              RESOLVE,
              "Authorization",
              scheme + " " + project.opaqueToken("alice"),
              "Cookie",
              project.sessionCookie("bob"));

      assertUser(answer, alice);
    }

    @Test
    void resolve_allCookies_appSessionWins() throws IOException {
      assertUser(
          resolveCookie(
              String.join(
                  "; ",
                  project.sessionCookie("bob"),
                  project.appAccessTokenCookie("bob"),
                  project.appSessionCookie("alice"))),
          alice);
    }

    @Test
    void resolve_appAccessTokenAndSession_appAccessTokenWins() throws IOException {
      assertUser(
          resolveCookie(
              project.sessionCookie("bob") + "; " + project.appAccessTokenCookie("alice")),
          alice);
    }

    @Test
    void resolve_opaqueAppAccessToken_isValid() throws IOException {
      assertUser(resolveCookie("app_access_token=" + project.opaqueToken("alice")), alice);
    }

    @Test
    void resolve_sessionCookieAlone_isValid() throws IOException {
      assertUser(resolveCookie(project.sessionCookie("alice")), alice);
    }

    @Test
    void resolve_invalidBearer_fallsThroughToEveryCookie() throws IOException {
      for (String cookie :
          List.of(
              project.appSessionCookie("bob"),
              project.appAccessTokenCookie("bob"),
              project.sessionCookie("bob"))) {
        assertUser(client.get(RESOLVE, "Authorization", "Bearer wrong", "Cookie", cookie), bob);
      }
    }

    @Test
    void resolve_invalidAppCookies_fallThroughToSession() throws IOException {
      assertUser(
          resolveCookie("app_session=no; app_access_token=no; " + project.sessionCookie("bob")),
          bob);
    }

    @Test
    void resolve_onlyInvalidAppCookies_tellsNothing() throws IOException {
      assertAbsent(resolveCookie("app_session=no; app_access_token=no"));
    }

    @Test
    void resolve_anotherScheme_isNoBearer() throws IOException {
      assertUser(
          client.get(
              RESOLVE, "Authorization", "Basic YTpi", "Cookie", project.sessionCookie("bob")),
          bob);
    }

    @Test
    void resolve_disabledUsersBearer_beatsAGoodCookieAndClearsIt() throws IOException {
      Answer answer =
          client.get(
              RESOLVE,
              "Authorization",
              "Bearer " + project.accessToken("dave"),
              "Cookie",
              project.sessionCookie("alice"));

      assertInvalid(answer);
      assertThat(answer.headers().values("Set-Cookie")).hasSize(1);
    }

    @Test
    void resolve_credentialOfAnotherKind_isNotTaken() throws IOException {
      String session = project.sessionCookie("alice").substring("session=".length());

      assertAbsent(resolveBearer(session));
      assertAbsent(resolveCookie("app_session=" + session));
      assertInvalid(resolveCookie("session=" + project.opaqueToken("alice")));
    }
  }

  @Nested
  class Methods {
    @ParameterizedTest
    @ValueSource(strings = {"/_resolver/resolve", "/resolve"})
    void resolve_headAndGet_tellTheSame(String path) throws IOException {
      String[] credentials = {"Authorization", "Bearer " + project.accessToken("alice")};

      Answer get = client.get(path, credentials);
      Answer head = client.send("HEAD", path, null, credentials);

      assertUser(get, project.user("alice").id());
      assertThat(head.status()).isEqualTo(200);
      assertThat(head.identity()).isEqualTo(get.identity());
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"})
    void resolve_otherMethod_isNotAllowed(String method) throws IOException {
      var body =
          method.equals("DELETE") || method.equals("OPTIONS") || method.equals("PURGE")
              ? null
              : RequestBody.create(new byte[0]);

      Answer answer =
          client.send(
              method, RESOLVE, body, "Authorization", "Bearer " + project.accessToken("alice"));

      assertThat(answer.status()).isEqualTo(405);
      assertThat(answer.identity()).isEmpty();
    }
  }

  @Nested
  class PublicOrigin {
    private static final String ORIGIN = "https://my-project.authgear.cloud";

    private Sandbox cloud;
    private SandboxClient cloudClient;
    private SandboxClient mainClient;

    @BeforeEach
    void start() {
      cloud = Sandbox.start(SandboxOptions.loopback(clock).withPublicOrigin(ORIGIN));
      cloudClient = new SandboxClient(cloud.resolverAddress());
      mainClient = new SandboxClient(cloud.address());
    }

    @AfterEach
    void stopCloud() {
      cloudClient.close();
      mainClient.close();
      cloud.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/.well-known/openid-configuration", "/oauth2/jwks"})
    void mainListener_byItsAddress_redirectsToThePublicOrigin(String path) throws IOException {
      Answer answer = mainClient.get(path + "?a=b");

      assertThat(answer.status()).isEqualTo(307);
      assertThat(answer.headers().get("Location")).isEqualTo(ORIGIN + path + "?a=b");
    }

    @ParameterizedTest
    @CsvSource({
      "Host, my-project.authgear.cloud, 307",
      "X-Forwarded-Proto, https, 307",
      "X-Forwarded-Host, evil.example.com, 404"
    })
    void mainListener_withHalfOfTheOrigin_doesNotAnswer(String name, String value, int status)
        throws IOException {
      assertThat(mainClient.get("/oauth2/jwks", name, value).status()).isEqualTo(status);
    }

    @Test
    void mainListener_forwardedHostAndScheme_answers() throws IOException {
      assertThat(
              mainClient
                  .get(
                      "/oauth2/jwks",
                      "X-Forwarded-Host",
                      "my-project.authgear.cloud",
                      "X-Forwarded-Proto",
                      "https",
                      "Forwarded",
                      "host=evil.example.com;proto=http")
                  .status())
          .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/_resolver/resolve", "/resolve"})
    void mainListener_hasNoResolver(String path) throws IOException {
      assertThat(
              mainClient
                  .get(path, "Host", "my-project.authgear.cloud", "X-Forwarded-Proto", "https")
                  .status())
          .isEqualTo(404);
      assertThat(cloud.calls(AuthgearEndpoint.RESOLVER)).isZero();
    }

    @Test
    void edge_passesItsPathOnToTheResolver() throws IOException {
      try (Sandbox saas = Sandbox.start(SandboxOptions.loopback(clock).withEdge());
          SandboxClient saasClient = new SandboxClient(saas.address())) {
        String[] credentials = {"Authorization", "Bearer " + saas.project().accessToken("alice")};
        assertUser(
            saasClient.get("/_resolver/resolve", credentials), saas.project().user("alice").id());
        assertThat(saasClient.get("/resolve", credentials).status()).isEqualTo(404);
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/_resolver/resolve", "/resolve"})
    void resolver_byItsAddress_answersAndNeverRedirects(String path) throws IOException {
      assertUser(
          cloudClient.get(path, "Authorization", "Bearer " + cloud.project().accessToken("alice")),
          cloud.project().user("alice").id());
    }

    @Test
    void resolve_forwardedHost_beatsHost() throws IOException {
      assertThat(
              cloudClient
                  .get(
                      RESOLVE,
                      "X-Forwarded-Host",
                      "my-project.authgear.cloud",
                      "X-Forwarded-Proto",
                      "https")
                  .status())
          .isEqualTo(200);
      assertThat(
              cloudClient
                  .get(
                      RESOLVE,
                      "Host",
                      "my-project.authgear.cloud",
                      "X-Forwarded-Host",
                      "evil.example.com",
                      "X-Forwarded-Proto",
                      "https")
                  .status())
          .isEqualTo(404);
    }

    @Test
    void resolve_unknownHost_isNotFound() throws IOException {
      Answer answer =
          cloudClient.get(RESOLVE, "Host", "other.authgear.cloud", "X-Forwarded-Proto", "https");

      assertThat(answer.status()).isEqualTo(404);
      assertThat(answer.body()).isEqualTo("app not found\n");
    }

    @Test
    void resolve_deadCookieOfHttpsProject_isClearedSecurely() throws IOException {
      Answer answer =
          cloudClient.get(
              RESOLVE,
              "Host",
              "my-project.authgear.cloud",
              "X-Forwarded-Proto",
              "https",
              "Cookie",
              "session=unknown");

      assertThat(answer.headers().values("Set-Cookie")).first().asString().contains("; Secure;");
    }
  }

  @Test
  void resolve_cookiePrefix_standsInFrontOfEveryCookie() throws IOException {
    try (Sandbox prefixed =
            Sandbox.start(SandboxOptions.loopback(clock).withCookiePrefix("acme_"));
        SandboxClient prefixedClient = new SandboxClient(prefixed.resolverAddress())) {
      String cookie = prefixed.project().sessionCookie("alice");

      assertThat(cookie).startsWith("acme_session=");
      assertThat(prefixed.project().appSessionCookie("alice")).startsWith("acme_app_session=");
      assertThat(prefixed.project().appAccessTokenCookie("alice"))
          .startsWith("acme_app_access_token=");
      assertUser(
          prefixedClient.get(RESOLVE, "Cookie", cookie), prefixed.project().user("alice").id());
      assertAbsent(prefixedClient.get(RESOLVE, "Cookie", cookie.substring("acme_".length())));
      assertThat(
              prefixedClient
                  .get(RESOLVE, "Cookie", "acme_session=unknown")
                  .headers()
                  .get("Set-Cookie"))
          .startsWith("acme_session=; ");
    }
  }

  @Test
  void resolve_request_isCountedAndItsHeadersKept() throws IOException {
    client.get(RESOLVE, "X-Forwarded-For", "203.0.113.7", "User-Agent", "curl/8");
    client.get("/resolve", "X-Real-IP", "203.0.113.8", "Cookie", "a=1", "Cookie", "b=2");

    assertThat(sandbox.calls(AuthgearEndpoint.RESOLVER)).isEqualTo(2);
    assertThat(sandbox.calls(AuthgearEndpoint.KEYS)).isZero();
    assertThat(sandbox.lastResolverHeaders())
        .containsEntry("x-real-ip", List.of("203.0.113.8"))
        .containsEntry("cookie", List.of("a=1", "b=2"))
        .doesNotContainKey("x-forwarded-for");
  }
}
