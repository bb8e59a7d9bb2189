package com.authgear.authrequest.telemetry;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** What the two shapes of a log line have in common. */
final class LogText {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private LogText() {}

  static String time(Instant instant) {
    return TIME.format(instant);
  }

  /**
   * Escapes, in the way of JSON, everything that may start a line, move the cursor of a terminal or
   * reorder what people see: control and format characters, line and paragraph separators, and
   * halves of surrogate pairs.
   */
  static void appendVisible(StringBuilder out, String text) {
    text.codePoints()
        .forEach(
            character -> {
              switch (character) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                  if (isVisible(character)) {
                    out.appendCodePoint(character);
                  } else {
                    for (char unit : Character.toChars(character)) {
                      out.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
                    }
                  }
                }
              }
            });
  }

  private static boolean isVisible(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          false;
      default -> true;
    };
  }
}
