package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.telemetry.FreshnessMeters.Cache;
import com.authgear.authrequest.verify.CacheCounts;
import com.authgear.authrequest.verify.resolver.BreakerState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FreshnessMetersTest {

  private final Meters meters = new Meters("1.2.3");
  private final FreshnessMeters freshness = new FreshnessMeters(meters);

  @AfterEach
  void close() {
    meters.close();
  }

  private Exposition scraped() {
    return Exposition.parse(meters.scrape());
  }

  private static Map<String, Double> perCache(String name, double token, double others) {
    Map<String, Double> series = new TreeMap<>();
    series.put(name + "{cache=\"token\"}", token);
    series.put(name + "{cache=\"session\"}", others);
    series.put(name + "{cache=\"confirmation\"}", others);
    return series;
  }

  private static void times(int times, Runnable... actions) {
    for (int i = 0; i < times; i++) {
      for (Runnable action : actions) {
        action.run();
      }
    }
  }

  @Test
  void recheckInterval_isThereOnlyIfThereIsOne() {
    assertThat(scraped().named("authgear_auth_recheck_interval_seconds")).isEmpty();
    freshness.recheckInterval(Duration.ofMillis(7500));
    assertThat(scraped().value("authgear_auth_recheck_interval_seconds")).isEqualTo(7.5);
  }

  @Test
  void start_everySeries_existsWithZero() {
    Exposition scraped = scraped();
    for (String name :
        List.of(
            "authgear_auth_cache_hits_total",
            "authgear_auth_cache_misses_total",
            "authgear_auth_cache_evictions_total",
            "authgear_auth_cache_entries")) {
      assertThat(scraped.named(name)).containsExactlyInAnyOrderEntriesOf(perCache(name, 0, 0));
    }
    assertThat(scraped.value("authgear_auth_resolver_coalesced_total")).isZero();
    assertThat(scraped.value("authgear_auth_stale_answers_total")).isZero();
    assertThat(scraped.value("authgear_auth_recheck_age_seconds_count")).isZero();
    assertThat(scraped.named("authgear_auth_recheck_age_seconds_bucket")).hasSize(11);
    assertThat(scraped.named("authgear_auth_resolver_breaker"))
        .containsOnly(
            Map.entry("authgear_auth_resolver_breaker{state=\"closed\"}", 1.0),
            Map.entry("authgear_auth_resolver_breaker{state=\"open\"}", 0.0),
            Map.entry("authgear_auth_resolver_breaker{state=\"half_open\"}", 0.0));
  }

  @Test
  void cache_bound_showsItsOwnValuesAtEachScrape() {
    CacheCounts counts = new CacheCounts();
    times(3, counts::hit);
    times(5, counts::miss);
    times(7, counts::evicted);
    freshness.bindCache(Cache.TOKEN, counts, () -> 11);

    assertThat(scraped().named("authgear_auth_cache_hits_total"))
        .containsExactlyInAnyOrderEntriesOf(perCache("authgear_auth_cache_hits_total", 3, 0));
    assertThat(scraped().named("authgear_auth_cache_misses_total"))
        .containsExactlyInAnyOrderEntriesOf(perCache("authgear_auth_cache_misses_total", 5, 0));
    assertThat(scraped().named("authgear_auth_cache_evictions_total"))
        .containsExactlyInAnyOrderEntriesOf(perCache("authgear_auth_cache_evictions_total", 7, 0));
    assertThat(scraped().named("authgear_auth_cache_entries"))
        .containsExactlyInAnyOrderEntriesOf(perCache("authgear_auth_cache_entries", 11, 0));
    counts.hit();
    assertThat(scraped().value("authgear_auth_cache_hits_total{cache=\"token\"}")).isEqualTo(4);
  }

  /** The registry holds what counts by weak references only. */
  @Test
  void cache_afterAGarbageCollection_countsOn() {
    CacheCounts counts = new CacheCounts();
    times(1, counts::hit, counts::miss, counts::evicted);
    freshness.bindCache(Cache.TOKEN, counts, () -> 0);
    assertThat(scraped().value("authgear_auth_cache_hits_total{cache=\"token\"}")).isEqualTo(1);
    System.gc();
    times(1, counts::hit, counts::miss, counts::evicted);
    Exposition scraped = scraped();
    for (String what : List.of("hits", "misses", "evictions")) {
      assertThat(scraped.value("authgear_auth_cache_" + what + "_total{cache=\"token\"}"))
          .as(what)
          .isEqualTo(2);
    }
  }

  @Test
  void breaker_everyState_isTheOnlyOne() {
    AtomicReference<BreakerState> state = new AtomicReference<>(BreakerState.OPEN);
    freshness.bindBreaker(state::get);
    for (BreakerState one : BreakerState.values()) {
      state.set(one);
      scraped()
          .named("authgear_auth_resolver_breaker")
          .forEach(
              (series, value) ->
                  assertThat(value).isEqualTo(series.contains("\"" + one.code() + "\"") ? 1 : 0));
    }
  }

  @Test
  void counted_coalescedStaleAndAge_haveTheirValues() {
    freshness.sessions().coalesced();
    freshness.confirmations().coalesced();
    freshness.sessions().servedStale();
    freshness.confirmations().used(TimeUnit.MILLISECONDS.toNanos(1500));
    freshness.sessions().used(TimeUnit.MILLISECONDS.toNanos(700)); // confirms nothing

    Exposition scraped = scraped();
    assertThat(scraped.value("authgear_auth_resolver_coalesced_total")).isEqualTo(2);
    assertThat(scraped.value("authgear_auth_stale_answers_total")).isEqualTo(1);
    assertThat(scraped.value("authgear_auth_recheck_age_seconds_count")).isEqualTo(1);
    assertThat(scraped.value("authgear_auth_recheck_age_seconds_sum")).isEqualTo(1.5);
    assertThat(scraped.value("authgear_auth_recheck_age_seconds_max")).isEqualTo(1.5);
    assertThat(scraped.value("authgear_auth_recheck_age_seconds_bucket{le=\"1.0\"}")).isZero();
    assertThat(scraped.value("authgear_auth_recheck_age_seconds_bucket{le=\"2.5\"}")).isEqualTo(1);
  }
}
