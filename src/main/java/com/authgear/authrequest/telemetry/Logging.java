package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.util.List;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import org.slf4j.event.Level;

/**
 * Sets up the log: one line per event to the standard output, whatever the event holds. Nothing is
 * read from files or the classpath.
 *
 * <p>Logback finds this class through {@code META-INF/services} when the first logger is made, so
 * that nothing is logged in another shape before {@link #configure(Format, Level)}.
 */
public final class Logging extends ContextAwareBase implements Configurator {

  /** The shape of a line. */
  public enum Format {
    /**
     * A JSON object: {@code time} (ISO 8601, UTC, milliseconds), {@code level}, {@code logger},
     * {@code message}, the event's key-value pairs, and {@code error}, {@code error_message} and,
     * at level ERROR only, {@code stack}.
     */
    JSON,
    /** The same for people: {@code time level logger message key=value ...}. */
    TEXT
  }

  /** Libraries that write credentials into their log below WARN: never let them, at any level. */
  private static final List<String> CHATTY =
      List.of("org.eclipse.jetty", "io.javalin", "okhttp3", "io.lettuce", "io.netty", "reactor");

  /** For {@link java.util.ServiceLoader} only. */
  public Logging() {}

  /**
   * Sets up the log of this process; may be called again.
   *
   * @param level the least severe that is logged; never below WARN for the libraries of the network
   */
  public static void configure(Format format, Level level) {
    configure(
        (LoggerContext) LoggerFactory.getILoggerFactory(), format, level, new ConsoleAppender<>());
    if (!SLF4JBridgeHandler.isInstalled()) {
      SLF4JBridgeHandler.removeHandlersForRootLogger();
      SLF4JBridgeHandler.install();
    }
  }

  /** Logs nothing in this process: for commands that say what they have to say themselves. */
  public static void silence() {
    LoggerContext loggers = (LoggerContext) LoggerFactory.getILoggerFactory();
    loggers.reset();
    loggers.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(ch.qos.logback.classic.Level.OFF);
  }

  @Override
  public ExecutionStatus configure(LoggerContext loggers) {
    configure(loggers, Format.JSON, Level.INFO, new ConsoleAppender<>());
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  static void configure(
      LoggerContext loggers,
      Format format,
      Level level,
      OutputStreamAppender<ILoggingEvent> appender) {
    loggers.reset();
    Encoder<ILoggingEvent> encoder =
        switch (format) {
          case JSON -> new JsonLine();
          case TEXT -> new TextLine();
        };
    encoder.setContext(loggers);
    encoder.start();
    appender.setContext(loggers);
    appender.setEncoder(encoder);
    appender.start();
    Logger root = loggers.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(ch.qos.logback.classic.Level.convertAnSLF4JLevel(level));
    root.addAppender(appender);
    // It warns of each batch that a collector does not take; OtlpTracing says so once.
    loggers.getLogger("io.opentelemetry").setLevel(ch.qos.logback.classic.Level.OFF);
    if (level.toInt() < Level.WARN.toInt()) {
      for (String name : CHATTY) {
        loggers.getLogger(name).setLevel(ch.qos.logback.classic.Level.WARN);
      }
    }
  }
}
