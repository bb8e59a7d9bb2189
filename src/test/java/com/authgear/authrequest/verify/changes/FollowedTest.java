package com.authgear.authrequest.verify.changes;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.verify.session.TestClock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FollowedTest {

  private static final long SINCE = 1_000;

  private final TestClock clock = new TestClock();
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
  class InMarks {
    private final ChangeMarks marks =
        new ChangeMarks(clock, clock::nanoTime, Duration.ofSeconds(30), 2);
    private final long now = TestClock.START;

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
