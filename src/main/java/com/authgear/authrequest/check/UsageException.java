package com.authgear.authrequest.check;

/** The arguments are not understood; the message says which and why, and repeats no secret. */
final class UsageException extends Exception {
  private static final long serialVersionUID = 1;

  UsageException(String message) {
    super(message);
  }
}
