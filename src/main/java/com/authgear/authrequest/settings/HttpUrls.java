package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.ParsedValue.Invalid;
import com.authgear.authrequest.settings.ParsedValue.Valid;
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
  static ParsedValue<URI> parseOrigin(String text) {
    return hidePassword(text, parse(text, Path.NONE));
  }

  /** A URL with a path other than a bare slash. */
  static ParsedValue<URI> parseUrl(String text) {
    return hidePassword(text, parse(text, Path.REQUIRED));
  }

  /** A URL with or without a path. */
  static ParsedValue<URI> parseResource(String text) {
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

  private static ParsedValue<URI> hidePassword(String text, ParsedValue<URI> parsed) {
    return switch (parsed) {
      case Invalid<URI>(String what, _, _) -> new Invalid<>(what, text.indexOf('@') < 0, "");
      case Valid<URI> valid -> valid;
    };
  }

  private static ParsedValue<URI> parse(String text, Path wanted) {
    URI url;
    try {
      url = new URI(text);
    } catch (URISyntaxException e) {
      return new Invalid<>(
          "is not a URL: "
              + e.getReason().toLowerCase(Locale.ROOT)
              + " at character "
              + (e.getIndex() + 1));
    }
    String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    boolean https = scheme.equals("https");
    if ((!https && !scheme.equals("http")) || url.getRawAuthority() == null) {
      return new Invalid<>("does not start with https:// or http://");
    }
    if (url.getRawAuthority().indexOf('@') >= 0) {
      return new Invalid<>("has a user name or password in it");
    }
    Authority authority = Authority.parse(url.getRawAuthority());
    if (authority == null) {
      return new Invalid<>(
          "has no valid host and port (a host has letters, digits, '-', '_' and '.')");
    }
    int port = authority.port();
    if (port == 0 || port > MAX_PORT) {
      return new Invalid<>("has a port outside 1 to " + MAX_PORT);
    }
    if (url.getRawQuery() != null) {
      return new Invalid<>("has a query: leave out what begins with '?'");
    }
    if (url.getRawFragment() != null) {
      return new Invalid<>("has a fragment: leave out what begins with '#'");
    }
    String path = url.getRawPath();
    boolean bare = path.isEmpty() || path.equals("/");
    if (wanted == Path.NONE && !bare) {
      return new Invalid<>("has a path: leave out what follows the host and port");
    }
    if (wanted == Path.REQUIRED && bare) {
      return new Invalid<>(
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
