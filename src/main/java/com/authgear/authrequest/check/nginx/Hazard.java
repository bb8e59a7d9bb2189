package com.authgear.authrequest.check.nginx;

import static com.authgear.authrequest.check.nginx.Severity.ERROR;
import static com.authgear.authrequest.check.nginx.Severity.NOTE;
import static com.authgear.authrequest.check.nginx.Severity.WARNING;

import java.util.Locale;

/** The kinds of findings. */
public enum Hazard {
  NOTHING_PROTECTED(ERROR),
  HEADER_NOT_SET(ERROR),
  HEADERS_NOT_INHERITED(ERROR),
  HEADER_NOT_CLEARED(ERROR),
  HEADER_FROM_CLIENT(ERROR),
  HEADER_FROM_ELSEWHERE(ERROR),
  HEADER_NEVER_FILLED(WARNING),
  OPEN_LOCATION(NOTE),
  SATISFY_ANY(ERROR),
  UNDERSCORES_ACCEPTED(ERROR),
  TOKEN_BUFFERS_SMALL(NOTE),
  ADD_HEADER_NOT_INHERITED(NOTE),
  DENIAL_SERVED_ANYWAY(ERROR),
  DENIAL_SHOWN_AS_SUCCESS(WARNING),
  /** Requests leave a protected location before it asks. */
  CHECK_SKIPPED(ERROR),
  /** A protected location sends on to one that anyone may ask. */
  REDIRECT_TARGET_OPEN(ERROR),
  /** Which location a path takes is not what the backend reads in it. */
  AMBIGUOUS_PATHS(ERROR),
  /** Not an error: whether a backend takes the upgrade cannot be seen here. */
  UPGRADE_NOT_LIMITED(WARNING),
  SERVICE_NOT_ASKED(ERROR),
  RESOLVER_ASKED(ERROR),
  NOT_INTERNAL(WARNING),
  BODY_PASSED(WARNING),
  NO_KEEPALIVE(WARNING),
  REQUIREMENT_AS_QUERY(ERROR),
  REQUIREMENT_FROM_CLIENT(ERROR),
  REQUIREMENT_ERASED(ERROR),
  REQUIREMENT_NOT_INHERITED(ERROR),
  REQUIREMENT_NEVER_SET(ERROR),
  VARIABLE_ADDRESS(WARNING),
  TLS_UNVERIFIED(WARNING),
  REWRITTEN(ERROR),
  DENIAL_BECOMES_SUCCESS(ERROR),
  ERRORS_INTERCEPTED(WARNING),
  FORWARDED_FOR_FROM_CLIENT(WARNING),
  HEADER_BUFFER_SMALL(WARNING),
  /** Into a redirect to a login, or back from it, a client can write. */
  LOGIN_REDIRECT_FROM_CLIENT(WARNING),
  CACHE_KEY_WITHOUT_CREDENTIAL(ERROR),
  CACHE_KEY_WITHOUT_REQUIREMENT(ERROR),
  CACHE_IGNORES_HEADERS(ERROR),
  CACHE_KEEPS_DENIALS(WARNING),
  CACHE_TIME_FIXED(WARNING),
  CACHE_SERVES_STALE(ERROR),
  CACHE_MIXES_USERS(ERROR),
  /** Events wait in nginx. Not an error: a server may ask by X-Accel-Buffering that they do not. */
  STREAM_BUFFERED(WARNING),
  STREAM_CUT_OFF(WARNING),
  STREAM_CONNECTION(WARNING),
  STREAM_REQUEST_BUFFERED(NOTE),
  /** What is required depends on MCP's headers, in a way that a client can get around. */
  MCP_LIST_INCOMPLETE(ERROR),
  /** The server may see another header of MCP than nginx has looked at. */
  MCP_HEADER_NOT_SET(ERROR);

  private final Severity severity;

  Hazard(Severity severity) {
    this.severity = severity;
  }

  public Severity severity() {
    return severity;
  }

  /** The name in reports, such as {@code header-not-set}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
