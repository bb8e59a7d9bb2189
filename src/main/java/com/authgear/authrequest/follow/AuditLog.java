package com.authgear.authrequest.follow;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Authgear's audit log, as its Admin API shows it. */
interface AuditLog {

  /** What became of one question. */
  sealed interface AuditResult {}

  /**
   * A page of entries, the oldest first.
   *
   * @param full whether there may be more
   * @param end the position after the last entry; an offset, so it is of use for the next question
   *     only
   * @param servedAt Authgear's time when it answered; null if it did not say
   */
  record Page(
      List<AuditEntry> entries, boolean full, @Nullable String end, @Nullable Instant servedAt)
      implements AuditResult {
    public Page {
      entries = List.copyOf(entries);
    }
  }

  /**
   * Authgear does not accept the key (403).
   *
   * @param advice what to look at
   */
  record Refused(String advice) implements AuditResult {}

  /**
   * Authgear did not answer, or not as the Admin API does.
   *
   * @param advice what to look at
   */
  record Failed(String advice) implements AuditResult {}

  /**
   * Reads entries that were created at or after a time.
   *
   * @param after the {@code end} of the page before; null for the first
   */
  AuditResult read(Instant from, @Nullable String after);
}
