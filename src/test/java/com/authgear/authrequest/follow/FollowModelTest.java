package com.authgear.authrequest.follow;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Sent;
import com.authgear.authrequest.follow.Follower.Poll;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.serve.Decider;
import com.authgear.authrequest.serve.Observers;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.changes.ChangeMarks.Effect;
import com.authgear.authrequest.verify.changes.FollowMessage;
import com.authgear.authrequest.verify.changes.Followed;
import com.authgear.authrequest.verify.changes.Followed.Standing;
import com.authgear.authrequest.verify.changes.Heartbeat;
import com.authgear.authrequest.verify.changes.UserEvent;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import java.net.URI;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random histories of logins, sign-outs, revocations, users who are disabled, roles that are taken
 * from one user or from all, entries of the audit log that appear late or never, followers that
 * die, start again and double, messages of theirs that are lost, late and repeated, and services
 * that start again. A simple oracle knows since when a token, or a role of its user, is bad. While
 * a service is followed nothing bad passes later than the bound after its entry appeared; while it
 * is not, nothing later than the interval of confirmation. And a service that is followed asks
 * about a token once for each mark, and once more for its second look.
 */
class FollowModelTest {

  private static final long NEVER = Long.MAX_VALUE;
  private static final Duration OVERLAP = Duration.ofSeconds(60);
  private static final Duration WHILE_AWAY = Duration.ofSeconds(30);
  private static final String ROLE = "editor";

  /** Something that is not so any more. Milliseconds that really passed. */
  private static final class End {
    /** Since when it is not so. */
    private long since = NEVER;

    /** When the audit log showed it; never if the entry was lost. */
    private long seen = NEVER;

    void at(long now, long shown) {
      if (since == NEVER) {
        since = now;
        seen = shown;
      }
    }
  }

  private static final class Held {
    private final String user;
    private final Credential credential;
    private final End session = new End();

    private Held(String user, Credential credential) {
      this.user = user;
      this.credential = credential;
    }
  }

  @ParameterizedTest(name = "seed {0}, bound {1} s, recheck {2} s")
  @CsvSource({
    "1, 2, 0",
    "2, 2, 0",
    "3, 2, 0",
    "4, 5, 0",
    "5, 5, 0",
    "6, 30, 0",
    "7, 2, 10",
    "8, 5, 20"
  })
  void history(long seed, long bound, long recheck) throws Exception {
    SettableClock clock = new SettableClock();
    try (Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
        History history = new History(seed, bound * 1000, recheck * 1000, clock, sandbox)) {
      history.play(450);
    }
  }

  /** One history. */
  private static final class History implements AutoCloseable {
    private final long seed;
    private final Random random;
    private final long bound;
    private final long recheck;
    private final SettableClock clock;
    private final Sandbox sandbox;
    private final Project project;
    private final AdminApi api;
    private final List<Service> services = new ArrayList<>();
    private final List<@Nullable Telling> followers = new ArrayList<>();
    private final List<String> users = new ArrayList<>();
    private final List<Held> held = new ArrayList<>();
    private final Map<String, End> roles = new HashMap<>();
    private final List<Sending> underWay = new ArrayList<>();
    private final List<Sending> delivered = new ArrayList<>();
    private long late;
    private int instances;
    private int allowed;
    private int refused;
    private int localAnswers;

    private History(long seed, long bound, long recheck, SettableClock clock, Sandbox sandbox)
        throws Exception {
      this.seed = seed;
      this.random = new Random(seed);
      this.bound = bound;
      this.recheck = recheck;
      this.clock = clock;
      this.sandbox = sandbox;
      this.project = sandbox.project();
      this.api =
          new AdminApi(
              URI.create(sandbox.adminApiUrl() + "/graphql"),
              URI.create(sandbox.origin()),
              new AdminKey(sandbox.adminApiAppId(), sandbox.adminApiKeyId(), key(sandbox)),
              Duration.ofSeconds(20),
              clock);
      api.learnTypes();
      for (int i = 0; i < 6; i++) {
        String user = "user" + i;
        users.add(user);
        project.create(user);
        project.setRoles(user, List.of(ROLE));
        roles.put(user, new End());
      }
      // What was before the first token concerns none.
      clock.pass(Duration.ofMinutes(5).toMillis());
      for (int i = 0; i < 2; i++) {
        services.add(new Service());
        followers.add(new Telling());
      }
    }

    private static PrivateKey key(Sandbox sandbox) throws Exception {
      String pem = sandbox.adminApiKey().replaceAll("-----[A-Z ]+-----|\\s", "");
      return KeyFactory.getInstance("RSA")
          .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    }

    private void play(int steps) {
      for (int step = 0; step < steps; step++) {
        act();
        for (int i = 0; i < followers.size(); i++) {
          Telling follower = followers.get(i);
          if (follower != null && random.nextInt(3) > 0) {
            follower.poll();
          }
        }
        clock.pass(random.nextInt(600));
        for (int i = 0; i < 3 && !held.isEmpty(); i++) {
          Held one = held.get(held.size() - 1 - random.nextInt(Math.min(8, held.size())));
          services.get(random.nextInt(services.size())).request(step, one);
        }
      }
      assertThat(allowed).as("seed %s tried nothing", seed).isGreaterThan(60);
      assertThat(refused).as("seed %s tried nothing", seed).isGreaterThan(20);
      assertThat(localAnswers).as("seed %s: nobody was asked", seed).isGreaterThan(20);
    }

    private void act() {
      String user = users.get(random.nextInt(users.size()));
      switch (random.nextInt(40)) {
        case 0, 1, 2, 3, 4, 5, 6, 7 -> login(user);
        case 8, 9, 10 -> end(user, () -> project.logout(user));
        case 11, 12 -> end(user, () -> project.revokeAllSessions(user));
        case 13 -> {
          end(user, () -> project.disable(user));
          project.enable(user);
        }
        case 14, 15, 16 -> {
          project.setRoles(user, List.of());
          requireNonNull(roles.get(user)).at(time(), time() + late);
        }
        case 17, 18 -> give(user);
        case 19, 20 -> {
          project.deleteRole(ROLE);
          roles.values().forEach(end -> end.at(time(), time() + late));
        }
        case 21, 22 -> users.forEach(this::give);
        case 23 -> {
          late = random.nextInt(20_000);
          project.auditLog().appearLate(Duration.ofMillis(late));
        }
        case 24, 25 -> {
          late = 0;
          project.auditLog().appearLate(Duration.ZERO);
        }
        case 26 -> {
          project.auditLog().lose(1);
          end(user, NEVER, () -> project.logout(user));
          project.auditLog().lose(0);
        }
        case 27 -> followers.set(random.nextInt(followers.size()), null);
        case 28, 29, 30 -> followers.set(random.nextInt(followers.size()), new Telling());
        case 31 -> services.get(random.nextInt(services.size())).startAgain();
        case 32, 33 -> deliver();
        case 34 -> {
          if (!delivered.isEmpty()) {
            delivered.get(random.nextInt(delivered.size())).arrive();
          }
        }
        case 35 -> clock.pass(random.nextInt(20_000));
        default -> clock.pass(random.nextInt(1_500));
      }
    }

    /** Milliseconds that really passed. */
    private long time() {
      return clock.nanoTime() / 1_000_000;
    }

    private void login(String user) {
      TokenOptions options = TokenOptions.DEFAULTS.withExpiresIn(Duration.ofMinutes(30));
      held.add(new Held(user, Sent.bearer(project.accessToken(user, options))));
    }

    /** Only where it was taken: an entry of what is so already would say nothing. */
    private void give(String user) {
      if (requireNonNull(roles.get(user)).since != NEVER) {
        roles.put(user, new End());
        project.setRoles(user, List.of(ROLE));
      }
    }

    private void end(String user, Runnable change) {
      end(user, time() + late, change);
    }

    private void end(String user, long seen, Runnable change) {
      change.run();
      for (Held one : held) {
        if (one.user.equals(user)) {
          one.session.at(time(), seen);
        }
      }
    }

    /** What was under way arrives, the order is anyone's guess. */
    private void deliver() {
      while (!underWay.isEmpty() && random.nextInt(4) > 0) {
        underWay.remove(random.nextInt(underWay.size())).arrive();
      }
    }

    @Override
    public void close() {
      services.forEach(service -> service.decider.close());
      api.close();
    }

    /** A message to a service. */
    private static final class Sending {
      private final Service service;
      private final String text;

      private Sending(Service service, FollowMessage message) {
        this.service = service;
        this.text = message.text();
      }

      private void arrive() {
        service.receive(FollowMessage.read(text));
      }
    }

    /** A follower, as the command is put together. */
    private final class Telling {
      private final String id = "follower-" + ++instances;
      private final Meaning meaning = new Meaning(false);
      private final List<UserEvent> events = new ArrayList<>();
      private final Map<Service, String> known = new HashMap<>();
      private final Map<Service, Integer> told = new HashMap<>();
      private final Follower follower =
          new Follower(
              api,
              OVERLAP,
              Duration.ofSeconds(60 + random.nextInt(3_600)),
              clock,
              entry -> events.addAll(meaning.of(entry)));

      private void poll() {
        long start = clock.millis();
        long steady = clock.nanoTime();
        Poll poll = follower.poll();
        assertThat(poll.failure()).isNull();
        clock.pass(random.nextInt(50));
        for (Service service : services) {
          tell(
              service,
              new Heartbeat(id, start, (clock.nanoTime() - steady) / 1_000_000, poll.since()));
        }
      }

      private void tell(Service service, Heartbeat heartbeat) {
        if (!service.instance.equals(known.put(service, service.instance))) {
          told.put(service, 0);
        }
        int from = told.getOrDefault(service, 0);
        List<UserEvent> rest = List.copyOf(events.subList(from, events.size()));
        Sending sending =
            new Sending(service, new FollowMessage(service.instance, rest, heartbeat));
        switch (random.nextInt(12)) {
          case 0 -> {} // lost: it is told again
          case 1 -> underWay.add(sending); // nor is it answered: the same
          default -> {
            told.put(service, events.size());
            sending.arrive();
            delivered.add(sending);
          }
        }
      }
    }

    /** A service, with the question of how often it asks. */
    private final class Service {
      private Decider decider = decider();
      private String instance = "service-" + ++instances;
      private final Map<Held, Integer> left = new HashMap<>();
      private @Nullable Long since;

      private Decider decider() {
        Map<String, String> environment = new HashMap<>();
        environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
        environment.put("AUTHGEAR_ALLOW_HTTP", "true");
        environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
        environment.put("AUTHGEAR_RESOLVER_TIMEOUT", "20s");
        environment.put("AUTHGEAR_FRESHNESS", bound / 1000 + "s");
        if (recheck > 0) {
          environment.put("AUTHGEAR_RECHECK", recheck / 1000 + "s");
        }
        Decider made =
            new Decider(
                ((SettingsReader.Accepted) SettingsReader.read(environment)).settings(),
                clock,
                clock::nanoTime,
                () -> CryptoProvider.JDK,
                Observers.ofCalls((_, _) -> {}));
        made.keys().start();
        Awaitility.await().until(() -> made.keys().problem() == null);
        // What is asked in the background would be counted for another request.
        made.confirmations().close();
        return made;
      }

      private void startAgain() {
        decider.close();
        decider = decider();
        instance = "service-" + ++instances;
        since = null;
        left.clear();
      }

      private void receive(FollowMessage message) {
        for (UserEvent event : message.events()) {
          if (decider.marks().learn(event) == Effect.MARKED) {
            boolean all = event.userId().equals(UserEvent.EVERYONE);
            left.replaceAll(
                (one, questions) ->
                    all || project.user(one.user).id().equals(event.userId())
                        ? questions + 2
                        : questions);
          }
        }
        Heartbeat heartbeat = message.heartbeat();
        if (heartbeat != null && message.instance().equals(instance)) {
          boolean _ = followed().learn(heartbeat);
        }
      }

      private Followed followed() {
        return requireNonNull(decider.followed());
      }

      private void request(int step, Held one) {
        Standing standing = followed().standing();
        if (standing == null || !Long.valueOf(standing.since()).equals(since)) {
          left.clear(); // each may have to be confirmed once
          since = standing == null ? null : standing.since();
        }
        long calls = sandbox.calls(AuthgearEndpoint.RESOLVER);
        Verification answer =
            decider
                .authenticator()
                .verify(
                    one.credential,
                    (Rules) decider.requirements().ofQuery(null),
                    () -> new Caller("192.0.2.1", null, null))
                .await();
        int asked = (int) (sandbox.calls(AuthgearEndpoint.RESOLVER) - calls);
        if (!(answer instanceof Verified verified)) {
          refused++;
          assertThat(one.session.since)
              .as("seed %s, step %s: good, but %s", seed, step, answer)
              .isNotEqualTo(NEVER);
          return;
        }
        allowed++;
        localAnswers += standing != null && asked == 0 ? 1 : 0;
        isInTime(step, "session of " + one.user, one.session, standing);
        if (verified.principal().roles().contains(ROLE)) {
          isInTime(step, "role of " + one.user, requireNonNull(roles.get(one.user)), standing);
        }
        if (standing != null && recheck == 0) {
          // A new token, or one from before all that is known, or with a mark from before it.
          int questions = left.getOrDefault(one, 3) - asked;
          assertThat(questions)
              .as("seed %s, step %s: asked too often about a token of %s", seed, step, one.user)
              .isNotNegative();
          left.put(one, questions);
        }
      }

      private void isInTime(int step, String what, End end, @Nullable Standing standing) {
        if (end.since == NEVER) {
          return;
        }
        long confirmed = recheck == 0 ? NEVER : end.since + recheck;
        long until =
            standing == null
                ? end.since + (recheck == 0 ? WHILE_AWAY.toMillis() : recheck)
                : Math.min(end.seen == NEVER ? NEVER : end.seen + bound, confirmed);
        assertThat(time())
            .as("seed %s, step %s: %s, followed: %s", seed, step, what, standing)
            .isLessThan(until);
      }
    }
  }
}
