package com.authgear.authrequest.bearer;

import java.util.Locale;

/**
 * Why a request was not allowed: the closed list that {@code x-auth-reason}, the metrics and the
 * log share. The code is part of the public contract.
 */
public enum Reason {
  NO_CREDENTIALS(DenialKind.UNAUTHENTICATED),
  MALFORMED_CREDENTIALS(DenialKind.UNAUTHENTICATED),
  TOKEN_TOO_LARGE(DenialKind.UNAUTHENTICATED),
  MALFORMED_TOKEN(DenialKind.UNAUTHENTICATED),
  WRONG_TYPE(DenialKind.UNAUTHENTICATED),
  ALGORITHM_NOT_ALLOWED(DenialKind.UNAUTHENTICATED),
  CRITICAL_HEADER(DenialKind.UNAUTHENTICATED),
  UNKNOWN_KEY(DenialKind.UNAUTHENTICATED),
  BAD_SIGNATURE(DenialKind.UNAUTHENTICATED),
  WRONG_ISSUER(DenialKind.UNAUTHENTICATED),
  WRONG_AUDIENCE(DenialKind.UNAUTHENTICATED),
  EXPIRED(DenialKind.UNAUTHENTICATED),
  NOT_YET_VALID(DenialKind.UNAUTHENTICATED),
  MISSING_CLAIM(DenialKind.UNAUTHENTICATED),
  SENDER_CONSTRAINED(DenialKind.UNAUTHENTICATED),
  UNSAFE_VALUE(DenialKind.UNAUTHENTICATED),
  HEADER_BUDGET(DenialKind.UNAUTHENTICATED),
  SESSION_INVALID(DenialKind.UNAUTHENTICATED),
  USER_CHANGED(DenialKind.UNAUTHENTICATED),
  CLIENT_NOT_ALLOWED(DenialKind.FORBIDDEN),
  PRINCIPAL_NOT_ALLOWED(DenialKind.FORBIDDEN),
  ROLE_MISSING(DenialKind.FORBIDDEN),
  SCOPE_MISSING(DenialKind.FORBIDDEN),
  AMR_MISSING(DenialKind.UNAUTHENTICATED),
  NOT_VERIFIED(DenialKind.FORBIDDEN),
  ANONYMOUS_USER(DenialKind.FORBIDDEN),
  STALE_AUTHENTICATION(DenialKind.UNAUTHENTICATED),
  AMBIGUOUS_PATH(DenialKind.FORBIDDEN),
  BAD_REQUIREMENT(DenialKind.UNAVAILABLE),
  UNKNOWN_POLICY(DenialKind.UNAVAILABLE),
  KEYS_UNAVAILABLE(DenialKind.UNAVAILABLE),
  RESOLVER_UNAVAILABLE(DenialKind.UNAVAILABLE),
  RESOLVER_ORIGIN_MISMATCH(DenialKind.UNAVAILABLE),
  RESOLVER_UNKNOWN_PROJECT(DenialKind.UNAVAILABLE),
  RESOLVER_ERROR(DenialKind.UNAVAILABLE),
  RESOLVER_BAD_ANSWER(DenialKind.UNAVAILABLE),
  OVERLOADED(DenialKind.UNAVAILABLE),
  DRAINING(DenialKind.UNAVAILABLE),
  INTERNAL_ERROR(DenialKind.UNAVAILABLE);

  /** What a reason means for the client. */
  public enum DenialKind {
    /** 401: come back with (other) credentials. */
    UNAUTHENTICATED,
    /** 403: known, but not allowed here. */
    FORBIDDEN,
    /** 503: not the client's fault. */
    UNAVAILABLE
  }

  private final DenialKind outcome;
  private final String code;

  Reason(DenialKind outcome) {
    this.outcome = outcome;
    this.code = name().toLowerCase(Locale.ROOT);
  }

  public DenialKind outcome() {
    return outcome;
  }

  /** The value of {@code x-auth-reason}, such as {@code wrong_audience}. */
  public String code() {
    return code;
  }
}
