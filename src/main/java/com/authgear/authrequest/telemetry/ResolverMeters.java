package com.authgear.authrequest.telemetry;

import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.resolver.ResolverListener;
import com.authgear.authrequest.verify.resolver.ResolverResult;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/** The resolver's part of the {@link Meters}; not there in mode {@code jwt}. */
public final class ResolverMeters implements ResolverListener {

  private final Map<ResolverResult, Timer> calls = new EnumMap<>(ResolverResult.class);
  private volatile IntSupplier inFlight = () -> 0;

  /** Registers a series for every result a call can have. */
  public ResolverMeters(Meters meters) {
    for (ResolverResult result : ResolverResult.values()) {
      calls.put(
          result,
          Meters.histogram(Metric.RESOLVER_CALL)
              .tag("result", result.code())
              .register(meters.registry()));
    }
    Gauge.builder(Metric.RESOLVER_CALLS_IN_FLIGHT.meterName(), () -> inFlight.getAsInt())
        .description(Metric.RESOLVER_CALLS_IN_FLIGHT.help())
        .register(meters.registry());
  }

  @Override
  public void called(ResolverAnswer answer, long nanos) {
    Objects.requireNonNull(calls.get(answer.result()))
        .record(Math.max(nanos, 0), TimeUnit.NANOSECONDS);
  }

  /** Binds the gauge of calls without an answer yet. */
  public void bindCallsInFlight(IntSupplier callsInFlight) {
    inFlight = callsInFlight;
  }
}
