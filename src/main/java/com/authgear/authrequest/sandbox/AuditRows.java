package com.authgear.authrequest.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The project's audit log. Rows can be made to appear late, or to be lost, as where Authgear's
 * audit database is in trouble: the change itself has happened by then. Thread-safe.
 */
public final class AuditRows {

  /** The oldest go. */
  private static final int MOST = 100_000;

  private record Row(Event event, Instant visibleFrom) {}

  private final InstantSource clock;

  /** Guarded by this. */
  private final List<Row> rows = new ArrayList<>();

  private Duration late = Duration.ZERO;
  private int toLose;
  private @Nullable Instant readAt;

  AuditRows(InstantSource clock) {
    this.clock = clock;
  }

  /** From now on rows appear this much after what they tell of. */
  public synchronized void appearLate(Duration by) {
    late = by;
  }

  /** The next rows are never written. */
  public synchronized void lose(int count) {
    toLose = count;
  }

  synchronized void write(Event event) {
    if (toLose > 0) {
      toLose--;
      return;
    }
    if (rows.size() >= MOST) {
      rows.removeFirst();
    }
    rows.add(new Row(event, clock.instant().plus(late)));
  }

  /** The rows that have appeared, from a second on, the oldest first. */
  synchronized List<Event> from(Instant from) {
    Instant now = clock.instant();
    readAt = now;
    return rows.stream()
        .filter(row -> !row.visibleFrom.isAfter(now))
        .map(Row::event)
        .filter(event -> event.at().getEpochSecond() >= from.getEpochSecond())
        .sorted(Comparator.comparingLong((Event event) -> event.at().getEpochSecond()))
        .toList();
  }

  /** How long ago somebody read them; null if nobody has. */
  public synchronized @Nullable Duration lag() {
    return readAt == null ? null : Duration.between(readAt, clock.instant());
  }
}
