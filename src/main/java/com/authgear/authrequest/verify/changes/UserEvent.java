package com.authgear.authrequest.verify.changes;

import java.util.List;

/**
 * What an event of Authgear says about a user, as far as it matters here: that something changed,
 * and when the user may not use the account.
 *
 * @param userId a token's {@code sub}; 1 to 128 visible ASCII characters
 * @param seq orders the events of a project; two events with the same are the same
 * @param at when it happened, Unix seconds
 * @param disabled the spans in which the account is of no use, as known after the event; at most
 *     {@link #MAX_SPANS}
 */
public record UserEvent(String userId, long seq, long at, List<Interval> disabled) {

  public static final int MAX_SPANS = 8;

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
}
