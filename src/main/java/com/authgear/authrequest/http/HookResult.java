package com.authgear.authrequest.http;

import java.util.Locale;

/** What became of a call to {@code /hooks/authgear}, and the status that it is answered with. */
public enum HookResult {
  /** The user is marked as changed. */
  ACCEPTED(200),
  /** The same event came before. */
  DUPLICATE(200),
  /** No token that it could matter to is alive. */
  TOO_OLD(200),
  /** An event that changes nothing here. */
  IGNORED(200),
  /** Signed, but not an event. */
  MALFORMED(400),
  /** No signature, or not the one of this body. */
  BAD_SIGNATURE(401),
  NOT_POST(405),
  /** The body did not come in time. */
  TIMEOUT(408),
  TOO_LARGE(413),
  /** The connection broke before the body was there. */
  ABORTED(400),
  /** It came so slowly that it had to make room for another one. */
  OVERLOADED(503),
  /** A bug. */
  FAILED(500);

  private final int status;

  HookResult(int status) {
    this.status = status;
  }

  int status() {
    return status;
  }

  /** The value of the metric's label. */
  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }
}
