package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.bearer.Reason;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Hears of each check of a token in turn. The service's trail ends at the first check that fails;
 * the one that explains goes on, so its reader must never let anyone in.
 */
abstract sealed class Trail {

  /** The service's: keeps nothing, and costs nothing. */
  static final Trail SERVING = new Serving();

  /**
   * A check passed.
   *
   * @param name of the header parameter or claim, or of the part that was looked at
   */
  abstract void passed(String name, @Nullable Object value);

  /**
   * A check failed; what follows can be looked at nevertheless.
   *
   * @throws Refusal unless this trail goes on
   */
  abstract void failed(String name, Reason reason, @Nullable Object value) throws Refusal;

  /** A check failed, and nothing can follow. */
  abstract Refusal stop(String name, Reason reason, @Nullable Object value);

  /** Whether every check has passed so far. */
  abstract boolean isClean();

  private static final class Serving extends Trail {
    @Override
    void passed(String name, @Nullable Object value) {}

    @Override
    void failed(String name, Reason reason, @Nullable Object value) throws Refusal {
      throw new Refusal(reason);
    }

    @Override
    Refusal stop(String name, Reason reason, @Nullable Object value) {
      return new Refusal(reason);
    }

    @Override
    boolean isClean() {
      return true;
    }
  }

  /** Keeps every check. */
  static final class Recording extends Trail {
    private final List<TokenCheck> checks = new ArrayList<>();
    private boolean clean = true;

    List<TokenCheck> checks() {
      return List.copyOf(checks);
    }

    boolean hasFailed(String name) {
      return checks.stream().anyMatch(check -> check.name().equals(name) && check.reason() != null);
    }

    @Override
    void passed(String name, @Nullable Object value) {
      checks.add(new TokenCheck(name, null, value));
    }

    @Override
    void failed(String name, Reason reason, @Nullable Object value) {
      clean = false;
      checks.add(new TokenCheck(name, reason, value));
    }

    @Override
    Refusal stop(String name, Reason reason, @Nullable Object value) {
      failed(name, reason, value);
      return new Refusal(reason);
    }

    @Override
    boolean isClean() {
      return clean;
    }
  }
}
