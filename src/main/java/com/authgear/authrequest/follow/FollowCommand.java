package com.authgear.authrequest.follow;

import com.authgear.authrequest.follow.AuditLog.AuditResult;
import com.authgear.authrequest.follow.AuditLog.Failed;
import com.authgear.authrequest.follow.AuditLog.Page;
import com.authgear.authrequest.follow.AuditLog.Refused;
import com.authgear.authrequest.follow.FollowMeters.PollResult;
import com.authgear.authrequest.follow.FollowMeters.Target;
import com.authgear.authrequest.follow.FollowMeters.TellResult;
import com.authgear.authrequest.follow.Follower.Poll;
import com.authgear.authrequest.http.Servers;
import com.authgear.authrequest.settings.FollowSettings;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.Heartbeat;
import com.authgear.authrequest.verify.changes.RedisMarks;
import com.authgear.authrequest.verify.changes.UserEvent;
import io.javalin.Javalin;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The command {@code follow}, put together: one thread polls, and after each poll that ended well
 * the services are told what is new and that it is all.
 */
public final class FollowCommand implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(FollowCommand.class);

  /** How far back a start reads: longer than most access tokens live. */
  private static final Duration LOOK_BACK = Duration.ofHours(1);

  private static final Duration ADMIN_API_TIMEOUT = Duration.ofSeconds(5);

  /** As the services have it by default; here it decides only how long a mark is kept. */
  private static final Duration SKEW = Duration.ofSeconds(30);

  private static final Duration LEARN_TYPES = Duration.ofSeconds(30);

  private static final long LATE_MILLIS = 10_000;

  private final String id = UUID.randomUUID().toString();
  private final FollowSettings settings;
  private final InstantSource clock;
  private final AdminApi api;
  private final Meaning meaning;
  private final ChangeMarks marks;
  private final FollowMeters meters;
  private final Follower follower;
  private final @Nullable RedisMarks redis;
  private final @Nullable Posts posts;
  private final Javalin management;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Set<String> warnedOf = new HashSet<>();
  private final Thread thread;
  private volatile long lastNanos;
  private volatile boolean everPolled;

  /** When Authgear was asked for its types last; only by the thread that polls. */
  private long learnedNanos;

  private boolean everLearned;
  private volatile @Nullable String problem = "the audit log has not been read yet";

  private FollowCommand(FollowSettings settings, InstantSource clock) {
    this.settings = settings;
    this.clock = clock;
    FollowSettings.AdminApi at = settings.adminApi();
    api =
        new AdminApi(
            at.graphql(),
            settings.endpoint(),
            new AdminKey(at.appId(), at.keyId(), at.key().key()),
            ADMIN_API_TIMEOUT,
            clock);
    meaning = new Meaning(settings.rolesRefuse());
    marks = new ChangeMarks(clock, System::nanoTime, SKEW);
    meters = new FollowMeters(this::lagSeconds);
    follower = new Follower(api, settings.overlap(), LOOK_BACK, clock, this::take);
    redis =
        settings.tell().redisUrl().isEmpty()
            ? null
            : RedisMarks.start(
                settings.tell().redisUrl().get().value(),
                settings.endpoint().toString(),
                marks,
                transit -> {
                  switch (transit) {
                    case PUBLISHED -> meters.sent(Target.REDIS, TellResult.SUCCESS, 1);
                    case MALFORMED, RECEIVED -> {}
                  }
                });
    posts =
        settings.tell().targets().isEmpty() || settings.tell().secret() == null
            ? null
            : new Posts(
                settings.tell().targets(), settings.tell().secret().value(), marks, clock, meters);
    management = Servers.management(() -> problem, this::degraded, meters::scrape);
    thread = Thread.ofPlatform().name("follow").unstarted(this::run);
  }

  /** Listens and begins to poll. */
  public static FollowCommand start(FollowSettings settings, InstantSource clock) {
    FollowCommand following = new FollowCommand(settings, clock);
    try {
      following.management.start(
          settings.managementListen().host(), settings.managementListen().port());
    } catch (RuntimeException e) {
      following.close();
      throw e;
    }
    following.thread.start();
    return following;
  }

  public int managementPort() {
    return management.port();
  }

  private void run() {
    try {
      while (closed.getCount() > 0) {
        long start = System.nanoTime();
        try {
          poll(start);
        } catch (RuntimeException bug) {
          problem = "a bug";
          LOG.atError().setCause(bug).log("the audit log is not followed because of a bug");
        }
        long left = settings.interval().toNanos() - (System.nanoTime() - start);
        if (closed.await(Math.max(0, left), TimeUnit.NANOSECONDS)) {
          return;
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Of a type that is new at Authgear no entry is passed over: they are read again. */
  private void learnTypesInTime(long now) {
    long often = Math.min(settings.overlap().toNanos() / 2, LEARN_TYPES.toNanos());
    if (!everLearned || now - learnedNanos >= often) {
      api.learnTypes();
      learnedNanos = now;
      everLearned = true;
    }
  }

  private void poll(long start) {
    if (!everPolled || problem == null) {
      learnTypesInTime(start);
    }
    long startMillis = clock.millis();
    Poll poll = follower.poll();
    AuditResult failure = poll.failure();
    switch (failure) {
      case null -> {
        meters.polled(PollResult.SUCCESS);
        if (problem != null) {
          LOG.atInfo().addKeyValue("since", poll.since()).log("the audit log is followed");
        }
        problem = null;
        lastNanos = start;
        everPolled = true;
        tell(
            () ->
                new Heartbeat(
                    id,
                    startMillis,
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start),
                    poll.since()));
      }
      case Refused refused -> complain(PollResult.REFUSED, refused.advice());
      case Failed failed -> complain(PollResult.FAILED, failed.advice());
      case Page _ -> throw new IllegalStateException("a page is no failure");
    }
  }

  private void tell(Supplier<Heartbeat> heartbeat) {
    if (redis != null && !redis.beat(heartbeat.get())) {
      meters.sent(Target.REDIS, TellResult.FAILURE, 1);
    }
    if (posts != null) {
      posts.tell(heartbeat);
    }
  }

  private void complain(PollResult result, String advice) {
    if (closed.getCount() == 0) {
      return; // it was cut off here
    }
    meters.polled(result);
    if (!advice.equals(problem)) {
      LOG.atWarn().addKeyValue("advice", advice).log("the audit log cannot be read");
    }
    problem = advice;
  }

  private void take(AuditEntry entry) {
    Activity activity = Activity.of(entry.activity());
    meters.read(entry.activity(), activity);
    if (activity == Activity.UNKNOWN_MUTATION && warnedOf.add(entry.activity())) {
      LOG.atWarn()
          .addKeyValue("type", entry.activity())
          .log(
              "the audit log has a mutation that this version does not know; where it names no"
                  + " user, everyone is confirmed: look for a newer version");
    }
    for (UserEvent event : meaning.of(entry)) {
      ChangeMarks.Effect effect = redis == null ? marks.learn(event) : redis.learn(event);
      // A service may not know yet what Redis has brought here.
      if (effect != ChangeMarks.Effect.TOO_OLD && posts != null) {
        posts.add(event);
      }
    }
  }

  private double lagSeconds() {
    return everPolled ? (System.nanoTime() - lastNanos) / 1e9 : Double.NaN;
  }

  private @Nullable String degraded() {
    if (redis != null && !redis.isUp()) {
      return "no connection to Redis, the services that share it are told nothing";
    }
    return lagSeconds() * 1000 > Math.max(LATE_MILLIS, 3 * settings.interval().toMillis())
        ? "the audit log was last read " + (long) lagSeconds() + " s ago"
        : null;
  }

  @Override
  public void close() {
    closed.countDown();
    thread.interrupt();
    management.stop();
    api.close();
    if (redis != null) {
      redis.close();
    }
    if (posts != null) {
      posts.close();
    }
    meters.close();
  }
}
