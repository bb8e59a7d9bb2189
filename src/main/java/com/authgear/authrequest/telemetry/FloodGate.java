package com.authgear.authrequest.telemetry;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import com.authgear.authrequest.text.LineLimit;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Bounds the lines that requests can cause, in addition to those of {@link DecisionLog}, which has
 * bounds of its own: so many in an interval for each message of a library and of our own HTTP
 * layer.
 */
final class FloodGate extends Filter<ILoggingEvent> {

  static final Duration INTERVAL = Duration.ofSeconds(10);
  static final int LINES = 20;

  /** More different messages than the code has. */
  private static final int MOST_WINDOWS = 1_000;

  private static final String HTTP = "com.authgear.authrequest.http.";

  private final Map<String, LineLimit> windows = new ConcurrentHashMap<>();

  @Override
  public FilterReply decide(ILoggingEvent event) {
    String logger = event.getLoggerName();
    if (!Libraries.contain(logger) && !logger.startsWith(HTTP)) {
      return FilterReply.NEUTRAL;
    }
    String kind = logger + ' ' + event.getMessage();
    if (windows.size() >= MOST_WINDOWS && !windows.containsKey(kind)) {
      kind = logger; // a message that was put together by its logger
    }
    return windows
                .computeIfAbsent(kind, _ -> new LineLimit(LINES, INTERVAL))
                .enter(event.getTimeStamp())
            >= 0
        ? FilterReply.NEUTRAL
        : FilterReply.DENY;
  }
}
