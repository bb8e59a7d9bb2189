package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
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

  static String stack(ILoggingEvent event, IThrowableProxy error) {
    return Libraries.contain(event.getLoggerName())
        ? Libraries.stack(error)
        : ThrowableProxyUtil.asString(error).strip();
  }

  static String time(Instant instant) {
    return TIME.format(instant);
  }

  /**
   * Escapes, in the way of JSON, everything that may start a line, move the cursor of a terminal or
   * reorder what people see: control and format characters, line and paragraph separators. Half a
   * surrogate pair becomes U+FFFD, because parsers refuse it even when escaped.
   */
  static void appendVisible(StringBuilder out, String text) {
    text.codePoints().forEach(character -> appendVisible(out, character));
  }

  private static void appendVisible(StringBuilder out, int character) {
    switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          appendEscaped(out, character);
      case Character.SURROGATE -> out.append('\ufffd');
      default -> out.appendCodePoint(character);
    }
  }

  private static void appendEscaped(StringBuilder out, int character) {
    switch (character) {
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      default -> {
        for (char unit : Character.toChars(character)) {
          out.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
        }
      }
    }
  }
}
