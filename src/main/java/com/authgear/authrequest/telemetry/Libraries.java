package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The libraries that read what clients send. They put it into the arguments of their messages and
 * into exceptions (Jetty's {@code HostPort}: "Bad Authority: [{}]"), so their lines are written
 * without either.
 */
final class Libraries {

  /** They write credentials into their log below WARN: never let them, at any level. */
  static final List<String> NAMES =
      List.of("org.eclipse.jetty", "io.javalin", "okhttp3", "redis.clients");

  private Libraries() {}

  static boolean contain(String logger) {
    for (String name : NAMES) {
      if (logger.startsWith(name)
          && (logger.length() == name.length() || logger.charAt(name.length()) == '.')) {
        return true;
      }
    }
    return false;
  }

  /** A library's message without its arguments; anyone else's as it is meant. */
  static String message(ILoggingEvent event) {
    return contain(event.getLoggerName())
        ? String.valueOf(event.getMessage())
        : String.valueOf(event.getFormattedMessage());
  }

  /** Null if there is none, or it is a library's. */
  static @Nullable String errorMessage(ILoggingEvent event, IThrowableProxy error) {
    return contain(event.getLoggerName()) ? null : error.getMessage();
  }

  /** Where a library's exception came from: classes and lines, no message. */
  static String stack(IThrowableProxy error) {
    StringBuilder text = new StringBuilder(error.getClassName());
    for (StackTraceElementProxy frame : error.getStackTraceElementProxyArray()) {
      text.append("\n\t").append(frame.getSTEAsString());
    }
    IThrowableProxy cause = error.getCause();
    if (cause != null && !cause.isCyclic()) {
      text.append("\nCaused by: ").append(stack(cause));
    }
    return text.toString();
  }
}
