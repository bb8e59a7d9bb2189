package com.authgear.authrequest.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.credential.Credential.Presented;
import com.authgear.authrequest.credential.Sent;
import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.authenticator.Authenticator.VerificationMode;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.ChangeMarks.Effect;
import com.authgear.authrequest.verify.changes.Interval;
import com.authgear.authrequest.verify.changes.UserEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random histories of logins, logouts, users who are disabled, which ends their sessions for good,
 * accounts whose validity ends without an announcement, announcements that are lost, doubled, late,
 * replayed and earlier than the resolver knows, keys that come and go, a resolver that comes and
 * goes, and a clock that is set back. A simple oracle knows since when a credential is bad, by a
 * clock that nobody sets; no request with it may pass later than the settings promise.
 */
class FreshnessModelTest {

  private static final List<String> USERS = List.of("alice", "bob", "carol", "erin");
  private static final long NEVER = Long.MAX_VALUE;

  /** As far as the clock is set back in one history: with a late event, within the margin. */
  private static final int MAX_SET_BACK = 20_000;

  /** A credential, and since when its session is gone. Times are milliseconds unless said. */
  private static final class Held {
    private final String user;
    private final Credential credential;
    private final long issuedAt;
    private final long expiresAt;
    private final String kid;
    private long goneSince = NEVER;

    /**
     * @param issuedAt Unix seconds by the clock that is set back
     * @param kid of the key that signed it; empty if none did
     */
    private Held(String user, Credential credential, long issuedAt, long expiresAt, String kid) {
      this.user = user;
      this.credential = credential;
      this.issuedAt = issuedAt;
      this.expiresAt = expiresAt;
      this.kid = kid;
    }

    private boolean isSession() {
      return credential instanceof Presented one && one.place() != CredentialPlace.BEARER;
    }
  }

  @ParameterizedTest(name = "seed {0}, recheck {1} s, stale {2} s")
  @CsvSource({
    "1, 30, 0",
    "2, 30, 0",
    "3, 30, 20",
    "4, 10, 5",
    "5, 0, 0",
    "6, 0, 60",
    "7, 60, 60",
    "8, 5, 0"
  })
  void noRequest_isAllowedLaterThanPromised(long seed, long recheck, long stale) {
    SettableClock clock = new SettableClock();
    Optional<Duration> interval =
        recheck == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(recheck));
    try (Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
        Verifying verifying =
            new Verifying(
                sandbox, clock, VerificationMode.AUTO, interval, Duration.ofSeconds(stale))) {
      new History(seed, recheck * 1000, stale * 1000, clock, sandbox, verifying).play(400);
    }
  }

  private static final class History {
    private final long seed;
    private final Random random;
    private final long recheck;
    private final long stale;
    private final SettableClock clock;
    private final Sandbox sandbox;
    private final Project project;
    private final Verifying verifying;
    private final List<Held> held = new ArrayList<>();
    private final Map<String, Long> disabledSince = new HashMap<>();

    /** By user: since when the account is not valid any more. */
    private final Map<String, Long> invalidSince = new HashMap<>();

    /** By user: when the newest announcement was heard for the first time. */
    private final Map<String, Long> learned = new HashMap<>();

    private final List<UserEvent> heard = new ArrayList<>();
    private long seq = 1000;
    private int setBack;

    private final Map<String, Long> enabledAt = new HashMap<>();

    /** The key set as it was fetched last. */
    private List<String> fetchedKeys;

    private long keyFetches;
    private boolean up = true;
    private int allowed;
    private int refused;

    private History(
        long seed,
        long recheck,
        long stale,
        SettableClock clock,
        Sandbox sandbox,
        Verifying verifying) {
      this.seed = seed;
      this.random = new Random(seed);
      this.recheck = recheck;
      this.stale = stale;
      this.clock = clock;
      this.sandbox = sandbox;
      this.project = sandbox.project();
      this.verifying = verifying;
      this.fetchedKeys = project.keyIds();
      this.keyFetches = sandbox.calls(AuthgearEndpoint.KEYS);
    }

    private void play(int steps) {
      for (int step = 0; step < steps; step++) {
        act();
        for (int i = 0; i < 2 && !held.isEmpty(); i++) {
          request(step, recent());
        }
      }
      assertThat(allowed).as("seed %s tried nothing", seed).isGreaterThan(50);
      assertThat(refused).as("seed %s tried nothing", seed).isGreaterThan(20);
    }

    private Held recent() {
      return held.get(held.size() - 1 - random.nextInt(Math.min(6, held.size())));
    }

    private void act() {
      String user = USERS.get(random.nextInt(USERS.size()));
      switch (random.nextInt(80)) {
        case 0 -> project.rotateKeys();
        case 1 -> project.retireKeys();
        default -> actOn(user);
      }
    }

    private void actOn(String user) {
      switch (random.nextInt(21)) {
        case 0, 1, 12, 13 -> login(user);
        case 2 -> logout(user);
        case 3 -> {
          disable(user);
          announce(user);
        }
        case 4, 14, 15 -> {
          project.enable(user);
          project.setValidity(user, null, null);
          disabledSince.remove(user);
          invalidSince.remove(user);
          enabledAt.put(user, time());
          announce(user);
        }
        case 5 -> deliverLate(user);
        case 6 -> {
          up = !up;
          if (up) {
            sandbox.repair(AuthgearEndpoint.RESOLVER);
          } else {
            // Not one that the breaker counts: its pause is real time.
            sandbox.breakDown(AuthgearEndpoint.RESOLVER, Malfunction.status(418));
          }
        }
        case 7 -> clock.pass(random.nextInt(40_000));
        case 8 -> clock.pass(random.nextInt(3) == 0 ? 600_000 : 5_000);
        case 16 -> announceTooEarly(user);
        case 17 -> {
          project.setValidity(user, null, clock.instant().minusMillis(MAX_SET_BACK));
          invalidSince.putIfAbsent(user, time());
          logout(user); // Authgear has ended them, and a new validity brings none back
        }
        case 18 -> heard.forEach(verifying.marks::learn);
        case 19 -> {
          int by = Math.min(random.nextInt(10_000), MAX_SET_BACK - setBack);
          clock.jump(-by);
          setBack += by;
        }
        default -> clock.pass(random.nextInt(3_000));
      }
    }

    /** Milliseconds that really passed. */
    private long time() {
      return clock.nanoTime() / 1_000_000;
    }

    /** Ends the sessions, too. */
    private void disable(String user) {
      project.disable(user);
      disabledSince.putIfAbsent(user, time());
      logout(user);
    }

    /**
     * The announcement arrives before the resolver knows; requests in between see the old state.
     */
    private void announceTooEarly(String user) {
      hear(user, ++seq);
      for (Held one : held.subList(Math.max(0, held.size() - 6), held.size())) {
        if (one.user.equals(user)) {
          Verification _ = verifying.ask(one.credential);
        }
      }
      clock.pass(random.nextInt(1_900));
      disable(user);
    }

    private void login(String user) {
      if (disabledSince.containsKey(user) || invalidSince.containsKey(user)) {
        return;
      }
      Duration lifetime = Duration.ofSeconds(5 + random.nextInt(1800));
      TokenOptions options = TokenOptions.DEFAULTS.withExpiresIn(lifetime);
      long issued = clock.millis() / 1000;
      long end = (issued + lifetime.toSeconds() + Verifying.SKEW.toSeconds()) * 1000;
      held.add(
          random.nextInt(3) == 0
              ? new Held(user, Sent.cookies(project.sessionCookie(user)), issued, NEVER, "")
              : new Held(
                  user,
                  Sent.bearer(project.accessToken(user, options)),
                  issued,
                  end,
                  project.keyIds().getFirst()));
    }

    private void logout(String user) {
      project.logout(user);
      for (Held one : held) {
        if (one.user.equals(user) && one.goneSince == NEVER) {
          one.goneSince = time();
        }
      }
    }

    /** An announcement arrives, arrives twice, or is lost. */
    private void announce(String user) {
      long number = ++seq;
      for (int i = random.nextInt(3); i > 0; i--) {
        clock.pass(1);
        hear(user, number);
      }
    }

    private void hear(String user, long number) {
      UserEvent event = event(user, number, clock.millis());
      if (verifying.marks.learn(event) == Effect.MARKED) {
        heard.add(event);
        learned.put(user, time());
      }
    }

    /**
     * An old announcement arrives only now; it may be of something that was undone since. Where a
     * newer one came before, it adds nothing that is promised.
     */
    private void deliverLate(String user) {
      UserEvent event = event(user, random.nextInt(1000), clock.millis() - random.nextInt(8_000));
      if (verifying.marks.learn(event) == Effect.MARKED) {
        heard.add(event);
      }
    }

    private UserEvent event(String user, long number, long millis) {
      return new UserEvent(
          project.user(user).id(), number, millis / 1000, List.of(Interval.always()));
    }

    private void request(int step, Held one) {
      long now = clock.millis();
      Verification answer = verifying.ask(one.credential);
      if (sandbox.calls(AuthgearEndpoint.KEYS) > keyFetches) {
        keyFetches = sandbox.calls(AuthgearEndpoint.KEYS);
        fetchedKeys = project.keyIds();
      }
      if (!(answer instanceof Verified)) {
        refused++;
        assertThat(up && isGood(one, now) && !(answer instanceof Unavailable))
            .as("seed %s, step %s: good, but %s", seed, step, answer)
            .isFalse();
        return;
      }
      allowed++;
      assertThat(one.isSession() || fetchedKeys.contains(one.kid))
          .as("seed %s, step %s: its key is not in the set that was fetched last", seed, step)
          .isTrue();
      assertThat(now).as("seed %s, step %s: until exp", seed, step).isLessThan(one.expiresAt);
      assertThat(time())
          .as("seed %s, step %s, %s: %s", seed, step, one.user, answer)
          .isLessThan(mayPassUntil(one));
    }

    /**
     * Whether a refusal has no reason; the resolver knows no skew, and a refusal is remembered for
     * a second.
     */
    private boolean isGood(Held one, long now) {
      boolean keyIsKnown =
          one.isSession() || (fetchedKeys.contains(one.kid) && project.keyIds().contains(one.kid));
      return keyIsKnown
          && one.goneSince == NEVER
          && !disabledSince.containsKey(one.user)
          && !invalidSince.containsKey(one.user)
          && time() - enabledAt.getOrDefault(one.user, -1000L) >= 1000
          && one.issuedAt <= now / 1000
          && now < one.expiresAt - Verifying.SKEW.toMillis();
    }

    private long mayPassUntil(Held one) {
      long badSince =
          Math.min(
              one.goneSince,
              Math.min(
                  disabledSince.getOrDefault(one.user, NEVER),
                  invalidSince.getOrDefault(one.user, NEVER)));
      if (badSince == NEVER) {
        return NEVER;
      }
      long bound = one.isSession() ? Verifying.TTL.toMillis() : recheck;
      long byTime = bound == 0 ? NEVER : badSince + bound + stale;
      // What was announced after it became bad is seen at once: stale answers do not outlive it.
      Long announced = learned.get(one.user);
      long byAnnouncement = NEVER;
      if (announced != null && announced >= badSince) {
        byAnnouncement = announced;
      } else if (announced != null
          && announced + ChangeMarks.SECOND_LOOK.toMillis() >= badSince
          && up) {
        // Announced before the resolver knew; it is asked once more.
        byAnnouncement = announced + ChangeMarks.SECOND_LOOK.toMillis();
      }
      return Math.min(byTime, byAnnouncement);
    }
  }
}
