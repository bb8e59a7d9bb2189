package com.authgear.authrequest.telemetry;

import static java.util.Objects.requireNonNull;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Source;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells operators why requests could not be decided, at level WARN, without drowning them: the
 * first of a reason at once, then at most one in {@link #INTERVAL}, with the number of those left
 * out since the line before.
 */
public final class DecisionLog {

  static final Duration INTERVAL = Duration.ofSeconds(10);

  private static final int MAX_DETAIL_CHARACTERS = 300;

  /** A JWT, or an opaque token of Authgear (32 alphanumeric characters) or something as long. */
  private static final Pattern TOKEN =
      Pattern.compile(
          "(?<![A-Za-z0-9])(?:eyJ[A-Za-z0-9_-]{8,}(?:\\.[A-Za-z0-9_-]*)*|[A-Za-z0-9]{32,})");

  private final Logger log;
  private final InstantSource clock;
  private final Map<Reason, Window> windows = new EnumMap<>(Reason.class);

  public DecisionLog(InstantSource clock) {
    this(LoggerFactory.getLogger(DecisionLog.class), clock);
  }

  DecisionLog(Logger log, InstantSource clock) {
    this.log = log;
    this.clock = clock;
    for (Reason reason : Reason.values()) {
      windows.put(reason, new Window());
    }
  }

  /**
   * A request got a 503.
   *
   * @param reason such as {@link Reason#KEYS_UNAVAILABLE}
   * @param source whose answer is missing
   * @param detail what an operator may do something about, such as an address and an error; cut if
   *     very long, and what looks like a token is taken out
   */
  public void unavailable(Reason reason, Source source, String detail) {
    long leftOut = requireNonNull(windows.get(reason)).enter(clock.millis());
    if (leftOut < 0) {
      return;
    }
    log.atWarn()
        .addKeyValue("reason", reason.code())
        .addKeyValue("verifier", source.name().toLowerCase(Locale.ROOT))
        .addKeyValue("detail", sanitized(detail))
        .addKeyValue("left_out", leftOut)
        .log("request not decided");
  }

  private static String sanitized(String detail) {
    String clean = TOKEN.matcher(detail).replaceAll("[token]");
    return clean.length() <= MAX_DETAIL_CHARACTERS
        ? clean
        : clean.substring(0, MAX_DETAIL_CHARACTERS) + "...";
  }

  /** The span of time after a line in which there is no other. */
  private static final class Window {
    private boolean open;
    private long startMillis;
    private long leftOut;

    /** Returns how many were left out since the last line, or -1 if this one is, too. */
    synchronized long enter(long nowMillis) {
      long passed = nowMillis - startMillis;
      // A clock that was set back must not silence anything.
      if (open && passed >= 0 && passed < INTERVAL.toMillis()) {
        leftOut++;
        return -1;
      }
      long count = leftOut;
      open = true;
      startMillis = nowMillis;
      leftOut = 0;
      return count;
    }
  }
}
