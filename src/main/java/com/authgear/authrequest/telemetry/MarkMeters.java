package com.authgear.authrequest.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/** The part of the {@link Meters} about changed users and how they are heard of. */
public final class MarkMeters {

  private final Meters meters;

  /** The registry holds what it counts by a weak reference. */
  private final LongSupplier dropped;

  /**
   * @param inForce how many users are marked
   * @param dropped how many marks there was no room for
   */
  public MarkMeters(Meters meters, IntSupplier inForce, LongSupplier dropped) {
    this.meters = meters;
    this.dropped = dropped;
    Gauge.builder(Metric.MARKS.meterName(), () -> inForce.getAsInt())
        .description(Metric.MARKS.help())
        .register(meters.registry());
    FunctionCounter.builder(
            Metric.MARKS_DROPPED.meterName(), this, self -> self.dropped.getAsLong())
        .description(Metric.MARKS_DROPPED.help())
        .register(meters.registry());
  }

  /** Counts by a result's index in a list. */
  @FunctionalInterface
  public interface Results {
    void count(int result);
  }

  /**
   * Registers a series for every result a call of the webhook can have.
   *
   * @param results the closed list of label values, such as {@code bad_signature}
   */
  public Results webhooks(List<String> results) {
    return counters(Metric.WEBHOOKS, results);
  }

  /**
   * Registers what goes through Redis.
   *
   * @param results the closed list of label values, such as {@code received}
   * @param up whether there is a connection
   */
  public Results redis(List<String> results, BooleanSupplier up) {
    Gauge.builder(Metric.REDIS_UP.meterName(), () -> up.getAsBoolean() ? 1 : 0)
        .description(Metric.REDIS_UP.help())
        .register(meters.registry());
    return counters(Metric.REDIS_MARKS, results);
  }

  private Results counters(Metric metric, List<String> results) {
    List<Counter> counters =
        results.stream()
            .map(
                result ->
                    Counter.builder(metric.meterName())
                        .description(metric.help())
                        .tag("result", result)
                        .register(meters.registry()))
            .toList();
    return result -> counters.get(result).increment();
  }
}
