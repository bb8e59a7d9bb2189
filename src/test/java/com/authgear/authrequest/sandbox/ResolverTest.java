package com.authgear.authrequest.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.SandboxClient.Answer;
import com.authgear.authrequest.support.SettableClock;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import okhttp3.RequestBody;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** AUTHGEAR.md, "Resolver", row by row. */
class ResolverTest {

  private static final String RESOLVE = "/resolve";
  private static final String USER_CLAIM = "https://authgear.com/claims/user/";
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

  /** What ends sessions for good. */
  enum EndOfSessions {
    DISABLED((project, now) -> project.disable("alice")),
    DISABLED_FOR_A_TIME(
        (project, now) -> project.disableTemporarily("alice", now, now.plusSeconds(60))),
    DELETED((project, now) -> project.delete("alice")),
    ANONYMIZED((project, now) -> project.anonymize("alice")),
    DELETION_SCHEDULED((project, now) -> project.scheduleDeletion("alice")),
    ANONYMIZATION_SCHEDULED((project, now) -> project.scheduleAnonymization("alice")),
    VALIDITY_OVER((project, now) -> project.setValidity("alice", null, now)),
    VALIDITY_NOT_BEGUN((project, now) -> project.setValidity("alice", now.plusSeconds(60), null));

    @SuppressWarnings("ImmutableEnumChecker") // none of these keeps anything
    private final BiConsumer<Project, Instant> action;

    EndOfSessions(BiConsumer<Project, Instant> action) {
      this.action = action;
    }

    void apply(Project project, Instant now) {
      action.accept(project, now);
    }
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
    void resolve_jwtForAnotherAudience_isVouchedFor() throws IOException {
      assertUser(
          resolveBearer(
              project.accessToken(
                  "alice",
                  TokenOptions.DEFAULTS.withAudience(List.of("https://other.example.com")))),
          project.user("alice").id());
    }

    @ParameterizedTest
    @CsvSource({
      "iss, https://other.example.com",
      "client_id, another",
      "sub, another",
      "scope, another"
    })
    void resolve_jwtWithAnotherClaim_isVouchedForAsItsGrantsUser(String claim, String value)
        throws IOException {
      assertUser(
          resolveBearer(
              project.accessToken("alice", TokenOptions.DEFAULTS.withClaim(claim, value))),
          project.user("alice").id());
    }

    @ParameterizedTest
    @CsvSource({"exp, 0", "nbf, 1", "iat, 1"})
    void resolve_jwtOutsideItsTimes_tellsNothing(String claim, long seconds) throws IOException {
      long time = clock.instant().getEpochSecond() + seconds;
      assertAbsent(
          resolveBearer(
              project.accessToken("alice", TokenOptions.DEFAULTS.withClaim(claim, time))));
    }

    @Test
    void resolve_jwtWhoseGrantIsUnknown_tellsNothing() throws IOException {
      assertAbsent(
          resolveBearer(
              project.accessToken("alice", TokenOptions.DEFAULTS.withClaim("jti", "unknown"))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dcrc_UpGfJ90btB2XjMa4LAjCBL", "sandbox-partner"})
    void resolve_thirdPartysTokens_jwtIsVouchedForAndOpaqueIsFalseWithoutFallThrough(
        String thirdParty) throws IOException {
      TokenOptions options = TokenOptions.DEFAULTS.withClientId(thirdParty);

      assertUser(resolveBearer(project.accessToken("bob", options)), project.user("bob").id());
      assertInvalid(
          client.get(
              RESOLVE,
              "Authorization",
              "Bearer " + project.opaqueToken("bob", options),
              "Cookie",
              project.appSessionCookie("alice")));
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

    @ParameterizedTest
    @EnumSource(EndOfSessions.class)
    void resolve_userWhoseSessionsEnded_theyAreGoneForGood(EndOfSessions end) throws IOException {
      String jwt = project.accessToken("alice");
      String opaque = project.opaqueToken("alice");
      String cookie = project.sessionCookie("alice");

      end.apply(project, clock.instant());

      assertAbsent(resolveBearer(jwt));
      assertAbsent(resolveBearer(opaque));
      Answer answer = resolveCookie(cookie);
      assertInvalid(answer);
      assertThat(answer.headers().values("Set-Cookie")).hasSize(1);
      assertAbsent(resolveBearer(project.accessToken("alice")));

      project.enable("alice");
      project.setValidity("alice", null, null);

      assertAbsent(resolveBearer(jwt));
      assertInvalid(resolveCookie(cookie));
      assertUser(resolveBearer(project.accessToken("alice")), project.user("alice").id());
    }

    @Test
    void resolve_temporaryDisablingThatBeginsLater_refusesWithinItAndLeavesTheSessions()
        throws IOException {
      String token = project.accessToken("alice");
      Instant now = clock.instant();

      project.disableTemporarily("alice", now.plusSeconds(1), now.plusSeconds(2));

      assertUser(resolveBearer(token), project.user("alice").id());
      clock.advance(Duration.ofSeconds(1));
      assertInvalid(resolveBearer(token));
      clock.advance(Duration.ofSeconds(1));
      assertUser(resolveBearer(token), project.user("alice").id());
    }

    @Test
    void resolve_accountWhoseValidityEndsLater_isRefusedThenAndLeavesTheSessions()
        throws IOException {
      String token = project.accessToken("bob");
      Instant now = clock.instant();

      project.setValidity("bob", now, now.plusSeconds(1));

      assertUser(resolveBearer(token), project.user("bob").id());
      clock.advance(Duration.ofSeconds(1));
      assertInvalid(resolveBearer(token));
      project.setValidity("bob", null, null);
      assertAbsent(resolveBearer(project.accessToken("dave")));
    }

    @Test
    void resolve_resetPassword_leavesTheSessions() throws IOException {
      String token = project.accessToken("bob");

      project.resetPassword("bob");

      assertUser(resolveBearer(token), project.user("bob").id());
    }

    @Test
    void resolve_changedVerified_isToldAtOnceUnlessItIsToBeLate() throws IOException {
      String token = project.accessToken("bob");
      project.setVerified("bob", true);
      assertThat(verified(token)).isEqualTo("true");

      project.makeVerifiedLate(true);
      project.setVerified("bob", false);
      assertThat(verified(token)).isEqualTo("true");
      clock.advance(Duration.ofMinutes(5).minusSeconds(1));
      assertThat(verified(token)).isEqualTo("true");
      assertThat(claims(project.accessToken("bob")).path(USER_CLAIM + "is_verified").asBoolean())
          .isTrue();

      clock.advance(Duration.ofSeconds(1));
      assertThat(verified(token)).isEqualTo("false");
      project.setVerified("bob", true);
      project.setAttribute("bob", "nickname", "Bob");
      assertThat(verified(token)).as("another change purges").isEqualTo("true");
    }

    private String verified(String token) throws IOException {
      return resolveBearer(token).identity().getOrDefault("x-authgear-user-verified", "absent");
    }

    private static JsonNode claims(String token) throws IOException {
      return new ObjectMapper().readTree(Base64.getUrlDecoder().decode(token.split("\\.", -1)[1]));
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
    void resolve_bearerWithinATemporaryDisabling_beatsAGoodCookieAndClearsIt() throws IOException {
      String token = project.accessToken("erin");
      Instant now = clock.instant();
      project.disableTemporarily("erin", now.plusSeconds(1), now.plusSeconds(60));
      clock.advance(Duration.ofSeconds(1));

      Answer answer =
          client.get(
              RESOLVE,
              "Authorization",
              "Bearer " + token,
              "Cookie",
              project.sessionCookie("alice"));

      assertInvalid(answer);
      assertThat(answer.headers().values("Set-Cookie")).hasSize(1);
    }

    @Test
    void resolve_disabledUsersBearer_letsACookieCount() throws IOException {
      assertUser(
          client.get(
              RESOLVE,
              "Authorization",
              "Bearer " + project.accessToken("dave"),
              "Cookie",
              project.sessionCookie("alice")),
          alice);
    }

    @Test
    void resolve_twoBlanks_areNoBearer() throws IOException {
      assertAbsent(client.get(RESOLVE, "Authorization", "Bearer  " + project.accessToken("alice")));
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

  @Nested
  class SessionLock {
    private static final SessionLocks.Timing IMPATIENT =
        new SessionLocks.Timing(
            Duration.ofSeconds(2), 3, Duration.ofMillis(1), Duration.ofMillis(2));

    @Test
    void resolve_twoCallsAboutOneSession_theSecondGivesUp() throws Exception {
      sandbox.lockSessions(IMPATIENT);
      String[] credentials = {"Authorization", "Bearer " + project.accessToken("alice")};

      CompletableFuture<Answer> one =
          CompletableFuture.supplyAsync(() -> get(credentials), Thread::startVirtualThread);
      CompletableFuture<Answer> other =
          CompletableFuture.supplyAsync(() -> get(credentials), Thread::startVirtualThread);

      assertThat(List.of(one.get().status(), other.get().status()))
          .containsExactlyInAnyOrder(200, 500);
    }

    @Test
    void resolve_twoCallsAboutTwoSessions_doNotMeet() throws Exception {
      sandbox.lockSessions(IMPATIENT);
      String alice = project.accessToken("alice");
      String bob = project.accessToken("bob");

      CompletableFuture<Answer> one =
          CompletableFuture.supplyAsync(
              () -> get("Authorization", "Bearer " + alice), Thread::startVirtualThread);
      CompletableFuture<Answer> other =
          CompletableFuture.supplyAsync(
              () -> get("Authorization", "Bearer " + bob), Thread::startVirtualThread);

      assertThat(List.of(one.get().status(), other.get().status())).containsExactly(200, 200);
    }

    @Test
    void resolve_unlocked_callsAboutOneSessionDoNotMeet() throws Exception {
      sandbox.lockSessions(IMPATIENT);
      sandbox.unlockSessions();
      String[] credentials = {"Authorization", "Bearer " + project.accessToken("alice")};
      CompletableFuture<Answer> other =
          CompletableFuture.supplyAsync(() -> get(credentials), Thread::startVirtualThread);

      assertThat(List.of(get(credentials).status(), other.get().status()))
          .containsExactly(200, 200);
    }

    private Answer get(String... credentials) {
      try {
        return client.get(RESOLVE, credentials);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
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
