package com.authgear.authrequest.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;

/**
 * One file without anything from elsewhere. The browser runs the one script and uses the one style
 * sheet that are in it, known by their hashes, and talks to the sandbox only.
 */
final class PlaygroundPage implements Handler {

  private static final String RESOURCE = "/playground/playground.html";

  private final byte[] html;
  private final String contentSecurityPolicy;

  private PlaygroundPage(String text) {
    html = text.getBytes(UTF_8);
    contentSecurityPolicy =
        String.join(
            "; ",
            "default-src 'none'",
            "script-src " + hash(between(text, "<script>", "</script>")),
            "style-src " + hash(between(text, "<style>", "</style>")),
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'");
  }

  static PlaygroundPage load() {
    try (InputStream file = PlaygroundPage.class.getResourceAsStream(RESOURCE)) {
      if (file == null) {
        throw new IllegalStateException(RESOURCE + " is not in the jar");
      }
      return new PlaygroundPage(new String(file.readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void handle(Context ctx) {
    ctx.header("Content-Security-Policy", contentSecurityPolicy)
        .header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "no-referrer")
        .header("Cross-Origin-Opener-Policy", "same-origin")
        .header("Cross-Origin-Resource-Policy", "same-origin")
        .header("Cache-Control", "no-store")
        .contentType("text/html; charset=utf-8")
        .result(html);
  }

  private static String between(String text, String opening, String closing) {
    int from = text.indexOf(opening) + opening.length();
    return text.substring(from, text.indexOf(closing, from));
  }

  private static String hash(String text) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return "'sha256-" + Base64.getEncoder().encodeToString(hash) + "'";
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
