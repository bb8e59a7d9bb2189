package com.authgear.authrequest.verify;

import com.authgear.authrequest.trace.TraceContext;
import org.jspecify.annotations.Nullable;

/**
 * The client as the proxy describes it; the resolver records it as the session's last access. Each
 * value is passed on as it came, null if it did not come.
 *
 * @param forwardedFor {@code X-Forwarded-For}
 * @param realIp {@code X-Real-IP}
 * @param userAgent {@code User-Agent}
 * @param trace where in a trace the request is; null if in none
 */
public record Caller(
    @Nullable String forwardedFor,
    @Nullable String realIp,
    @Nullable String userAgent,
    @Nullable TraceContext trace) {

  /** In no trace. */
  public Caller(
      @Nullable String forwardedFor, @Nullable String realIp, @Nullable String userAgent) {
    this(forwardedFor, realIp, userAgent, null);
  }
}
