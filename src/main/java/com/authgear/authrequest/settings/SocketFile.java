package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.ParsedValue.Invalid;
import com.authgear.authrequest.settings.ParsedValue.Valid;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * A Unix domain socket.
 *
 * @param path absolute
 */
public record SocketFile(Path path) implements Listen {

  static final String SCHEME = "unix:";

  /** {@code sun_path} has 108 bytes on Linux, the last of them zero. */
  private static final int MAX_BYTES = 107;

  static ParsedValue<Listen> parse(String text) {
    String name = text.substring(SCHEME.length());
    if (!name.startsWith("/") || name.endsWith("/")) {
      return new Invalid<>("has no absolute path of a file after unix:");
    }
    if (name.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      return new Invalid<>("has a path of more than " + MAX_BYTES + " bytes");
    }
    try {
      return new Valid<>(new SocketFile(Path.of(name)));
    } catch (InvalidPathException _) {
      return new Invalid<>("has no absolute path of a file after unix:");
    }
  }

  /** {@code unix:/path}. */
  @Override
  public String toString() {
    return SCHEME + path;
  }
}
