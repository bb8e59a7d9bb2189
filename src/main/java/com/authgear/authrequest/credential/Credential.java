package com.authgear.authrequest.credential;

/**
 * The credentials of one request, in the order in which Authgear's resolver honours them: bearer
 * token, then cookies. Texts never show a secret.
 */
public sealed interface Credential {

  /** Nothing that this service can judge: no header at all, or another scheme such as Basic. */
  record None() implements Credential {}

  /**
   * A syntactically sound bearer token (RFC 6750 §2.1, b64token).
   *
   * @param token the raw token; lives no longer than its request
   * @param fallback what counts if the token turns out not to be valid
   */
  record Bearer(String token, CookieFallback fallback) implements Credential {
    /** An opaque Authgear token is alphanumeric; only a JWT has dots. */
    public boolean looksLikeJwt() {
      return token.indexOf('.') >= 0;
    }

    @Override
    public String toString() {
      return "Bearer[" + token.length() + " characters, " + fallback + "]";
    }
  }

  /** What may stand in for a bearer token that is not valid. */
  sealed interface CookieFallback {}

  /** There is no cookie to fall back on. */
  record NoCookies() implements CookieFallback {
    @Override
    public String toString() {
      return "no cookies";
    }
  }

  /**
   * Authgear's own cookies, all others removed.
   *
   * @param header a {@code Cookie} header value: the cookies in the order in which they came
   */
  record Cookies(String header) implements Credential, CookieFallback {
    @Override
    public String toString() {
      return "Cookies[" + header.length() + " characters]";
    }
  }

  /** Credentials that no one may guess the meaning of: refused without asking any verifier. */
  record Malformed(Fault fault) implements Credential {}

  /** What is wrong with {@link Malformed} credentials. */
  enum Fault {
    /** Several {@code Authorization} headers, an empty token, or characters outside b64token. */
    SYNTAX,
    /** Longer than {@link CredentialExtractor#MAX_TOKEN_BYTES}. */
    TOO_LARGE
  }
}
