package com.authgear.authrequest.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Switches the shipped cache on in the shipped configuration, as its comment says. */
public final class EdgeCache {

  private static final String PLACE = "/dev/shm/authgear";

  private EdgeCache() {}

  /** What a user would have made of nginx.conf; the cache lies in nginx's own folder. */
  public static String switchOn(String conf) {
    return conf.replace("include authgear/server.conf;", "include authgear/edge-cache.conf;")
        .replace("\nhttp {\n", "\nhttp {\n" + place().replace(PLACE, "edge-cache") + "\n");
  }

  /** The line that the comment gives for http { }. */
  private static String place() {
    try {
      List<String> lines =
          Files.readAllLines(Path.of("nginx/authgear/edge-cache.conf")).stream()
              .filter(line -> line.matches("# +proxy_cache_path " + PLACE + " .*;"))
              .toList();
      if (lines.size() != 1) {
        throw new AssertionError("edge-cache.conf names " + lines.size() + " places");
      }
      return lines.getFirst().substring(1).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
