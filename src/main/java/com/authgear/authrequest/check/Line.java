package com.authgear.authrequest.check;

import com.authgear.authrequest.bearer.Reason;
import org.jspecify.annotations.Nullable;

/**
 * One thing that was looked at.
 *
 * @param id what, in a word that does not change between versions
 * @param text what was found; one line, printable
 * @param fix what to do about it; empty if nothing
 * @param reason what the service answers because of it; null if it is not about a request
 */
public record Line(String id, Status status, String text, String fix, @Nullable Reason reason) {

  static Line ok(String id, String text) {
    return new Line(id, Status.OK, text, "", null);
  }

  static Line warning(String id, String text, String fix) {
    return new Line(id, Status.WARNING, text, fix, null);
  }

  static Line failed(String id, String text, String fix) {
    return new Line(id, Status.FAILED, text, fix, null);
  }

  static Line refused(String id, Reason reason, String text, String fix) {
    return new Line(id, Status.FAILED, text, fix, reason);
  }

  static Line skipped(String id, String text) {
    return new Line(id, Status.SKIPPED, text, "", null);
  }

  /** Skipped because of what another line found. */
  static Line notTried(String id, String because) {
    return skipped(id, "not tried because " + because);
  }

  boolean isFailed() {
    return status == Status.FAILED;
  }

  /** The same, without being the reason for anything. */
  Line setAside() {
    return isFailed() ? new Line(id, Status.WARNING, text, fix, reason) : this;
  }
}
