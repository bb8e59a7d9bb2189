package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.http.HookHandler;
import com.authgear.authrequest.http.HookResult;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.tls.Authority;
import com.authgear.authrequest.tls.Contents;
import com.authgear.authrequest.tls.Material;
import com.authgear.authrequest.tls.Material.Bad;
import com.authgear.authrequest.tls.Material.Good;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.changes.Followed;
import com.authgear.authrequest.verify.changes.RedisMarks.Transit;
import com.authgear.authrequest.verify.jwt.Keys.Trigger;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.resolver.ResolverResult;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetersTest {

  /** Reasons and who can give them, independently of the code. */
  private static final String PLAUSIBLE =
      """
      none jwt resolver none
      no_credentials none
      malformed_credentials none
      token_too_large none
      malformed_token jwt
      wrong_type jwt
      algorithm_not_allowed jwt
      critical_header jwt
      unknown_key jwt
      bad_signature jwt
      wrong_issuer jwt
      wrong_audience jwt resolver
      expired jwt
      not_yet_valid jwt
      missing_claim jwt
      sender_constrained jwt
      unsafe_value jwt
      header_budget jwt resolver
      session_invalid jwt resolver
      user_changed jwt
      client_not_allowed jwt resolver
      principal_not_allowed jwt resolver
      role_missing jwt resolver
      scope_missing jwt resolver
      amr_missing jwt resolver
      not_verified jwt resolver
      ambiguous_path none
      anonymous_user jwt resolver
      stale_authentication jwt resolver
      bad_requirement none
      unknown_policy none
      keys_unavailable jwt
      resolver_unavailable resolver
      resolver_origin_mismatch resolver
      resolver_unknown_project resolver
      resolver_error resolver
      resolver_bad_answer resolver
      overloaded jwt resolver none
      draining none
      internal_error jwt resolver none
      """;

  private static final Set<String> FORBIDDEN =
      Set.of(
          "client_not_allowed",
          "principal_not_allowed",
          "role_missing",
          "scope_missing",
          "not_verified",
          "anonymous_user",
          "ambiguous_path");

  private final Meters meters = new Meters("1.2.3");

  @AfterEach
  void close() {
    meters.close();
  }

  @Test
  void identityHeaders_areSummedAndSorted() {
    String name = "authgear_auth_identity_header_bytes";
    assertThat(scraped().value(name + "_count")).isZero();
    meters.identityHeaders(3072);
    meters.identityHeaders(3073);

    Exposition scraped = scraped();
    assertThat(scraped.value(name + "_count")).isEqualTo(2);
    assertThat(scraped.value(name + "_sum")).isEqualTo(6145);
    assertThat(scraped.value(name + "_max")).isEqualTo(3073);
    assertThat(scraped.value(name + "_bucket{le=\"3072.0\"}")).isEqualTo(1);
    assertThat(scraped.value(name + "_bucket{le=\"4096.0\"}")).isEqualTo(2);
  }

  private Exposition scraped() {
    return Exposition.parse(meters.scrape());
  }

  private static Map<String, Double> zeros(String name, String... results) {
    Map<String, Double> zeros = new TreeMap<>();
    for (String result : results) {
      zeros.put(name + "{result=\"" + result + "\"}", 0.0);
    }
    return zeros;
  }

  private static String decision(String part, String outcome, String reason, String verifier) {
    return String.format(
        Locale.ROOT,
        "authgear_auth_decision_seconds%s{outcome=\"%s\",reason=\"%s\",verifier=\"%s\"}",
        part,
        outcome,
        reason,
        verifier);
  }

  private static Map<Double, Double> buckets(Exposition scraped, String name, String label) {
    Map<Double, Double> buckets = new TreeMap<>();
    scraped
        .named(name + "_bucket")
        .forEach(
            (series, count) -> {
              if (series.contains(label)) {
                String bound = Exposition.labels(series).getOrDefault("le", "");
                buckets.put(Double.valueOf(bound.replace("+Inf", "Infinity")), count);
              }
            });
    return buckets;
  }

  @Nested
  class Decisions {

    @Test
    void decision_threeOfOneKind_countSumBucketsAndMaximumAreExact() {
      meters.decision(null, VerifiedBy.JWT, 50_000);
      meters.decision(null, VerifiedBy.JWT, 50_001);
      meters.decision(null, VerifiedBy.JWT, 3_000_000);

      Exposition scraped = scraped();
      assertThat(scraped.value(decision("_count", "allow", "none", "jwt"))).isEqualTo(3);
      assertThat(scraped.value(decision("_sum", "allow", "none", "jwt"))).isEqualTo(0.003100001);
      assertThat(scraped.value(decision("_max", "allow", "none", "jwt"))).isEqualTo(0.003);
      assertThat(
              buckets(
                  scraped,
                  "authgear_auth_decision_seconds",
                  "outcome=\"allow\",reason=\"none\",verifier=\"jwt\""))
          .containsExactly(
              Map.entry(0.00005, 1.0),
              Map.entry(0.0001, 2.0),
              Map.entry(0.00025, 2.0),
              Map.entry(0.0005, 2.0),
              Map.entry(0.001, 2.0),
              Map.entry(0.0025, 2.0),
              Map.entry(0.005, 3.0),
              Map.entry(0.01, 3.0),
              Map.entry(0.025, 3.0),
              Map.entry(0.1, 3.0),
              Map.entry(0.25, 3.0),
              Map.entry(1.0, 3.0),
              Map.entry(2.5, 3.0),
              Map.entry(5.0, 3.0),
              Map.entry(Double.POSITIVE_INFINITY, 3.0));
    }

    @Test
    void decision_slowerThanAllBuckets_countsAsInfinite() {
      meters.decision(null, VerifiedBy.RESOLVER, 5_000_000_001L);

      Map<Double, Double> buckets =
          buckets(
              scraped(),
              "authgear_auth_decision_seconds",
              "outcome=\"allow\",reason=\"none\",verifier=\"resolver\"");
      assertThat(buckets).containsEntry(5.0, 0.0).containsEntry(Double.POSITIVE_INFINITY, 1.0);
    }

    @Test
    void decision_everyReasonAndVerifier_hasASeriesOfItsOwn() {
      int nanos = 0;
      for (Reason reason : Reason.values()) {
        for (VerifiedBy source : VerifiedBy.values()) {
          nanos += 1000;
          meters.decision(reason, source, nanos);
        }
      }

      Exposition scraped = scraped();
      nanos = 0;
      for (Reason reason : Reason.values()) {
        String outcome = lower(reason.outcome());
        for (VerifiedBy source : VerifiedBy.values()) {
          nanos += 1000;
          assertThat(scraped.value(decision("_count", outcome, reason.code(), lower(source))))
              .isEqualTo(1);
          assertThat(scraped.value(decision("_sum", outcome, reason.code(), lower(source))))
              .isCloseTo(nanos / 1e9, within(1e-12));
        }
      }
    }

    @Test
    void decision_combinationThatShouldNotOccur_appearsAndCounts() {
      String series = decision("_count", "unavailable", "keys_unavailable", "resolver");
      assertThat(scraped().samples()).doesNotContainKey(series);

      meters.decision(Reason.KEYS_UNAVAILABLE, VerifiedBy.RESOLVER, 1);
      meters.decision(Reason.KEYS_UNAVAILABLE, VerifiedBy.RESOLVER, 1);

      assertThat(scraped().value(series)).isEqualTo(2);
    }

    @Test
    void decision_negativeTime_countsAsZero() {
      meters.decision(Reason.DRAINING, VerifiedBy.NONE, -1);

      Exposition scraped = scraped();
      assertThat(scraped.value(decision("_count", "unavailable", "draining", "none"))).isEqualTo(1);
      assertThat(scraped.value(decision("_sum", "unavailable", "draining", "none"))).isZero();
    }

    @Test
    void decision_manyTimes_allocatesNothing() throws Exception {
      int times = 200_000;
      for (int i = 0; i < times; i++) {
        meters.decision(Reason.EXPIRED, VerifiedBy.JWT, i);
      }
      long before = allocatedBytes();
      for (int i = 0; i < times; i++) {
        meters.decision(Reason.EXPIRED, VerifiedBy.JWT, i);
      }
      // Asking costs something, a single object for each decision would cost 3 MB.
      assertThat(allocatedBytes() - before).isLessThan(200_000);
    }

    private static long allocatedBytes() throws Exception {
      return (long)
          ManagementFactory.getPlatformMBeanServer()
              .getAttribute(
                  new ObjectName("java.lang:type=Threading"), "CurrentThreadAllocatedBytes");
    }
  }

  @Nested
  class AtTheStart {

    @Test
    void start_everyPlausibleDecision_existsWithZero() {
      Set<String> expected = new TreeSet<>();
      for (String line : PLAUSIBLE.lines().toList()) {
        List<String> words = List.of(line.split(" "));
        String reason = words.getFirst();
        for (String verifier : words.subList(1, words.size())) {
          expected.add(decision("_count", outcome(reason), reason, verifier));
        }
      }

      Map<String, Double> counts = scraped().named("authgear_auth_decision_seconds_count");
      assertThat(counts.keySet()).containsExactlyInAnyOrderElementsOf(expected);
      assertThat(counts.values()).containsOnly(0.0);
      assertThat(scraped().named("authgear_auth_decision_seconds_sum").values()).containsOnly(0.0);
      assertThat(scraped().named("authgear_auth_decision_seconds_bucket"))
          .hasSize(15 * expected.size());
      assertThat(scraped().named("authgear_auth_decision_seconds_bucket").values())
          .containsOnly(0.0);
    }

    @Test
    void start_keySetAndReadiness_areThoseOfAServiceWithoutKeys() {
      Exposition scraped = scraped();
      assertThat(scraped.value("authgear_auth_ready")).isZero();
      assertThat(scraped.value("authgear_auth_key_set_age_seconds")).isNaN();
      assertThat(scraped.value("authgear_auth_key_set_keys")).isZero();
      assertThat(scraped.value("authgear_auth_requests_waiting")).isZero();
      assertThat(scraped.named("authgear_auth_key_set_refreshes_total"))
          .containsOnly(
              Map.entry(refreshes("success", "start"), 0.0),
              Map.entry(refreshes("success", "scheduled"), 0.0),
              Map.entry(refreshes("success", "unknown_key"), 0.0),
              Map.entry(refreshes("failure", "start"), 0.0),
              Map.entry(refreshes("failure", "scheduled"), 0.0),
              Map.entry(refreshes("failure", "unknown_key"), 0.0));
    }

    @Test
    void start_buildInfo_namesTheVersion() {
      assertThat(scraped().named("authgear_auth_build_info"))
          .containsOnly(Map.entry("authgear_auth_build_info{version=\"1.2.3\"}", 1.0));
    }

    @Test
    void start_runtimeMetrics_haveValues() {
      Exposition scraped = scraped();
      assertThat(total(scraped, "jvm_memory_used_bytes")).isPositive();
      assertThat(total(scraped, "jvm_threads_live_threads")).isPositive();
      assertThat(total(scraped, "jvm_classes_loaded_classes")).isPositive();
      assertThat(total(scraped, "jvm_gc_max_data_size_bytes")).isPositive();
      assertThat(total(scraped, "process_cpu_time_ns_total")).isPositive();
      assertThat(total(scraped, "process_uptime_seconds")).isPositive();
      assertThat(total(scraped, "process_start_time_seconds")).isPositive();
      assertThat(total(scraped, "process_files_open_files")).isPositive();
    }

    @Test
    void virtualThread_running_isMounted() throws Exception {
      AtomicReference<Exposition> seen = new AtomicReference<>();
      Thread.ofVirtual().start(() -> seen.set(scraped())).join();
      assertThat(seen.get().value("authgear_auth_virtual_threads{state=\"mounted\"}"))
          .isGreaterThanOrEqualTo(1);
      assertThat(seen.get().value("authgear_auth_virtual_threads{state=\"queued\"}"))
          .isGreaterThanOrEqualTo(0);
    }

    private static double total(Exposition scraped, String name) {
      return scraped.named(name).values().stream().mapToDouble(Double::doubleValue).sum();
    }

    private static String outcome(String reason) {
      if (reason.equals("none")) {
        return "allow";
      }
      if (FORBIDDEN.contains(reason)) {
        return "forbidden";
      }
      return Set.of("bad_requirement", "unknown_policy", "overloaded", "draining", "internal_error")
                  .contains(reason)
              || reason.equals("keys_unavailable")
              || reason.startsWith("resolver_")
          ? "unavailable"
          : "unauthenticated";
    }
  }

  @Nested
  class KeySet {

    @Test
    void age_asTheClockAdvances_grows() {
      Instant fetched = Instant.parse("2026-11-24T10:00:00Z");
      AtomicReference<Instant> now = new AtomicReference<>(fetched);
      meters.bindKeySet(() -> Duration.between(fetched, now.get()).toMillis() / 1e3, () -> 2);

      assertThat(scraped().value("authgear_auth_key_set_age_seconds")).isZero();
      assertThat(scraped().value("authgear_auth_key_set_keys")).isEqualTo(2);

      now.set(fetched.plusMillis(90_500));
      assertThat(scraped().value("authgear_auth_key_set_age_seconds")).isEqualTo(90.5);
    }

    @Test
    void fetched_countsByResultAndTrigger() {
      meters.fetched(Trigger.START, false);
      meters.fetched(Trigger.START, false);
      meters.fetched(Trigger.START, true);
      meters.fetched(Trigger.UNKNOWN_KEY, true);

      assertThat(scraped().named("authgear_auth_key_set_refreshes_total"))
          .containsOnly(
              Map.entry(refreshes("success", "start"), 1.0),
              Map.entry(refreshes("success", "scheduled"), 0.0),
              Map.entry(refreshes("success", "unknown_key"), 1.0),
              Map.entry(refreshes("failure", "start"), 2.0),
              Map.entry(refreshes("failure", "scheduled"), 0.0),
              Map.entry(refreshes("failure", "unknown_key"), 0.0));
    }

    @Test
    void ready_followsItsSupplier() {
      AtomicBoolean ready = new AtomicBoolean(true);
      meters.bindReady(ready::get);
      assertThat(scraped().value("authgear_auth_ready")).isEqualTo(1);

      ready.set(false);
      assertThat(scraped().value("authgear_auth_ready")).isZero();
    }

    @Test
    void requestsWaiting_followsItsSupplier() {
      AtomicInteger waiting = new AtomicInteger(7);
      meters.bindRequestsWaiting(waiting::get);
      assertThat(scraped().value("authgear_auth_requests_waiting")).isEqualTo(7);

      waiting.set(0);
      assertThat(scraped().value("authgear_auth_requests_waiting")).isZero();
    }
  }

  @Nested
  class Resolver {

    private final ResolverMeters resolver = new ResolverMeters(meters);

    @Test
    void start_everyResult_existsWithZero() {
      assertThat(scraped().named("authgear_auth_resolver_call_seconds_count"))
          .containsExactlyInAnyOrderEntriesOf(
              zeros(
                  "authgear_auth_resolver_call_seconds_count",
                  "valid",
                  "invalid",
                  "absent",
                  "unavailable",
                  "origin_mismatch",
                  "unknown_project",
                  "error",
                  "bad_answer",
                  "overloaded",
                  "breaker_open"));
      assertThat(scraped().value("authgear_auth_resolver_calls_in_flight")).isZero();
    }

    private static final ResolverAnswer UNANSWERED =
        new ResolverAnswer(
            ResolverResult.UNAVAILABLE,
            new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_UNAVAILABLE),
            "");

    @Test
    void call_two_countSumAndBucketsAreExact() {
      resolver.called(UNANSWERED, 2_000_000_000L);
      resolver.called(UNANSWERED, 1_500_000_000L);

      Exposition scraped = scraped();
      assertThat(scraped.value("authgear_auth_resolver_call_seconds_count{result=\"unavailable\"}"))
          .isEqualTo(2);
      assertThat(scraped.value("authgear_auth_resolver_call_seconds_sum{result=\"unavailable\"}"))
          .isEqualTo(3.5);
      assertThat(scraped.value("authgear_auth_resolver_call_seconds_count{result=\"valid\"}"))
          .isZero();
      assertThat(buckets(scraped, "authgear_auth_resolver_call_seconds", "result=\"unavailable\""))
          .containsEntry(1.0, 0.0)
          .containsEntry(2.5, 2.0);
    }

    @Test
    void callsInFlight_followsItsSupplier() {
      resolver.bindCallsInFlight(() -> 12);
      assertThat(scraped().value("authgear_auth_resolver_calls_in_flight")).isEqualTo(12);
    }
  }

  @Nested
  class ChangedUsers {

    private final AtomicInteger inForce = new AtomicInteger(3);
    private final AtomicInteger dropped = new AtomicInteger();
    private final MarkMeters marks = new MarkMeters(meters, inForce::get, dropped::longValue);

    @Test
    void webhook_countsByResult_andEveryResultExistsWithZero() {
      HookHandler.WebhookListener webhooks = marks.webhooks();
      webhooks.answered(HookResult.BAD_SIGNATURE);
      webhooks.answered(HookResult.BAD_SIGNATURE);
      Map<String, Double> expected =
          zeros(
              "authgear_auth_webhooks_total",
              "accepted",
              "duplicate",
              "too_old",
              "ignored",
              "malformed",
              "bad_signature",
              "not_post",
              "timeout",
              "too_large",
              "aborted",
              "overloaded",
              "failed");
      expected.put("authgear_auth_webhooks_total{result=\"bad_signature\"}", 2.0);
      assertThat(scraped().named("authgear_auth_webhooks_total"))
          .containsExactlyInAnyOrderEntriesOf(expected);
    }

    @Test
    void redis_countsByResultAndSaysWhetherItIsUp() {
      AtomicBoolean up = new AtomicBoolean(true);
      marks.redis(up::get).moved(Transit.RECEIVED);
      assertThat(scraped().value("authgear_auth_redis_up")).isEqualTo(1);
      assertThat(scraped().named("authgear_auth_redis_marks_total"))
          .containsOnly(
              Map.entry("authgear_auth_redis_marks_total{result=\"received\"}", 1.0),
              Map.entry("authgear_auth_redis_marks_total{result=\"published\"}", 0.0),
              Map.entry("authgear_auth_redis_marks_total{result=\"malformed\"}", 0.0));
      up.set(false);
      assertThat(scraped().value("authgear_auth_redis_up")).isZero();
    }

    @Test
    void marks_followTheirSuppliers() {
      assertThat(scraped().value("authgear_auth_marks")).isEqualTo(3);
      assertThat(scraped().value("authgear_auth_marks_dropped_total")).isZero();
      inForce.set(5);
      dropped.set(2);
      assertThat(scraped().value("authgear_auth_marks")).isEqualTo(5);
      assertThat(scraped().value("authgear_auth_marks_dropped_total")).isEqualTo(2);
    }
  }

  @Nested
  class Format {

    @Test
    void scrape_openMetricsAccepted_isOpenMetrics() {
      Meters.Scrape scrape =
          meters.scrape(
              "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4");
      assertThat(scrape.contentType())
          .isEqualTo("application/openmetrics-text; version=1.0.0; charset=utf-8");
      assertThat(scrape.body()).endsWith("# EOF\n");
    }

    @Test
    void scrape_anythingElseAccepted_isText() {
      List<Meters.Scrape> scrapes =
          List.of(
              meters.scrape(null),
              meters.scrape("*/*"),
              meters.scrape("text/plain"),
              meters.scrape("application/vnd.google.protobuf;encoding=delimited"));
      for (Meters.Scrape scrape : scrapes) {
        assertThat(scrape.contentType()).isEqualTo("text/plain; version=0.0.4; charset=utf-8");
        assertThat(scrape.body()).doesNotContain("# EOF");
        assertThat(Exposition.parse(scrape.body()).value("authgear_auth_ready")).isZero();
      }
    }
  }

  @Nested
  class TlsOfTheListener {

    @Test
    void tls_saysWhenTheCertificateEnds_andCountsByResult(@TempDir Path folder) throws IOException {
      Authority authority = new Authority();
      Material material =
          switch (Material.of(Contents.read(authority.write(folder, authority.sign())))) {
            case Good good -> good.material();
            case Bad bad -> throw new AssertionError(bad);
          };
      AtomicReference<Instant> end = new AtomicReference<>(Instant.parse("2026-12-01T00:00:00Z"));
      TlsMeters tls = new TlsMeters(meters, end::get);
      String expiry = "authgear_auth_tls_certificate_expiry_timestamp_seconds";
      assertThat(scraped().value(expiry)).isEqualTo(1_796_083_200);
      assertThat(scraped().named("authgear_auth_tls_reloads_total").values())
          .containsExactly(0.0, 0.0);
      assertThat(scraped().named("authgear_auth_tls_handshakes_total").values())
          .containsExactly(0.0, 0.0);

      end.set(Instant.parse("2026-12-01T00:00:01Z"));
      tls.taken(material);
      tls.refused();
      tls.refused();
      tls.handshake(true);

      assertThat(scraped().value(expiry)).isEqualTo(1_796_083_201);
      assertThat(scraped().named("authgear_auth_tls_reloads_total"))
          .containsOnly(
              Map.entry("authgear_auth_tls_reloads_total{result=\"success\"}", 1.0),
              Map.entry("authgear_auth_tls_reloads_total{result=\"failure\"}", 2.0));
      assertThat(scraped().named("authgear_auth_tls_handshakes_total"))
          .containsOnly(
              Map.entry("authgear_auth_tls_handshakes_total{result=\"success\"}", 1.0),
              Map.entry("authgear_auth_tls_handshakes_total{result=\"failure\"}", 0.0));
    }
  }

  @Nested
  class Documentation {

    @Test
    void ownMetrics_areThoseOfTheTable_withTypeHelpAndLabels() {
      ResolverMeters unused = new ResolverMeters(meters);
      assertThat(unused).isNotNull();
      MarkMeters marks = new MarkMeters(meters, () -> 0, () -> 0);
      assertThat(marks.webhooks()).isNotNull();
      assertThat(marks.redis(() -> true)).isNotNull();
      assertThat(marks.follower()).isNotNull();
      marks.bindFollowed(
          new Followed(InstantSource.system(), System::nanoTime, Duration.ofSeconds(2)));
      new FreshnessMeters(meters).recheckInterval(Duration.ofSeconds(30));
      assertThat(new SpanMeters(meters)).isNotNull();
      assertThat(new TlsMeters(meters, () -> Instant.EPOCH)).isNotNull();
      meters.cryptoProvider("JDK");
      Exposition scraped = scraped();

      assertThat(
              scraped.types().keySet().stream()
                  .filter(name -> name.startsWith("authgear_"))
                  .toList())
          .containsExactlyInAnyOrderElementsOf(
              Arrays.stream(Metric.values()).map(Metric::metricName).toList());
      for (Metric metric : Metric.values()) {
        assertThat(scraped.types()).containsEntry(metric.metricName(), metric.type().code());
        boolean histogram = metric.type() == Metric.Type.HISTOGRAM;
        Map<String, Double> series =
            scraped.named(metric.metricName() + (histogram ? "_count" : ""));
        assertThat(series).isNotEmpty();
        for (String one : series.keySet()) {
          assertThat(Exposition.labels(one).keySet())
              .as(one)
              .containsExactlyInAnyOrderElementsOf(metric.labels());
        }
      }
      assertThat(scraped.helps())
          .containsEntry(
              "authgear_auth_key_set_age_seconds",
              "Seconds since the keys in use were fetched; NaN while there are none.");
    }

    @Test
    void ownMetrics_afterAllThatCanHappen_haveNoLabelsOutsideTheLists() {
      for (Reason reason : Reason.values()) {
        for (VerifiedBy source : VerifiedBy.values()) {
          meters.decision(reason, source, 1);
        }
      }
      Set<String> reasons =
          Arrays.stream(Reason.values()).map(Reason::code).collect(Collectors.toSet());
      reasons.add("none");
      List<String> strangers = new ArrayList<>();
      for (String series : scraped().samples().keySet()) {
        if (series.startsWith("authgear_")) {
          Exposition.labels(series)
              .forEach(
                  (label, value) -> {
                    boolean known =
                        switch (label) {
                          case "outcome" ->
                              Set.of("allow", "unauthenticated", "forbidden", "unavailable")
                                  .contains(value);
                          case "reason" -> reasons.contains(value);
                          case "verifier" -> Set.of("jwt", "resolver", "none").contains(value);
                          case "result" -> Set.of("success", "failure").contains(value);
                          case "trigger" ->
                              Set.of("start", "scheduled", "unknown_key").contains(value);
                          case "state" -> Set.of("mounted", "queued").contains(value);
                          case "version" -> value.equals("1.2.3");
                          case "le" -> true;
                          default -> false;
                        };
                    if (!known) {
                      strangers.add(series);
                    }
                  });
        }
      }
      assertThat(strangers).isEmpty();
    }

    @Test
    void markdownTable_hasARowForEachMetric() {
      assertThat(Meters.markdownTable().lines())
          .hasSize(2 + Metric.values().length)
          .startsWith("| metric | type | labels | meaning |", "|---|---|---|---|")
          .contains(
              "| `authgear_auth_key_set_age_seconds` | gauge |  | Seconds since the keys in use"
                  + " were fetched; `NaN` while there are none. |")
          .allMatch(line -> line.chars().filter(c -> c == '|').count() == 5);
    }
  }

  private static String refreshes(String result, String trigger) {
    return String.format(
        Locale.ROOT,
        "authgear_auth_key_set_refreshes_total{result=\"%s\",trigger=\"%s\"}",
        result,
        trigger);
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
