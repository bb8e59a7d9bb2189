package com.authgear.authrequest.telemetry.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.authgear.authrequest.support.Collector;
import com.authgear.authrequest.telemetry.Meters;
import com.authgear.authrequest.telemetry.SpanMeters;
import com.authgear.authrequest.trace.Tracing;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class SpanQueueTest {

  private final Meters meters = new Meters("1.2.3");
  private final SpanMeters counts = new SpanMeters(meters);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final Logger log = (Logger) LoggerFactory.getLogger(OtlpTracing.class);

  @BeforeEach
  void listen() {
    lines.start();
    log.addAppender(lines);
  }

  @AfterEach
  void close() {
    log.detachAppender(lines);
    meters.close();
  }

  private Tracing tracing(String endpoint) {
    return OtlpTracing.start(URI.create(endpoint), 1, "1.2.3", InstantSource.system(), counts);
  }

  private static void end(Tracing tracing) {
    tracing.request(null).end(200, "allow", "none", "jwt", "");
  }

  private long count(String result) {
    String series = "authgear_auth_spans_total{result=\"" + result + "\"} ";
    return meters
        .scrape()
        .lines()
        .filter(line -> line.startsWith(series))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(series.length())))
        .sum();
  }

  @Test
  void spansAtTheEnd_areSentBeforeItIsOver() throws IOException {
    try (Collector collector = new Collector()) {
      Tracing tracing = tracing(collector.endpoint());
      for (int i = 0; i < 1500; i++) {
        end(tracing);
      }
      tracing.close();
      assertThat(Collector.spans(collector.received())).hasSize(1500);
      assertThat(count("exported")).isEqualTo(1500);
      end(tracing);
      assertThat(count("dropped")).as("too late").isZero();
    }
  }

  /** Nobody waits for a collector that says nothing, and the memory is bounded. */
  @Test
  void collectorThatHangs_dropsWhatHasNoRoom_andTheEndIsBounded() throws IOException {
    int spans = 20_000;
    try (Collector collector = new Collector()) {
      collector.answers(new MockResponse.Builder().headersDelay(1, TimeUnit.MINUTES).build());
      Tracing tracing = tracing(collector.endpoint());
      end(tracing);
      Awaitility.await().until(() -> collector.calls() == 1);
      long start = System.nanoTime();
      for (int i = 1; i < spans; i++) {
        end(tracing);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
      assertThat(count("dropped")).isEqualTo(spans - 1 - SpanQueue.ROOM);
      start = System.nanoTime();
      tracing.close();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
      assertThat(count("dropped") + count("failed")).isBetween((long) spans - 512, (long) spans);
    }
  }

  @Test
  void collectorGone_isSaidOnce() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    try (Tracing tracing = tracing("http://127.0.0.1:" + port)) {
      end(tracing);
      Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> count("failed") == 1);
      end(tracing);
      Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> count("failed") == 2);
      assertThat(lines.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactly(
              "spans are not taken, and lost until they are: check AUTHGEAR_OTLP_ENDPOINT");
    }
  }
}
