package com.authgear.authrequest.principal;

/** Who vouches for a principal, or refused to: the {@code verifier} label of the metrics. */
public enum VerifiedBy {
  /** Local verification of a JWT. */
  JWT,
  /** Authgear's resolver. */
  RESOLVER,
  /** No verifier was asked. */
  NONE
}
