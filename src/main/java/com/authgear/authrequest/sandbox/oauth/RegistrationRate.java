package com.authgear.authrequest.sandbox.oauth;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/**
 * How often an address may register: 10 times at once, and one more each 6 seconds. Thread-safe.
 * Source: authgear-server pkg/lib/config/oauth_dynamic_client_registration.go, pkg/lib/ratelimit.
 */
public final class RegistrationRate {

  /** Authgear's own. */
  public static final int PER_MINUTE = 10;

  private final InstantSource clock;

  /** When an address will have its whole allowance again. Guarded by this. */
  private final Map<String, Instant> wholeAgainAt = new HashMap<>();

  private int perMinute = PER_MINUTE;

  public RegistrationRate(InstantSource clock) {
    this.clock = clock;
  }

  /** From now on another allowance, for tests of many clients. */
  public synchronized void allow(int registrationsPerMinute) {
    if (registrationsPerMinute < 1) {
      throw new IllegalArgumentException("at least one registration a minute");
    }
    perMinute = registrationsPerMinute;
    wholeAgainAt.clear();
  }

  /**
   * Counts a registration, whatever becomes of it.
   *
   * @throws OAuthException with status 429 if it is one too many
   */
  public synchronized void count(String address) throws OAuthException {
    Instant now = clock.instant();
    wholeAgainAt.values().removeIf(at -> !at.isAfter(now));
    Duration each = Duration.ofMinutes(1).dividedBy(perMinute);
    Instant next = wholeAgainAt.getOrDefault(address, now).plus(each);
    if (next.isAfter(now.plusSeconds(60))) {
      throw new OAuthException(
          "x_rate_limited", "rate limit exceeded, please try again later.", 429);
    }
    wholeAgainAt.put(address, next);
  }
}
