package com.authgear.authrequest.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Sent;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.authenticator.Authenticator.VerificationMode;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.Interval;
import com.authgear.authrequest.verify.changes.UserEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What is seen how soon, with everything but the clock as it runs: over HTTP, with real tokens. */
class FreshnessTest {

  private static final Optional<Duration> RECHECK = Optional.of(Duration.ofSeconds(30));
  private static final Rejected GONE = new Rejected(VerifiedBy.JWT, Reason.SESSION_INVALID);

  /** Authgear knows the session and refuses its user. */
  private static final Rejected REFUSED =
      new Rejected(VerifiedBy.RESOLVER, Reason.SESSION_INVALID, List.of(), true);

  private final SettableClock clock = new SettableClock();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
  private final Project project = sandbox.project();
  private long seq;
  private Verifying verifying =
      new Verifying(sandbox, clock, VerificationMode.AUTO, RECHECK, Duration.ZERO);

  @AfterEach
  void close() {
    verifying.close();
    sandbox.close();
  }

  private void with(VerificationMode mode, Optional<Duration> recheck, Duration staleIfError) {
    verifying.close();
    verifying = new Verifying(sandbox, clock, mode, recheck, staleIfError);
  }

  private Verification ask(Credential credential) {
    return verifying.ask(credential);
  }

  private Verification ask(String token) {
    return ask(Sent.bearer(token));
  }

  private long calls() {
    return sandbox.calls(AuthgearEndpoint.RESOLVER);
  }

  private static Principal principal(Verification verification) {
    assertThat(verification).isInstanceOf(Verified.class);
    return ((Verified) verification).principal();
  }

  /** Authgear announces a change now. */
  private void announce(String user, boolean disabled) {
    announce(user, ++seq, clock.millis() / 1000, disabled ? List.of(Interval.always()) : List.of());
  }

  private void announce(String user, long number, long at, List<Interval> disabled) {
    verifying.marks.learn(new UserEvent(project.user(user).id(), number, at, disabled));
  }

  @Nested
  class Recheck {

    @Test
    void hotToken_isOneCallPerInterval() {
      String token = project.accessToken("alice");
      for (int i = 0; i < 14; i++) {
        assertThat(ask(token)).isInstanceOf(Verified.class);
        clock.pass(1000);
      }

      assertThat(calls()).isEqualTo(1);
    }

    @Test
    void logout_isSeenAtTheInterval() {
      String token = project.accessToken("alice");
      ask(token);
      project.logout("alice");
      verifying.withoutRefresh();
      clock.pass(29_999);
      assertThat(ask(token)).isInstanceOf(Verified.class);

      clock.pass(1);
      assertThat(ask(token)).isEqualTo(GONE);
      assertThat(ask(token)).as("remembered").isEqualTo(GONE);
    }

    @Test
    void logout_hotToken_isSeenInTheBackgroundFromHalfOfTheInterval() {
      String token = project.accessToken("alice");
      ask(token);
      project.logout("alice");
      clock.pass(15_000);

      assertThat(ask(token)).as("nobody waits").isInstanceOf(Verified.class);
      await().until(() -> ask(token).equals(GONE));
      assertThat(calls()).isEqualTo(2);
    }

    @Test
    void roles_areTheResolversFresherOnes_theRestIsTheTokens() {
      String token = project.accessToken("alice", TokenOptions.DEFAULTS.withScope("openid a:b"));
      Principal local = principal(ask(token));
      assertThat(local.roles()).containsExactly("admin", "editor");
      project.setRoles("alice", List.of("reader"));
      clock.pass(30_000);

      Principal fresher = principal(ask(token));
      assertThat(fresher.roles()).containsExactly("reader");
      assertThat(fresher.scopes()).containsExactly("openid", "a:b");
      assertThat(fresher.clientId()).isEqualTo(Project.APP_CLIENT_ID);
      assertThat(fresher.audiences()).isEqualTo(local.audiences());
      assertThat(fresher.authTime()).isEqualTo(local.authTime());
      project.setRoles("alice", List.of());
      clock.pass(30_000);
      assertThat(principal(ask(token)).roles()).isEmpty();
    }

    @Test
    void confirmed_isFromTheTokenAndForCachesUntilTheInterval() {
      Verified verified = (Verified) ask(project.accessToken("alice"));

      assertThat(verified.source()).isEqualTo(VerifiedBy.JWT);
      assertThat(verified.freshUntil()).isEqualTo(clock.millis() + 30_000);
      with(VerificationMode.AUTO, Optional.of(Duration.ofMinutes(1)), Duration.ZERO);
      Verified ending =
          (Verified)
              ask(
                  project.accessToken(
                      "alice", TokenOptions.DEFAULTS.withExpiresIn(Duration.ofSeconds(10))));
      assertThat(ending.freshUntil()).isEqualTo(ending.expiresAt() * 1000);
    }

    @Test
    void machineToken_isNeverRechecked() {
      assertThat(ask(project.m2mToken("https://api.example.com", "a")))
          .isInstanceOf(Verified.class);
      assertThat(calls()).isZero();
    }

    @Test
    void expiredToken_isExpiredWithoutACall() {
      String token = project.accessToken("alice");
      ask(token);
      clock.pass(Duration.ofMinutes(30).plusSeconds(30).toMillis());

      assertThat(ask(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.EXPIRED));
      assertThat(calls()).isEqualTo(1);
    }

    @Test
    void tokenAndCookies_onlyTheTokenIsAskedAbout() {
      String cookies = project.sessionCookie("bob");
      ask(Sent.bearer(project.accessToken("alice"), cookies));

      assertThat(sandbox.lastResolverHeaders())
          .containsKey("authorization")
          .doesNotContainKey("cookie");
    }

    @Test
    void sessionGone_cookiesCount() {
      String token = project.accessToken("alice");
      String cookies = project.sessionCookie("bob");
      project.endSession(token);

      assertThat(principal(ask(Sent.bearer(token, cookies))).userId())
          .isEqualTo(project.user("bob").id());
    }

    @Test
    void userDisabled_sessionsAreGoneSoCookiesCount() {
      String token = project.accessToken("alice");
      String cookies = project.sessionCookie("bob");
      project.disable("alice");

      assertThat(principal(ask(Sent.bearer(token, cookies))).userId())
          .isEqualTo(project.user("bob").id());
    }

    @Test
    void userWithinATemporaryDisabling_cookiesOfAnotherDoNotCount() {
      String token = project.accessToken("alice");
      String cookies = project.sessionCookie("bob");
      Instant now = clock.instant();
      project.disableTemporarily("alice", now.plusSeconds(1), now.plusSeconds(60));
      clock.pass(1000);

      assertThat(ask(Sent.bearer(token, cookies))).isEqualTo(REFUSED);
    }

    @Test
    void expiredTokenWithCookies_cookiesCountAndAreRemembered() {
      String token = project.accessToken("alice");
      String cookies = project.sessionCookie("bob");
      clock.pass(Duration.ofMinutes(31).toMillis());
      ask(Sent.bearer(token, cookies));

      assertThat(verifying.now(Sent.bearer(token, cookies))).isInstanceOf(Verified.class);
      assertThat(calls()).isEqualTo(1);
    }

    @Test
    void resolverDown_isUnavailableAtTheIntervalAndM2mIsNot() {
      String token = project.accessToken("alice");
      ask(token);
      sandbox.breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Down());
      verifying.withoutRefresh();
      clock.pass(29_999);
      assertThat(ask(token)).isInstanceOf(Verified.class);

      clock.pass(1);
      assertThat(ask(token))
          .isEqualTo(new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_UNAVAILABLE));
      assertThat(ask(project.m2mToken("https://api.example.com", "a")))
          .isInstanceOf(Verified.class);
    }

    @Test
    void resolverDown_staleServesThatMuchLongerAndNeverPastExp() {
      with(VerificationMode.AUTO, RECHECK, Duration.ofSeconds(20));
      String token = project.accessToken("alice");
      String ending =
          project.accessToken("alice", TokenOptions.DEFAULTS.withExpiresIn(Duration.ofSeconds(10)));
      ask(token);
      ask(ending);
      sandbox.breakDown(AuthgearEndpoint.RESOLVER, Malfunction.status(500));
      clock.pass(40_000);
      assertThat(ask(ending)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.EXPIRED));
      clock.pass(9_999);
      assertThat(ask(token)).isInstanceOf(Verified.class);

      clock.pass(1);
      assertThat(ask(token)).isEqualTo(new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_ERROR));
    }

    @Test
    void keyRetired_confirmationDoesNotSaveTheToken() {
      String token = project.accessToken("alice");
      ask(token);
      project.rotateKeys();
      project.retireKeys();
      // A token of the new key makes its request fetch the key set.
      clock.pass(1000);
      assertThat(ask(project.accessToken("bob"))).isInstanceOf(Verified.class);

      assertThat(ask(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.UNKNOWN_KEY));
    }
  }

  @Nested
  class Announced {

    @Test
    void recheckOff_disabledUser_isRefusedAtOnce() {
      with(VerificationMode.AUTO, Optional.empty(), Duration.ZERO);
      String token = project.accessToken("alice");
      assertThat(ask(token)).isInstanceOf(Verified.class);
      assertThat(calls()).isZero();
      clock.pass(1000);
      project.disable("alice");
      announce("alice", true);

      assertThat(ask(token)).isEqualTo(GONE);
    }

    @Test
    void recheckOff_markedButGood_isConfirmedOnceAndOnceMoreAndThenLocal() {
      with(VerificationMode.AUTO, Optional.empty(), Duration.ZERO);
      String token = project.accessToken("alice");
      clock.pass(1000);
      announce("alice", false);
      for (int i = 0; i < 5; i++) {
        assertThat(ask(token)).isInstanceOf(Verified.class);
        clock.pass(60_000);
      }
      assertThat(calls()).isEqualTo(2);
    }

    @Test
    void recheckOff_tokenIssuedWithinTheMargin_isConfirmedAndALaterOneIsLocal() {
      with(VerificationMode.AUTO, Optional.empty(), Duration.ZERO);
      announce("alice", false);
      String same = project.accessToken("alice");
      clock.pass(Verifying.SKEW.toMillis());
      String margin = project.accessToken("alice");
      clock.pass(1000);
      String later = project.accessToken("alice");

      assertThat(ask(later)).isInstanceOf(Verified.class);
      assertThat(calls()).isZero();
      ask(margin);
      assertThat(calls()).as("by another clock it may be older").isEqualTo(1);
      ask(same);
      assertThat(calls()).isEqualTo(2);
    }

    @Test
    void resolverKnowsLaterThanTheEventComes_isAskedOnceMore() {
      with(VerificationMode.AUTO, Optional.empty(), Duration.ZERO);
      String token = project.accessToken("alice");
      Credential cookies = Sent.cookies(project.sessionCookie("alice"));
      clock.pass(1000);
      announce("alice", true);
      assertThat(ask(token)).as("the resolver's old answer").isInstanceOf(Verified.class);
      assertThat(ask(cookies)).isInstanceOf(Verified.class);
      project.disable("alice");
      clock.pass(ChangeMarks.SECOND_LOOK.toMillis() - 1);
      assertThat(ask(token)).isInstanceOf(Verified.class);
      assertThat(calls()).isEqualTo(2);

      clock.pass(1);
      assertThat(ask(token)).isInstanceOf(Rejected.class);
      assertThat(ask(cookies)).isInstanceOf(Rejected.class);
      assertThat(calls()).isEqualTo(4);
    }

    @Test
    void resolverDownAtTheSecondLook_whoWasConfirmedSinceTheEventIsNotRefused() {
      with(VerificationMode.AUTO, Optional.empty(), Duration.ZERO);
      String token = project.accessToken("alice");
      clock.pass(1000);
      announce("alice", false);
      ask(token);
      sandbox.breakDown(AuthgearEndpoint.RESOLVER, Malfunction.status(418));
      clock.pass(60_000);
      assertThat(ask(token)).isInstanceOf(Verified.class);

      clock.pass(1000);
      announce("alice", false);
      assertThat(ask(token)).as("changed since").isInstanceOf(Unavailable.class);
    }

    @Test
    void replayedEvents_costOneConfirmationEachAndRefuseNobody() {
      with(VerificationMode.AUTO, Optional.empty(), Duration.ZERO);
      long longAgo = clock.millis() / 1000 - 600;
      String token = project.accessToken("alice", TokenOptions.DEFAULTS);
      Credential cookies = Sent.cookies(project.sessionCookie("alice"));
      ask(cookies);
      for (int round = 0; round < 20; round++) {
        for (int i = 1; i <= 9; i++) {
          announce("alice", i, longAgo + i, List.of());
          assertThat(ask(token)).isInstanceOf(Verified.class);
          assertThat(ask(cookies)).isInstanceOf(Verified.class);
        }
      }
      assertThat(calls()).isLessThanOrEqualTo(1 + 2 * 9);
    }

    @Test
    void replayedEvents_resolverDown_refuseNobodyWhoWasConfirmedSince() {
      with(VerificationMode.AUTO, RECHECK, Duration.ZERO);
      long longAgo = clock.millis() / 1000 - 600;
      String token = project.accessToken("alice");
      ask(token);
      sandbox.breakDown(AuthgearEndpoint.RESOLVER, Malfunction.status(418));
      for (int i = 1; i <= 9; i++) {
        announce("alice", i, longAgo + i, List.of(Interval.always()));
        assertThat(ask(token)).isInstanceOf(Verified.class);
      }
      announce("alice", false);
      assertThat(ask(token)).as("that one is new").isInstanceOf(Unavailable.class);
    }

    @Test
    void clockSetBack_newEventCountsAllTheSame() {
      with(VerificationMode.AUTO, Optional.empty(), Duration.ZERO);
      String token = project.accessToken("alice");
      clock.pass(1000);
      announce("alice", false);
      ask(token);
      clock.pass(60_000);
      ask(token);
      clock.jump(-20_000);
      project.disable("alice");
      announce("alice", true);

      assertThat(ask(token)).isInstanceOf(Rejected.class);
    }

    @Test
    void recheckOff_resolverDown_isUnavailableAndNeverStale() {
      with(VerificationMode.AUTO, Optional.empty(), Duration.ofHours(1));
      String token = project.accessToken("alice");
      ask(token);
      clock.pass(1000);
      announce("alice", false);
      sandbox.breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Down());

      assertThat(ask(token))
          .isEqualTo(new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_UNAVAILABLE));
    }

    @Test
    void session_cachedBefore_isAskedAbout() {
      String cookies = project.sessionCookie("alice");
      ask(Sent.cookies(cookies));
      clock.pass(10);
      project.disable("alice");
      assertThat(ask(Sent.cookies(cookies))).as("within the TTL").isInstanceOf(Verified.class);
      announce("alice", true);

      assertThat(ask(Sent.cookies(cookies))).isInstanceOf(Rejected.class);
    }

    @Test
    void modeJwt_disabling_refusesOlderTokensForGood() {
      with(VerificationMode.JWT, Optional.empty(), Duration.ZERO);
      String older = project.accessToken("alice");
      announce("alice", true);
      Rejected changed = new Rejected(VerifiedBy.JWT, Reason.USER_CHANGED);
      assertThat(ask(older)).isEqualTo(changed);
      clock.pass(2000);
      announce("alice", false);
      String newer = project.accessToken("alice");

      assertThat(ask(newer)).isInstanceOf(Verified.class);
      assertThat(ask(older)).as("enabling brings nothing back").isEqualTo(changed);
      clock.pass(Duration.ofMinutes(20).toMillis());
      assertThat(ask(older)).isEqualTo(changed);
      assertThat(ask(newer)).isInstanceOf(Verified.class);
      assertThat(calls()).isZero();
    }

    @Test
    void modeJwt_temporaryDisablingThatBeginsLater_refusesWithinItsSpanOnly() {
      with(VerificationMode.JWT, Optional.empty(), Duration.ZERO);
      String token = project.accessToken("alice");
      long now = clock.millis();
      announce("alice", 1, now / 1000, List.of(new Interval(now + 60_000, now + 120_000)));
      assertThat(ask(token)).isInstanceOf(Verified.class);
      clock.pass(60_000);
      assertThat(ask(token)).isEqualTo(new Rejected(VerifiedBy.JWT, Reason.USER_CHANGED));
      clock.pass(60_000);
      assertThat(ask(token)).isInstanceOf(Verified.class);
    }
  }

  @Nested
  class Sessions {

    @Test
    void session_isOneCallPerTtlAndLogoutIsSeenThen() {
      String cookies = project.sessionCookie("alice");
      ask(Sent.cookies(cookies));
      project.logout("alice");
      clock.pass(4_999);
      assertThat(ask(Sent.cookies(cookies))).isInstanceOf(Verified.class);
      assertThat(calls()).isEqualTo(1);

      clock.pass(1);
      assertThat(ask(Sent.cookies(cookies))).isInstanceOf(Rejected.class);
    }

    @Test
    void opaqueToken_isRememberedOnTheThreadThatAsks() {
      Credential token = Sent.bearer(project.opaqueToken("alice"));
      assertThat(verifying.now(token)).isInstanceOf(Pending.class);
      ask(token);

      assertThat(verifying.now(token)).isInstanceOf(Verified.class);
    }

    @Test
    void deadSession_setCookieReachesTheAskerOnly() {
      String cookies = "session=unknown";
      assertThat(((Rejected) ask(Sent.cookies(cookies))).setCookie()).hasSize(1);
      assertThat(((Rejected) ask(Sent.cookies(cookies))).setCookie()).isEmpty();
      assertThat(calls()).isEqualTo(1);
    }

    @Test
    void oneCredential_isOneQuestion_whateverStandsBesideIt() {
      with(VerificationMode.RESOLVER, RECHECK, Duration.ZERO);
      String token = project.accessToken("alice");
      ask(token);
      ask(Sent.bearer(token, project.sessionCookie("alice")));
      ask(Sent.bearer(token, "session=junk"));

      assertThat(calls()).isEqualTo(1);
    }

    @Test
    void modeResolver_jwt_isNotRememberedPastItsExp() {
      with(VerificationMode.RESOLVER, Optional.empty(), Duration.ofHours(1));
      TokenOptions short3s = TokenOptions.DEFAULTS.withExpiresIn(Duration.ofSeconds(3));
      Credential token = Sent.bearer(project.accessToken("alice", short3s));
      String cookies = project.appAccessTokenCookie("alice", short3s);
      ask(token);
      ask(Sent.cookies(cookies));
      sandbox.breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Down());
      clock.pass(2_999);
      assertThat(ask(token)).isInstanceOf(Verified.class);
      assertThat(ask(Sent.cookies(cookies))).isInstanceOf(Verified.class);

      clock.pass(1);
      assertThat(ask(token)).isInstanceOf(Unavailable.class);
      assertThat(ask(Sent.cookies(cookies))).isInstanceOf(Unavailable.class);
    }
  }
}
