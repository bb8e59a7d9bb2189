package com.authgear.authrequest.verify;

import java.util.concurrent.atomic.LongAdder;

/** What one cache did since the start, for its metrics. */
public final class CacheCounts {

  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder evictions = new LongAdder();

  public void hit() {
    hits.increment();
  }

  public void miss() {
    misses.increment();
  }

  public void evicted() {
    evictions.increment();
  }

  /** Requests that were answered from the cache. */
  public long hits() {
    return hits.sum();
  }

  /** How often a good answer had to be found again. */
  public long misses() {
    return misses.sum();
  }

  /** Entries that made room for others. */
  public long evictions() {
    return evictions.sum();
  }
}
