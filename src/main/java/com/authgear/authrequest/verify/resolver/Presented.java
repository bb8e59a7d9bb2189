package com.authgear.authrequest.verify.resolver;

import com.authgear.authrequest.credential.Credential.Bearer;
import com.authgear.authrequest.credential.Credential.Cookies;
import com.authgear.authrequest.credential.Credential.NoCookies;
import org.jspecify.annotations.Nullable;

/**
 * The credentials that the resolver is asked about; it applies its own precedence. At least one is
 * there. The text never shows a secret.
 *
 * @param bearerToken what follows {@code Bearer} in {@code Authorization}; visible ASCII
 * @param cookies a {@code Cookie} header value with Authgear's cookies only; ASCII
 */
public record Presented(@Nullable String bearerToken, @Nullable String cookies) {

  public Presented {
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

  /** A bearer token and the cookies that came with it. */
  public static Presented of(Bearer bearer) {
    return switch (bearer.fallback()) {
      case NoCookies _ -> new Presented(bearer.token(), null);
      case Cookies cookies -> new Presented(bearer.token(), cookies.header());
    };
  }

  /** Cookies alone. */
  public static Presented of(Cookies cookies) {
    return new Presented(null, cookies.header());
  }

  @Override
  public String toString() {
    return "Presented[bearerToken="
        + (bearerToken == null ? "none" : bearerToken.length() + " characters")
        + ", cookies="
        + (cookies == null ? "none" : cookies.length() + " characters")
        + "]";
  }
}
