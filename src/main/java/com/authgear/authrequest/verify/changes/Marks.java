package com.authgear.authrequest.verify.changes;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * The users that changed, in memory. What events say is merged so that their order does not matter
 * and one that comes twice changes nothing: the newest time counts, and the event with the highest
 * {@code seq} says when the account is of no use.
 *
 * <p>A mark is kept for {@link #RETENTION} after the change, or after the last moment at which the
 * account's state changes by itself. There is room for {@link #CAPACITY} of them; when it is full,
 * the one that was touched longest ago goes. That loses the acceleration for this user and never a
 * guarantee: no event at all would have the same effect.
 *
 * <p>Thread-safe; reading takes no lock.
 */
public final class Marks implements Changes {

  /** No access token lives longer, so none that is older than a change outlives its mark. */
  public static final Duration RETENTION = Duration.ofDays(28);

  /** A mark has about 300 bytes. */
  public static final int CAPACITY = 50_000;

  /** How far ahead of this clock an event's time may be; what is beyond is taken for this. */
  private static final long MAX_AHEAD_SECONDS = 300;

  /** So many events of one user are known again when they come again. */
  private static final int REMEMBERED = 8;

  private static final long SWEEP_MILLIS = 60_000;

  /** What became of an event. */
  public enum Effect {
    /** The user is marked. */
    MARKED,
    /** It came before. */
    KNOWN,
    /** No token that it could matter to is alive. */
    TOO_OLD
  }

  private final InstantSource clock;
  private final long skewMillis;
  private final int capacity;
  private final ConcurrentMap<String, Mark> marks = new ConcurrentHashMap<>();

  private final Object lock = new Object();

  /** Guarded by the lock: the same users, the one that was touched last at the end. */
  private final SequencedSet<String> order = new LinkedHashSet<>();

  private long sweptAt;
  private volatile long dropped;

  /**
   * @param skew how far Authgear's clock may be behind: a bound passes there this much later
   */
  public Marks(InstantSource clock, Duration skew) {
    this(clock, skew, CAPACITY);
  }

  Marks(InstantSource clock, Duration skew, int capacity) {
    this.clock = clock;
    this.skewMillis = skew.toMillis();
    this.capacity = capacity;
  }

  /** Marks the user of an event. */
  public Effect learn(UserEvent event) {
    long now = clock.millis();
    Mark alone = Mark.of(event, now);
    if (alone.end(skewMillis) <= now) {
      return Effect.TOO_OLD;
    }
    synchronized (lock) {
      sweep(now, false);
      Mark known = marks.get(event.userId());
      if (known != null && known.seqs.contains(event.seq())) {
        return Effect.KNOWN;
      }
      marks.put(event.userId(), known == null ? alone : known.merge(alone, now, skewMillis));
      order.remove(event.userId());
      order.addLast(event.userId());
      if (order.size() > capacity) {
        marks.remove(order.removeFirst());
        dropped++;
      }
      return Effect.MARKED;
    }
  }

  @Override
  public @Nullable Change latest(String userId) {
    Mark mark = marks.get(userId);
    if (mark == null) {
      return null;
    }
    long now = clock.millis();
    return mark.end(skewMillis) <= now ? null : mark.change(now, skewMillis);
  }

  /** How many users are marked. */
  public int inForce() {
    synchronized (lock) {
      sweep(clock.millis(), true);
      return marks.size();
    }
  }

  /** How many marks went before their time because there was no room. */
  public long dropped() {
    return dropped;
  }

  /** All marks in force, each as one event that says the same. */
  List<UserEvent> snapshot() {
    synchronized (lock) {
      sweep(clock.millis(), true);
      List<UserEvent> events = new ArrayList<>(marks.size());
      marks.forEach(
          (user, mark) -> events.add(new UserEvent(user, mark.seq, mark.at, mark.disabled)));
      return events;
    }
  }

  /** Unix milliseconds at which the mark of an event ends. */
  long end(UserEvent event) {
    return Mark.of(event, clock.millis()).end(skewMillis);
  }

  private void sweep(long now, boolean always) {
    long passed = now - sweptAt;
    // A clock that was set back must not hinder the sweep.
    if (always || passed < 0 || passed > SWEEP_MILLIS) {
      marks.values().removeIf(mark -> mark.end(skewMillis) <= now);
      order.retainAll(marks.keySet());
      sweptAt = now;
    }
  }

  /**
   * @param seq the highest one
   * @param disabled what the event of that {@code seq} says
   * @param seqs the events that this is made of, the newest {@link #REMEMBERED}
   */
  private record Mark(long at, long learned, long seq, List<Interval> disabled, List<Long> seqs) {

    static Mark of(UserEvent event, long now) {
      return new Mark(
          Math.min(event.at(), Math.floorDiv(now, 1000) + MAX_AHEAD_SECONDS),
          now,
          event.seq(),
          event.disabled(),
          List.of(event.seq()));
    }

    Mark merge(Mark event, long now, long skew) {
      Change soFar = change(now, skew);
      boolean newer = event.seq > seq;
      List<Long> all = new ArrayList<>(seqs);
      all.add(event.seq);
      return new Mark(
          Math.max(soFar.at(), event.at),
          Math.max(soFar.learned(), event.learned),
          newer ? event.seq : seq,
          newer ? event.disabled : disabled,
          List.copyOf(all.subList(Math.max(0, all.size() - REMEMBERED), all.size())));
    }

    /** Every bound that has passed is a change of its own. */
    Change change(long now, long skew) {
      long newestAt = at;
      long newestLearned = learned;
      boolean isDisabled = false;
      for (Interval span : disabled) {
        isDisabled |= span.contains(now);
        for (long bound : new long[] {span.from(), span.until()}) {
          if (isTime(bound) && bound <= now) {
            newestAt = Math.max(newestAt, Math.floorDiv(bound, 1000));
            long late = saturatedSum(bound, skew);
            newestLearned = Math.max(newestLearned, late <= now ? late : bound);
          }
        }
      }
      return new Change(newestAt, newestLearned, isDisabled);
    }

    long end(long skew) {
      long last = at * 1000;
      for (Interval span : disabled) {
        for (long bound : new long[] {span.from(), span.until()}) {
          if (isTime(bound)) {
            last = Math.max(last, saturatedSum(bound, skew));
          }
        }
      }
      return saturatedSum(last, RETENTION.toMillis());
    }

    private static boolean isTime(long bound) {
      return bound != Interval.ALWAYS && bound != Interval.NEVER;
    }

    private static long saturatedSum(long a, long b) {
      return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
  }
}
