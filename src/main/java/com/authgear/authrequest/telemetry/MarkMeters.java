package com.authgear.authrequest.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/** The part of the {@link Meters} about changed users; only there if changes are heard of. */
public final class MarkMeters {

  private final List<Counter> webhooks;

  /**
   * Registers a series for every result a call of the webhook can have.
   *
   * @param results the closed list of label values, such as {@code bad_signature}
   * @param inForce how many users are marked
   * @param dropped how many marks there was no room for
   */
  public MarkMeters(
      Meters meters, List<String> results, IntSupplier inForce, LongSupplier dropped) {
    webhooks =
        results.stream()
            .map(
                result ->
                    Counter.builder(Metric.WEBHOOKS.meterName())
                        .description(Metric.WEBHOOKS.help())
                        .tag("result", result)
                        .register(meters.registry()))
            .toList();
    Gauge.builder(Metric.MARKS.meterName(), () -> inForce.getAsInt())
        .description(Metric.MARKS.help())
        .register(meters.registry());
    FunctionCounter.builder(
            Metric.MARKS_DROPPED.meterName(), dropped, supplier -> supplier.getAsLong())
        .description(Metric.MARKS_DROPPED.help())
        .register(meters.registry());
  }

  /**
   * Counts a call of the webhook.
   *
   * @param result its result, as an index into the list of results
   */
  public void webhook(int result) {
    webhooks.get(result).increment();
  }
}
