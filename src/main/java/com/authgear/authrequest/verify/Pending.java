package com.authgear.authrequest.verify;

import java.util.function.Function;

/**
 * A verification that only the network can tell. Nothing is asked before {@link #await}, which may
 * be called once, on any thread that may block.
 */
@FunctionalInterface
public non-sealed interface Pending extends Finding {

  /** What is found next, once this is known. */
  default Pending then(Function<Verification, Finding> next) {
    return () -> next.apply(await()).await();
  }
}
