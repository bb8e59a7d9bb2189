package com.authgear.authrequest.credential;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The credentials of one request, in the order in which Authgear's resolver honours them: the
 * bearer token, then the cookies {@code app_session}, {@code app_access_token} and {@code session}.
 * Texts never show a secret.
 */
public sealed interface Credential {

  /** Nothing that this service can judge: no header at all, or another scheme such as Basic. */
  record None() implements Credential {}

  /**
   * One that a verifier can judge. Its value is as Authgear reads it: a bearer token has the syntax
   * of RFC 6750 §2.1 (b64token), a cookie's value is printable ASCII, without the quotes around it.
   * It stands in {@code text}, of which no copy is made unless it is asked for, and lives no longer
   * than its request.
   *
   * @param place where it stood
   * @param cookie the name of its cookie, with the project's prefix; empty for a bearer token
   * @param text the value, and what may stand around it
   * @param from where the value begins in it
   * @param to where it ends
   * @param next what counts if this one turns out not to be valid
   */
  record Presented(
      CredentialPlace place, String cookie, String text, int from, int to, Credential next)
      implements Credential {

    public Presented(CredentialPlace place, String cookie, String value, Credential next) {
      this(place, cookie, value, 0, value.length(), next);
    }

    /** A copy, which most requests do not need. */
    public String value() {
      return text.substring(from, to);
    }

    public int length() {
      return to - from;
    }

    /**
     * Whether Authgear may read a JWT in it. Its opaque tokens are alphanumeric; the secret of a
     * session has one dot.
     */
    public boolean looksLikeJwt() {
      int dot = text.indexOf('.', from, to);
      return switch (place) {
        case BEARER, APP_ACCESS_TOKEN -> dot >= 0;
        case APP_SESSION, SESSION -> dot >= 0 && text.indexOf('.', dot + 1, to) >= 0;
      };
    }

    /** The same value counts as the same, whatever stands around it. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Presented that
          && place == that.place
          && cookie.equals(that.cookie)
          && value().equals(that.value())
          && next.equals(that.next);
    }

    @Override
    public int hashCode() {
      return Objects.hash(place, cookie, value(), next);
    }

    @Override
    public String toString() {
      return place + "[" + length() + " characters], then " + next;
    }
  }

  /** Where a credential stands; the first that is valid counts. */
  enum CredentialPlace {
    /** {@code Authorization}, or where else the settings allow a token. */
    BEARER,
    /** The session of a client's own web view. */
    APP_SESSION,
    /** A client's access token, opaque or a JWT. */
    APP_ACCESS_TOKEN,
    /** The user's own session at Authgear, which belongs to no client. */
    SESSION
  }

  /** Credentials that no one may guess the meaning of: refused without asking any verifier. */
  record Malformed(Defect fault) implements Credential {}

  /** What is wrong with {@link Malformed} credentials. */
  enum Defect {
    /** Several {@code Authorization} headers, an empty token, or characters outside b64token. */
    SYNTAX,
    /** Longer than {@link CredentialExtractor#MAX_TOKEN_BYTES}. */
    TOO_LARGE
  }
}
