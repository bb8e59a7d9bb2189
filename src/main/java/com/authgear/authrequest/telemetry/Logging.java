package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.spi.FilterReply;
import com.authgear.authrequest.settings.LogFormat;
import com.authgear.authrequest.settings.LogLevel;
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

  private static final String APPENDER = "stdout";

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
    Logger root = loggers.getLogger(Logger.ROOT_LOGGER_NAME);
    root.detachAndStopAllAppenders();
    root.setLevel(Level.OFF);
  }

  @Override
  public ExecutionStatus configure(LoggerContext loggers) {
    configure(loggers, LogFormat.JSON, LogLevel.INFO, new ConsoleAppender<>());
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /**
   * Changes nothing but levels and the shape of lines where the log is set up already: were it set
   * up from the beginning, threads that run would for a moment log everything.
   */
  static void configure(
      LoggerContext loggers,
      LogFormat format,
      LogLevel level,
      OutputStreamAppender<ILoggingEvent> appender) {
    Level least = level(level);
    // First those that must never write more than warnings.
    Level ofLibraries = least.isGreaterOrEqual(Level.WARN) ? least : Level.WARN;
    for (String name : Libraries.NAMES) {
      loggers.getLogger(name).setLevel(ofLibraries);
    }
    // It warns of each batch that a collector does not take; OtlpTracing says so once.
    loggers.getLogger("io.opentelemetry").setLevel(Level.OFF);
    Logger root = loggers.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(least);
    if (root.getAppender(APPENDER) instanceof OutputStreamAppender<ILoggingEvent> there
        && there.getEncoder() instanceof SwitchableLine line) {
      line.shape(format);
      return;
    }
    root.detachAndStopAllAppenders();
    SwitchableLine line = new SwitchableLine(format);
    line.setContext(loggers);
    line.start();
    FloodGate gate = new FloodGate();
    gate.setContext(loggers);
    gate.start();
    appender.setName(APPENDER);
    appender.setContext(loggers);
    appender.setEncoder(line);
    appender.addFilter(new OncePerFailure());
    appender.addFilter(gate);
    appender.start();
    root.addAppender(appender);
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
