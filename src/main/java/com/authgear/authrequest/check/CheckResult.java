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
public record CheckResult(
    String id, CheckStatus status, String text, String fix, @Nullable Reason reason) {

  static CheckResult ok(String id, String text) {
    return new CheckResult(id, CheckStatus.OK, text, "", null);
  }

  static CheckResult warning(String id, String text, String fix) {
    return new CheckResult(id, CheckStatus.WARNING, text, fix, null);
  }

  static CheckResult failed(String id, String text, String fix) {
    return new CheckResult(id, CheckStatus.FAILED, text, fix, null);
  }

  static CheckResult refused(String id, Reason reason, String text, String fix) {
    return new CheckResult(id, CheckStatus.FAILED, text, fix, reason);
  }

  static CheckResult skipped(String id, String text) {
    return new CheckResult(id, CheckStatus.SKIPPED, text, "", null);
  }

  /** Skipped because of what another line found. */
  static CheckResult notTried(String id, String because) {
    return skipped(id, "not tried because " + because);
  }

  boolean isFailed() {
    return status == CheckStatus.FAILED;
  }

  /** The same, without being the reason for anything. */
  CheckResult setAside() {
    return isFailed() ? new CheckResult(id, CheckStatus.WARNING, text, fix, reason) : this;
  }
}
