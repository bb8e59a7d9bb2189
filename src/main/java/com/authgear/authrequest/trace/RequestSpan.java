package com.authgear.authrequest.trace;

import java.util.function.Supplier;

/** A request on its way to a decision. */
public interface RequestSpan {

  /** Its place, for what is asked on its behalf. */
  TraceContext context();

  /** Does work of which a part may have a span of its own. */
  <T> T during(Supplier<T> work);

  /**
   * Ends it; nothing here may name a user or hold a credential.
   *
   * @param status of the answer
   * @param outcome as in the metric
   * @param reason as in the metric
   * @param verifier as in the metric
   * @param policy the name of a policy that exists, or empty
   */
  void end(int status, String outcome, String reason, String verifier, String policy);
}
