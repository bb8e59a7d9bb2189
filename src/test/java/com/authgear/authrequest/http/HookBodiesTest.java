package com.authgear.authrequest.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.http.HookBodies.BodyLimits;
import com.authgear.authrequest.http.HookBodies.BodySlot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.component.AbstractLifeCycle;
import org.eclipse.jetty.util.thread.Scheduler;
import org.junit.jupiter.api.Test;

class HookBodiesTest {

  private final Timers timers = new Timers();
  private final HookBodies bodies =
      new HookBodies(
          new BodyLimits(3, Duration.ofSeconds(5), 1000, Duration.ofSeconds(60)),
          () -> timers.nanos);
  private final List<String> ended = new ArrayList<>();

  /** Runs what is due when a test lets time pass. */
  private static final class Timers extends AbstractLifeCycle implements Scheduler {
    private record Timer(long at, Runnable task) {}

    private final List<Timer> waiting = new ArrayList<>();
    private long nanos = -9;

    @Override
    public Task schedule(Runnable task, long delay, TimeUnit units) {
      Timer timer = new Timer(nanos + units.toNanos(delay), task);
      waiting.add(timer);
      return () -> waiting.remove(timer);
    }

    private void pass(long seconds) {
      nanos += TimeUnit.SECONDS.toNanos(seconds);
      List<Timer> due = waiting.stream().filter(timer -> timer.at <= nanos).toList();
      waiting.removeAll(due);
      due.forEach(timer -> timer.task.run());
    }
  }

  private BodySlot enter(String name) {
    return bodies.enter(timers, _ -> ended.add(name));
  }

  @Test
  void bodyThatDoesNotCome_isGivenUpAfterTheGrace() {
    BodySlot place = enter("a");
    timers.pass(5);
    assertThat(ended).isEmpty();
    timers.pass(1);
    assertThat(ended).containsExactly("a");
    assertThat(place.givenUp()).isEqualTo(HookResult.TIMEOUT);
    assertThat(bodies.size()).isZero();
  }

  @Test
  void whatCameOfABody_movesItsEndOnAtTheLeastRate() {
    BodySlot place = enter("a");
    place.received(10_000);
    timers.pass(14);
    assertThat(ended).isEmpty();
    timers.pass(2);
    assertThat(ended).containsExactly("a");
  }

  @Test
  void noBody_isWaitedForLongerThanTheLongestTime() {
    BodySlot place = enter("a");
    place.received(32_000_000);
    timers.pass(59);
    assertThat(ended).isEmpty();
    timers.pass(2);
    assertThat(ended).containsExactly("a");
  }

  @Test
  void allPlacesTaken_theSlowestMakesRoomAndNobodyIsTurnedAway() {
    BodySlot fast = enter("fast");
    fast.received(3_000);
    timers.pass(1);
    BodySlot slow = enter("slow");
    timers.pass(1);
    BodySlot young = enter("young");
    BodySlot newcomer = enter("newcomer");
    assertThat(ended).containsExactly("slow");
    assertThat(slow.givenUp()).isEqualTo(HookResult.OVERLOADED);
    for (int i = 0; i < 300; i++) {
      BodySlot _ = enter("flood");
    }
    assertThat(fast.givenUp()).as("what it sent keeps it").isNull();
    assertThat(young.givenUp()).isEqualTo(HookResult.OVERLOADED);
    assertThat(newcomer.givenUp()).isEqualTo(HookResult.OVERLOADED);
    assertThat(bodies.size()).isEqualTo(3);
  }

  @Test
  void bodyThatIsThere_isNotGivenUpAnyMore() {
    try (BodySlot _ = enter("a")) {
      timers.pass(1);
    }
    timers.pass(120);
    assertThat(ended).isEmpty();
    assertThat(bodies.size()).isZero();
    assertThat(timers.waiting).isEmpty();
  }
}
