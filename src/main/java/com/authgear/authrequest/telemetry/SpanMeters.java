package com.authgear.authrequest.telemetry;

import io.micrometer.core.instrument.Counter;

/** The part of the {@link Meters} about spans. */
public final class SpanMeters {

  private final Counter exported;
  private final Counter failed;
  private final Counter dropped;

  /** Registers every series. */
  public SpanMeters(Meters meters) {
    exported = counter(meters, "exported");
    failed = counter(meters, "failed");
    dropped = counter(meters, "dropped");
  }

  private static Counter counter(Meters meters, String result) {
    return Counter.builder(Metric.SPANS.meterName())
        .description(Metric.SPANS.help())
        .tag("result", result)
        .register(meters.registry());
  }

  /** The collector took this many. */
  public void exported(int spans) {
    exported.increment(spans);
  }

  /** It did not. */
  public void failed(int spans) {
    failed.increment(spans);
  }

  /** They were not sent. */
  public void dropped(int spans) {
    dropped.increment(spans);
  }
}
