package com.authgear.authrequest.http;

import java.util.Locale;

/** What became of a call to {@code /hooks/follow}, and the status that it is answered with. */
public enum FollowResult {
  /** What it says is taken in. */
  ACCEPTED(200),
  /** The marks are taken in; the heartbeat is for a process that this one has followed on. */
  OTHER_INSTANCE(200),
  /** Signed, but not understood. */
  MALFORMED(400),
  /** No signature, or not the one of this body and time. */
  BAD_SIGNATURE(401),
  /** Signed for a time that is too far away. */
  WRONG_TIME(401),
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

  FollowResult(int status) {
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
