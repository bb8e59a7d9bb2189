package com.authgear.authrequest.verify.changes;

import java.util.List;

/**
 * What an event of Authgear says about a user, as far as it matters here: that something changed,
 * when the user may not use the account, and whether the sessions of before are gone.
 *
 * <p>A span of {@code disabled} without a beginning says that the sessions ended, too: what was
 * issued before its end and before the event is gone for good, also where the account is of use
 * again. A span that begins later ends no session.
 *
 * @param userId a token's {@code sub}; 1 to 128 visible ASCII characters
 * @param seq orders the events of a project; two events of a user with the same are the same
 * @param at when it happened, Unix seconds by Authgear's clock
 * @param disabled the spans in which the account is of no use, as known after the event; at most
 *     {@link #MAX_SPANS}
 */
public record UserEvent(String userId, long seq, long at, List<Interval> disabled) {

  public static final int MAX_SPANS = 8;

  /** No session ended. */
  static final long NO_END = Long.MIN_VALUE;

  private static final int MAX_USER_ID = 128;

  /** The end of the year 9999: no clock is that wrong. */
  private static final long MAX_AT = 253_402_300_799L;

  /**
   * @throws IllegalArgumentException if a part is not as said; the message does not quote it
   */
  public UserEvent {
    disabled = List.copyOf(disabled);
    if (userId.isEmpty()
        || userId.length() > MAX_USER_ID
        || !userId.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException("the user id is not 1 to 128 visible ASCII characters");
    }
    if (seq < 0) {
      throw new IllegalArgumentException("seq is negative");
    }
    if (at < 0 || at > MAX_AT) {
      throw new IllegalArgumentException("the time is out of range");
    }
    if (disabled.size() > MAX_SPANS) {
      throw new IllegalArgumentException("there are too many spans");
    }
  }

  UserEvent at(long seconds) {
    return new UserEvent(userId, seq, seconds, disabled);
  }

  /** What was issued until then (Unix seconds) belongs to sessions that are gone. */
  long sessionsEnded() {
    long ended = NO_END;
    for (Interval span : disabled) {
      if (span.from() == Interval.ALWAYS) {
        ended = Math.max(ended, Math.min(at, Math.floorDiv(span.until() - 1, 1000)));
      }
    }
    return ended;
  }

  /** Whether the account was of use at the event. */
  boolean isUsable() {
    return disabled.stream().noneMatch(span -> span.holdsWithin(at));
  }
}
