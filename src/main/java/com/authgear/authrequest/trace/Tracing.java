package com.authgear.authrequest.trace;

import org.jspecify.annotations.Nullable;

/** Makes spans, or none: {@link #OFF}. */
public interface Tracing extends AutoCloseable {

  /** Nobody wants spans. What requests say about their traces is passed on as it came. */
  Tracing OFF = new NoTracing();

  /** If not, {@link #request} must not be called: the request's headers need not even be read. */
  boolean isOn();

  /**
   * Begins the span of a request.
   *
   * @param parent null if the request belongs to no trace
   */
  RequestSpan request(@Nullable TraceContext parent);

  /**
   * Begins the span of a call to the resolver.
   *
   * @param parent on whose behalf; null if nobody knows
   * @param host where to
   */
  CallSpan resolverCall(@Nullable TraceContext parent, String host, int port);

  /**
   * Gets the key set, on behalf of the request that this thread works for, if it does.
   *
   * @param host where from
   */
  <T, E extends Exception> T keyFetch(String host, int port, Fetch<T, E> fetch) throws E;

  /** Sends what is left, in bounded time. */
  @Override
  void close();

  /** Something that is fetched. */
  @FunctionalInterface
  interface Fetch<T, E extends Exception> {
    T run() throws E;
  }
}
