package com.authgear.authrequest.credential;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code Cookie} headers as Authgear does, which is a Go program ({@code net/http}, {@code
 * readCookies} of Go 1.26): what that does not take for a cookie, Authgear never sees, and it may
 * well be another program's. A name counts in its exact spelling, blanks around it do not; a value
 * is printable ASCII without quotes and backslashes, but for one pair of quotes around it, which
 * goes; more cookies than {@link #MOST} are none at all.
 */
final class CookieReader {

  /** {@code defaultCookieMaxNum} of Go, which counts the semicolons. */
  static final int MOST = 3000;

  private CookieReader() {}

  /** Hears of one cookie. */
  @FunctionalInterface
  interface CookieConsumer {
    /**
     * @param index of the name among those asked for
     */
    void cookie(int index, String value);
  }

  /** Tells all cookies that have one of these names, in the order in which they came. */
  static void read(List<String> headers, List<String> names, CookieConsumer listener) {
    if (count(headers) > MOST) {
      return;
    }
    for (String header : headers) {
      for (int start = 0; start < header.length(); ) {
        int end = header.indexOf(';', start);
        end = end < 0 ? header.length() : end;
        part(header, start, end, names, listener);
        start = end + 1;
      }
    }
  }

  private static int count(List<String> headers) {
    int count = 0;
    for (String header : headers) {
      count++;
      for (int at = header.indexOf(';'); at >= 0; at = header.indexOf(';', at + 1)) {
        count++;
      }
    }
    return count;
  }

  private static void part(
      String header, int start, int end, List<String> names, CookieConsumer listener) {
    int from = start;
    int to = end;
    while (from < to && isBlank(header.charAt(from))) {
      from++;
    }
    while (to > from && isBlank(header.charAt(to - 1))) {
      to--;
    }
    int equals = header.indexOf('=', from);
    int nameEnd = equals < 0 || equals > to ? to : equals;
    int valueStart = Math.min(to, nameEnd + 1);
    while (nameEnd > from && isBlank(header.charAt(nameEnd - 1))) {
      nameEnd--;
    }
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      if (name.length() == nameEnd - from && header.startsWith(name, from)) {
        String value = value(header, valueStart, to);
        if (value != null) {
          listener.cookie(i, value);
        }
      }
    }
  }

  /** Null if Go would not take it for a value. */
  private static @Nullable String value(String header, int start, int end) {
    int from = start;
    int to = end;
    if (to - from > 1 && header.charAt(from) == '"' && header.charAt(to - 1) == '"') {
      from++;
      to--;
    }
    for (int i = from; i < to; i++) {
      char c = header.charAt(i);
      if (c < ' ' || c >= 0x7f || c == '"' || c == '\\') {
        return null;
      }
    }
    return header.substring(from, to);
  }

  static boolean isBlank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  }
}
