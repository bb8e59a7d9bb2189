package com.authgear.authrequest.follow;

import com.authgear.authrequest.follow.AuditLog.AuditResult;
import com.authgear.authrequest.follow.AuditLog.Failed;
import com.authgear.authrequest.follow.AuditLog.Page;
import com.authgear.authrequest.follow.AuditLog.Refused;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the audit log from where the last poll ended, less an overlap for entries that appear late,
 * and hands on each entry once. Entries are known by their id; pages are found by time, because
 * Authgear's cursors are offsets and an entry that appears late would move them.
 *
 * <p>Not thread-safe: one thread polls.
 */
final class Follower {

  /**
   * How one poll ended.
   *
   * @param since Authgear's time, Unix seconds, from which on every entry has been read
   * @param until Authgear's time up to which they have; it is the time before the poll if the poll
   *     did not end well, and null if none ever has
   * @param failure why the poll did not end well; null if it did
   */
  record Poll(long since, @Nullable Instant until, @Nullable AuditResult failure) {}

  private final AuditLog log;
  private final Duration overlap;
  private final InstantSource clock;
  private final Consumer<AuditEntry> reader;
  private final Map<String, Long> seen = new HashMap<>();
  private final Duration lookBack;

  /** Where the next poll begins; null before the first answer. */
  private @Nullable Instant from;

  private @Nullable Instant until;
  private long since;

  /**
   * @param overlap how late an entry may appear
   * @param lookBack how far back the first poll reads
   * @param reader is given each entry once
   */
  Follower(
      AuditLog log,
      Duration overlap,
      Duration lookBack,
      InstantSource clock,
      Consumer<AuditEntry> reader) {
    this.log = log;
    this.overlap = overlap;
    this.lookBack = lookBack;
    this.clock = clock;
    this.reader = reader;
  }

  /** Reads what is new. What a poll that fails has read is handed on all the same. */
  Poll poll() {
    Instant now = clock.instant();
    Instant start = from;
    if (start == null) {
      start = now.minus(lookBack).minus(overlap);
      since = start.plus(overlap).getEpochSecond();
    }
    Instant position = start;
    String after = null;
    Instant servedAt = null;
    while (true) {
      switch (log.read(position, after)) {
        case Page page -> {
          if (servedAt == null) {
            servedAt = page.servedAt() == null ? now : page.servedAt();
          }
          page.entries().forEach(this::hand);
          if (!page.full() || page.entries().isEmpty()) {
            end(servedAt);
            return new Poll(since, until, null);
          }
          long last = page.entries().getLast().createdAt();
          if (last > position.getEpochSecond()) {
            position = Instant.ofEpochSecond(last);
            after = null;
          } else if (page.end() != null) {
            after = page.end(); // more of one second than a page holds
          } else {
            return new Poll(
                since, until, new Failed("the Admin API gives no cursor: is it Authgear's?"));
          }
        }
        case Refused refused -> {
          return new Poll(since, until, refused);
        }
        case Failed failed -> {
          return new Poll(since, until, failed);
        }
      }
    }
  }

  private void hand(AuditEntry entry) {
    if (seen.putIfAbsent(entry.id(), entry.createdAt()) == null) {
      reader.accept(entry);
    }
  }

  private void end(Instant servedAt) {
    until = servedAt;
    Instant next = servedAt.minus(overlap);
    from = next;
    seen.values().removeIf(createdAt -> createdAt < next.getEpochSecond());
  }

  /** How many entries are known again when they are read again. */
  int remembered() {
    return seen.size();
  }
}
