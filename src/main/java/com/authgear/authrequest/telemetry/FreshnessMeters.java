package com.authgear.authrequest.telemetry;

import com.authgear.authrequest.verify.CacheCounts;
import com.authgear.authrequest.verify.resolver.BreakerState;
import com.authgear.authrequest.verify.session.ResolverCache;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** The part of the {@link Meters} about caches, rechecks and the resolver's breaker. */
public final class FreshnessMeters {

  /** What is remembered: the {@code cache} label. */
  public enum Cache {
    TOKEN,
    SESSION,
    CONFIRMATION
  }

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
  private final Map<Cache, CacheSource> sources = new EnumMap<>(Cache.class);
  private final Counter coalesced;
  private final Counter stale;
  private final Timer recheckAge;
  private volatile Supplier<BreakerState> breakerState = () -> BreakerState.CLOSED;

  /** Where a cache's values come from; asked at each scrape. */
  private static final class CacheSource {
    private volatile CacheCounts counts = new CacheCounts();
    private volatile LongSupplier entries = () -> 0;
  }

  /** Registers every series. */
  public FreshnessMeters(Meters meters) {
    registry = meters.registry();
    for (Cache cache : Cache.values()) {
      CacheSource source = new CacheSource();
      sources.put(cache, source);
      counter(registry, Metric.CACHE_HITS, cache, source, CacheCounts::hits);
      counter(registry, Metric.CACHE_MISSES, cache, source, CacheCounts::misses);
      counter(registry, Metric.CACHE_EVICTIONS, cache, source, CacheCounts::evictions);
      Gauge.builder(Metric.CACHE_ENTRIES.meterName(), () -> source.entries.getAsLong())
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
    for (BreakerState state : BreakerState.values()) {
      Gauge.builder(Metric.BREAKER.meterName(), () -> breakerState.get() == state ? 1 : 0)
          .description(Metric.BREAKER.help())
          .tag("state", state.code())
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
      CacheSource source,
      ToLongFunction<CacheCounts> value) {
    FunctionCounter.builder(metric.meterName(), source, self -> value.applyAsLong(self.counts))
        .description(metric.help())
        .tag("cache", label(cache))
        .register(registry);
  }

  private static String label(Cache cache) {
    return cache.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Binds the series of a cache.
   *
   * @param entries how many there are now
   */
  public void bindCache(Cache cache, CacheCounts counts, LongSupplier entries) {
    CacheSource source = Objects.requireNonNull(sources.get(cache));
    source.counts = counts;
    source.entries = entries;
  }

  /** Binds the breaker's state. */
  public void bindBreaker(Supplier<BreakerState> state) {
    breakerState = state;
  }

  /** Tells how old a confirmation may be, for those who watch how old they are. */
  public void recheckInterval(Duration interval) {
    Gauge.builder(Metric.RECHECK_INTERVAL.meterName(), () -> interval.toMillis() / 1000.0)
        .description(Metric.RECHECK_INTERVAL.help())
        .register(registry);
  }

  /** Counts what becomes of sessions' answers. */
  public ResolverCache.CacheListener sessions() {
    return new SessionMeters();
  }

  /** Counts what becomes of confirmations, and notes how old they are. */
  public ResolverCache.CacheListener confirmations() {
    return new ConfirmationMeters();
  }

  private class SessionMeters implements ResolverCache.CacheListener {
    @Override
    public void coalesced() {
      coalesced.increment();
    }

    @Override
    public void servedStale() {
      stale.increment();
    }
  }

  private final class ConfirmationMeters extends SessionMeters {
    @Override
    public void used(long ageNanos) {
      recheckAge.record(Math.max(ageNanos, 0), TimeUnit.NANOSECONDS);
    }
  }
}
