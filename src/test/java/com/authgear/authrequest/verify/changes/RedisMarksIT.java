package com.authgear.authrequest.verify.changes;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.RedisServer;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.verify.changes.ChangeMarks.Effect;
import com.authgear.authrequest.verify.changes.RedisMarks.Transit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Marks of several replicas, through a real Redis. */
class RedisMarksIT {

  private static final String PROJECT = "https://my-project.authgear.cloud";
  private static final String KEY = "authgear-auth-request:{" + PROJECT + "}:marks";
  private static final List<Interval> DISABLED = List.of(Interval.always());

  private final SettableClock clock = new SettableClock();
  private final List<Replica> replicas = new ArrayList<>();
  private final List<RedisMarks> services = new ArrayList<>();
  private final RedisServer redis = new RedisServer();

  private final class Replica implements AutoCloseable {
    private final ChangeMarks marks = new ChangeMarks(clock, System::nanoTime, Duration.ZERO);
    private final Queue<Transit> transits = new ConcurrentLinkedQueue<>();
    private final RedisMarks shared;

    Replica(String url, String project) {
      shared = RedisMarks.start(url, project, marks, transits::add);
      replicas.add(this);
    }

    Replica() {
      this(redis.url(), PROJECT);
    }

    Replica up() {
      Awaitility.await().atMost(Duration.ofSeconds(20)).until(shared::isUp);
      return this;
    }

    void learn(String user, long seq) {
      assertThat(shared.learn(new UserEvent(user, seq, clock.seconds(), DISABLED)))
          .isEqualTo(Effect.MARKED);
    }

    boolean knows(String user) {
      return marks.latest(user) != null;
    }

    long count(Transit transit) {
      return transits.stream().filter(transit::equals).count();
    }

    @Override
    public void close() {
      shared.close();
    }
  }

  @AfterEach
  void stop() {
    replicas.forEach(Replica::close);
    services.forEach(RedisMarks::close);
    redis.close();
  }

  private static void await(Callable<Boolean> condition) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(5))
        .until(condition);
  }

  @Test
  void mark_ofOneReplica_isKnownAtTheOtherWithin100Milliseconds() {
    redis.start();
    Replica one = new Replica().up();
    Replica other = new Replica().up();
    one.learn("warm-up", 1);
    await(() -> other.knows("warm-up"));
    List<Long> micros = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      String user = "user" + i;
      long start = System.nanoTime();
      one.learn(user, 100 + i);
      while (!other.knows(user)) {
        assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
        Thread.onSpinWait();
      }
      micros.add((System.nanoTime() - start) / 1000);
    }
    Collections.sort(micros);
    System.out.println(
        "a mark took " + micros.get(25) + " us (median), " + micros.get(49) + " us (longest)");
    assertThat(micros.get(25)).isLessThan(100_000);
    assertThat(other.count(Transit.RECEIVED)).isEqualTo(51);
    assertThat(one.count(Transit.RECEIVED)).isZero();
    assertThat(other.marks.latest("user7")).isEqualTo(one.marks.latest("user7"));
  }

  @Test
  void userWithTheRightsThatDocsName_isEnough() throws Exception {
    Matcher rights =
        Pattern.compile("`ACL SETUSER (\\S+) on >(\\S+) ([^`]+)`")
            .matcher(Files.readString(Path.of("docs/operations.md")));
    assertThat(rights.find()).isTrue();
    String user = rights.group(1);
    String password = rights.group(2);
    redis.start();
    List<String> command = new ArrayList<>(List.of("ACL", "SETUSER", user, "on", ">" + password));
    command.addAll(List.of(rights.group(3).split(" ", -1)));
    redis.command(command.toArray(String[]::new));
    String url = "redis://" + user + ":" + password + "@127.0.0.1:" + redis.port();
    Replica one = new Replica(url, PROJECT).up();
    Replica other = new Replica(url, PROJECT).up();

    one.learn("bob", 1);

    await(() -> other.knows("bob"));
    assertThat(RedisProbe.ask(url, PROJECT))
        .isInstanceOfSatisfying(
            RedisProbe.Answered.class, answered -> assertThat(answered.mayUse()).isTrue());
  }

  @Test
  void newReplica_knowsTheMarksInForceBeforeItIsReady() {
    redis.start();
    Replica one = new Replica().up();
    for (int i = 0; i < 2_500; i++) {
      one.learn("user" + i, i);
    }
    await(() -> one.count(Transit.PUBLISHED) >= 2_500);
    Replica late = new Replica();
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(1))
        .until(() -> !late.shared.isLoading());
    assertThat(late.marks.inForce()).isEqualTo(2_500);
  }

  @Test
  void redisKilledAndBackWithoutItsData_marksAreCaughtUpInBothDirections() {
    redis.start();
    Replica one = new Replica().up();
    Replica other = new Replica().up();
    one.learn("before", 1);
    await(() -> other.knows("before"));
    redis.kill();
    await(() -> !one.shared.isUp() && !other.shared.isUp());
    one.learn("at-one", 2);
    other.learn("at-other", 3);
    assertThat(one.knows("at-one")).isTrue();
    assertThat(other.knows("at-one")).isFalse();
    redis.start();
    await(() -> other.knows("at-one") && one.knows("at-other"));
    one.close();
    other.close();
    Replica late = new Replica().up();
    assertThat(late.knows("before")).isTrue();
    assertThat(late.knows("at-one")).isTrue();
    assertThat(late.knows("at-other")).isTrue();
  }

  @Test
  void redisDownAtTheStart_isNotWaitedForLongAndJoinedWhenItComes() {
    Replica one = new Replica();
    assertThat(one.shared.isLoading()).isTrue();
    one.learn("early", 1);
    assertThat(one.knows("early")).isTrue();
    Awaitility.await()
        .atMost(RedisMarks.LOAD_TIME.plusSeconds(1))
        .until(() -> !one.shared.isLoading());
    assertThat(one.shared.isUp()).isFalse();
    redis.start();
    one.up();
    Replica other = new Replica().up();
    assertThat(other.knows("early")).isTrue();
  }

  @Test
  void redisThatHangs_delaysNobodyAndIsNoticed() {
    redis.start();
    Replica one = new Replica().up();
    redis.hang();
    long start = System.nanoTime();
    for (int i = 0; i < 5_000; i++) {
      one.learn("user" + i, i);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    await(() -> !one.shared.isUp());
    redis.goOn();
    one.up();
    Replica other = new Replica().up();
    await(() -> other.marks.inForce() == 5_000);
  }

  @Test
  void close_whileRedisHangs_doesNotHang() {
    redis.start();
    Replica one = new Replica().up();
    redis.hang();
    one.learn("user", 1);
    long start = System.nanoTime();
    one.close();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
  }

  @Test
  void whatIsNoMark_isCountedAndPassedOver() {
    redis.start();
    redis.command("ZADD", KEY, "9e12", "garbage");
    redis.command("ZADD", KEY, "+inf", "garbage without an end");
    redis.command("ZADD", KEY, "9e12", EventText.write(event("stored", 5)));
    Replica one = new Replica().up();
    assertThat(one.knows("stored")).isTrue();
    assertThat(one.count(Transit.MALFORMED)).isEqualTo(2);
    redis.command("PUBLISH", KEY, "");
    redis.command("PUBLISH", KEY, "2 1 1 - user");
    redis.command("PUBLISH", KEY, "x".repeat(100_000));
    redis.command("PUBLISH", KEY, EventText.write(event("told", 6)));
    await(() -> one.knows("told"));
    assertThat(one.count(Transit.MALFORMED)).isEqualTo(5);
    assertThat(one.shared.isUp()).isTrue();
  }

  @Test
  void keyOfAnotherType_isDegradedAndNoMore() {
    redis.start();
    redis.command("SET", KEY, "text");
    Replica one = new Replica();
    one.learn("user", 1);
    Awaitility.await()
        .atMost(RedisMarks.LOAD_TIME.plusSeconds(1))
        .until(() -> !one.shared.isLoading());
    assertThat(one.shared.isUp()).isFalse();
    redis.command("DEL", KEY);
    one.up();
  }

  @Test
  void marksInRedis_expireByThemselves() {
    redis.start();
    redis.command("ZADD", KEY, "1000", EventText.write(event("over", 1)));
    Replica one = new Replica().up();
    one.learn("user", 2);
    await(() -> one.count(Transit.PUBLISHED) == 1);
    assertThat(redis.command("ZRANGE", KEY, "0", "-1"))
        .isEqualTo(List.of(EventText.write(event("user", 2))));
    assertThat((long) redis.command("PTTL", KEY)).isPositive();
  }

  @Test
  void otherProject_keepsItsMarksToItself() {
    redis.start();
    Replica one = new Replica().up();
    Replica other = new Replica(redis.url(), "https://other.authgear.cloud").up();
    Replica same = new Replica().up();
    one.learn("user", 1);
    await(() -> same.knows("user"));
    assertThat(other.knows("user")).isFalse();
  }

  @Test
  void password_isNeeded() {
    try (RedisServer closed = new RedisServer("--requirepass", "s3cr3t")) {
      closed.start();
      String address = "127.0.0.1:" + closed.port();
      Replica without = new Replica("redis://" + address, PROJECT);
      Replica with = new Replica("redis://:s3cr3t@" + address, PROJECT).up();
      with.learn("user", 1);
      await(() -> with.count(Transit.PUBLISHED) == 1);
      assertThat(without.shared.isUp()).isFalse();
    }
  }

  private UserEvent event(String user, long seq) {
    return new UserEvent(user, seq, clock.seconds(), DISABLED);
  }

  /** A service whose steady clock stands still: what has aged has aged in Redis. */
  private Followed serviceThatStarts(Duration bound) {
    Followed followed = new Followed(clock, () -> 0, bound);
    ChangeMarks marks = new ChangeMarks(clock, System::nanoTime, Duration.ZERO);
    RedisMarks shared = RedisMarks.start(redis.url(), PROJECT, marks, _ -> {}, followed);
    services.add(shared);
    await(shared::isUp);
    return followed;
  }

  @Test
  void starter_readsTheLastHeartbeat_andWhatWasToldBefore() {
    redis.start();
    Replica follower = new Replica().up();
    follower.learn("alice", 1);
    assertThat(follower.shared.beat(new Heartbeat("f", clock.millis(), 0, 7))).isTrue();
    await(() -> follower.count(Transit.PUBLISHED) == 1);
    follower.close();
    Followed followed = new Followed(clock, () -> 0, Duration.ofMinutes(1));
    ChangeMarks marks = new ChangeMarks(clock, System::nanoTime, Duration.ZERO);
    RedisMarks shared = RedisMarks.start(redis.url(), PROJECT, marks, _ -> {}, followed);
    services.add(shared);

    await(() -> followed.standing() != null);

    assertThat(marks.latest("alice")).isNotNull();
    assertThat(requireNonNull(followed.standing()).since()).isEqualTo(7);
  }

  @Test
  void starter_heartbeatIsThereForLongerThanTheBound_isNotFollowed() {
    redis.start();
    Replica follower = new Replica().up();
    // By the wall clock it is of the future, as a clock that is ahead would say.
    assertThat(follower.shared.beat(new Heartbeat("f", clock.millis() + 3_600_000, 0, 7))).isTrue();
    await(() -> serviceThatStarts(Duration.ofSeconds(30)).standing() != null);

    await(() -> serviceThatStarts(Duration.ofMillis(500)).standing() == null);
  }
}
