package com.authgear.authrequest.verify.changes;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether followers of the audit log tell this process everything in time. Each follower's newest
 * heartbeat counts, and it ages by both clocks: from its own time by the wall clock and from its
 * receipt by the steady one, whichever is more. One that comes late, or once more, says nothing
 * new.
 *
 * <p>Thread-safe; reading takes no lock.
 */
public final class Followed {

  /** More followers than anyone runs; who makes up others holds the secret. */
  private static final int MOST_FOLLOWERS = 8;

  /**
   * All is told.
   *
   * @param since what happened since then is known here, Unix seconds by Authgear's clock
   * @param until when that is over if no heartbeat comes, Unix milliseconds by this clock
   */
  public record Standing(long since, long until) {}

  private record Heard(Heartbeat heartbeat, long nanos) {}

  private final InstantSource clock;
  private final LongSupplier nanoTime;
  private final long boundMillis;
  private volatile List<Heard> heard = List.of();

  /**
   * @param nanoTime a steady clock
   * @param bound how old a heartbeat may be
   */
  public Followed(InstantSource clock, LongSupplier nanoTime, Duration bound) {
    this.clock = clock;
    this.nanoTime = nanoTime;
    this.boundMillis = bound.toMillis();
  }

  /**
   * Everything that the heartbeat speaks of must have been taken in before.
   *
   * @return whether it was news
   */
  public synchronized boolean learn(Heartbeat heartbeat) {
    List<Heard> after = new ArrayList<>();
    for (Heard one : heard) {
      if (!one.heartbeat.follower().equals(heartbeat.follower())) {
        after.add(one);
      } else if (heartbeat.sent() <= one.heartbeat.sent()) {
        return false;
      }
    }
    if (after.size() >= MOST_FOLLOWERS) {
      after.removeFirst(); // the one that was silent for longest
    }
    after.add(new Heard(heartbeat, nanoTime.getAsLong()));
    heard = List.copyOf(after);
    return true;
  }

  /** From now on nothing counts that was told before: something may be missing. */
  public synchronized void forget() {
    heard = List.of();
  }

  /** How things stand by the follower that knows most; null if none has told lately. */
  public @Nullable Standing standing() {
    Standing best = null;
    for (Heard one : heard) {
      long left = boundMillis - age(one);
      if (left > 0 && (best == null || one.heartbeat.since() < best.since())) {
        best = new Standing(one.heartbeat.since(), clock.millis() + left);
      }
    }
    return best;
  }

  /**
   * How long it takes until {@link #standing} is over if no heartbeat comes; zero if it is. What is
   * heard of now happened after the newest heartbeat, so it has to count by then.
   */
  public long leftMillis() {
    return Math.max(0, heard.stream().mapToLong(one -> boundMillis - age(one)).max().orElse(0));
  }

  /** How old the newest heartbeat is, in seconds; {@code NaN} if there is none. */
  public double ageSeconds() {
    return heard.stream().mapToLong(this::age).min().stream()
        .mapToDouble(millis -> millis / 1000.0)
        .findFirst()
        .orElse(Double.NaN);
  }

  private long age(Heard one) {
    long wall = clock.millis() - one.heartbeat.sent();
    long steady =
        one.heartbeat.took() + TimeUnit.NANOSECONDS.toMillis(nanoTime.getAsLong() - one.nanos);
    return Math.max(wall, steady);
  }
}
