package com.authgear.authrequest.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Credential.Bearer;
import com.authgear.authrequest.credential.Credential.Cookies;
import com.authgear.authrequest.credential.Credential.NoCookies;
import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.verify.Authenticator.Mode;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.changes.Changes.Change;
import com.authgear.authrequest.verify.freshness.TestClock;
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
 * Random histories of logins, logouts, disabled users, announcements that are lost, doubled and
 * late, keys that come and go, a resolver that comes and goes, and a clock. A simple oracle knows
 * since when a credential is bad; no request with it may pass later than the settings promise.
 */
class FreshnessModelTest {

  private static final List<String> USERS = List.of("alice", "bob", "carol", "erin");
  private static final long NEVER = Long.MAX_VALUE;

  /** A credential, and since when its session is gone. Times are milliseconds unless said. */
  private static final class Held {
    private final String user;
    private final Credential credential;
    private final long issuedAt;
    private final long expiresAt;
    private final String kid;
    private long goneSince = NEVER;

    /**
     * @param issuedAt Unix seconds
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
      return credential instanceof Cookies;
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
    TestClock clock = new TestClock();
    Optional<Duration> interval =
        recheck == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(recheck));
    try (Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
        Verifying verifying =
            new Verifying(sandbox, clock, Mode.AUTO, interval, Duration.ofSeconds(stale))) {
      new History(seed, recheck * 1000, stale * 1000, clock, sandbox, verifying).play(400);
    }
  }

  private static final class History {
    private final long seed;
    private final Random random;
    private final long recheck;
    private final long stale;
    private final TestClock clock;
    private final Sandbox sandbox;
    private final Project project;
    private final Verifying verifying;
    private final List<Held> held = new ArrayList<>();
    private final Map<String, Long> disabledSince = new HashMap<>();

    /** By user: when the newest announcement was learned. */
    private final Map<String, Long> learned = new HashMap<>();

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
        TestClock clock,
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
      switch (random.nextInt(16)) {
        case 0, 1, 12, 13 -> login(user);
        case 2 -> logout(user);
        case 3 -> {
          project.disable(user);
          disabledSince.putIfAbsent(user, clock.millis());
          announce(user);
        }
        case 4, 14, 15 -> {
          project.enable(user);
          disabledSince.remove(user);
          enabledAt.put(user, clock.millis());
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
        default -> clock.pass(random.nextInt(3_000));
      }
    }

    private void login(String user) {
      if (disabledSince.containsKey(user)) {
        return;
      }
      Duration lifetime = Duration.ofSeconds(5 + random.nextInt(1800));
      TokenOptions options = TokenOptions.DEFAULTS.withExpiresIn(lifetime);
      long issued = clock.millis() / 1000;
      long end = (issued + lifetime.toSeconds() + Verifying.SKEW.toSeconds()) * 1000;
      held.add(
          random.nextInt(3) == 0
              ? new Held(user, new Cookies(project.sessionCookie(user)), issued, NEVER, "")
              : new Held(
                  user,
                  new Bearer(project.accessToken(user, options), new NoCookies()),
                  issued,
                  end,
                  project.keyIds().getFirst()));
    }

    private void logout(String user) {
      project.logout(user);
      for (Held one : held) {
        if (one.user.equals(user) && one.goneSince == NEVER) {
          one.goneSince = clock.millis();
        }
      }
    }

    /** An announcement arrives, arrives twice, or is lost. */
    private void announce(String user) {
      for (int i = random.nextInt(3); i > 0; i--) {
        mark(user, clock.millis());
      }
    }

    /** An old announcement arrives only now; it may be of something that was undone since. */
    private void deliverLate(String user) {
      mark(user, clock.millis() - random.nextInt(10_000));
    }

    private void mark(String user, long at) {
      clock.pass(1);
      String id = project.user(user).id();
      Change old = verifying.changes.get(id);
      long latest = Math.max(at / 1000, old == null ? Long.MIN_VALUE : old.at());
      verifying.changes.put(id, new Change(latest, clock.millis(), true));
      learned.put(user, clock.millis());
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
      assertThat(now)
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
          && now - enabledAt.getOrDefault(one.user, 0L) >= 1000
          && now < one.expiresAt - Verifying.SKEW.toMillis();
    }

    private long mayPassUntil(Held one) {
      long badSince = Math.min(one.goneSince, disabledSince.getOrDefault(one.user, NEVER));
      if (badSince == NEVER) {
        return NEVER;
      }
      long bound = one.isSession() ? Verifying.TTL.toMillis() : recheck;
      long byTime = bound == 0 ? NEVER : badSince + bound + stale;
      // What was announced after it became bad is seen at once: stale answers do not outlive it.
      Long heard = learned.get(one.user);
      long byAnnouncement =
          heard != null && heard > badSince && (one.isSession() || recheck > 0 || isMarked(one))
              ? heard
              : NEVER;
      return Math.min(byTime, byAnnouncement);
    }

    /** Whether a JWT was issued before what was announced. */
    private boolean isMarked(Held one) {
      Change change = verifying.changes.get(project.user(one.user).id());
      return change != null && one.issuedAt <= change.at();
    }
  }
}
