package com.authgear.authrequest.verify.resolver;

import com.authgear.authrequest.bearer.Reason;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How a resolver call ended: the closed list behind the {@code result} label of its metric. */
public enum ResolverResult {
  /** {@code x-authgear-session-valid: true}. */
  VALID(null),
  /** {@code x-authgear-session-valid: false}. */
  INVALID(Reason.SESSION_INVALID),
  /** No such header: the resolver did not recognize the credentials. */
  ABSENT(Reason.SESSION_INVALID),
  /** No connection, no answer in time, or a connection that broke. */
  UNAVAILABLE(Reason.RESOLVER_UNAVAILABLE),
  /** 3xx: the resolver takes the request for one to another origin than the project's. */
  ORIGIN_MISMATCH(Reason.RESOLVER_ORIGIN_MISMATCH),
  /** 404: no project has this host. */
  UNKNOWN_PROJECT(Reason.RESOLVER_UNKNOWN_PROJECT),
  /** 5xx. */
  ERROR(Reason.RESOLVER_ERROR),
  /** Anything that the resolver of Authgear would not say. */
  BAD_ANSWER(Reason.RESOLVER_BAD_ANSWER),
  /** Not asked: too many calls were in flight. */
  OVERLOADED(Reason.OVERLOADED),
  /** Not asked: nearly all calls before it failed. */
  BREAKER_OPEN(Reason.RESOLVER_UNAVAILABLE);

  private final @Nullable Reason reason;
  private final String code;

  ResolverResult(@Nullable Reason reason) {
    this.reason = reason;
    this.code = name().toLowerCase(Locale.ROOT);
  }

  /** Why a request with this result is not verified; null if it is. */
  public @Nullable Reason reason() {
    return reason;
  }

  /** The label value, such as {@code origin_mismatch}. */
  public String code() {
    return code;
  }
}
