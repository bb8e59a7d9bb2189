package com.authgear.authrequest.support;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;

/** Stands in for an OpenTelemetry collector: takes OTLP over HTTP and decodes it. */
public final class Collector implements AutoCloseable {

  private final MockWebServer server = new MockWebServer();
  private volatile MockResponse answer = new MockResponse.Builder().build();

  public Collector() throws IOException {
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return answer;
          }
        });
    server.start(InetAddress.getLoopbackAddress(), 0);
  }

  /** For AUTHGEAR_OTLP_ENDPOINT. */
  public String endpoint() {
    return "http://127.0.0.1:" + server.getPort();
  }

  /** From now on. */
  public void answers(MockResponse response) {
    answer = response;
  }

  /** Calls that came. */
  public int calls() {
    return server.getRequestCount();
  }

  /** Everything that was sent since this was last asked. */
  public List<ResourceSpans> received() {
    List<ResourceSpans> all = new ArrayList<>();
    try {
      for (RecordedRequest request; (request = server.takeRequest(0, TimeUnit.SECONDS)) != null; ) {
        assertThat(request.getRequestLine()).isEqualTo("POST /v1/traces HTTP/1.1");
        assertThat(request.getHeaders().get("Content-Type")).isEqualTo("application/x-protobuf");
        assertThat(request.getHeaders().get("traceparent")).isNull();
        all.addAll(parse(requireNonNull(request.getBody()).toByteArray()).getResourceSpansList());
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return all;
  }

  private static ExportTraceServiceRequest parse(byte[] body) throws IOException {
    try (GZIPInputStream plain = new GZIPInputStream(new ByteArrayInputStream(body))) {
      return ExportTraceServiceRequest.parseFrom(plain);
    }
  }

  /** The spans of what was received, in the order of their start. */
  public static List<Span> spans(List<ResourceSpans> received) {
    return received.stream()
        .flatMap(resource -> resource.getScopeSpansList().stream())
        .flatMap(scope -> scope.getSpansList().stream())
        .sorted((a, b) -> Long.compareUnsigned(a.getStartTimeUnixNano(), b.getStartTimeUnixNano()))
        .toList();
  }

  /** Everything about a span but when it was and what cannot be known: its own id. */
  public static String described(Span span) {
    assertThat(span.getEndTimeUnixNano()).isGreaterThanOrEqualTo(span.getStartTimeUnixNano());
    assertThat(span.getEventsList()).isEmpty();
    assertThat(span.getLinksList()).isEmpty();
    assertThat(span.getStatus().getMessage()).isEmpty();
    return span.getKind().name().substring("SPAN_KIND_".length())
        + " "
        + span.getName()
        + " "
        + attributes(span.getAttributesList())
        + (span.getTraceState().isEmpty() ? "" : " [" + span.getTraceState() + "]")
        + " "
        + span.getStatus().getCode().name().substring("STATUS_CODE_".length());
  }

  public static String described(Resource resource) {
    return attributes(
        resource.getAttributesList().stream()
            .filter(attribute -> !attribute.getKey().startsWith("telemetry.sdk."))
            .toList());
  }

  private static String attributes(List<KeyValue> attributes) {
    return attributes.stream()
        .map(attribute -> attribute.getKey() + "=" + text(attribute.getValue()))
        .sorted()
        .collect(joining(" "));
  }

  private static String text(AnyValue value) {
    return value.hasStringValue() ? value.getStringValue() : Long.toString(value.getIntValue());
  }

  public static String hex(ByteString id) {
    return HexFormat.of().formatHex(id.toByteArray());
  }

  @Override
  public void close() {
    server.close();
  }
}
