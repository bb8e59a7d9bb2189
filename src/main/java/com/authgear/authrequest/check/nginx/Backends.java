package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is behind a {@code proxy_pass} and its like, however it is called: an upstream block and its
 * servers' addresses, {@code localhost} and 127.0.0.1 and [::1], a port and the scheme's default,
 * are one backend.
 */
final class Backends {
  /** An address that a client chooses may be any backend. */
  static final String ANY = "*";

  private static final Pattern LEGACY_IPV4 =
      Pattern.compile("(?i)(0x[0-9a-f]+|\\d+)(?:\\.(0x[0-9a-f]+|\\d+)){0,3}");

  /** ingress-nginx sends everything through this one; Lua picks the service by a variable. */
  private static final String INGRESS_UPSTREAM = "upstream_balancer";

  private static final String INGRESS_SERVICE = "proxy_upstream_name";

  private final Variables variables;
  private final Map<String, Directive> upstreams = new HashMap<>();
  private final Map<Block, IdentityHashMap<Directive, Set<String>>> known = new HashMap<>();

  Backends(Block http, Variables variables) {
    this.variables = variables;
    for (Directive upstream : http.own("upstream")) {
      upstreams.putIfAbsent(upstream.argument(0).toLowerCase(Locale.ROOT), upstream);
    }
  }

  /** Names that are equal for the same backend; {@link #ANY} where a client chooses. */
  Set<String> of(BackendPass pass) {
    return known
        .computeIfAbsent(pass.location(), _ -> new IdentityHashMap<>())
        .computeIfAbsent(pass.directive(), _ -> find(pass));
  }

  /** Whether two sets of names have a backend in common. */
  static boolean meet(Set<String> some, Set<String> others) {
    return some.contains(ANY) ? !others.isEmpty() : some.stream().anyMatch(others::contains);
  }

  private Set<String> find(BackendPass pass) {
    Set<String> names = new LinkedHashSet<>();
    for (String url : variables.possible(pass.directive().argument(0), pass.location())) {
      String address = BackendPass.addressOf(url);
      int scheme = address.indexOf("://");
      String protocol = scheme < 0 ? "" : address.substring(0, scheme).toLowerCase(Locale.ROOT);
      String host = scheme < 0 ? address : address.substring(scheme + 3);
      if (host.contains(Variables.UNKNOWN)) {
        boolean chosen =
            variables.behind(pass.directive().argument(0), pass.location()).stream()
                .anyMatch(Variables::isFromClient);
        names.add(chosen ? ANY : "?" + pass.directive().argument(0));
        continue;
      }
      Directive upstream = upstreams.get(host.toLowerCase(Locale.ROOT));
      if (upstream == null) {
        names.add(name(host, protocol.endsWith("s") ? 443 : 80));
      } else {
        names.addAll(servers(upstream, pass.location()));
      }
    }
    return names;
  }

  private Set<String> servers(Directive upstream, Block location) {
    String name = upstream.argument(0).toLowerCase(Locale.ROOT);
    boolean byLua =
        upstream.children().stream().anyMatch(line -> line.name().startsWith("balancer_by_lua"));
    if (byLua || name.equals(INGRESS_UPSTREAM)) {
      Set<String> names = new LinkedHashSet<>();
      for (String service : variables.possible("$" + INGRESS_SERVICE, location)) {
        names.add("upstream " + name + " " + service);
      }
      return names;
    }
    Set<String> names = new LinkedHashSet<>();
    names.add("upstream " + name);
    upstream.children("server").forEach(server -> names.add(name(server.argument(0), 80)));
    return names;
  }

  /** Host and port in one spelling. */
  static String name(String address, int defaultPort) {
    if (address.regionMatches(true, 0, "unix:", 0, 5)) {
      return "unix:" + address.substring(5).replaceAll("/{2,}", "/");
    }
    String host = address;
    String port = "";
    int bracket = address.lastIndexOf(']');
    int colon = address.lastIndexOf(':');
    if (colon > bracket) {
      host = address.substring(0, colon);
      port = address.substring(colon + 1);
    }
    if (port.isEmpty()) {
      port = String.valueOf(defaultPort);
    }
    return host(host.toLowerCase(Locale.ROOT)) + ":" + port.replaceFirst("^0+(?=\\d)", "");
  }

  private static String host(String host) {
    if (host.startsWith("[")) {
      byte @Nullable [] address = ipv6(host.substring(1, Math.max(1, host.length() - 1)));
      return address == null ? host : ipv6Name(address);
    }
    String plain = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    if (plain.equals("localhost")
        || plain.endsWith(".localhost")
        || plain.equals("ip6-localhost")) {
      return "127.0.0.1";
    }
    Matcher legacy = LEGACY_IPV4.matcher(plain);
    return legacy.matches() ? ipv4(plain) : plain;
  }

  /**
   * As {@code inet_aton} reads it: {@code 127.1}, {@code 0x7f000001}; 0.0.0.0 connects to this
   * host.
   */
  private static String ipv4(String text) {
    String[] parts = text.split("\\.", -1);
    long value = 0;
    try {
      for (int i = 0; i < parts.length; i++) {
        long part = Long.decode(parts[i]);
        int bits = i == parts.length - 1 ? 8 * (5 - parts.length) : 8;
        if (part < 0 || part >= 1L << bits) {
          return text;
        }
        value = (value << bits) | part;
      }
    } catch (NumberFormatException e) {
      return text;
    }
    return value == 0
        ? "127.0.0.1"
        : (value >> 24)
            + "."
            + ((value >> 16) & 255)
            + "."
            + ((value >> 8) & 255)
            + "."
            + (value & 255);
  }

  private static byte @Nullable [] ipv6(String text) {
    String plain = text.indexOf('%') < 0 ? text : text.substring(0, text.indexOf('%'));
    int gap = plain.indexOf("::");
    List<Integer> head = new ArrayList<>();
    List<Integer> tail = new ArrayList<>();
    try {
      groups(gap < 0 ? plain : plain.substring(0, gap), head);
      if (gap >= 0) {
        groups(plain.substring(gap + 2), tail);
      }
    } catch (NumberFormatException e) {
      return null;
    }
    int missing = 8 - head.size() - tail.size();
    if (missing < 0 || (gap < 0 && missing != 0)) {
      return null;
    }
    byte[] address = new byte[16];
    for (int i = 0; i < 8; i++) {
      int group =
          i < head.size() ? head.get(i) : i < 8 - tail.size() ? 0 : tail.get(i - 8 + tail.size());
      address[2 * i] = (byte) (group >> 8);
      address[2 * i + 1] = (byte) group;
    }
    return address;
  }

  private static void groups(String text, List<Integer> into) {
    if (text.isEmpty()) {
      return;
    }
    for (String group : text.split(":", -1)) {
      if (group.indexOf('.') >= 0) {
        String[] bytes = group.split("\\.", -1);
        if (bytes.length != 4) {
          throw new NumberFormatException(group);
        }
        into.add((Integer.parseInt(bytes[0]) << 8) | Integer.parseInt(bytes[1]));
        into.add((Integer.parseInt(bytes[2]) << 8) | Integer.parseInt(bytes[3]));
      } else if (group.length() > 4) {
        throw new NumberFormatException(group);
      } else {
        into.add(Integer.parseInt(group, 16));
      }
    }
  }

  /** The loopback address and the unspecified one are this host, and so is an IPv4 one inside. */
  private static String ipv6Name(byte[] address) {
    boolean mapped = address[10] == -1 && address[11] == -1;
    for (int i = 0; i < 10; i++) {
      mapped &= address[i] == 0;
    }
    if (mapped) {
      return ipv4(
          (address[12] & 255)
              + "."
              + (address[13] & 255)
              + "."
              + (address[14] & 255)
              + "."
              + (address[15] & 255));
    }
    int sum = 0;
    for (int i = 0; i < 15; i++) {
      sum |= address[i];
    }
    if (sum == 0 && (address[15] == 0 || address[15] == 1)) {
      return "127.0.0.1";
    }
    StringBuilder name = new StringBuilder("[");
    for (int i = 0; i < 16; i += 2) {
      name.append(Integer.toHexString(((address[i] & 255) << 8) | (address[i + 1] & 255)))
          .append(':');
    }
    return name.append(']').toString();
  }
}
