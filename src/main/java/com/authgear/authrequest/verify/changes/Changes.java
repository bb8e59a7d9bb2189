package com.authgear.authrequest.verify.changes;

import org.jspecify.annotations.Nullable;

/**
 * Changes of users that Authgear announced, as far as they are still in force. They are numbered in
 * the order in which this process heard of them, so that no clock, set back or wrong, can make a
 * change older than an answer that was asked for before it.
 */
@FunctionalInterface
public interface Changes {

  /** No change is ever known. */
  Changes NONE = _ -> null;

  /** The newest change of a user that is in force; null if none is known. Never blocks. */
  @Nullable Change latest(String userId);

  /**
   * How many nanoseconds it takes until a change that is heard of already begins to count for a
   * user; {@link Long#MAX_VALUE} if there is none.
   */
  default long untilNext(String userId) {
    return Long.MAX_VALUE;
  }

  /** The number of the newest change of all; a question that is asked now is asked after it. */
  default long number() {
    return Long.MIN_VALUE;
  }

  /**
   * The latest time of a change that is not known any more because there was no room, Unix seconds;
   * {@link Change#NEVER} if there is none.
   */
  default long forgotten() {
    return Change.NEVER;
  }

  /**
   * A user changed. What was learned about the user before says nothing any more.
   *
   * @param confirmUntil Unix seconds, with a margin: a JWT issued at or before this needs a
   *     confirmation
   * @param refuseUntil Unix seconds: where no resolver can be asked, a JWT issued at or before this
   *     is refused; {@link #NEVER} if the change ends nothing
   * @param number an answer of the resolver counts if it was asked for when this number or a higher
   *     one had been given
   * @param heard the number at which the change was first heard of. An answer asked for since then,
   *     but before {@code number}, may be used where the resolver cannot be asked again
   */
  record Change(long confirmUntil, long refuseUntil, long number, long heard) {

    /** No time. */
    public static final long NEVER = Long.MIN_VALUE;

    /** Both. */
    Change and(Change other) {
      return new Change(
          Math.max(confirmUntil, other.confirmUntil),
          Math.max(refuseUntil, other.refuseUntil),
          Math.max(number, other.number),
          Math.max(heard, other.heard));
    }

    /** Whether a JWT has to be confirmed. */
    public boolean concerns(long issuedAt) {
      return issuedAt <= confirmUntil;
    }

    /** Whether a JWT is refused where it cannot be confirmed. */
    public boolean refuses(long issuedAt) {
      return issuedAt <= refuseUntil;
    }

    /**
     * Whether an answer may be used while the resolver cannot be asked: it was asked for after this
     * was heard of, or later than the change itself happened, so that an old event that comes once
     * more takes nothing from anyone.
     *
     * @param covers the newest number when it was asked for
     * @param askedMillis Unix milliseconds by this process' clock
     */
    public boolean isBefore(long covers, long askedMillis) {
      return heard <= covers || Math.floorDiv(askedMillis, 1000) > confirmUntil;
    }
  }
}
