package com.authgear.authrequest.telemetry;

import com.authgear.authrequest.tls.Material;
import com.authgear.authrequest.tls.WatchedFiles;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import java.time.Instant;
import java.util.function.Supplier;

/** The part of the {@link Meters} about TLS on the main listener; made only if it is on. */
public final class TlsMeters implements WatchedFiles.FileChangeListener {

  private final Counter reloads;
  private final Counter reloadFailures;
  private final Counter handshakes;
  private final Counter handshakeFailures;

  /**
   * Registers every series.
   *
   * @param end of the certificate in use
   */
  public TlsMeters(Meters meters, Supplier<Instant> end) {
    Gauge.builder(Metric.TLS_CERTIFICATE_EXPIRY.meterName(), () -> end.get().getEpochSecond())
        .description(Metric.TLS_CERTIFICATE_EXPIRY.help())
        .register(meters.registry());
    reloads = counter(meters, Metric.TLS_RELOADS, "success");
    reloadFailures = counter(meters, Metric.TLS_RELOADS, "failure");
    handshakes = counter(meters, Metric.TLS_HANDSHAKES, "success");
    handshakeFailures = counter(meters, Metric.TLS_HANDSHAKES, "failure");
  }

  private static Counter counter(Meters meters, Metric metric, String result) {
    return Counter.builder(metric.meterName())
        .description(metric.help())
        .tag("result", result)
        .register(meters.registry());
  }

  @Override
  public void taken(Material material) {
    reloads.increment();
  }

  @Override
  public void refused() {
    reloadFailures.increment();
  }

  /** Counts the end of a handshake. */
  public void handshake(boolean success) {
    (success ? handshakes : handshakeFailures).increment();
  }
}
