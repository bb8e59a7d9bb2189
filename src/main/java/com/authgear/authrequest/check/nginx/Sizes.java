package com.authgear.authrequest.check.nginx;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** nginx's sizes, such as {@code 8k}. */
final class Sizes {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,9})([kKmM]?)");

  private Sizes() {}

  /** In bytes; a very large number where it cannot be read, so that nothing is said about it. */
  static long bytes(String size) {
    Matcher matcher = SIZE.matcher(size);
    if (!matcher.matches()) {
      return Long.MAX_VALUE;
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "k", "K" -> number * 1024;
      case "m", "M" -> number * 1024 * 1024;
      default -> number;
    };
  }
}
