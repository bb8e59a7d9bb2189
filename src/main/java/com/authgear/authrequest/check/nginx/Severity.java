package com.authgear.authrequest.check.nginx;

/** How much a finding hurts. */
public enum Severity {
  /** The wrong request may get through, or one user may pass for another. */
  ERROR,
  /** Requests fail, are slow, or are told the wrong thing. */
  WARNING,
  /** Worth knowing; may be meant. */
  NOTE
}
