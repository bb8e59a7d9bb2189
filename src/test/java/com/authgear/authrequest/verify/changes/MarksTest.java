package com.authgear.authrequest.verify.changes;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.verify.changes.Changes.Change;
import com.authgear.authrequest.verify.changes.Marks.Effect;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MarksTest {

  private static final String USER = "a11ce000-0000-4000-8000-000000000001";
  private static final Duration SKEW = Duration.ofSeconds(30);
  private static final List<Interval> ENABLED = List.of();
  private static final List<Interval> DISABLED = List.of(Interval.always());

  private final SettableClock clock = new SettableClock();
  private final Marks marks = new Marks(clock, SKEW, 3);
  private final long now = clock.seconds();

  private Effect learn(long seq, long at, List<Interval> disabled) {
    return marks.learn(new UserEvent(USER, seq, at, disabled));
  }

  private static List<Interval> span(long fromSecond, long untilSecond) {
    return List.of(new Interval(fromSecond * 1000, untilSecond * 1000));
  }

  private void at(long second) {
    clock.set(Instant.ofEpochSecond(second));
  }

  @Test
  void latest_unknownUser_isNull() {
    learn(1, now, DISABLED);
    assertThat(marks.latest("b0b")).isNull();
  }

  @Test
  void learn_event_marksItsUserFromTheMomentItWasHeard() {
    assertThat(learn(1, now - 2, ENABLED)).isEqualTo(Effect.MARKED);
    assertThat(marks.latest(USER)).isEqualTo(new Change(now - 2, now * 1000, false));
    assertThat(marks.inForce()).isOne();
  }

  @Test
  void latest_asTimePasses_staysWhatItWas() {
    learn(1, now, DISABLED);
    clock.advance(Duration.ofDays(1));
    assertThat(marks.latest(USER)).isEqualTo(new Change(now, now * 1000, true));
  }

  @Nested
  class Order {

    @Test
    void doubledEvent_changesNothing() {
      learn(1, now, DISABLED);
      clock.advance(Duration.ofSeconds(9));
      assertThat(learn(1, now, DISABLED)).isEqualTo(Effect.KNOWN);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now, now * 1000, true));
    }

    @Test
    void oldDisablingEventAfterTheEnablingOne_doesNotDisable() {
      learn(2, now, ENABLED);
      clock.advance(Duration.ofSeconds(1));
      assertThat(learn(1, now - 5, DISABLED)).isEqualTo(Effect.MARKED);
      // Not heard before, so it needs a confirmation, and nothing more.
      assertThat(marks.latest(USER)).isEqualTo(new Change(now, (now + 1) * 1000, false));
    }

    @Test
    void oldEnablingEventAfterTheDisablingOne_doesNotEnable() {
      learn(2, now, DISABLED);
      learn(1, now - 5, ENABLED);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now, now * 1000, true));
    }

    @Test
    void newerEnablingEvent_enables() {
      learn(1, now, DISABLED);
      clock.advance(Duration.ofSeconds(60));
      learn(2, now + 60, ENABLED);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now + 60, (now + 60) * 1000, false));
    }

    @Test
    void sameEventsInAnyOrderAndDoubled_endInTheSameState() {
      List<UserEvent> events =
          List.of(
              new UserEvent(USER, 10, now - 40, DISABLED),
              new UserEvent(USER, 11, now - 30, ENABLED),
              new UserEvent(USER, 12, now - 20, span(now - 10, now + 10)),
              new UserEvent(USER, 13, now - 21, DISABLED));
      Random random = new Random(4);
      for (int round = 0; round < 200; round++) {
        List<UserEvent> shuffled = new ArrayList<>(events);
        shuffled.addAll(events);
        Collections.shuffle(shuffled, random);
        Marks fresh = new Marks(clock, SKEW);
        shuffled.forEach(fresh::learn);
        Change change = requireNonNull(fresh.latest(USER));
        assertThat(change.disabled()).isTrue();
        assertThat(change.learned()).isEqualTo(now * 1000);
        assertThat(change.at()).isBetween(now - 20, now - 10);
      }
    }
  }

  @Nested
  class Bounds {

    @Test
    void temporarySpan_isAChangeAtEachOfItsEnds() {
      learn(1, now, span(now + 100, now + 200));
      assertThat(marks.latest(USER)).isEqualTo(new Change(now, now * 1000, false));
      at(now + 99);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now, now * 1000, false));
      at(now + 100);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now + 100, (now + 100) * 1000, true));
      at(now + 199);
      assertThat(marks.latest(USER)).extracting(Change::disabled).isEqualTo(true);
      at(now + 200);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now + 200, (now + 200) * 1000, false));
    }

    @Test
    void bound_whenAuthgearsClockMayHaveReachedIt_isAChangeOnceMore() {
      learn(1, now, span(now + 100, now + 200));
      at(now + 129);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now + 100, (now + 100) * 1000, true));
      at(now + 130);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now + 100, (now + 130) * 1000, true));
    }

    @Test
    void enablingBeforeTheBound_withdrawsIt() {
      learn(1, now, span(now + 100, now + 200));
      at(now + 50);
      learn(2, now + 50, ENABLED);
      at(now + 150);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now + 50, (now + 50) * 1000, false));
    }

    @Test
    void boundThatPassedBeforeANewerEvent_stillCounts() {
      learn(1, now, span(now + 100, now + 200));
      at(now + 150);
      learn(2, now + 20, DISABLED);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now + 100, (now + 150) * 1000, true));
    }

    @Test
    void boundFarAway_keepsTheMarkUntilRetentionAfterIt() {
      long year = now + 365L * 86_400;
      learn(1, now, List.of(new Interval(year * 1000, Interval.NEVER)));
      at(year - 1);
      assertThat(marks.latest(USER)).extracting(Change::disabled).isEqualTo(false);
      at(year);
      assertThat(marks.latest(USER)).isEqualTo(new Change(year, year * 1000, true));
      at(year + 30 + Marks.RETENTION.toSeconds());
      assertThat(marks.latest(USER)).isNull();
    }
  }

  @Nested
  class End {

    @Test
    void mark_endsWithTheLastTokenThatItMattersTo() {
      learn(1, now, DISABLED);
      clock.advance(Marks.RETENTION.minusMillis(1));
      assertThat(marks.latest(USER)).isNotNull();
      clock.advance(Duration.ofMillis(1));
      assertThat(marks.latest(USER)).isNull();
      assertThat(marks.inForce()).isZero();
      assertThat(marks.dropped()).isZero();
    }

    @Test
    void replayOfAnEventThatIsOver_marksNobody() {
      long longAgo = now - Marks.RETENTION.toSeconds();
      assertThat(learn(1, longAgo, DISABLED)).isEqualTo(Effect.TOO_OLD);
      assertThat(marks.latest(USER)).isNull();
    }

    @Test
    void timeOfTheFuture_isTakenForFiveMinutesAhead() {
      learn(1, now + 86_400, DISABLED);
      assertThat(marks.latest(USER)).isEqualTo(new Change(now + 300, now * 1000, true));
    }

    @Test
    void flood_keepsTheNewestAndCountsTheRest() {
      for (int i = 0; i < 10; i++) {
        marks.learn(new UserEvent("user" + i, i, now, DISABLED));
      }
      assertThat(marks.inForce()).isEqualTo(3);
      assertThat(marks.dropped()).isEqualTo(7);
      assertThat(marks.latest("user6")).isNull();
      assertThat(marks.latest("user7")).isNotNull();
      assertThat(marks.latest("user9")).isNotNull();
    }

    @Test
    void userOfANewEvent_isNotTheNextToGo() {
      for (int i = 0; i < 3; i++) {
        marks.learn(new UserEvent("user" + i, i, now, DISABLED));
      }
      marks.learn(new UserEvent("user0", 8, now, DISABLED));
      marks.learn(new UserEvent("user9", 9, now, DISABLED));
      assertThat(marks.latest("user0")).isNotNull();
      assertThat(marks.latest("user1")).isNull();
    }
  }

  @Test
  void snapshot_learnedElsewhere_givesTheSameChanges() {
    learn(1, now - 10, ENABLED);
    learn(2, now, span(now + 100, now + 200));
    Marks other = new Marks(clock, SKEW);
    marks.snapshot().forEach(other::learn);
    for (long second : new long[] {now, now + 100, now + 200}) {
      at(second);
      assertThat(other.latest(USER)).isNotNull().isEqualTo(marks.latest(USER));
    }
  }
}
