package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request's target, and what nginx makes of it.
 *
 * @param raw as the client sent it: {@code $request_uri}
 * @param path decoded, without dot segments and double slashes: {@code $uri}
 * @param query {@code $args}
 */
record RequestTarget(String raw, String path, String query) {

  /** By the rules of {@code ngx_http_parse_complex_uri}; null where nginx answers 400. */
  static @Nullable RequestTarget of(String raw) {
    int hash = raw.indexOf('#');
    int question = raw.indexOf('?');
    int end = raw.length();
    String query = "";
    if (question >= 0 && (hash < 0 || question < hash)) {
      end = question;
      query = raw.substring(question + 1, hash > question ? hash : raw.length());
    } else if (hash >= 0) {
      end = hash;
    }
    @Nullable String path = path(raw.substring(0, end));
    return path == null ? null : new RequestTarget(raw, path, query);
  }

  /** Decoded and without dot segments; null where nginx answers 400. */
  static @Nullable String path(String raw) {
    if (!raw.startsWith("/")) {
      return null;
    }
    @Nullable String decoded = decoded(raw);
    if (decoded == null) {
      return null;
    }
    List<String> segments = new ArrayList<>();
    String[] parts = decoded.split("/", -1);
    boolean folder = false;
    for (int i = 1; i < parts.length; i++) {
      folder = false;
      String part = parts[i];
      boolean last = i == parts.length - 1;
      if (part.isEmpty() || part.equals(".")) {
        folder = last;
      } else if (part.equals("..")) {
        if (segments.isEmpty()) {
          return null;
        }
        segments.removeLast();
        folder = last;
      } else {
        segments.add(part);
      }
    }
    String joined = "/" + String.join("/", segments);
    return folder && !segments.isEmpty() ? joined + "/" : joined;
  }

  private static @Nullable String decoded(String raw) {
    StringBuilder decoded = new StringBuilder();
    for (int i = 0; i < raw.length(); i++) {
      char letter = raw.charAt(i);
      if (letter != '%') {
        decoded.append(letter);
        continue;
      }
      if (i + 2 >= raw.length()) {
        return null;
      }
      int high = Character.digit(raw.charAt(i + 1), 16);
      int low = Character.digit(raw.charAt(i + 2), 16);
      if (high < 0 || low < 0 || high + low == 0) {
        return null;
      }
      decoded.append((char) (high * 16 + low));
      i += 2;
    }
    return decoded.toString();
  }
}
