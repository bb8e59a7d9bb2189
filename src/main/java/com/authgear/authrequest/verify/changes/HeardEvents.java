package com.authgear.authrequest.verify.changes;

import java.util.Arrays;

/**
 * The events of one user that were heard of, so that one that comes once more asks for nothing. All
 * of the last {@link #LATE_SECONDS} are known, as an entry of the audit log may come late and must
 * not be taken for one that came before; of older ones those with the highest {@code seq}.
 *
 * <p>Immutable.
 */
final class HeardEvents {

  /** So many are known however old they are. */
  static final int LEAST = 16;

  /** More than any user has in {@link #LATE_SECONDS}; where there are more, the rest asks again. */
  static final int MOST = 256;

  /**
   * The longest {@code AUTHGEAR_FOLLOW_OVERLAP} and how far back a follower's start reads: what is
   * older does not come late.
   */
  static final long LATE_SECONDS = 2 * 3_600;

  private static final long NEVER = Long.MIN_VALUE;

  /** Ascending. */
  private final long[] seqs;

  /** When they happened, Unix seconds as they say it. */
  private final long[] times;

  /** The latest time of those that are not known any more. */
  private final long forgottenAt;

  private HeardEvents(long[] seqs, long[] times, long forgottenAt) {
    this.seqs = seqs;
    this.times = times;
    this.forgottenAt = forgottenAt;
  }

  static HeardEvents of(long seq, long at) {
    return new HeardEvents(new long[] {seq}, new long[] {at}, NEVER);
  }

  /**
   * Whether an event did not come before. One that may be among those that are not known any more
   * is news only while it may come late.
   *
   * @param at when it happened, Unix seconds
   * @param now Unix seconds
   */
  boolean isNews(long seq, long at, long now) {
    return Arrays.binarySearch(seqs, seq) < 0
        && (seq > seqs[0] || at > forgottenAt || at >= now - LATE_SECONDS);
  }

  /** With one more. */
  HeardEvents and(long seq, long at, long now) {
    int found = Arrays.binarySearch(seqs, seq);
    if (found >= 0) {
      return this;
    }
    int place = -found - 1;
    int size = seqs.length + 1;
    int from = 0;
    long forgotten = forgottenAt;
    while (size - from > LEAST
        && (size - from > MOST || timeWith(from, place, at) < now - LATE_SECONDS)) {
      forgotten = Math.max(forgotten, timeWith(from, place, at));
      from++;
    }
    long[] newSeqs = new long[size - from];
    long[] newTimes = new long[size - from];
    for (int i = from; i < size; i++) {
      newSeqs[i - from] = i < place ? seqs[i] : i == place ? seq : seqs[i - 1];
      newTimes[i - from] = timeWith(i, place, at);
    }
    return new HeardEvents(newSeqs, newTimes, forgotten);
  }

  private long timeWith(int index, int place, long at) {
    return index < place ? times[index] : index == place ? at : times[index - 1];
  }
}
