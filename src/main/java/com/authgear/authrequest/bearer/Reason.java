package com.authgear.authrequest.bearer;

import java.util.Locale;

/**
 * Why a request was not allowed: the closed list that {@code x-auth-reason}, the metrics and the
 * log share. The code is part of the public contract.
 */
public enum Reason {
  NO_CREDENTIALS(Outcome.UNAUTHENTICATED),
  MALFORMED_CREDENTIALS(Outcome.UNAUTHENTICATED),
  TOKEN_TOO_LARGE(Outcome.UNAUTHENTICATED),
  MALFORMED_TOKEN(Outcome.UNAUTHENTICATED),
  WRONG_TYPE(Outcome.UNAUTHENTICATED),
  ALGORITHM_NOT_ALLOWED(Outcome.UNAUTHENTICATED),
  CRITICAL_HEADER(Outcome.UNAUTHENTICATED),
  UNKNOWN_KEY(Outcome.UNAUTHENTICATED),
  BAD_SIGNATURE(Outcome.UNAUTHENTICATED),
  WRONG_ISSUER(Outcome.UNAUTHENTICATED),
  WRONG_AUDIENCE(Outcome.UNAUTHENTICATED),
  EXPIRED(Outcome.UNAUTHENTICATED),
  NOT_YET_VALID(Outcome.UNAUTHENTICATED),
  MISSING_CLAIM(Outcome.UNAUTHENTICATED),
  SENDER_CONSTRAINED(Outcome.UNAUTHENTICATED),
  UNSAFE_VALUE(Outcome.UNAUTHENTICATED),
  HEADER_BUDGET(Outcome.UNAUTHENTICATED),
  SESSION_INVALID(Outcome.UNAUTHENTICATED),
  USER_CHANGED(Outcome.UNAUTHENTICATED),
  CLIENT_NOT_ALLOWED(Outcome.FORBIDDEN),
  PRINCIPAL_NOT_ALLOWED(Outcome.FORBIDDEN),
  ROLE_MISSING(Outcome.FORBIDDEN),
  SCOPE_MISSING(Outcome.FORBIDDEN),
  AMR_MISSING(Outcome.UNAUTHENTICATED),
  NOT_VERIFIED(Outcome.FORBIDDEN),
  ANONYMOUS_USER(Outcome.FORBIDDEN),
  STALE_AUTHENTICATION(Outcome.UNAUTHENTICATED),
  AMBIGUOUS_PATH(Outcome.FORBIDDEN),
  BAD_REQUIREMENT(Outcome.UNAVAILABLE),
  UNKNOWN_POLICY(Outcome.UNAVAILABLE),
  KEYS_UNAVAILABLE(Outcome.UNAVAILABLE),
  RESOLVER_UNAVAILABLE(Outcome.UNAVAILABLE),
  RESOLVER_ORIGIN_MISMATCH(Outcome.UNAVAILABLE),
  RESOLVER_UNKNOWN_PROJECT(Outcome.UNAVAILABLE),
  RESOLVER_ERROR(Outcome.UNAVAILABLE),
  RESOLVER_BAD_ANSWER(Outcome.UNAVAILABLE),
  OVERLOADED(Outcome.UNAVAILABLE),
  DRAINING(Outcome.UNAVAILABLE),
  INTERNAL_ERROR(Outcome.UNAVAILABLE);

  /** What a reason means for the client. */
  public enum Outcome {
    /** 401: come back with (other) credentials. */
    UNAUTHENTICATED,
    /** 403: known, but not allowed here. */
    FORBIDDEN,
    /** 503: not the client's fault. */
    UNAVAILABLE
  }

  private final Outcome outcome;
  private final String code;

  Reason(Outcome outcome) {
    this.outcome = outcome;
    this.code = name().toLowerCase(Locale.ROOT);
  }

  public Outcome outcome() {
    return outcome;
  }

  /** The value of {@code x-auth-reason}, such as {@code wrong_audience}. */
  public String code() {
    return code;
  }
}
