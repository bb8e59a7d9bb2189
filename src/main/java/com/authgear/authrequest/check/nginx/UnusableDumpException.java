package com.authgear.authrequest.check.nginx;

/** The input is not what {@code nginx -T} prints; the message says where and why. */
final class UnusableDumpException extends Exception {
  private static final long serialVersionUID = 1;

  UnusableDumpException(String message) {
    super(message);
  }
}
