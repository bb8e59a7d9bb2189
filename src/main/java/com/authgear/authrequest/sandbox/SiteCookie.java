package com.authgear.authrequest.sandbox;

import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code Set-Cookie} of Authgear's cookies for the site, in the order in which Go writes the
 * attributes. Source: authgear-server pkg/lib/session/cookie.go.
 *
 * @param origin the project's public origin
 */
record SiteCookie(String origin) {

  String setting(String name, String value, String sameSite) {
    return write(name, value, "", sameSite);
  }

  String clearing(String name, String sameSite) {
    return write(name, "", "; Expires=Thu, 01 Jan 1970 00:00:00 GMT", sameSite);
  }

  private String write(String name, String value, String expires, String sameSite) {
    String domain = parentDomain(URI.create(origin).getHost());
    return name
        + "="
        + value
        + "; Path=/"
        + (domain == null ? "" : "; Domain=" + domain)
        + expires
        + "; HttpOnly"
        + (origin.startsWith("https:") ? "; Secure" : "")
        + "; SameSite="
        + sameSite;
  }

  /**
   * One label up, so that the site's own hosts get the cookies. Null for an address and for a name
   * of one label. Without a list of public suffixes, so one label up may be one of those, which
   * Authgear would know.
   */
  private static @Nullable String parentDomain(String host) {
    List<String> labels = List.of(host.split("\\.", -1));
    boolean isAddress =
        host.startsWith("[") || labels.getLast().chars().allMatch(Character::isDigit);
    if (isAddress || labels.size() < 2) {
      return null;
    }
    return labels.size() == 2 ? host : String.join(".", labels.subList(1, labels.size()));
  }
}
