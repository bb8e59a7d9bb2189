package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.ParsedValue.Invalid;
import com.authgear.authrequest.settings.ParsedValue.Valid;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a listener binds.
 *
 * @param host name or IP address, an IPv6 address without brackets
 * @param port 0 for any free port
 */
public record ListenAddress(String host, int port) implements Listen {

  private static final int MAX_PORT = 65_535;
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(?:\\[(?<v6>[^\\[\\]]+)]|(?<name>[^\\[\\]:]+)):(?<port>[0-9]{1,5})");
  private static final Pattern LABELS =
      Pattern.compile(
          "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*");
  private static final Pattern NUMERIC = Pattern.compile("[0-9.]+");
  private static final Pattern DOTTED_QUAD = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

  static ParsedValue<ListenAddress> parse(String text) {
    Matcher matcher = HOST_AND_PORT.matcher(text);
    if (!matcher.matches()) {
      return new Invalid<>("is not an address of the form host:port");
    }
    int port = Integer.parseInt(matcher.group("port"));
    if (port > MAX_PORT) {
      return new Invalid<>("has a port above " + MAX_PORT);
    }
    String v6 = matcher.group("v6");
    String name = matcher.group("name");
    if (v6 != null) {
      return isIpv6(v6)
          ? new Valid<>(new ListenAddress(v6, port))
          : new Invalid<>("has no IPv6 address in its brackets");
    }
    return isHost(name)
        ? new Valid<>(new ListenAddress(name, port))
        : new Invalid<>("has neither an IP address nor a host name before the port");
  }

  /** Whether both cannot be bound at once, as far as their texts tell. */
  boolean clashesWith(ListenAddress other) {
    return port != 0
        && port == other.port
        && (host.equalsIgnoreCase(other.host) || isWildcard() || other.isWildcard());
  }

  private boolean isWildcard() {
    return host.equals("0.0.0.0") || host.equals("::");
  }

  private static boolean isHost(String name) {
    return NUMERIC.matcher(name).matches() ? isIpv4(name) : LABELS.matcher(name).matches();
  }

  private static boolean isIpv4(String text) {
    if (!DOTTED_QUAD.matcher(text).matches()) {
      return false;
    }
    try {
      Inet4Address.ofLiteral(text);
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  private static boolean isIpv6(String text) {
    try {
      Inet6Address.ofLiteral(text);
      return text.indexOf(':') >= 0;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  /** {@code host:port}, an IPv6 address in brackets. */
  @Override
  public String toString() {
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }
}
