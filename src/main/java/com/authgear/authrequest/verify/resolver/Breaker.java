package com.authgear.authrequest.verify.resolver;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Stops calling a resolver that is dead. Only what the resolver does by itself counts as a failure
 * (no answer, 5xx): a client could provoke an odd answer, and must not be able to shut out all
 * others. For the same reason most calls must fail, not just many.
 */
final class Breaker {

  private static final int WINDOW = 50;
  private static final int LEAST_CALLS = 20;
  private static final int FAILED_PERCENT = 80;
  private static final int TRIALS = 3;
  static final Duration PAUSE = Duration.ofSeconds(1);

  /** What the library is told; no one reads it. */
  private final IOException failed = new IOException("the resolver failed");

  private final CircuitBreaker breaker;

  Breaker(LongSupplier nanoTime) {
    breaker =
        CircuitBreaker.of(
            "resolver",
            CircuitBreakerConfig.custom()
                .slidingWindow(WINDOW, LEAST_CALLS, SlidingWindowType.COUNT_BASED)
                .failureRateThreshold(FAILED_PERCENT)
                .waitDurationInOpenState(PAUSE)
                .permittedNumberOfCallsInHalfOpenState(TRIALS)
                .clock(new Steady(nanoTime))
                .build());
  }

  /** Whether a call may be made; if so, {@link #ended} or {@link #notMade} must follow. */
  boolean mayCall() {
    return breaker.tryAcquirePermission();
  }

  void notMade() {
    breaker.releasePermission();
  }

  void ended(ResolverResult result, long nanos) {
    switch (result) {
      case VALID, INVALID, ABSENT -> breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
      case UNAVAILABLE, ERROR -> breaker.onError(nanos, TimeUnit.NANOSECONDS, failed);
      case ORIGIN_MISMATCH, UNKNOWN_PROJECT, BAD_ANSWER, OVERLOADED, BREAKER_OPEN ->
          breaker.releasePermission();
    }
  }

  BreakerState state() {
    return switch (breaker.getState()) {
      case CLOSED, DISABLED, METRICS_ONLY -> BreakerState.CLOSED;
      case OPEN, FORCED_OPEN -> BreakerState.OPEN;
      case HALF_OPEN -> BreakerState.HALF_OPEN;
    };
  }

  /** The steady clock as the library wants it: a wall clock set back would keep it open. */
  private static final class Steady extends Clock {
    private final LongSupplier nanoTime;
    private final long start;

    private Steady(LongSupplier nanoTime) {
      this.nanoTime = nanoTime;
      this.start = nanoTime.getAsLong();
    }

    @Override
    public Instant instant() {
      return Instant.EPOCH.plusNanos(nanoTime.getAsLong() - start);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
