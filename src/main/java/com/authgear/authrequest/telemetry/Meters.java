package com.authgear.authrequest.telemetry;

import static java.util.Objects.requireNonNull;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.verify.jwt.Keys;
import com.authgear.authrequest.verify.jwt.Keys.Trigger;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import javax.management.JMException;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * The service's metrics, for Prometheus. Label values come from closed lists only, and every series
 * that can occur exists from the start with zero, so that {@code rate()} sees the first failure.
 *
 * <p>Until a supplier is bound, its gauge reads as it should at that moment: not ready, no keys.
 */
public final class Meters implements Keys.KeyFetchListener, AutoCloseable {

  /**
   * What an answer to a scrape consists of.
   *
   * @param contentType the {@code Content-Type}
   * @param body the metrics in that format
   */
  public record Scrape(String contentType, String body) {}

  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
  private static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";

  /**
   * Upper bounds from a cached decision (tens of microseconds) over a verified signature (hundreds)
   * and the resolver (milliseconds) to a timeout. Fixed, so that replicas can be added up.
   */
  private static final Duration[] BUCKETS = {
    Duration.ofNanos(50_000),
    Duration.ofNanos(100_000),
    Duration.ofNanos(250_000),
    Duration.ofNanos(500_000),
    Duration.ofMillis(1),
    Duration.ofNanos(2_500_000),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(5)
  };

  /** Around nginx's buffers, which are 4 KiB or 8 KiB. */
  private static final double[] HEADER_BUCKETS = {256, 512, 1024, 2048, 3072, 4096, 8192, 16_384};

  private static final int SOURCES = VerifiedBy.values().length;

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics garbageCollection = new JvmGcMetrics();

  /** By {@link #index}; an element is null until a combination that should not occur does. */
  private final AtomicReferenceArray<@Nullable Timer> decisions =
      new AtomicReferenceArray<>((Reason.values().length + 1) * SOURCES);

  private final DistributionSummary identityHeaders;
  private final Map<Trigger, Counter> refreshSuccesses;
  private final Map<Trigger, Counter> refreshFailures;

  private volatile BooleanSupplier ready = () -> false;
  private volatile DoubleSupplier keySetAge = () -> Double.NaN;
  private volatile IntSupplier keys = () -> 0;
  private volatile IntSupplier waiting = () -> 0;

  /**
   * Registers everything but the parts of {@link ResolverMeters} and {@link FreshnessMeters}.
   *
   * @param version of this service
   */
  public Meters(String version) {
    Gauge.builder(Metric.BUILD_INFO.meterName(), () -> 1)
        .description(Metric.BUILD_INFO.help())
        .tag("version", version)
        .register(registry);
    gauge(Metric.READY, () -> ready.getAsBoolean() ? 1 : 0);
    gauge(Metric.KEY_SET_AGE, () -> keySetAge.getAsDouble());
    gauge(Metric.KEY_SET_KEYS, () -> keys.getAsInt());
    gauge(Metric.REQUESTS_WAITING, () -> waiting.getAsInt());
    registerDecisions();
    identityHeaders =
        DistributionSummary.builder(Metric.IDENTITY_HEADER_BYTES.meterName())
            .description(Metric.IDENTITY_HEADER_BYTES.help())
            .serviceLevelObjectives(HEADER_BUCKETS)
            .register(registry);
    refreshSuccesses = refreshes("success");
    refreshFailures = refreshes("failure");
    registerRuntime();
  }

  /**
   * Counts a decision.
   *
   * @param reason why it is not an allow; null if it is
   * @param source who vouched for the principal or refused to
   * @param nanos how long the decision took
   */
  public void decision(@Nullable Reason reason, VerifiedBy source, long nanos) {
    Timer timer = decisions.get(index(reason, source));
    if (timer == null) {
      timer = registerDecision(reason, source);
    }
    timer.record(Math.max(nanos, 0), TimeUnit.NANOSECONDS);
  }

  /** Says once who computes signatures. */
  public void cryptoProvider(String name) {
    Gauge.builder(Metric.CRYPTO_PROVIDER_INFO.meterName(), () -> 1)
        .description(Metric.CRYPTO_PROVIDER_INFO.help())
        .tag("provider", name)
        .register(registry);
  }

  /** Records what the headers of an allowed request take, in bytes. */
  public void identityHeaders(int bytes) {
    identityHeaders.record(bytes);
  }

  /** Counts an attempt to fetch the key set. */
  @Override
  public void fetched(Trigger trigger, boolean success) {
    Counter counter = (success ? refreshSuccesses : refreshFailures).get(trigger);
    requireNonNull(counter).increment();
  }

  /**
   * Binds the gauges of the key set; the suppliers are asked at each scrape.
   *
   * @param ageSeconds since the keys in use were fetched; NaN if there are none
   * @param keyCount keys in use
   */
  public void bindKeySet(DoubleSupplier ageSeconds, IntSupplier keyCount) {
    keySetAge = ageSeconds;
    keys = keyCount;
  }

  /** Binds the gauge that says what {@code /readyz} says. */
  public void bindReady(BooleanSupplier isReady) {
    ready = isReady;
  }

  /** Binds the gauge of the requests that wait for an answer from the network. */
  public void bindRequestsWaiting(IntSupplier requests) {
    waiting = requests;
  }

  /** All metrics in Prometheus' text format. */
  public String scrape() {
    return registry.scrape(TEXT);
  }

  /**
   * All metrics in OpenMetrics if the client accepts it, else in Prometheus' text format.
   *
   * @param accept the {@code Accept} header
   */
  public Scrape scrape(@Nullable String accept) {
    String contentType =
        accept != null && accept.toLowerCase(Locale.ROOT).contains("application/openmetrics-text")
            ? OPEN_METRICS
            : TEXT;
    return new Scrape(contentType, registry.scrape(contentType));
  }

  /** Our own metrics as a Markdown table, for the docs. */
  public static String markdownTable() {
    return Metric.markdownTable();
  }

  /** Stops listening to the garbage collector. */
  @Override
  public void close() {
    garbageCollection.close();
    registry.close();
  }

  MeterRegistry registry() {
    return registry;
  }

  static Timer.Builder histogram(Metric metric) {
    return Timer.builder(metric.meterName())
        .description(metric.help())
        .serviceLevelObjectives(BUCKETS);
  }

  private void gauge(Metric metric, Supplier<Number> value) {
    Gauge.builder(metric.meterName(), value).description(metric.help()).register(registry);
  }

  private Map<Trigger, Counter> refreshes(String result) {
    Map<Trigger, Counter> counters = new EnumMap<>(Trigger.class);
    for (Trigger trigger : Trigger.values()) {
      counters.put(
          trigger,
          Counter.builder(Metric.KEY_SET_REFRESHES.meterName())
              .description(Metric.KEY_SET_REFRESHES.help())
              .tag("result", result)
              .tag("trigger", label(trigger))
              .register(registry));
    }
    return counters;
  }

  private void registerDecisions() {
    for (VerifiedBy source : VerifiedBy.values()) {
      registerDecision(null, source);
    }
    for (Reason reason : Reason.values()) {
      for (VerifiedBy source : plausibleSources(reason)) {
        registerDecision(reason, source);
      }
    }
  }

  /** Registering twice gives the same timer, so two threads may meet here. */
  private Timer registerDecision(@Nullable Reason reason, VerifiedBy source) {
    Timer timer =
        histogram(Metric.DECISION)
            .tag("outcome", reason == null ? "allow" : label(reason.outcome()))
            .tag("reason", reason == null ? "none" : reason.code())
            .tag("verifier", label(source))
            .register(registry);
    decisions.set(index(reason, source), timer);
    return timer;
  }

  /** The order of the enums is fixed while the process lives, which is all that matters here. */
  @SuppressWarnings("EnumOrdinal")
  private static int index(@Nullable Reason reason, VerifiedBy source) {
    return (reason == null ? 0 : reason.ordinal() + 1) * SOURCES + source.ordinal();
  }

  /**
   * Who can give a reason. Series that cannot occur would only cost memory here and in Prometheus;
   * should one occur nevertheless, it appears then.
   */
  private static Set<VerifiedBy> plausibleSources(Reason reason) {
    return switch (reason) {
      // Before any verifier is asked.
      case NO_CREDENTIALS,
          MALFORMED_CREDENTIALS,
          TOKEN_TOO_LARGE,
          AMBIGUOUS_PATH,
          BAD_REQUIREMENT,
          UNKNOWN_POLICY,
          DRAINING ->
          EnumSet.of(VerifiedBy.NONE);
      case MALFORMED_TOKEN,
          WRONG_TYPE,
          ALGORITHM_NOT_ALLOWED,
          CRITICAL_HEADER,
          UNKNOWN_KEY,
          BAD_SIGNATURE,
          WRONG_ISSUER,
          EXPIRED,
          NOT_YET_VALID,
          MISSING_CLAIM,
          SENDER_CONSTRAINED,
          UNSAFE_VALUE,
          USER_CHANGED,
          KEYS_UNAVAILABLE ->
          EnumSet.of(VerifiedBy.JWT);
      case RESOLVER_UNAVAILABLE,
          RESOLVER_ORIGIN_MISMATCH,
          RESOLVER_UNKNOWN_PROJECT,
          RESOLVER_ERROR,
          RESOLVER_BAD_ANSWER ->
          EnumSet.of(VerifiedBy.RESOLVER);
      // SESSION_INVALID by JWT: a good token whose session the resolver no longer knows.
      case SESSION_INVALID -> EnumSet.of(VerifiedBy.JWT, VerifiedBy.RESOLVER);
      // A requirement that the principal does not meet, whoever vouches for it.
      case WRONG_AUDIENCE,
          HEADER_BUDGET,
          CLIENT_NOT_ALLOWED,
          PRINCIPAL_NOT_ALLOWED,
          ROLE_MISSING,
          SCOPE_MISSING,
          AMR_MISSING,
          NOT_VERIFIED,
          ANONYMOUS_USER,
          STALE_AUTHENTICATION ->
          EnumSet.of(VerifiedBy.JWT, VerifiedBy.RESOLVER);
      case OVERLOADED, INTERNAL_ERROR -> EnumSet.allOf(VerifiedBy.class);
    };
  }

  private void registerRuntime() {
    new JvmMemoryMetrics().bindTo(registry);
    garbageCollection.bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ClassLoaderMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    virtualThreads("mounted", "MountedVirtualThreadCount");
    virtualThreads("queued", "QueuedVirtualThreadCount");
  }

  private void virtualThreads(String state, String attribute) {
    Gauge.builder(Metric.VIRTUAL_THREADS.meterName(), () -> schedulerAttribute(attribute))
        .description(Metric.VIRTUAL_THREADS.help())
        .tag("state", state)
        .register(registry);
  }

  /** By JMX: the interface, {@code VirtualThreadSchedulerMXBean}, is not part of Java SE. */
  private static Number schedulerAttribute(String attribute) {
    try {
      ObjectName scheduler = new ObjectName("jdk.management:type=VirtualThreadScheduler");
      return (Number) ManagementFactory.getPlatformMBeanServer().getAttribute(scheduler, attribute);
    } catch (JMException e) {
      return Double.NaN;
    }
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
