package com.authgear.authrequest.follow;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/** The metrics of the command {@code follow}, for Prometheus. docs/metrics.md lists them. */
final class FollowMeters implements AutoCloseable {

  /** How a poll ended. */
  enum PollResult {
    SUCCESS,
    /** Authgear does not accept the key. */
    REFUSED,
    FAILED
  }

  /** Who is told. */
  enum Target {
    REDIS,
    POST
  }

  /** What became of telling. */
  enum TellResult {
    SUCCESS,
    FAILURE
  }

  private static final String POLLS = "authgear.follow.polls";
  private static final String MARKS = "authgear.follow.marks.sent";
  private static final String ENTRIES = "authgear.follow.entries";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  /**
   * @param lag seconds since the last poll that ended well began; {@code NaN} before the first
   */
  FollowMeters(DoubleSupplier lag) {
    Gauge.builder("authgear.follow.lag.seconds", lag::getAsDouble)
        .description("Seconds since the last poll of the audit log that ended well began.")
        .register(registry);
    for (PollResult result : PollResult.values()) {
      Counter _ = polls(result);
    }
    for (Target target : Target.values()) {
      for (TellResult result : TellResult.values()) {
        Counter _ = marks(target, result);
      }
    }
  }

  void polled(PollResult result) {
    polls(result).increment();
  }

  /** An entry was read; types that this version does not know are counted together. */
  void read(String type, Activity activity) {
    entries(Activity.isKnown(type) ? type : activity.name().toLowerCase(Locale.ROOT)).increment();
  }

  void sent(Target target, TellResult result, int marks) {
    marks(target, result).increment(marks);
  }

  private Counter polls(PollResult result) {
    return Counter.builder(POLLS)
        .description("Polls of the audit log, by how they ended.")
        .tag("result", result.name().toLowerCase(Locale.ROOT))
        .register(registry);
  }

  private Counter marks(Target target, TellResult result) {
    return Counter.builder(MARKS)
        .description(
            "Marks that services were told, by way and result; failed ones are told again.")
        .tag("target", target.name().toLowerCase(Locale.ROOT))
        .tag("result", result.name().toLowerCase(Locale.ROOT))
        .register(registry);
  }

  private Counter entries(String type) {
    return Counter.builder(ENTRIES)
        .description("Entries of the audit log that were read, by activity type.")
        .tag("type", type)
        .register(registry);
  }

  String scrape() {
    return registry.scrape();
  }

  @Override
  public void close() {
    registry.close();
  }
}
