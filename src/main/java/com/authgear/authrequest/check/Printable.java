package com.authgear.authrequest.check;

import com.authgear.authrequest.text.Ascii;
import java.time.Duration;
import java.time.Instant;

/** What came from elsewhere, as a terminal may show it. */
final class Printable {

  private static final int LONGEST = 300;

  private Printable() {}

  /** On one line, with every character escaped that could mislead; cut off if it is very long. */
  static String text(String foreign) {
    return foreign.length() > LONGEST
        ? Ascii.escape(foreign.substring(0, LONGEST), "") + "..."
        : Ascii.escape(foreign, "");
  }

  /** In the largest unit that has at least two of it. */
  static String span(Duration duration) {
    long seconds = Math.abs(duration.toSeconds());
    if (seconds < 120) {
      return seconds + " s";
    }
    if (seconds < 2 * 3600) {
      return seconds / 60 + " min";
    }
    if (seconds < 2 * 86_400) {
      return seconds / 3600 + " h";
    }
    return seconds / 86_400 + " days";
  }

  /** Such as {@code 12 min ago} or {@code in 3 h}. */
  static String relative(Instant time, Instant now) {
    Duration left = Duration.between(now, time);
    return left.isNegative() ? span(left) + " ago" : "in " + span(left);
  }
}
