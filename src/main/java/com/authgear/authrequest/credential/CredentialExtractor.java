package com.authgear.authrequest.credential;

import com.authgear.authrequest.credential.Credential.Bearer;
import com.authgear.authrequest.credential.Credential.Cookies;
import com.authgear.authrequest.credential.Credential.Fault;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.NoCookies;
import com.authgear.authrequest.credential.Credential.None;
import java.util.List;

/** Finds the credential in a request's {@code Authorization} and {@code Cookie} headers. */
public final class CredentialExtractor {

  /** Longest token and longest sum of Authgear cookies that is looked at. */
  public static final int MAX_TOKEN_BYTES = 16 * 1024;

  private static final String SCHEME = "Bearer";
  private static final List<String> COOKIES = List.of("app_session", "app_access_token", "session");

  private final List<String> cookieNames;

  /**
   * @param cookiePrefix the project's {@code http.cookie_prefix}, empty by default
   */
  public CredentialExtractor(String cookiePrefix) {
    this.cookieNames = COOKIES.stream().map(name -> cookiePrefix + name).toList();
  }

  /**
   * @param authorization every {@code Authorization} field value of the request
   * @param cookie every {@code Cookie} field value of the request
   */
  public Credential extract(List<String> authorization, List<String> cookie) {
    if (authorization.size() > 1) {
      return new Malformed(Fault.SYNTAX);
    }
    if (authorization.isEmpty() || !hasBearerScheme(authorization.getFirst())) {
      return cookies(cookie);
    }
    String token = authorization.getFirst().substring(SCHEME.length()).strip();
    if (token.length() > MAX_TOKEN_BYTES) {
      return new Malformed(Fault.TOO_LARGE);
    }
    if (!isB64Token(token)) {
      return new Malformed(Fault.SYNTAX);
    }
    return switch (cookies(cookie)) {
      case Cookies cookies -> new Bearer(token, cookies);
      case Malformed malformed -> malformed;
      case None _ -> new Bearer(token, new NoCookies());
      case Bearer _ -> throw new AssertionError("a cookie is no bearer token");
    };
  }

  /** The scheme is case-insensitive (RFC 9110 §11.1) and ends at a space or with the value. */
  private static boolean hasBearerScheme(String value) {
    return value.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        && (value.length() == SCHEME.length() || value.charAt(SCHEME.length()) <= ' ');
  }

  /** {@code b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="}. */
  private static boolean isB64Token(String token) {
    int end = token.length();
    while (end > 0 && token.charAt(end - 1) == '=') {
      end--;
    }
    for (int i = 0; i < end; i++) {
      char c = token.charAt(i);
      boolean allowed =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "-._~+/".indexOf(c) >= 0;
      if (!allowed) {
        return false;
      }
    }
    return end > 0;
  }

  private Credential cookies(List<String> headers) {
    StringBuilder kept = new StringBuilder();
    for (String header : headers) {
      for (int start = 0; start < header.length(); ) {
        int end = header.indexOf(';', start);
        end = end < 0 ? header.length() : end;
        String pair = header.substring(start, end).strip();
        if (isAuthgearCookie(pair)) {
          if (!isVisible(pair)) {
            return new Malformed(Fault.SYNTAX);
          }
          kept.append(kept.isEmpty() ? "" : "; ").append(pair);
        }
        start = end + 1;
      }
    }
    if (kept.length() > MAX_TOKEN_BYTES) {
      return new Malformed(Fault.TOO_LARGE);
    }
    return kept.isEmpty() ? new None() : new Cookies(kept.toString());
  }

  private boolean isAuthgearCookie(String pair) {
    for (String name : cookieNames) {
      int length = name.length();
      if (pair.length() > length + 1 && pair.startsWith(name) && pair.charAt(length) == '=') {
        return true;
      }
    }
    return false;
  }

  private static boolean isVisible(String text) {
    return text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }
}
