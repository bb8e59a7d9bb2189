package com.authgear.authrequest.sandbox;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One resolver call at a time for each session: the others try a few times, then give up, which
 * Authgear's resolver answers with 500 (its Redis mutex: 5 tries, 50 to 250 ms apart). Off unless
 * told otherwise, so that tests and the demo meet it only where they mean to. Thread-safe.
 */
final class SessionLocks {

  /**
   * How the lock behaves.
   *
   * @param held how long a call holds it
   * @param tries how often another one tries, at least once
   * @param shortest and {@code longest}: between two tries
   */
  record Timing(Duration held, int tries, Duration shortest, Duration longest) {
    /** As measured: two calls to Redis. */
    static final Timing AUTHGEAR =
        new Timing(Duration.ofMillis(2), 5, Duration.ofMillis(50), Duration.ofMillis(250));
  }

  private record On(Timing timing, Map<String, Semaphore> locks) {}

  private volatile @Nullable On now;

  void turnOn(Timing timing) {
    now = new On(timing, new ConcurrentHashMap<>());
  }

  void turnOff() {
    now = null;
  }

  /** Whether a call about this session may go on; false after the last try. */
  boolean pass(String session) throws InterruptedException {
    On on = now;
    if (on == null) {
      return true;
    }
    Timing timing = on.timing();
    Semaphore lock = on.locks().computeIfAbsent(session, _ -> new Semaphore(1));
    for (int i = 0; i < timing.tries(); i++) {
      if (i > 0) {
        pause(timing);
      }
      if (lock.tryAcquire()) {
        try {
          TimeUnit.NANOSECONDS.sleep(timing.held().toNanos());
          return true;
        } finally {
          lock.release();
        }
      }
    }
    return false;
  }

  private static void pause(Timing timing) throws InterruptedException {
    long shortest = timing.shortest().toNanos();
    long longest = timing.longest().toNanos();
    TimeUnit.NANOSECONDS.sleep(ThreadLocalRandom.current().nextLong(shortest, longest + 1));
  }
}
