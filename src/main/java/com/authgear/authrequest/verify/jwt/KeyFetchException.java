package com.authgear.authrequest.verify.jwt;

/** The key set could not be fetched. The message tells an operator what to fix. */
final class KeyFetchException extends Exception {
  private static final long serialVersionUID = 1L;

  KeyFetchException(String message) {
    super(message);
  }
}
