package com.authgear.authrequest.trace;

import org.jspecify.annotations.Nullable;

/** A call on its way to an answer. */
public interface CallSpan {

  /** What to tell whoever is called; null for nothing. */
  @Nullable TraceContext context();

  /**
   * Ends it.
   *
   * @param result one of a closed list
   * @param failed whether the call told nothing
   */
  void end(String result, boolean failed);
}
