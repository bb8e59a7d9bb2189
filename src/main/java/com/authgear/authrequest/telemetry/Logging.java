package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.spi.FilterReply;
import com.authgear.authrequest.settings.LogFormat;
import com.authgear.authrequest.settings.LogLevel;
import java.util.List;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sets up the log: one line per event to the standard output, whatever the event holds. Nothing is
 * read from files or the classpath.
 *
 * <p>Logback finds this class through {@code META-INF/services} when the first logger is made, so
 * that nothing is logged in another shape before {@link #configure(LogFormat, LogLevel)}.
 */
public final class Logging extends ContextAwareBase implements Configurator {

  /** Libraries that write credentials into their log below WARN: never let them, at any level. */
  private static final List<String> CHATTY =
      List.of("org.eclipse.jetty", "io.javalin", "okhttp3", "io.lettuce", "io.netty", "reactor");

  /** Whoever starts a listener says why it does not listen; Javalin says only that it does not. */
  private static final class OncePerFailure extends Filter<ILoggingEvent> {
    @Override
    public FilterReply decide(ILoggingEvent event) {
      return event.getLoggerName().startsWith("io.javalin.")
              && event.getMessage().equals("Failed to start Javalin")
          ? FilterReply.DENY
          : FilterReply.NEUTRAL;
    }
  }

  /** For {@link java.util.ServiceLoader} only. */
  public Logging() {}

  /**
   * Sets up the log of this process; may be called again.
   *
   * @param level the least severe that is logged; never below WARN for the libraries of the network
   */
  public static void configure(LogFormat format, LogLevel level) {
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
    loggers.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.OFF);
  }

  @Override
  public ExecutionStatus configure(LoggerContext loggers) {
    configure(loggers, LogFormat.JSON, LogLevel.INFO, new ConsoleAppender<>());
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  static void configure(
      LoggerContext loggers,
      LogFormat format,
      LogLevel level,
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
    appender.addFilter(new OncePerFailure());
    appender.setEncoder(encoder);
    appender.start();
    Logger root = loggers.getLogger(Logger.ROOT_LOGGER_NAME);
    Level least = level(level);
    root.setLevel(least);
    root.addAppender(appender);
    // It warns of each batch that a collector does not take; OtlpTracing says so once.
    loggers.getLogger("io.opentelemetry").setLevel(Level.OFF);
    if (!least.isGreaterOrEqual(Level.WARN)) {
      for (String name : CHATTY) {
        loggers.getLogger(name).setLevel(Level.WARN);
      }
    }
  }

  private static Level level(LogLevel level) {
    return switch (level) {
      case ERROR -> Level.ERROR;
      case WARN -> Level.WARN;
      case INFO -> Level.INFO;
      case DEBUG -> Level.DEBUG;
    };
  }
}
