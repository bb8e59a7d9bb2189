package com.authgear.authrequest.verify.changes;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * States that follow each other, each of which begins to count for one user after another, so that
 * what concerns everyone does not make everyone ask at the same moment.
 *
 * <p>Immutable.
 *
 * @param <T> what is in force
 */
final class Waves<T> {

  /** Where there are more at once, the oldest counts for everyone. */
  private static final int MOST = 8;

  /**
   * @param from when it begins to count for the first user, by a steady clock
   * @param over how long after that it counts for the last one; not negative
   */
  private record Wave<T>(T state, long from, long over) {

    boolean counts(String userId, long nanos) {
      return left(userId, nanos) <= 0;
    }

    long left(String userId, long nanos) {
      long passed = nanos - from;
      return passed >= over ? 0 : share(userId) - passed;
    }

    /** The same users are not always the first: other states give other shares. */
    private long share(String userId) {
      long mixed = (userId.hashCode() ^ from) * 0x9E3779B97F4A7C15L;
      mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
      return (long) ((mixed >>> 11) * 0x1.0p-53 * over);
    }
  }

  /** The newest is the last. */
  private final List<Wave<T>> waves;

  private Waves(List<Wave<T>> waves) {
    this.waves = List.copyOf(waves);
  }

  static <T> Waves<T> none() {
    return new Waves<>(List.of());
  }

  /** With a newer state. */
  Waves<T> and(T state, long nanos, long over) {
    List<Wave<T>> all = new ArrayList<>(waves);
    all.add(new Wave<>(state, nanos, over));
    for (int last = all.size() - 1; last > 0; last--) {
      if (nanos - all.get(last).from >= all.get(last).over) {
        return new Waves<>(all.subList(last, all.size()));
      }
    }
    if (all.size() > MOST) {
      Wave<T> second = all.get(1);
      all.set(1, new Wave<>(second.state, second.from, 0));
      all.removeFirst();
    }
    return new Waves<>(all);
  }

  /** What counts for a user; null if nothing does yet. */
  @Nullable T of(String userId, long nanos) {
    for (int i = waves.size() - 1; i >= 0; i--) {
      if (waves.get(i).counts(userId, nanos)) {
        return waves.get(i).state;
      }
    }
    return null;
  }

  /**
   * How many nanoseconds it takes until another state counts for a user; {@link Long#MAX_VALUE} if
   * none will.
   */
  long untilNext(String userId, long nanos) {
    long least = Long.MAX_VALUE;
    for (int i = waves.size() - 1; i >= 0; i--) {
      long left = waves.get(i).left(userId, nanos);
      if (left <= 0) {
        break;
      }
      least = Math.min(least, left);
    }
    return least;
  }
}
