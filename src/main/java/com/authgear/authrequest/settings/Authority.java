package com.authgear.authrequest.settings;

import static java.util.Objects.requireNonNull;

import java.net.Inet6Address;
import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Host and port of a URL (RFC 3986 §3.2). {@link URI} itself knows no host with an underscore,
 * which names of containers often have.
 *
 * @param host a name, an IPv4 address, or an IPv6 address in brackets; in the letters in which it
 *     was written
 * @param port -1 if there is none
 */
public record Authority(String host, int port) {

  private static final String LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?";
  private static final Pattern FORM =
      Pattern.compile(
          "(?<host>"
              + LABEL
              + "(\\."
              + LABEL
              + ")*\\.?|\\[(?<v6>[^\\]%]+)])(:(?<port>[0-9]{0,5}))?");
  private static final Pattern NUMERIC = Pattern.compile("[0-9.]+");
  private static final Pattern DOTTED_QUAD =
      Pattern.compile(
          "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}");

  /** Of a URL that has a valid one. */
  public static Authority of(URI url) {
    return requireNonNull(parse(url.getRawAuthority()), "a URL of the settings has a host");
  }

  /** Null if it is none; a user and password before the host make it none. */
  static @Nullable Authority parse(@Nullable String text) {
    Matcher matcher = FORM.matcher(text == null ? "" : text);
    if (!matcher.matches()) {
      return null;
    }
    String host = requireNonNull(matcher.group("host"));
    String v6 = matcher.group("v6");
    if (v6 != null && !isIpv6(v6)) {
      return null;
    }
    if (NUMERIC.matcher(host).matches() && !DOTTED_QUAD.matcher(host).matches()) {
      return null;
    }
    String port = matcher.group("port");
    return new Authority(host, port == null || port.isEmpty() ? -1 : Integer.parseInt(port));
  }

  private static boolean isIpv6(String text) {
    try {
      Inet6Address.ofLiteral(text);
      return text.indexOf(':') >= 0;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }
}
