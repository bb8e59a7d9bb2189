package com.authgear.authrequest.verify.changes;

import com.authgear.authrequest.text.Ascii;
import java.util.ArrayList;
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
 * @param tellsAccount whether {@code disabled} is all that there is; if not, the event leaves what
 *     is known of the account as it is, and its spans tell of sessions that ended only
 */
public record UserEvent(
    String userId, long seq, long at, List<Interval> disabled, boolean tellsAccount) {

  /** Stands for every user: no user has such an id. */
  public static final String EVERYONE = "*";

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
    if (!isUserId(userId)) {
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

  /** Whether a text has the form of a user id. */
  public static boolean isUserId(String text) {
    return !text.isEmpty() && text.length() <= MAX_USER_ID && Ascii.isVisible(text);
  }

  /** An event that tells all about the account. */
  public UserEvent(String userId, long seq, long at, List<Interval> disabled) {
    this(userId, seq, at, disabled, true);
  }

  /** Something changed that the account's state has no part in. */
  public static UserEvent changed(String userId, long seq, long at) {
    return new UserEvent(userId, seq, at, List.of(), false);
  }

  /** Sessions ended, and what was issued until then with them. */
  public static UserEvent signedOut(String userId, long seq, long at) {
    return new UserEvent(
        userId, seq, at, List.of(new Interval(Interval.ALWAYS, at * 1000 + 1)), false);
  }

  /** The same, and what was issued until then is gone if the account is of no use. */
  public UserEvent endingSessionsIfUnusable() {
    if (isUsable() || sessionsEnded() >= at || disabled.size() == MAX_SPANS) {
      return this;
    }
    List<Interval> spans = new ArrayList<>(disabled);
    spans.add(new Interval(Interval.ALWAYS, at * 1000 + 1));
    return new UserEvent(userId, seq, at, spans, tellsAccount);
  }

  UserEvent at(long seconds) {
    return new UserEvent(userId, seq, seconds, disabled, tellsAccount);
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

  /**
   * Whether the account was of use at the event; where it does not tell, nothing speaks against.
   */
  boolean isUsable() {
    return !tellsAccount || disabled.stream().noneMatch(span -> span.holdsWithin(at));
  }
}
