package com.authgear.authrequest.http;

import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * The bodies that are waited for, of which there is a bounded number. Anyone can begin one, so none
 * may keep a place for long: each has a time by which it must have come, which moves on with what
 * comes of it. Where all places are taken, the one that would be over first makes room for the
 * newcomer, so that bodies that do not come cannot keep others out.
 *
 * <p>Thread-safe.
 */
final class HookBodies {

  /**
   * @param places how many at once
   * @param grace how long a body may take in addition to what its length allows
   * @param bytesPerSecond the least rate after that
   * @param longest how long any body may take
   */
  record BodyLimits(int places, Duration grace, long bytesPerSecond, Duration longest) {}

  /** A body that was given up. */
  static final class GivenUp extends IOException {
    private static final long serialVersionUID = 1;

    GivenUp(HookResult result) {
      super("the body is not waited for any longer: " + result.code());
    }
  }

  private final BodyLimits limits;
  private final LongSupplier nanoTime;

  /** Guarded by itself, in the order in which they came. */
  private final Set<BodySlot> taken = new LinkedHashSet<>();

  /**
   * @param nanoTime a steady clock
   */
  HookBodies(BodyLimits limits, LongSupplier nanoTime) {
    this.limits = limits;
    this.nanoTime = nanoTime;
  }

  /**
   * A place for a body, at once.
   *
   * @param end makes the reading of this body fail
   */
  BodySlot enter(Scheduler scheduler, Consumer<GivenUp> end) {
    BodySlot place = new BodySlot(scheduler, end, nanoTime.getAsLong());
    BodySlot displaced = null;
    synchronized (taken) {
      if (taken.size() >= limits.places) {
        long now = place.began;
        displaced =
            taken.stream().min(Comparator.comparingLong(one -> one.due() - now)).orElseThrow();
        taken.remove(displaced);
      }
      taken.add(place);
    }
    if (displaced != null) {
      displaced.giveUp(HookResult.OVERLOADED);
    }
    place.watch();
    return place;
  }

  /** How many bodies are waited for. */
  int size() {
    synchronized (taken) {
      return taken.size();
    }
  }

  /** Where one body is read. */
  final class BodySlot implements AutoCloseable {
    private final Scheduler scheduler;
    private final Consumer<GivenUp> end;
    private final long began;
    private volatile long received;
    private volatile @Nullable HookResult givenUp;
    private volatile boolean closed;
    private volatile Scheduler.@Nullable Task timer;

    private BodySlot(Scheduler scheduler, Consumer<GivenUp> end, long began) {
      this.scheduler = scheduler;
      this.end = end;
      this.began = began;
    }

    /** So many bytes have come in all. */
    void received(long bytes) {
      received = bytes;
    }

    /** Why the body is not waited for any longer; null if it is. */
    @Nullable HookResult givenUp() {
      return givenUp;
    }

    /** When it is given up if nothing more comes, by the steady clock. */
    private long due() {
      long allowed =
          limits.grace.toNanos()
              + TimeUnit.SECONDS.toNanos(received) / Math.max(1, limits.bytesPerSecond);
      return began + Math.min(allowed, limits.longest.toNanos());
    }

    private void watch() {
      long left = due() - nanoTime.getAsLong();
      if (closed || givenUp != null) {
        return;
      }
      if (left <= 0) {
        giveUp(HookResult.TIMEOUT);
        return;
      }
      // Not before it is due.
      timer = scheduler.schedule(this::watch, left / 1_000_000 + 1, TimeUnit.MILLISECONDS);
    }

    private void giveUp(HookResult result) {
      leave();
      givenUp = result;
      end.accept(new GivenUp(result));
    }

    private void leave() {
      synchronized (taken) {
        taken.remove(this);
      }
    }

    @Override
    public void close() {
      closed = true;
      Scheduler.Task last = timer;
      if (last != null) {
        last.cancel();
      }
      leave();
    }
  }
}
