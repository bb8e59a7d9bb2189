package com.authgear.authrequest.verify.changes;

/**
 * A span of time.
 *
 * @param from Unix milliseconds, inclusive; {@link #ALWAYS} for no beginning
 * @param until Unix milliseconds, exclusive; {@link #NEVER} for no end
 */
public record Interval(long from, long until) {

  public static final long ALWAYS = Long.MIN_VALUE;
  public static final long NEVER = Long.MAX_VALUE;

  /**
   * @throws IllegalArgumentException if it is empty
   */
  public Interval {
    if (from >= until) {
      throw new IllegalArgumentException("from is not before until");
    }
  }

  /** All of time. */
  public static Interval always() {
    return new Interval(ALWAYS, NEVER);
  }

  boolean contains(long millis) {
    return from <= millis && millis < until;
  }

  /** Whether it holds at some moment of a second. */
  boolean holdsWithin(long second) {
    long millis = Math.multiplyExact(second, 1000);
    return from <= millis + 999 && millis < until;
  }
}
