package com.authgear.authrequest.check.nginx;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** nginx's times, such as {@code 90}, {@code 6h} and {@code 1h 30m}. */
final class Times {
  private static final Pattern PART = Pattern.compile("(\\d{1,9})(ms|[smhdwMy]?)\\s*");

  private Times() {}

  /** In seconds; a very large number where it cannot be read, so that nothing is said about it. */
  static long seconds(String time) {
    Matcher part = PART.matcher(time);
    long milliseconds = 0;
    int end = 0;
    while (end < time.length() && part.find(end) && part.start() == end) {
      milliseconds += Long.parseLong(part.group(1)) * factor(part.group(2));
      end = part.end();
    }
    return end == time.length() && end > 0 ? milliseconds / 1000 : Long.MAX_VALUE;
  }

  private static long factor(String unit) {
    return switch (unit) {
      case "ms" -> 1;
      case "m" -> 60_000;
      case "h" -> 3_600_000;
      case "d" -> 86_400_000;
      case "w" -> 7 * 86_400_000L;
      case "M" -> 30 * 86_400_000L;
      case "y" -> 365 * 86_400_000L;
      default -> 1000;
    };
  }
}
