package com.authgear.authrequest.verify.resolver;

import com.authgear.authrequest.credential.Credential;
import org.jspecify.annotations.Nullable;

/**
 * The credential that the resolver is asked about: one alone, so that it is known which one the
 * resolver vouches for. The text never shows a secret.
 *
 * @param bearerToken what follows {@code Bearer} in {@code Authorization}; visible ASCII
 * @param cookies a {@code Cookie} header value with one of Authgear's cookies; ASCII
 */
public record SentCredential(@Nullable String bearerToken, @Nullable String cookies) {

  public SentCredential {
    if (bearerToken == null && cookies == null) {
      throw new IllegalArgumentException("nothing to ask the resolver about");
    }
    if (bearerToken != null && !HeaderText.isVisible(bearerToken)) {
      throw new IllegalArgumentException("the bearer token is not visible ASCII");
    }
    if (cookies != null && !HeaderText.isPrintable(cookies)) {
      throw new IllegalArgumentException("the cookies are not printable ASCII");
    }
  }

  /** One credential as Authgear reads it from a request, alone. */
  public static SentCredential of(Credential.Presented one) {
    return switch (one.place()) {
      case BEARER -> new SentCredential(one.value(), null);
      case APP_SESSION, APP_ACCESS_TOKEN, SESSION ->
          new SentCredential(null, one.cookie() + "=" + quoted(one.value()));
    };
  }

  /** Blanks at an end of a value stay only between quotes. */
  private static String quoted(String value) {
    return value.startsWith(" ") || value.endsWith(" ") ? '"' + value + '"' : value;
  }

  @Override
  public String toString() {
    return "SentCredential[bearerToken="
        + (bearerToken == null ? "none" : bearerToken.length() + " characters")
        + ", cookies="
        + (cookies == null ? "none" : cookies.length() + " characters")
        + "]";
  }
}
