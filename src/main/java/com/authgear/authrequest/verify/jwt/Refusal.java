package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.bearer.Reason;

/** Leaves the checklist of {@link JwtVerifier} at the first check that fails; never leaves it. */
final class Refusal extends Exception {
  private static final long serialVersionUID = 1L;

  final Reason reason;

  Refusal(Reason reason) {
    super(reason.code(), null, false, false);
    this.reason = reason;
  }
}
