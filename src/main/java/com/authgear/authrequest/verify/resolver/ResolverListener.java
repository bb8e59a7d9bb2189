package com.authgear.authrequest.verify.resolver;

/** Told of every resolver call, on the thread that made it. */
@FunctionalInterface
public interface ResolverListener {

  /**
   * A call ended, or was refused for want of a free slot.
   *
   * @param nanos from asking to knowing
   */
  void called(ResolverResult result, long nanos);
}
