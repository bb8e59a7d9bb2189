package com.authgear.authrequest.telemetry.otlp;

import com.authgear.authrequest.telemetry.SpanMeters;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands spans to the exporter in batches, by a thread of its own. Whoever ends a span never waits:
 * where there is no room, it is dropped and counted.
 */
final class SpanQueue implements SpanProcessor {

  static final int ROOM = 4096;
  private static final int BATCH = 512;
  private static final long GATHERING_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final Logger LOG = LoggerFactory.getLogger(OtlpTracing.class);

  /** Null: there will be no more. */
  private record Item(@Nullable ReadableSpan span) {}

  private final BlockingQueue<Item> items = new ArrayBlockingQueue<>(ROOM);
  private final SpanExporter exporter;
  private final String collector;
  private final Duration patience;
  private final SpanMeters meters;
  private final Thread thread;
  private volatile boolean closing;
  private volatile boolean over;
  private boolean failing;

  /**
   * @param collector as the log may name it
   * @param patience how long the exporter may take for a batch
   */
  SpanQueue(SpanExporter exporter, String collector, Duration patience, SpanMeters meters) {
    this.exporter = exporter;
    this.collector = collector;
    this.patience = patience.plusSeconds(1);
    this.meters = meters;
    this.thread = Thread.ofPlatform().daemon().name("spans").start(this::run);
  }

  @Override
  public void onStart(Context parent, ReadWriteSpan span) {}

  @Override
  public boolean isStartRequired() {
    return false;
  }

  @Override
  public void onEnd(ReadableSpan span) {
    if (span.getSpanContext().isSampled() && (closing || !items.offer(new Item(span)))) {
      meters.dropped(1);
    }
  }

  @Override
  public boolean isEndRequired() {
    return true;
  }

  private void run() {
    try {
      while (!over) {
        Item first = closing ? items.poll() : items.take();
        if (first == null) {
          return;
        }
        List<SpanData> batch = gather(first);
        if (!batch.isEmpty()) {
          export(batch);
        }
      }
    } catch (InterruptedException _) {
      // The time at the end is over.
    }
  }

  private List<SpanData> gather(Item first) throws InterruptedException {
    List<SpanData> batch = new ArrayList<>();
    long deadline = System.nanoTime() + GATHERING_NANOS;
    Item item = first;
    while (item != null) {
      if (item.span != null) {
        batch.add(item.span.toSpanData());
      }
      if (batch.size() == BATCH) {
        break;
      }
      item =
          closing ? items.poll() : items.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    }
    return batch;
  }

  private void export(List<SpanData> batch) {
    boolean taken;
    try {
      taken = exporter.export(batch).join(patience.toMillis(), TimeUnit.MILLISECONDS).isSuccess();
    } catch (RuntimeException e) {
      taken = false;
    }
    if (taken) {
      meters.exported(batch.size());
    } else {
      meters.failed(batch.size());
    }
    if (failing == taken) {
      failing = !taken;
      if (failing) {
        LOG.atWarn()
            .addKeyValue("collector", collector)
            .log("spans are not taken, and lost until they are: check AUTHGEAR_OTLP_ENDPOINT");
      } else {
        LOG.atInfo().addKeyValue("collector", collector).log("spans are taken again");
      }
    }
  }

  /** Sends what is there, as far as time allows. */
  void close(Duration atMost) {
    closing = true;
    var _ = items.offer(new Item(null)); // wakes the thread; if there is no room, it does not wait
    try {
      if (!thread.join(atMost)) {
        over = true;
        thread.interrupt();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    List<Item> left = new ArrayList<>();
    items.drainTo(left);
    meters.dropped((int) left.stream().filter(item -> item.span != null).count());
  }
}
