package com.authgear.authrequest.verify.resolver;

/** Told of every resolver call, on the thread that made it. */
@FunctionalInterface
public interface ResolverListener {

  /**
   * A call ended, or was refused for want of a free slot.
   *
   * @param answer not to be kept longer than its request where it holds cookies
   * @param nanos from asking to knowing
   */
  void called(ResolverAnswer answer, long nanos);
}
