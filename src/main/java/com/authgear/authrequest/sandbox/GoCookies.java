package com.authgear.authrequest.sandbox;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Cookies as Authgear sees them: it is a Go program, and {@code net/http} drops a cookie whose name
 * is no token or whose value has other bytes than it allows, takes quotes off, and gives the first
 * of several of one name.
 */
final class GoCookies {

  private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

  private GoCookies() {}

  /**
   * Reads {@code Cookie} header lines, one after the other.
   *
   * @return the first value of each name
   */
  static Map<String, String> read(List<String> lines) {
    Map<String, String> cookies = new LinkedHashMap<>();
    for (String line : lines) {
      for (String part : line.split(";", -1)) {
        String pair = trim(part);
        int equals = pair.indexOf('=');
        String name = trim(equals < 0 ? pair : pair.substring(0, equals));
        String value = value(equals < 0 ? "" : pair.substring(equals + 1));
        if (isToken(name) && value != null) {
          cookies.putIfAbsent(name, value);
        }
      }
    }
    return cookies;
  }

  /** Null for a value that Go drops. Not trimmed: a blank after the equals sign is part of it. */
  private static @Nullable String value(String raw) {
    boolean quoted = raw.length() > 1 && raw.startsWith("\"") && raw.endsWith("\"");
    String value = quoted ? raw.substring(1, raw.length() - 1) : raw;
    return value.chars().allMatch(GoCookies::isValueByte) ? value : null;
  }

  private static boolean isValueByte(int c) {
    return c >= ' ' && c < 0x7f && c != '"' && c != ';' && c != '\\';
  }

  private static boolean isToken(String name) {
    return !name.isEmpty()
        && name.chars()
            .allMatch(
                c ->
                    (c >= '0' && c <= '9')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= 'a' && c <= 'z')
                        || TOKEN_MARKS.indexOf(c) >= 0);
  }

  /** Blanks and tabs only. */
  private static String trim(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isBlank(text.charAt(from))) {
      from++;
    }
    while (to > from && isBlank(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }
}
