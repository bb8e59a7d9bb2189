package com.authgear.authrequest.sandbox;

import io.javalin.http.Context;
import java.security.SecureRandom;

/** What Authgear's main listener sends for browsers, whatever is asked. */
final class BrowserHeaders {

  static final String PERMISSIONS_POLICY =
      "accelerometer=(), ambient-light-sensor=(), autoplay=*, battery=(), bluetooth=(),"
          + " browsing-topics=(), camera=(), display-capture=(), document-domain=(),"
          + " encrypted-media=(), execution-while-not-rendered=*,"
          + " execution-while-out-of-viewport=*, fullscreen=*, gamepad=(), geolocation=(),"
          + " gyroscope=(), hid=(), identity-credentials-get=(), idle-detection=(),"
          + " local-fonts=(), magnetometer=(), microphone=(), midi=(), otp-credentials=(),"
          + " payment=(), picture-in-picture=(), publickey-credentials-create=(self),"
          + " publickey-credentials-get=(self), screen-wake-lock=(), serial=(),"
          + " speaker-selection=(), storage-access=(), usb=(), web-share=(),"
          + " window-management=(), xr-spatial-tracking=()";

  /** Crockford's base 32, as Authgear's nonces are written. */
  private static final String BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

  private final SecureRandom random = new SecureRandom();

  /** Adds them, with a nonce of its own in the policy and in the cookie {@code csp_nonce}. */
  void addTo(Context ctx) {
    String nonce = nonce();
    ctx.header("Access-Control-Allow-Origin", "*")
        .header("Access-Control-Max-Age", "900")
        .header(
            "Content-Security-Policy",
            "script-src 'self' https: 'nonce-"
                + nonce
                + "' 'strict-dynamic'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
        .header("Permissions-Policy", PERMISSIONS_POLICY)
        .header("Set-Cookie", "csp_nonce=" + nonce + "; Path=/; HttpOnly")
        .header("Vary", "User-Agent")
        .header("X-Content-Type-Options", "nosniff")
        .header("X-Frame-Options", "DENY")
        .header("X-Robots-Tag", "noindex, nofollow");
  }

  private String nonce() {
    StringBuilder nonce = new StringBuilder(32);
    for (int i = 0; i < 32; i++) {
      nonce.append(BASE32.charAt(random.nextInt(BASE32.length())));
    }
    return nonce.toString();
  }
}
