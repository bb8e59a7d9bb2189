package com.authgear.authrequest.verify.resolver;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/** Warns of each kind of failure at most once in a while: an outage must not flood the log. */
final class WarningLog {

  private static final long PERIOD_NANOS = Duration.ofSeconds(10).toNanos();

  private final Logger logger;
  private final LongSupplier nanoTime;
  private final Map<ResolverResult, AtomicLong> notBefore = new EnumMap<>(ResolverResult.class);

  WarningLog(Logger logger, LongSupplier nanoTime) {
    this.logger = logger;
    this.nanoTime = nanoTime;
    long now = nanoTime.getAsLong();
    for (ResolverResult result : ResolverResult.values()) {
      notBefore.put(result, new AtomicLong(now));
    }
  }

  void warn(ResolverAnswer outcome) {
    AtomicLong due = requireNonNull(notBefore.get(outcome.result()));
    long seen = due.get();
    long now = nanoTime.getAsLong();
    if (now - seen >= 0 && due.compareAndSet(seen, now + PERIOD_NANOS)) {
      logger.warn("{}: {}", requireNonNull(outcome.result().reason()).code(), outcome.advice());
    }
  }
}
