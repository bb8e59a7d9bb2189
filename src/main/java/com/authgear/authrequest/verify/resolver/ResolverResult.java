package com.authgear.authrequest.verify.resolver;

/** How a call to the resolver ended: the {@code result} label of its metric. */
public enum ResolverResult {
  VALID,
  INVALID,
  UNAVAILABLE,
  ORIGIN_MISMATCH,
  UNKNOWN_PROJECT,
  ERROR,
  BAD_ANSWER,
  OVERLOADED
}
