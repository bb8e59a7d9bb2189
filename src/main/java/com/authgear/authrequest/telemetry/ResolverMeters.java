package com.authgear.authrequest.telemetry;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/** The resolver's part of the {@link Meters}; not there in mode {@code jwt}. */
public final class ResolverMeters {

  private final Timer[] calls;
  private volatile IntSupplier inFlight = () -> 0;

  /**
   * Registers a series for every result a call can have.
   *
   * @param results the closed list of label values, such as {@code timeout}
   */
  public ResolverMeters(Meters meters, List<String> results) {
    calls =
        results.stream()
            .map(
                result ->
                    Meters.histogram(Metric.RESOLVER_CALL)
                        .tag("result", result)
                        .register(meters.registry()))
            .toArray(Timer[]::new);
    Gauge.builder(Metric.RESOLVER_CALLS_IN_FLIGHT.meterName(), () -> inFlight.getAsInt())
        .description(Metric.RESOLVER_CALLS_IN_FLIGHT.help())
        .register(meters.registry());
  }

  /**
   * Counts a call.
   *
   * @param result its result, as an index into the list of results
   * @param nanos how long it took
   */
  public void call(int result, long nanos) {
    calls[result].record(Math.max(nanos, 0), TimeUnit.NANOSECONDS);
  }

  /** Binds the gauge of calls without an answer yet. */
  public void bindCallsInFlight(IntSupplier callsInFlight) {
    inFlight = callsInFlight;
  }
}
