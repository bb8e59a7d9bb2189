package com.authgear.authrequest.telemetry;

import static java.util.Objects.requireNonNull;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.text.LineLimit;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Tells operators about single decisions, without drowning them: of each reason at most {@link
 * #LINES} in {@link #INTERVAL}, and the next line says how many were left out. What is the client's
 * fault is at level INFO, what is not at WARN.
 */
public final class DecisionLog {

  static final Duration INTERVAL = Duration.ofSeconds(10);
  static final int LINES = 20;

  private static final int MAX_DETAIL_CHARACTERS = 300;

  /** A JWT, or an opaque token of Authgear (32 alphanumeric characters) or something as long. */
  private static final Pattern TOKEN =
      Pattern.compile(
          "(?<![A-Za-z0-9])(?:eyJ[A-Za-z0-9_-]{8,}(?:\\.[A-Za-z0-9_-]*)*|[A-Za-z0-9]{32,})");

  /**
   * What is known about a request in addition to the decision, free of secrets. An empty text is
   * left out of the line.
   *
   * @param requestId by which the proxy's log names the request, or a new one
   * @param traceId by which spans and other logs name the trace, or empty
   * @param client the client's address
   * @param policy the name of the policy that was asked for
   * @param userId who is refused or allowed
   * @param detail what an operator may do something about; cut if very long, and what looks like a
   *     token is taken out
   */
  public record Context(
      String requestId,
      String traceId,
      String client,
      String policy,
      String userId,
      String detail) {}

  private final Logger log;
  private final InstantSource clock;
  private final boolean allowed;
  private final Map<Reason, LineLimit> windows = new EnumMap<>(Reason.class);

  /**
   * @param allowed whether allowed requests have lines too, each of them
   */
  public DecisionLog(InstantSource clock, boolean allowed) {
    this(LoggerFactory.getLogger(DecisionLog.class), clock, allowed);
  }

  DecisionLog(Logger log, InstantSource clock, boolean allowed) {
    this.log = log;
    this.clock = clock;
    this.allowed = allowed;
    for (Reason reason : Reason.values()) {
      windows.put(reason, new LineLimit(LINES, INTERVAL));
    }
  }

  /**
   * A request was decided.
   *
   * @param reason null if it may pass
   * @param source who was asked
   * @param context is only asked for if there will be a line
   */
  public void decided(@Nullable Reason reason, VerifiedBy source, Supplier<Context> context) {
    if (reason == null) {
      if (allowed) {
        write(log.atInfo(), source, context.get()).log("request allowed");
      }
      return;
    }
    boolean ours = reason.outcome() == Reason.DenialKind.UNAVAILABLE;
    long leftOut = requireNonNull(windows.get(reason)).enter(clock.millis());
    if (leftOut >= 0) {
      LoggingEventBuilder line = ours ? log.atWarn() : log.atInfo();
      write(line.addKeyValue("reason", reason.code()), source, context.get())
          .addKeyValue("left_out", leftOut)
          .log(ours ? "request not decided" : "request denied");
    }
  }

  private static LoggingEventBuilder write(
      LoggingEventBuilder line, VerifiedBy source, Context context) {
    LoggingEventBuilder with = line.addKeyValue("verifier", source.name().toLowerCase(Locale.ROOT));
    with = add(with, "policy", context.policy);
    with = add(with, "request_id", context.requestId);
    with = add(with, "trace_id", context.traceId);
    with = add(with, "client", context.client);
    with = add(with, "user_id", context.userId);
    return add(with, "detail", sanitized(context.detail));
  }

  private static LoggingEventBuilder add(LoggingEventBuilder line, String key, String value) {
    return value.isEmpty() ? line : line.addKeyValue(key, value);
  }

  private static String sanitized(String detail) {
    String clean = TOKEN.matcher(detail).replaceAll("[token]");
    return clean.length() <= MAX_DETAIL_CHARACTERS
        ? clean
        : clean.substring(0, MAX_DETAIL_CHARACTERS) + "...";
  }
}
