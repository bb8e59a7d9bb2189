package com.authgear.authrequest.sandbox.oauth;

import java.util.LinkedHashMap;
import java.util.Map;

/** A request that Authgear refuses, in Authgear's words (RFC 6749 §4.1.2.1, §5.2; 7591 §3.2.2). */
public final class OAuthException extends Exception {

  private static final long serialVersionUID = 1L;

  private final String error;
  private final String description;
  private final int status;

  public OAuthException(String error, String description) {
    this(error, description, 400);
  }

  /**
   * @param status of an answer that is no redirect
   */
  public OAuthException(String error, String description, int status) {
    super(error + ": " + description);
    this.error = error;
    this.description = description;
    this.status = status;
  }

  public String error() {
    return error;
  }

  public int status() {
    return status;
  }

  /** The parameters {@code error} and {@code error_description}. */
  public Map<String, String> parameters() {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("error", error);
    parameters.put("error_description", description);
    return parameters;
  }
}
