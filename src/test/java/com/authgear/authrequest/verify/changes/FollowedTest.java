package com.authgear.authrequest.verify.changes;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.support.SettableClock;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FollowedTest {

  private static final long SINCE = 1_000;

  private final SettableClock clock = new SettableClock();
  private final Followed followed = new Followed(clock, clock::nanoTime, Duration.ofSeconds(2));

  private Heartbeat beat(String follower, long sent) {
    return new Heartbeat(follower, sent, 0, SINCE);
  }

  @Test
  void standing_noHeartbeat_isNone() {
    assertThat(followed.standing()).isNull();
    assertThat(followed.ageSeconds()).isNaN();
  }

  @Test
  void standing_heartbeat_holdsUntilTheBound() {
    followed.learn(beat("a", clock.millis()));
    clock.pass(1_999);
    assertThat(requireNonNull(followed.standing()).since()).isEqualTo(SINCE);
    assertThat(requireNonNull(followed.standing()).until()).isEqualTo(clock.millis() + 1);
    clock.pass(1);
    assertThat(followed.standing()).isNull();
  }

  @Test
  void learn_replayed_extendsNothing() {
    Heartbeat beat = beat("a", clock.millis());
    assertThat(followed.learn(beat)).isTrue();
    clock.pass(1_500);
    assertThat(followed.learn(beat)).isFalse();
    clock.pass(500);
    assertThat(followed.standing()).isNull();
  }

  @Test
  void learn_delayed_isAsOldAsItsOwnTime() {
    long sent = clock.millis();
    clock.pass(2_000);
    followed.learn(beat("a", sent));
    assertThat(followed.standing()).isNull();
  }

  @Test
  void learn_followersClockIsAhead_agesByTheSteadyClock() {
    followed.learn(beat("a", clock.millis() + 60_000));
    clock.pass(2_000);
    assertThat(followed.standing()).isNull();
  }

  @Test
  void learn_tookLong_isAsOldAsThePoll() {
    followed.learn(new Heartbeat("a", clock.millis(), 1_500, SINCE));
    clock.pass(500);
    assertThat(followed.standing()).isNull();
  }

  @Test
  void learn_twoFollowers_oneIsEnough_theOneThatKnowsMoreCounts() {
    followed.learn(new Heartbeat("a", clock.millis() + 9_000, 0, SINCE));
    followed.learn(new Heartbeat("b", clock.millis(), 0, SINCE - 5));
    assertThat(requireNonNull(followed.standing()).since()).isEqualTo(SINCE - 5);
    clock.pass(1_900);
    followed.learn(new Heartbeat("b", clock.millis(), 0, SINCE - 5));
    clock.pass(200);
    assertThat(followed.standing()).isNotNull();
  }

  @Test
  void forget_nothingCountsUntilTheNextHeartbeat() {
    followed.learn(beat("a", clock.millis()));
    followed.forget();
    assertThat(followed.standing()).isNull();
    clock.pass(1);
    followed.learn(beat("a", clock.millis()));
    assertThat(followed.standing()).isNotNull();
  }

  @Test
  void leftMillis_isUntilTheNewestHeartbeatIsTooOld() {
    assertThat(followed.leftMillis()).isZero();
    followed.learn(beat("a", clock.millis()));
    clock.pass(500);
    assertThat(followed.leftMillis()).isEqualTo(1_500);
    followed.learn(beat("b", clock.millis()));
    clock.pass(100);
    assertThat(followed.leftMillis()).isEqualTo(1_900);
    clock.pass(1_900);
    assertThat(followed.leftMillis()).isZero();
  }

  @Nested
  class Text {
    @Test
    void message_readAndWritten_isTheSame() {
      FollowMessage message =
          new FollowMessage(
              "instance",
              List.of(
                  UserEvent.signedOut("alice", 3, 1_000),
                  UserEvent.changed(UserEvent.EVERYONE, 4, 1_001),
                  new UserEvent("bob", 5, 1_002, List.of(Interval.always()))),
              beat("a", 1));
      assertThat(FollowMessage.read(message.text())).isEqualTo(message);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "to 2 x",
          "to 1 ",
          "to 1 x\nbeat 1 1 0",
          "to 1 x\nbeat 1 1 0 5 a\n1 1 1 - bob",
          "to 1 x\n1 1 1 ? bob",
          "to 1 x\nbeat 1 -1 0 5 a"
        })
    void message_ofAnotherForm_isRefused(String text) {
      assertThatThrownBy(() -> FollowMessage.read(text))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Nested
  class OfAll {
    private static final int USERS = 1_000;
    private final ChangeMarks marks =
        new ChangeMarks(clock, clock::nanoTime, Duration.ofSeconds(30), followed::leftMillis);
    private final long now = SettableClock.START_SECONDS;
    private long seq;

    private void everyone() {
      marks.learn(UserEvent.changed(UserEvent.EVERYONE, ++seq, clock.millis() / 1000));
    }

    /** How many users need an answer that was asked for after this number had been given. */
    private long concerned(long covers) {
      return IntStream.range(0, USERS)
          .mapToObj(i -> marks.latest("user" + i))
          .filter(change -> change != null && change.concerns(now) && change.number() > covers)
          .count();
    }

    @Test
    void nobodyIsFollowed_countsAtOnce() {
      everyone();
      assertThat(concerned(0)).isEqualTo(USERS);
    }

    @Test
    void followed_beginsToCountForOneAfterAnother_andForAllByTheBound() {
      followed.learn(beat("a", clock.millis()));
      clock.pass(1_000);
      long covers = marks.number();
      everyone();
      long before = 0;
      for (int tenth = 1; tenth <= 10; tenth++) {
        clock.pass(100);
        long after = concerned(covers);
        assertThat(after - before).as("in a tenth of the time").isBetween(50L, 150L);
        before = after;
      }
      assertThat(before).isEqualTo(USERS);
    }

    @Test
    void followed_saysWhenItBeginsToCountForAUser() {
      followed.learn(beat("a", clock.millis()));
      assertThat(marks.untilNext("user1")).isEqualTo(Long.MAX_VALUE);
      long covers = marks.number();
      everyone();
      long left = marks.untilNext("user1");
      assertThat(left).isBetween(1L, 2_000_000_000L);
      clock.pass(left / 1_000_000);
      assertThat(marks.latest("user1")).isNull();
      clock.pass(1);
      assertThat(requireNonNull(marks.latest("user1")).number()).isGreaterThan(covers);
    }

    @Test
    void secondLook_isSpreadToo() {
      everyone();
      long covers = marks.number();
      clock.pass(ChangeMarks.SECOND_LOOK.toMillis());
      assertThat(concerned(covers)).isLessThan(10);
      clock.pass(ChangeMarks.SECOND_LOOK_OF_ALL.toMillis() / 2);
      assertThat(concerned(covers)).isBetween(400L, 600L);
      clock.pass(ChangeMarks.SECOND_LOOK_OF_ALL.toMillis() / 2);
      assertThat(concerned(covers)).isEqualTo(USERS);
    }

    @Test
    void manyChanges_eachCountsForAllByItsBound() {
      for (int i = 0; i < 30; i++) {
        followed.learn(beat("a", clock.millis()));
        clock.pass(20);
        everyone();
      }
      long last = marks.number() - 1;
      clock.pass(1_980);
      assertThat(concerned(last)).isEqualTo(USERS);
    }

    @Test
    void ownChange_countsAtOnce() {
      followed.learn(beat("a", clock.millis()));
      everyone();
      long covers = marks.number();
      marks.learn(UserEvent.changed("user1", ++seq, now));
      assertThat(requireNonNull(marks.latest("user1")).number()).isGreaterThan(covers);
    }
  }

  @Nested
  class InMarks {
    private final ChangeMarks marks =
        new ChangeMarks(clock, clock::nanoTime, Duration.ofSeconds(30), 2);
    private final long now = SettableClock.START_SECONDS;

    @Test
    void everyone_concernsWhoeverIsAsked_andTakesNoPlace() {
      marks.learn(UserEvent.changed(UserEvent.EVERYONE, 1, now));
      marks.learn(UserEvent.changed("alice", 2, now));
      marks.learn(UserEvent.changed("bob", 3, now));
      assertThat(requireNonNull(marks.latest("carol")).concerns(now)).isTrue();
      assertThat(marks.dropped()).isZero();
      marks.learn(UserEvent.changed("dave", 4, now));
      assertThat(marks.dropped()).isOne();
      assertThat(marks.forgotten()).isEqualTo(now);
      assertThat(marks.latest("alice")).isNotNull();
    }

    @Test
    void signedOut_refusesTheSameSecond_andNothingLater() {
      marks.learn(UserEvent.signedOut("alice", 1, now - 10));
      assertThat(requireNonNull(marks.latest("alice")).refuses(now - 10)).isTrue();
      assertThat(requireNonNull(marks.latest("alice")).refuses(now - 9)).isFalse();
    }

    @Test
    void changed_leavesABoundThatIsStillToCome() {
      long until = now + 100;
      marks.learn(
          new UserEvent("alice", 1, now, List.of(new Interval(until * 1000, Interval.NEVER))));
      marks.learn(UserEvent.changed("alice", 2, now + 1));
      clock.pass(100_000);
      assertThat(requireNonNull(marks.latest("alice")).concerns(until)).isTrue();
      assertThat(requireNonNull(marks.latest("alice")).refuses(until)).isTrue();
    }

    @Test
    void snapshot_inAnotherReplica_saysTheSame() {
      marks.learn(new UserEvent("alice", 1, now, List.of(Interval.always())));
      marks.learn(UserEvent.signedOut("alice", 2, now + 1));
      marks.learn(UserEvent.changed("bob", 3, now));
      ChangeMarks other = new ChangeMarks(clock, clock::nanoTime, Duration.ofSeconds(30), 2);
      marks.snapshot().forEach(other::learn);
      for (String user : List.of("alice", "bob")) {
        for (long issuedAt = now - 5; issuedAt < now + 40; issuedAt++) {
          assertThat(requireNonNull(other.latest(user)).refuses(issuedAt))
              .isEqualTo(requireNonNull(marks.latest(user)).refuses(issuedAt));
          assertThat(requireNonNull(other.latest(user)).concerns(issuedAt))
              .isEqualTo(requireNonNull(marks.latest(user)).concerns(issuedAt));
        }
      }
    }
  }
}
