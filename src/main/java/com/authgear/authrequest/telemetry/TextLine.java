package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/** An event as a line for people. */
final class TextLine extends EncoderBase<ILoggingEvent> {

  /** What needs no quotes to be told from its neighbours. */
  private static final Pattern PLAIN = Pattern.compile("[\\p{Alnum}_./:@,+-]+");

  @Override
  public byte[] encode(ILoggingEvent event) {
    StringBuilder line = new StringBuilder();
    line.append(LogText.time(event.getInstant()))
        .append(' ')
        .append(event.getLevel())
        .append(' ')
        .append(event.getLoggerName())
        .append(' ');
    LogText.appendVisible(line, Libraries.message(event).replace("\\", "\\\\"));
    @Nullable List<KeyValuePair> pairs = event.getKeyValuePairs();
    if (pairs != null) {
      for (KeyValuePair pair : pairs) {
        append(line, pair.key, String.valueOf(pair.value));
      }
    }
    @Nullable IThrowableProxy error = event.getThrowableProxy();
    if (error != null) {
      append(line, "error", error.getClassName());
      append(line, "error_message", String.valueOf(Libraries.errorMessage(event, error)));
      if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
        append(line, "stack", LogText.stack(event, error));
      }
    }
    return line.append('\n').toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void append(StringBuilder line, String key, String value) {
    line.append(' ');
    appendQuoted(line, key);
    line.append('=');
    appendQuoted(line, value);
  }

  private static void appendQuoted(StringBuilder line, String text) {
    if (PLAIN.matcher(text).matches()) {
      line.append(text);
    } else {
      line.append('"');
      LogText.appendVisible(line, text.replace("\\", "\\\\").replace("\"", "\\\""));
      line.append('"');
    }
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }
}
