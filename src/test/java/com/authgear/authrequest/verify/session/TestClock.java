package com.authgear.authrequest.verify.session;

import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;

/** A wall clock and a steady one that stand still until a test moves them. */
public final class TestClock implements InstantSource {

  /** Unix seconds at the start. */
  public static final long START = 1_800_000_000L;

  private final AtomicLong millis = new AtomicLong(START * 1000);
  private final AtomicLong nanos = new AtomicLong(-7);

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(millis.get());
  }

  @Override
  public long millis() {
    return millis.get();
  }

  public long nanoTime() {
    return nanos.get();
  }

  /** Time passes. */
  public void pass(long milliseconds) {
    millis.addAndGet(milliseconds);
    nanos.addAndGet(milliseconds * 1_000_000);
  }

  /** Someone sets the wall clock; no time passes. */
  public void jump(long milliseconds) {
    millis.addAndGet(milliseconds);
  }
}
