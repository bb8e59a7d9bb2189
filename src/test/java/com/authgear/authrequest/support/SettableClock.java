package com.authgear.authrequest.support;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;

/** A wall clock and a steady one that stand still until a test moves them. */
public final class SettableClock implements InstantSource {

  /** Unix seconds at the start. */
  public static final long START_SECONDS = 1_800_000_000L;

  /** What the wall clock says at the start. */
  public static final Instant START = Instant.ofEpochSecond(START_SECONDS);

  private final AtomicLong millis = new AtomicLong(START_SECONDS * 1000);
  private final AtomicLong nanos = new AtomicLong(-7);

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(millis.get());
  }

  @Override
  public long millis() {
    return millis.get();
  }

  /** Unix seconds. */
  public long seconds() {
    return Math.floorDiv(millis.get(), 1000);
  }

  /** What the steady clock says. */
  public long nanoTime() {
    return nanos.get();
  }

  /** Time passes. */
  public void pass(long milliseconds) {
    millis.addAndGet(milliseconds);
    nanos.addAndGet(milliseconds * 1_000_000);
  }

  /** Time passes. */
  public void advance(Duration time) {
    pass(time.toMillis());
  }

  /** Someone sets the wall clock; no time passes. */
  public void jump(long milliseconds) {
    millis.addAndGet(milliseconds);
  }

  /** Someone sets the wall clock; no time passes. */
  public void set(Instant time) {
    millis.set(time.toEpochMilli());
  }
}
