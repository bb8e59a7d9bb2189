package com.authgear.authrequest.check;

import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;

/** What came from elsewhere, as a terminal may show it. */
final class Printable {

  private static final int LONGEST = 300;

  private Printable() {}

  /** On one line, with every character escaped that could mislead; cut off if it is very long. */
  static String text(String foreign) {
    StringBuilder shown = new StringBuilder();
    for (int i = 0; i < foreign.length() && i < LONGEST; i++) {
      char c = foreign.charAt(i);
      if (c < ' ' || c > '~') {
        shown.append("\\u").append(HexFormat.of().toHexDigits(c));
      } else {
        shown.append(c);
      }
    }
    return foreign.length() > LONGEST ? shown + "..." : shown.toString();
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
