package com.authgear.authrequest.settings;

import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.settings.ParsedValue.Invalid;
import com.authgear.authrequest.settings.ParsedValue.Valid;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Names of header fields that an operator may choose: none that means something already. */
final class FieldNames {

  /** No underscore: nginx cannot tell it from a dash, and drops it from requests. */
  private static final Pattern NAME = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

  /** RFC 9110 §7.6.1 (hop by hop), framing, credentials, and what proxies act upon. */
  private static final Set<String> TAKEN =
      Set.of(
          "connection",
          "keep-alive",
          "proxy-connection",
          "proxy-authenticate",
          "proxy-authorization",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "content-length",
          "content-type",
          "content-encoding",
          "content-range",
          "expect",
          "host",
          "date",
          "server",
          "location",
          "authorization",
          "www-authenticate",
          "cookie",
          "set-cookie",
          "cache-control",
          "expires",
          "etag",
          "last-modified",
          "vary",
          "age",
          "forwarded",
          "x-auth-reason",
          "x-authgear-session-acr");

  private FieldNames() {}

  static ParsedValue<String> parse(String text) {
    String name = text.toLowerCase(Locale.ROOT);
    if (!NAME.matcher(name).matches()) {
      return new Invalid<>("has other characters than letters, digits and single dashes");
    }
    if (IdentityHeader.isIdentityHeader(name)) {
      return new Invalid<>("is an identity header");
    }
    if (TAKEN.contains(name) || name.startsWith("x-accel-")) {
      return new Invalid<>("has a meaning of its own");
    }
    return new Valid<>(name);
  }

  static ParsedValue<List<ClaimHeader>> parseClaimHeaders(String text) {
    List<ClaimHeader> pairs = new ArrayList<>();
    Set<String> headers = new HashSet<>();
    for (String part : text.split(",", -1)) {
      String pair = part.strip();
      // A claim's name may be a URL with "=" in it, a header's name has none.
      int equals = pair.lastIndexOf('=');
      if (equals <= 0) {
        return new Invalid<>("has an item that is not claim=header");
      }
      String claim = pair.substring(0, equals).strip();
      switch (parse(pair.substring(equals + 1).strip())) {
        case Invalid<String>(String what, _, _) -> {
          return new Invalid<>("names a header that " + what);
        }
        case Valid<String>(String header) -> {
          if (header.startsWith("x-forwarded-") || header.equals("x-real-ip")) {
            return new Invalid<>("names a header that has a meaning of its own");
          }
          if (!headers.add(header)) {
            return new Invalid<>("names a header twice");
          }
          pairs.add(new ClaimHeader(claim, header));
        }
      }
    }
    return new Valid<>(List.copyOf(pairs));
  }
}
