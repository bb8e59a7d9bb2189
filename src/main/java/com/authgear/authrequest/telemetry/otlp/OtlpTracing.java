package com.authgear.authrequest.telemetry.otlp;

import com.authgear.authrequest.telemetry.SpanMeters;
import com.authgear.authrequest.trace.CallSpan;
import com.authgear.authrequest.trace.RequestSpan;
import com.authgear.authrequest.trace.TraceContext;
import com.authgear.authrequest.trace.Tracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.MeterProvider;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.Clock;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Spans for an OpenTelemetry collector. Whether a request has any is its {@code traceparent}'s to
 * say; without one, chance decides. They hold what the metrics' labels hold, never a credential or
 * a user. A collector that is slow or gone costs spans, not time.
 */
public final class OtlpTracing implements Tracing {

  private static final String NAME = "authgear-auth-request";
  private static final String TRACES = "/v1/traces";

  /** For one batch, repeated tries included. */
  private static final Duration EXPORT_TIMEOUT = Duration.ofSeconds(5);

  /** For what is left at the end. */
  private static final Duration FLUSH_TIMEOUT = Duration.ofSeconds(3);

  private static final AttributeKey<Long> STATUS =
      AttributeKey.longKey("http.response.status_code");
  private static final AttributeKey<String> ADDRESS = AttributeKey.stringKey("server.address");
  private static final AttributeKey<Long> PORT = AttributeKey.longKey("server.port");
  private static final AttributeKey<String> OUTCOME =
      AttributeKey.stringKey("authgear.auth.outcome");
  private static final AttributeKey<String> REASON = AttributeKey.stringKey("authgear.auth.reason");
  private static final AttributeKey<String> VERIFIER =
      AttributeKey.stringKey("authgear.auth.verifier");
  private static final AttributeKey<String> POLICY = AttributeKey.stringKey("authgear.auth.policy");
  private static final AttributeKey<String> RESOLVER_RESULT =
      AttributeKey.stringKey("authgear.resolver.result");
  private static final AttributeKey<String> KEY_SET_RESULT =
      AttributeKey.stringKey("authgear.key_set.result");

  private final SdkTracerProvider provider;
  private final SpanQueue queue;
  private final Tracer tracer;

  private OtlpTracing(SdkTracerProvider provider, SpanQueue queue) {
    this.provider = provider;
    this.queue = queue;
    this.tracer = provider.get(NAME);
  }

  /**
   * Begins to make spans.
   *
   * @param endpoint the collector's; {@code /v1/traces} is appended unless it ends so
   * @param ratio of the requests without a trace of their own
   * @param version of this program
   * @param meters count what becomes of the spans
   */
  public static Tracing start(
      URI endpoint, double ratio, String version, InstantSource clock, SpanMeters meters) {
    OtlpHttpSpanExporter exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(traces(endpoint))
            .setCompression("gzip")
            .setConnectTimeout(EXPORT_TIMEOUT)
            .setTimeout(EXPORT_TIMEOUT)
            .setMeterProvider(MeterProvider.noop())
            .build();
    SpanQueue queue = new SpanQueue(exporter, endpoint.toString(), EXPORT_TIMEOUT, meters);
    SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .setClock(new Time(clock))
            .setResource(
                Resource.getDefault()
                    .merge(
                        Resource.create(
                            Attributes.of(
                                AttributeKey.stringKey("service.name"), NAME,
                                AttributeKey.stringKey("service.version"), version))))
            .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(ratio)))
            .addSpanProcessor(queue)
            .build();
    return new OtlpTracing(provider, queue);
  }

  /** Operators know the variable of OpenTelemetry that has the whole URL, and write that. */
  static String traces(URI endpoint) {
    String text = endpoint.toString().replaceFirst("/+$", "");
    return text.endsWith(TRACES) ? text : text + TRACES;
  }

  @Override
  public boolean isOn() {
    return true;
  }

  @Override
  public RequestSpan request(@Nullable TraceContext parent) {
    Span span = builder("auth", SpanKind.SERVER, remote(parent)).startSpan();
    return new Requested(span, place(span, parent));
  }

  @Override
  public CallSpan resolverCall(@Nullable TraceContext parent, String host, int port) {
    Span span =
        builder("resolve", SpanKind.CLIENT, local(parent))
            .setAttribute(ADDRESS, host)
            .setAttribute(PORT, (long) port)
            .startSpan();
    return new Called(span, place(span, parent));
  }

  @Override
  public <T, E extends Exception> T keyFetch(String host, int port, Fetch<T, E> fetch) throws E {
    Span span =
        builder("fetch keys", SpanKind.CLIENT, Context.current())
            .setAttribute(ADDRESS, host)
            .setAttribute(PORT, (long) port)
            .startSpan();
    boolean fetched = false;
    try {
      T result = fetch.run();
      fetched = true;
      return result;
    } finally {
      span.setAttribute(KEY_SET_RESULT, fetched ? "success" : "failure");
      if (!fetched) {
        span.setStatus(StatusCode.ERROR);
      }
      span.end();
    }
  }

  @Override
  public void close() {
    queue.close(FLUSH_TIMEOUT);
    var _ = provider.shutdown();
  }

  private SpanBuilder builder(String name, SpanKind kind, Context parent) {
    return tracer.spanBuilder(name).setSpanKind(kind).setParent(parent);
  }

  private static Context remote(@Nullable TraceContext parent) {
    return parent == null
        ? Context.root()
        : W3CTraceContextPropagator.getInstance()
            .extract(Context.root(), parent, TwoHeaders.INSTANCE);
  }

  /** A place that this process made itself. */
  private static Context local(@Nullable TraceContext parent) {
    if (parent == null) {
      return Context.root();
    }
    SpanContext there = Span.fromContext(remote(parent)).getSpanContext();
    return Context.root()
        .with(
            Span.wrap(
                SpanContext.create(
                    there.getTraceId(),
                    there.getSpanId(),
                    there.getTraceFlags(),
                    there.getTraceState())));
  }

  private static TraceContext place(Span span, @Nullable TraceContext parent) {
    SpanContext context = span.getSpanContext();
    return new TraceContext(
        "00-"
            + context.getTraceId()
            + "-"
            + context.getSpanId()
            + "-"
            + context.getTraceFlags().asHex(),
        parent == null ? "" : parent.tracestate());
  }

  private record Requested(Span span, TraceContext context) implements RequestSpan {
    @Override
    public <T> T during(Supplier<T> work) {
      try (Scope _ = span.makeCurrent()) {
        return work.get();
      }
    }

    @Override
    public void end(int status, String outcome, String reason, String verifier, String policy) {
      span.setAttribute(STATUS, (long) status)
          .setAttribute(OUTCOME, outcome)
          .setAttribute(REASON, reason)
          .setAttribute(VERIFIER, verifier);
      if (!policy.isEmpty()) {
        span.setAttribute(POLICY, policy);
      }
      if (status >= 500) {
        span.setStatus(StatusCode.ERROR);
      }
      span.end();
    }
  }

  private record Called(Span span, TraceContext context) implements CallSpan {
    @Override
    public void end(String result, boolean failed) {
      span.setAttribute(RESOLVER_RESULT, result);
      if (failed) {
        span.setStatus(StatusCode.ERROR);
      }
      span.end();
    }
  }

  private enum TwoHeaders implements TextMapGetter<TraceContext> {
    INSTANCE;

    @Override
    public Iterable<String> keys(TraceContext carrier) {
      return List.of("traceparent", "tracestate");
    }

    @Override
    public @Nullable String get(@Nullable TraceContext carrier, String key) {
      if (carrier == null) {
        return null;
      }
      return switch (key) {
        case "traceparent" -> carrier.traceparent();
        case "tracestate" -> carrier.tracestate();
        default -> null;
      };
    }
  }

  /** The time that {@code Main} hands out, as OpenTelemetry wants it. */
  private record Time(InstantSource source) implements Clock {
    @Override
    public long now() {
      Instant now = source.instant();
      return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }

    @Override
    public long nanoTime() {
      return System.nanoTime();
    }
  }
}
