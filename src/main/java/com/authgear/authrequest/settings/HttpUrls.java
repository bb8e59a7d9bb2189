package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.Parsed.Fault;
import com.authgear.authrequest.settings.Parsed.Valid;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.regex.Pattern;

/** Reads http and https URLs and brings them into the one form in which they compare equal. */
final class HttpUrls {

  private static final int MAX_PORT = 65_535;
  private static final Pattern LOOPBACK =
      Pattern.compile("(.+\\.)?localhost|127(\\.[0-9]{1,3}){3}|\\[(::|(0+:){7}0*)1]");

  private HttpUrls() {}

  /** An origin; a bare slash after it is tolerated and dropped. */
  static Parsed<URI> parseOrigin(String text) {
    return hidePassword(text, parse(text, Path.NONE));
  }

  /** A URL with a path other than a bare slash. */
  static Parsed<URI> parseUrl(String text) {
    return hidePassword(text, parse(text, Path.REQUIRED));
  }

  /** A URL with or without a path. */
  static Parsed<URI> parseResource(String text) {
    return hidePassword(text, parse(text, Path.ALLOWED));
  }

  private enum Path {
    NONE,
    ALLOWED,
    REQUIRED
  }

  /** Whether a normalized URL's host is this machine by its name alone, without asking DNS. */
  static boolean isLoopback(URI url) {
    return LOOPBACK.matcher(Authority.of(url).host()).matches();
  }

  private static Parsed<URI> hidePassword(String text, Parsed<URI> parsed) {
    return switch (parsed) {
      case Fault<URI>(String what, _, _) -> new Fault<>(what, text.indexOf('@') < 0, "");
      case Valid<URI> valid -> valid;
    };
  }

  private static Parsed<URI> parse(String text, Path wanted) {
    URI url;
    try {
      url = new URI(text);
    } catch (URISyntaxException e) {
      return new Fault<>(
          "is not a URL: "
              + e.getReason().toLowerCase(Locale.ROOT)
              + " at character "
              + (e.getIndex() + 1));
    }
    String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    boolean https = scheme.equals("https");
    if ((!https && !scheme.equals("http")) || url.getRawAuthority() == null) {
      return new Fault<>("does not start with https:// or http://");
    }
    if (url.getRawAuthority().indexOf('@') >= 0) {
      return new Fault<>("has a user name or password in it");
    }
    Authority authority = Authority.parse(url.getRawAuthority());
    if (authority == null) {
      return new Fault<>(
          "has no valid host and port (a host has letters, digits, '-', '_' and '.')");
    }
    int port = authority.port();
    if (port == 0 || port > MAX_PORT) {
      return new Fault<>("has a port outside 1 to " + MAX_PORT);
    }
    if (url.getRawQuery() != null) {
      return new Fault<>("has a query: leave out what begins with '?'");
    }
    if (url.getRawFragment() != null) {
      return new Fault<>("has a fragment: leave out what begins with '#'");
    }
    String path = url.getRawPath();
    boolean bare = path.isEmpty() || path.equals("/");
    if (wanted == Path.NONE && !bare) {
      return new Fault<>("has a path: leave out what follows the host and port");
    }
    if (wanted == Path.REQUIRED && bare) {
      return new Fault<>(
          "has no path: the resolver's is /_resolver/resolve, or /resolve on its own port");
    }
    boolean defaultPort = port < 0 || port == (https ? 443 : 80);
    return new Valid<>(
        URI.create(
            scheme
                + "://"
                + authority.host().toLowerCase(Locale.ROOT)
                + (defaultPort ? "" : ":" + port)
                + (bare ? "" : path)));
  }
}
