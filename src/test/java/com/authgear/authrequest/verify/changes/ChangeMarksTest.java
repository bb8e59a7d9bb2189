package com.authgear.authrequest.verify.changes;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.verify.changes.ChangeMarks.Effect;
import com.authgear.authrequest.verify.changes.Changes.Change;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ChangeMarksTest {

  private static final String USER = "a11ce000-0000-4000-8000-000000000001";
  private static final Duration SKEW = Duration.ofSeconds(30);
  private static final long MARGIN = SKEW.toSeconds();
  private static final long SECOND_LOOK = ChangeMarks.SECOND_LOOK.toMillis();
  private static final List<Interval> ENABLED = List.of();
  private static final List<Interval> DISABLED = List.of(Interval.always());

  private final SettableClock clock = new SettableClock();
  private final ChangeMarks marks = new ChangeMarks(clock, clock::nanoTime, SKEW, 3);
  private final long now = SettableClock.START_SECONDS;

  private Effect learn(long seq, long at, List<Interval> disabled) {
    return marks.learn(new UserEvent(USER, seq, at, disabled));
  }

  private static List<Interval> span(long fromSecond, long untilSecond) {
    return List.of(new Interval(fromSecond * 1000, untilSecond * 1000));
  }

  /** Time passes until a second. */
  private void at(long second) {
    clock.pass(second * 1000 - clock.millis());
  }

  private Change change() {
    return requireNonNull(marks.latest(USER));
  }

  /** As a question does: whatever was heard of until now is covered. */
  private boolean needsConfirmation(long covers) {
    return change().number() > covers;
  }

  @Test
  void latest_unknownUser_isNull() {
    learn(1, now, DISABLED);
    assertThat(marks.latest("b0b")).isNull();
  }

  @Test
  void learn_event_needsAnAnswerAskedForSince() {
    long before = marks.number();
    assertThat(learn(1, now - 2, ENABLED)).isEqualTo(Effect.MARKED);
    assertThat(needsConfirmation(before)).isTrue();
    assertThat(needsConfirmation(marks.number())).isFalse();
    assertThat(change().isBefore(before, clock.millis())).isFalse();
    assertThat(marks.inForce()).isOne();
  }

  @Test
  void latest_asTimePasses_staysWhatItWas() {
    learn(1, now, DISABLED);
    clock.pass(SECOND_LOOK);
    Change change = change();
    clock.pass(Duration.ofDays(1).toMillis());
    assertThat(change()).isEqualTo(change);
  }

  @Test
  void token_issuedALittleAfterTheEvent_isTakenForOlder() {
    learn(1, now, DISABLED);
    assertThat(change().concerns(now + MARGIN)).isTrue();
    assertThat(change().concerns(now + MARGIN + 1)).isFalse();
  }

  @Test
  void token_withoutSkew_stillHasAMargin() {
    ChangeMarks exact = new ChangeMarks(clock, clock::nanoTime, Duration.ZERO);
    exact.learn(new UserEvent(USER, 1, now, ENABLED));
    assertThat(requireNonNull(exact.latest(USER)).concerns(now + 1)).isTrue();
    assertThat(requireNonNull(exact.latest(USER)).concerns(now + 3)).isFalse();
  }

  @Nested
  class Order {

    @Test
    void doubledEvent_changesNothing() {
      learn(1, now, DISABLED);
      Change change = change();
      assertThat(learn(1, now, DISABLED)).isEqualTo(Effect.KNOWN);
      assertThat(change()).isEqualTo(change);
    }

    @Test
    void oldDisablingEventAfterTheEnablingOne_doesNotDisable() {
      learn(2, now, ENABLED);
      long covers = marks.number();
      assertThat(learn(1, now - 5, DISABLED)).isEqualTo(Effect.MARKED);
      assertThat(needsConfirmation(covers)).as("not heard before").isTrue();
      assertThat(change().isBefore(covers, clock.millis())).as("what came after was").isTrue();
      assertThat(change().refuses(now - 5)).as("its sessions ended").isTrue();
      assertThat(change().refuses(now)).isFalse();
    }

    @Test
    void oldEnablingEventAfterTheDisablingOne_doesNotEnable() {
      learn(2, now, DISABLED);
      learn(1, now - 5, ENABLED);
      assertThat(change().refuses(now + MARGIN)).isTrue();
    }

    @Test
    void newerEnablingEvent_enablesAndBringsNothingBack() {
      learn(1, now, DISABLED);
      at(now + 60);
      assertThat(change().refuses(now + MARGIN)).isTrue();
      learn(2, now + 60, ENABLED);
      assertThat(change().refuses(now)).isTrue();
      assertThat(change().refuses(now + MARGIN)).as("by another clock").isTrue();
      assertThat(change().refuses(now + 60)).isFalse();
    }

    @Test
    void enabledSoonAfterwards_marginEndsThere() {
      learn(1, now, DISABLED);
      learn(2, now + 3, ENABLED);
      learn(3, now + 20, ENABLED);
      assertThat(change().refuses(now + 2)).isTrue();
      assertThat(change().refuses(now + 3)).isFalse();
    }

    @Test
    void enabledWithinTheSameSecond_whatWasIssuedInItIsRefused() {
      learn(1, now, DISABLED);
      learn(2, now, ENABLED);
      assertThat(change().refuses(now)).isTrue();
      assertThat(change().refuses(now + 1)).isFalse();
    }

    @Test
    void ourClockSetBack_newerEventIsNewer() {
      learn(1, now, ENABLED);
      long covers = marks.number();
      clock.jump(-3_600_000);
      learn(2, now + 1, DISABLED);
      assertThat(needsConfirmation(covers)).isTrue();
      assertThat(change().isBefore(covers, now * 1000 - 1)).isFalse();
    }

    @Test
    void authgearsClockSetBack_newerEventConcernsWhatWasIssuedBefore() {
      marks.learn(new UserEvent("b0b", 7, now, ENABLED));
      learn(8, now - 600, DISABLED);
      assertThat(change().concerns(now)).isTrue();
      assertThat(change().refuses(now)).isTrue();
    }

    @Test
    void authgearsClockSetBack_eventThatMarksNobodyTellsTheOrder() {
      marks.pass(7, now);
      learn(8, now - 600, ENABLED);
      assertThat(change().concerns(now)).isTrue();
      learn(6, now - 700, ENABLED);
      ChangeMarks other = new ChangeMarks(clock, clock::nanoTime, SKEW);
      other.pass(7, now);
      other.learn(new UserEvent(USER, 6, now - 600, ENABLED));
      assertThat(requireNonNull(other.latest(USER)).concerns(now)).as("an older event").isFalse();
    }

    @Test
    void sameEventsInAnyOrderAndDoubled_endInTheSameState() {
      List<UserEvent> events =
          List.of(
              new UserEvent(USER, 10, now - 4000, DISABLED),
              new UserEvent(USER, 11, now - 3000, ENABLED),
              new UserEvent(USER, 12, now - 2000, span(now - 1000, now + 1000)),
              new UserEvent(USER, 13, now - 500, DISABLED),
              new UserEvent(USER, 14, now - 100, ENABLED));
      Random random = new Random(4);
      for (int round = 0; round < 200; round++) {
        List<UserEvent> shuffled = new ArrayList<>(events);
        shuffled.addAll(events);
        Collections.shuffle(shuffled, random);
        ChangeMarks fresh = new ChangeMarks(clock, clock::nanoTime, SKEW);
        shuffled.forEach(fresh::learn);
        Change change = requireNonNull(fresh.latest(USER));
        // An event that seems younger than one with a higher number keeps its own time.
        assertThat(change.confirmUntil()).isEqualTo(now - 100 + MARGIN);
        assertThat(change.refuses(now - 500)).isTrue();
        assertThat(change.refuses(now - 500 + MARGIN + 1)).isFalse();
        long number = fresh.number();
        shuffled.forEach(fresh::learn);
        assertThat(fresh.number()).as("all are known").isEqualTo(number);
      }
    }
  }

  @Nested
  class Replay {

    @Test
    void oldEventsInTurn_needOneConfirmationEachAndNeverAgain() {
      for (int seq = 1; seq <= 9; seq++) {
        assertThat(learn(seq, now - 600 + seq, DISABLED)).isEqualTo(Effect.MARKED);
      }
      long number = marks.number();
      for (int round = 0; round < 5; round++) {
        clock.pass(1000);
        for (int seq = 1; seq <= 9; seq++) {
          assertThat(learn(seq, now - 600 + seq, DISABLED)).isEqualTo(Effect.KNOWN);
        }
      }
      assertThat(marks.number()).isEqualTo(number);
    }

    @Test
    void moreEventsThanAreRemembered_theOldestStayKnown() {
      for (int round = 0; round < 3; round++) {
        for (int seq = 1; seq <= 5 * HeardEvents.LEAST; seq++) {
          learn(seq, now - 600 + seq, ENABLED);
        }
      }
      assertThat(marks.number()).isEqualTo(5L * HeardEvents.LEAST);
    }

    @Test
    void eventsOfLongAgo_moreThanAreRemembered_theOldestStayKnown() {
      long longAgo = now - 2 * HeardEvents.LATE_SECONDS;
      for (int round = 0; round < 3; round++) {
        for (int seq = 1; seq <= 5 * HeardEvents.LEAST; seq++) {
          learn(seq, longAgo + seq, ENABLED);
        }
      }
      assertThat(marks.number()).isEqualTo(5L * HeardEvents.LEAST);
    }

    @Test
    void lateEntry_lowerThanManyThatCameBefore_isNotLost() {
      for (int seq = 100; seq < 100 + 3 * HeardEvents.LEAST; seq++) {
        learn(seq, now - 600 + seq, ENABLED);
      }
      long covers = marks.number();
      assertThat(learn(7, now - 590, ENABLED)).isEqualTo(Effect.MARKED);
      assertThat(needsConfirmation(covers)).isTrue();
      assertThat(learn(7, now - 590, ENABLED)).isEqualTo(Effect.KNOWN);
    }

    @Test
    void lateEntry_whereNoMoreCanBeRemembered_isNotLostEither() {
      for (int seq = 1_000; seq < 1_000 + 2 * HeardEvents.MOST; seq++) {
        learn(seq, now - 5, ENABLED);
      }
      long covers = marks.number();
      assertThat(learn(7, now - 60, ENABLED)).isEqualTo(Effect.MARKED);
      assertThat(needsConfirmation(covers)).isTrue();
    }

    @Test
    void descending_isBoundedToo() {
      for (int round = 0; round < 3; round++) {
        for (int seq = 100; seq >= 1; seq--) {
          learn(seq, now - 600 + seq, ENABLED);
        }
      }
      assertThat(marks.number()).isLessThanOrEqualTo(100);
    }

    @Test
    void oldEvent_isBeforeWhatWasAskedForAfterItsOwnTime() {
      long covers = marks.number();
      long asked = clock.millis();
      learn(1, now - MARGIN - 1, DISABLED);
      assertThat(needsConfirmation(covers)).isTrue();
      assertThat(change().isBefore(covers, asked)).isTrue();
      learn(2, now - MARGIN, DISABLED);
      assertThat(change().isBefore(covers, asked)).isFalse();
    }

    @Test
    void oldEventAfterANewOneThatWasConfirmed_takesNothingAway() {
      learn(2, now, ENABLED);
      long covers = marks.number();
      learn(1, now - 600, DISABLED);
      assertThat(change().isBefore(covers, clock.millis())).isTrue();
    }

    @Test
    void manyUsers_oldEventsPushOutNoNewerMark() {
      for (int i = 0; i < 3; i++) {
        marks.learn(new UserEvent("new" + i, 100 + i, now, DISABLED));
      }
      long number = marks.number();
      for (int i = 0; i < 90; i++) {
        assertThat(marks.learn(new UserEvent("old" + i, i, now - 600, DISABLED)))
            .isEqualTo(Effect.TOO_OLD);
      }
      assertThat(marks.number()).isEqualTo(number);
      assertThat(marks.latest("new0")).isNotNull();
      assertThat(marks.dropped()).isEqualTo(90);
    }

    @Test
    void counterSetBackByABackup_newerTimeIsNews() {
      for (int seq = 1000; seq < 1000 + HeardEvents.LEAST; seq++) {
        learn(seq, now - 60, ENABLED);
      }
      assertThat(learn(3, now, DISABLED)).isEqualTo(Effect.MARKED);
      assertThat(change().refuses(now)).isTrue();
      assertThat(learn(3, now, DISABLED)).isEqualTo(Effect.KNOWN);
    }
  }

  @Nested
  class SecondLook {

    @Test
    void freshEvent_needsAnotherConfirmationALittleLater() {
      learn(1, now, ENABLED);
      long covers = marks.number();
      clock.pass(SECOND_LOOK - 1);
      assertThat(needsConfirmation(covers)).isFalse();
      clock.pass(1);
      assertThat(needsConfirmation(covers)).isTrue();
      assertThat(change().isBefore(covers, 0)).as("may serve until then").isTrue();
      assertThat(needsConfirmation(marks.number())).isFalse();
      clock.pass(3_600_000);
      assertThat(needsConfirmation(marks.number())).isFalse();
    }

    @Test
    void question_askedWhenItIsTime_coversIt() {
      learn(1, now, ENABLED);
      clock.pass(SECOND_LOOK);
      long covers = marks.number();
      assertThat(needsConfirmation(covers)).isFalse();
    }

    @Test
    void wallClockSetBack_delaysNothing() {
      learn(1, now, ENABLED);
      long covers = marks.number();
      clock.jump(-3_600_000);
      clock.pass(SECOND_LOOK);
      assertThat(needsConfirmation(covers)).isTrue();
    }

    @Test
    void severalEvents_eachHasItsOwn() {
      learn(1, now, ENABLED);
      clock.pass(SECOND_LOOK / 2);
      learn(2, now + 1, ENABLED);
      clock.pass(SECOND_LOOK / 2);
      long first = marks.number();
      assertThat(needsConfirmation(first)).isFalse();
      clock.pass(SECOND_LOOK / 2);
      assertThat(needsConfirmation(first)).isTrue();
    }

    @Test
    void oldEvent_hasNone() {
      learn(1, now - 61, ENABLED);
      long covers = marks.number();
      clock.pass(SECOND_LOOK);
      assertThat(needsConfirmation(covers)).isFalse();
    }

    @Test
    void flood_isBounded() {
      for (int seq = 1; seq <= 20; seq++) {
        marks.learn(new UserEvent("user" + seq, seq, now, ENABLED));
      }
      long covers = marks.number();
      clock.pass(SECOND_LOOK);
      assertThat(requireNonNull(marks.latest("user20")).number()).isGreaterThan(covers);
    }
  }

  @Nested
  class EndedSessions {

    /** How many answers a token needs from now on that is asked about all the time. */
    private int confirmations() {
      int confirmations = 0;
      long covers = -1;
      for (int step = 0; step < 100; step++) {
        if (needsConfirmation(covers)) {
          covers = marks.number();
          confirmations++;
        }
        clock.pass(1_000);
      }
      return confirmations;
    }

    @Test
    void signedOut_needsOneConfirmationAndTheSecondLook() {
      marks.learn(UserEvent.signedOut(USER, 1, now));
      assertThat(confirmations()).isEqualTo(2);
    }

    @Test
    void disabledAndEnabledAtOnce_needsOneConfirmationAndTheSecondLook() {
      learn(1, now, List.of(new Interval(Interval.ALWAYS, now * 1000 + 1)));
      assertThat(confirmations()).isEqualTo(2);
    }

    @Test
    void signedOut_whereTheAccountWasTold_needsOneConfirmationAndTheSecondLook() {
      learn(1, now - 100, DISABLED);
      learn(2, now - 90, ENABLED);
      marks.learn(UserEvent.signedOut(USER, 3, now));
      ChangeMarks other = new ChangeMarks(clock, clock::nanoTime, SKEW);
      marks.snapshot().forEach(other::learn);
      assertThat(confirmations()).isEqualTo(2);
    }

    @Test
    void signedOut_leavesABoundThatIsStillToCome() {
      learn(1, now, span(now + 10, now + 20));
      marks.learn(UserEvent.signedOut(USER, 2, now + 5));
      at(now + 9);
      long covers = marks.number();
      at(now + 10);
      assertThat(needsConfirmation(covers)).isTrue();
      covers = marks.number();
      at(now + 20);
      assertThat(needsConfirmation(covers)).isTrue();
    }
  }

  @Nested
  class Bounds {

    @Test
    void temporarySpanThatBeginsLater_isAChangeAtEachOfItsEndsAndEndsNoSession() {
      learn(1, now, span(now + 100, now + 200));
      assertThat(change().refuses(now)).isFalse();
      at(now + 99);
      long covers = marks.number();
      assertThat(needsConfirmation(covers)).isFalse();
      at(now + 100);
      assertThat(needsConfirmation(covers)).isTrue();
      assertThat(change().isBefore(covers, clock.millis())).isFalse();
      assertThat(change().concerns(now + 100)).isTrue();
      assertThat(change().refuses(now)).isTrue();
      covers = marks.number();
      at(now + 200);
      assertThat(needsConfirmation(covers)).isTrue();
      assertThat(change().refuses(now)).isFalse();
      assertThat(change().concerns(now + 200)).isTrue();
    }

    @Test
    void temporarySpanInEffect_endsTheSessionsOfBefore() {
      learn(1, now, List.of(new Interval(Interval.ALWAYS, (now + 100) * 1000)));
      assertThat(change().refuses(now + MARGIN)).isTrue();
      at(now + 100);
      assertThat(change().refuses(now)).isTrue();
      assertThat(change().refuses(now + MARGIN)).isTrue();
      assertThat(change().refuses(now + 100)).isFalse();
    }

    @Test
    void bound_whenAuthgearsClockMayHaveReachedIt_isAChangeOnceMore() {
      learn(1, now, span(now + 100, now + 200));
      at(now + 129);
      long covers = change().number();
      assertThat(needsConfirmation(covers)).isFalse();
      at(now + 130);
      assertThat(needsConfirmation(covers)).isTrue();
      assertThat(change().concerns(now + 100 + MARGIN + 1)).isFalse();
    }

    @Test
    void boundThatPassed_clockSetBack_isNoNewChange() {
      learn(1, now, span(now + 100, now + 200));
      at(now + 131);
      Change change = change();
      clock.jump(-60_000);
      assertThat(change().number()).isEqualTo(change.number());
      assertThat(change().confirmUntil()).isEqualTo(change.confirmUntil());
    }

    @Test
    void enablingBeforeTheBound_withdrawsIt() {
      learn(1, now, span(now + 100, now + 200));
      at(now + 50);
      learn(2, now + 50, ENABLED);
      clock.pass(SECOND_LOOK);
      long covers = change().number();
      at(now + 150);
      assertThat(needsConfirmation(covers)).isFalse();
      assertThat(change().refuses(now)).isFalse();
    }

    @Test
    void boundFarAway_keepsTheMarkUntilRetentionAfterIt() {
      long year = now + 365L * 86_400;
      learn(1, now, List.of(new Interval(year * 1000, Interval.NEVER)));
      at(year - 1);
      assertThat(change().refuses(year - 1)).isFalse();
      at(year);
      assertThat(change().refuses(year)).isTrue();
      at(year + 30 + ChangeMarks.RETENTION.toSeconds());
      assertThat(marks.latest(USER)).isNull();
    }
  }

  @Nested
  class End {

    @Test
    void mark_endsWithTheLastTokenThatItMattersTo() {
      learn(1, now, DISABLED);
      clock.pass(ChangeMarks.RETENTION.toMillis() - 1);
      assertThat(marks.latest(USER)).isNotNull();
      clock.pass(1);
      assertThat(marks.latest(USER)).isNull();
      assertThat(marks.inForce()).isZero();
      assertThat(marks.dropped()).isZero();
    }

    @Test
    void replayOfAnEventThatIsOver_marksNobody() {
      long longAgo = now - ChangeMarks.RETENTION.toSeconds();
      assertThat(learn(1, longAgo, DISABLED)).isEqualTo(Effect.TOO_OLD);
      assertThat(marks.latest(USER)).isNull();
    }

    @Test
    void timeOfTheFuture_isTakenForFiveMinutesAhead() {
      learn(1, now + 86_400, DISABLED);
      assertThat(change().confirmUntil()).isEqualTo(now + 300 + MARGIN);
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
  void snapshot_learnedElsewhere_saysTheSame() {
    learn(1, now - 10, DISABLED);
    learn(2, now - 5, ENABLED);
    learn(3, now, span(now + 100, now + 200));
    ChangeMarks other = new ChangeMarks(clock, clock::nanoTime, SKEW);
    marks.snapshot().forEach(other::learn);
    for (long second : new long[] {now, now + 100, now + 200}) {
      at(second);
      Change there = requireNonNull(other.latest(USER));
      assertThat(there.confirmUntil()).isEqualTo(change().confirmUntil());
      assertThat(there.refuses(now - 10)).isTrue();
      assertThat(there.refuses(now)).isEqualTo(change().refuses(now));
    }
  }

  @Test
  void snapshot_ofOneWhoKnowsMoreOfAnEvent_isTakenOver() {
    learn(1, now - 10, DISABLED);
    learn(2, now - 5, ENABLED);
    ChangeMarks other = new ChangeMarks(clock, clock::nanoTime, SKEW);
    other.learn(new UserEvent(USER, 2, now - 5, ENABLED));
    assertThat(requireNonNull(other.latest(USER)).refuses(now - 10)).isFalse();
    marks.snapshot().forEach(event -> assertThat(other.learn(event)).isEqualTo(Effect.KNOWN));
    assertThat(requireNonNull(other.latest(USER)).refuses(now - 10)).isTrue();
  }
}
