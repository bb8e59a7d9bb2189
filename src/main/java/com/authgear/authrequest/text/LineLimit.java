package com.authgear.authrequest.text;

import java.time.Duration;

/** Bounds how many lines of a kind a log takes in each interval, and counts those left out. */
public final class LineLimit {

  private final int lines;
  private final long intervalMillis;
  private long startMillis = Long.MIN_VALUE;
  private int written;
  private long leftOut;

  public LineLimit(int lines, Duration interval) {
    this.lines = lines;
    this.intervalMillis = interval.toMillis();
  }

  /**
   * A line is due.
   *
   * @return how many were left out since the last line, or -1 if this one is, too
   */
  public synchronized long enter(long nowMillis) {
    // A clock that was set back must not silence anything.
    if (nowMillis < startMillis || nowMillis >= startMillis + intervalMillis) {
      startMillis = nowMillis;
      written = 0;
    }
    if (written >= lines) {
      leftOut++;
      return -1;
    }
    written++;
    long count = leftOut;
    leftOut = 0;
    return count;
  }
}
