package com.authgear.authrequest.http.jetty;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The request headers of which only a part is here. Their number is bounded, because what came of
 * them is in the heap: a further one displaces the one that has taken longest so far, since genuine
 * clients send a header within moments. Headers that arrive in one piece never come here.
 */
public final class UnfinishedHeaders {

  /** A part of a header. */
  interface Header {

    /** Ends its connection unless the header has just ended. */
    void displace();
  }

  /**
   * The share of the heap is a sixteenth by the limit on a header's bytes. It can be three times
   * that: Jetty's parser doubles its buffer as it grows, and copies a value out of it.
   */
  private static final int HEAP_SHARE = 16;

  /** However small the heap is. */
  private static final int FEWEST = 64;

  private final int most;

  /** Guarded by itself. The oldest is first. */
  private final Set<Header> headers = new LinkedHashSet<>();

  /**
   * @param most headers that may be unfinished at once
   */
  UnfinishedHeaders(int most) {
    this.most = most;
  }

  /**
   * As many as a heap bears.
   *
   * @param heapBytes the largest that it may become
   * @param headerBytes the most of one header
   */
  public static UnfinishedHeaders within(long heapBytes, int headerBytes) {
    long most = Math.max(FEWEST, heapBytes / HEAP_SHARE / headerBytes);
    return new UnfinishedHeaders((int) Math.min(Integer.MAX_VALUE, most));
  }

  /** The first part of a header is here. */
  void begin(Header header) {
    Header displaced;
    synchronized (headers) {
      headers.remove(header);
      headers.add(header);
      displaced = headers.size() > most ? removeOldest() : null;
    }
    if (displaced != null) {
      displaced.displace();
    }
  }

  private @Nullable Header removeOldest() {
    Iterator<Header> oldest = headers.iterator();
    Header removed = oldest.next();
    oldest.remove();
    return removed;
  }

  /** All of a header is here, or no more of it will come. */
  void end(Header header) {
    synchronized (headers) {
      headers.remove(header);
    }
  }

  int size() {
    synchronized (headers) {
      return headers.size();
    }
  }

  int most() {
    return most;
  }
}
