package com.authgear.authrequest.http;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.trace.RequestSpan;
import com.authgear.authrequest.trace.TraceContext;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/** A decision, for those who count it or write it down before the request has ended. */
public final class DecisionRecord {

  private final @Nullable Reason reason;
  private final VerifiedBy source;
  private final long nanos;
  private final String policy;
  private final String userId;
  private final String detail;
  private final Request request;
  private final @Nullable RequestSpan span;

  DecisionRecord(
      @Nullable Reason reason,
      VerifiedBy source,
      long nanos,
      String policy,
      String userId,
      String detail,
      Request request,
      @Nullable RequestSpan span) {
    this.reason = reason;
    this.source = source;
    this.nanos = nanos;
    this.policy = policy;
    this.userId = userId;
    this.detail = detail;
    this.request = request;
    this.span = span;
  }

  /** Null if the request may pass. */
  public @Nullable Reason reason() {
    return reason;
  }

  public VerifiedBy source() {
    return source;
  }

  /** From the arrival of the request to the decision. */
  public long nanos() {
    return nanos;
  }

  /** The name by which the proxy asked for a policy, known or not; empty if by a query. */
  public String policy() {
    return policy;
  }

  /** Empty if no user was verified. */
  public String userId() {
    return userId;
  }

  /** What an operator may fix, if there is more to say than the reason; else empty. */
  public String detail() {
    return detail;
  }

  /** A request header as it came; null if there is none. */
  public @Nullable String requestHeader(String name) {
    return request.getHeaders().get(name);
  }

  /** By which spans or the proxy's log name the trace that this belongs to; empty if none. */
  public String traceId() {
    if (span != null && span.context().isSampled()) {
      return span.context().traceId();
    }
    TraceContext came = AuthHandler.trace(request);
    return came == null ? "" : came.traceId();
  }

  /** The address of whoever asked, which is the proxy. */
  public String peer() {
    return Request.getRemoteAddr(request);
  }
}
