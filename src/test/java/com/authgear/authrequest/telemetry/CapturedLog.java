package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.OutputStreamAppender;
import com.authgear.authrequest.settings.LogFormat;
import com.authgear.authrequest.settings.LogLevel;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.slf4j.Logger;

/** A log of its own, set up as in production, that writes to memory. */
final class CapturedLog {

  private final LoggerContext loggers = new LoggerContext();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  CapturedLog(LogFormat format, LogLevel level) {
    loggers.setMDCAdapter(new LogbackMDCAdapter());
    OutputStreamAppender<ILoggingEvent> appender = new OutputStreamAppender<>();
    appender.setOutputStream(out);
    Logging.configure(loggers, format, level, appender);
  }

  Logger logger(String name) {
    return loggers.getLogger(name);
  }

  /** Everything written, byte for byte. */
  String text() {
    return out.toString(StandardCharsets.UTF_8);
  }

  /** The lines with their time, which is that of the test run, replaced by TIME. */
  List<String> lines() {
    return text()
        .lines()
        .map(
            line ->
                line.replaceFirst(
                    "^(\\{\"time\":\")?\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z",
                    "$1TIME"))
        .toList();
  }
}
