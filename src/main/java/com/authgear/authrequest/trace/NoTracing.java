package com.authgear.authrequest.trace;

import org.jspecify.annotations.Nullable;

/** No spans. */
final class NoTracing implements Tracing {

  @Override
  public boolean isOn() {
    return false;
  }

  @Override
  public RequestSpan request(@Nullable TraceContext parent) {
    throw new IllegalStateException("tracing is off");
  }

  @Override
  public CallSpan resolverCall(@Nullable TraceContext parent, String host, int port) {
    return new Passing(parent);
  }

  @Override
  public <T, E extends Exception> T keyFetch(String host, int port, Fetch<T, E> fetch) throws E {
    return fetch.run();
  }

  @Override
  public void close() {}

  private record Passing(@Nullable TraceContext context) implements CallSpan {
    @Override
    public void end(String result, boolean failed) {}
  }
}
