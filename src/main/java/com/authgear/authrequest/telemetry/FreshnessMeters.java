package com.authgear.authrequest.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** The part of the {@link Meters} about caches, rechecks and the resolver's breaker. */
public final class FreshnessMeters {

  /** What is remembered: the {@code cache} label. */
  public enum Cache {
    TOKEN,
    SESSION,
    CONFIRMATION
  }

  /**
   * Where a cache's values come from; asked at each scrape.
   *
   * @param entries how many there are now
   */
  public record CacheSource(
      LongSupplier hits, LongSupplier misses, LongSupplier evictions, LongSupplier entries) {}

  private static final CacheSource NOTHING = new CacheSource(() -> 0, () -> 0, () -> 0, () -> 0);

  /** Up to the longest interval that can be set. */
  private static final Duration[] AGES = {
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(15),
    Duration.ofSeconds(30),
    Duration.ofMinutes(1),
    Duration.ofMinutes(5),
    Duration.ofMinutes(15),
    Duration.ofHours(1)
  };

  private final MeterRegistry registry;
  private final Map<Cache, Source> sources = new EnumMap<>(Cache.class);
  private final Counter coalesced;
  private final Counter stale;
  private final Timer recheckAge;
  private volatile Supplier<String> breakerState;

  private static final class Source {
    private volatile CacheSource values = NOTHING;
  }

  /**
   * Registers every series.
   *
   * @param breakerStates the closed list of label values, the initial one first
   */
  public FreshnessMeters(Meters meters, List<String> breakerStates) {
    registry = meters.registry();
    for (Cache cache : Cache.values()) {
      Source source = new Source();
      sources.put(cache, source);
      counter(registry, Metric.CACHE_HITS, cache, source, CacheSource::hits);
      counter(registry, Metric.CACHE_MISSES, cache, source, CacheSource::misses);
      counter(registry, Metric.CACHE_EVICTIONS, cache, source, CacheSource::evictions);
      Gauge.builder(Metric.CACHE_ENTRIES.meterName(), () -> source.values.entries().getAsLong())
          .description(Metric.CACHE_ENTRIES.help())
          .tag("cache", label(cache))
          .register(registry);
    }
    coalesced = counter(registry, Metric.COALESCED);
    stale = counter(registry, Metric.STALE_ANSWERS);
    recheckAge =
        Timer.builder(Metric.RECHECK_AGE.meterName())
            .description(Metric.RECHECK_AGE.help())
            .serviceLevelObjectives(AGES)
            .register(registry);
    String initial = breakerStates.getFirst();
    breakerState = () -> initial;
    for (String state : breakerStates) {
      Gauge.builder(Metric.BREAKER.meterName(), () -> breakerState.get().equals(state) ? 1 : 0)
          .description(Metric.BREAKER.help())
          .tag("state", state)
          .register(registry);
    }
  }

  private static Counter counter(MeterRegistry registry, Metric metric) {
    return Counter.builder(metric.meterName()).description(metric.help()).register(registry);
  }

  /**
   * The registry's reference to the source is weak, so the source must be one that is kept here.
   */
  private static void counter(
      MeterRegistry registry,
      Metric metric,
      Cache cache,
      Source source,
      Function<CacheSource, LongSupplier> value) {
    FunctionCounter.builder(
            metric.meterName(), source, self -> value.apply(self.values).getAsLong())
        .description(metric.help())
        .tag("cache", label(cache))
        .register(registry);
  }

  private static String label(Cache cache) {
    return cache.name().toLowerCase(Locale.ROOT);
  }

  /** Binds the series of a cache. */
  public void bindCache(Cache cache, CacheSource source) {
    Objects.requireNonNull(sources.get(cache)).values = source;
  }

  /** Binds the breaker's state, one of the labels. */
  public void bindBreaker(Supplier<String> state) {
    breakerState = state;
  }

  /** Tells how old a confirmation may be, for those who watch how old they are. */
  public void recheckInterval(Duration interval) {
    Gauge.builder(Metric.RECHECK_INTERVAL.meterName(), () -> interval.toMillis() / 1000.0)
        .description(Metric.RECHECK_INTERVAL.help())
        .register(registry);
  }

  /** Counts a request that shared another one's call. */
  public void coalesced() {
    coalesced.increment();
  }

  /** Counts an answer that was used past its time. */
  public void servedStale() {
    stale.increment();
  }

  /** Notes how old a confirmation was. */
  public void recheckAge(long nanos) {
    recheckAge.record(Math.max(nanos, 0), TimeUnit.NANOSECONDS);
  }
}
