package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A line of a location that hands the request to something else, such as {@code proxy_pass}.
 *
 * @param protocol how headers reach the other side
 */
record BackendPass(Directive directive, Protocol protocol, Block location) {

  /** What names the headers for a backend. */
  enum Protocol {
    PROXY("proxy_pass", "proxy_set_header", "proxy_pass_request_headers"),
    GRPC("grpc_pass", "grpc_set_header", ""),
    FASTCGI("fastcgi_pass", "fastcgi_param", "fastcgi_pass_request_headers"),
    UWSGI("uwsgi_pass", "uwsgi_param", "uwsgi_pass_request_headers"),
    SCGI("scgi_pass", "scgi_param", "scgi_pass_request_headers");

    private final String pass;
    private final String setter;
    private final String passesHeaders;

    Protocol(String pass, String setter, String passesHeaders) {
      this.pass = pass;
      this.setter = setter;
      this.passesHeaders = passesHeaders;
    }

    /** The directive that sets a header. */
    String setter() {
      return setter;
    }

    private boolean hasParams() {
      return setter.endsWith("_param");
    }

    private String interceptsErrors() {
      return named("intercept_errors");
    }

    /** The directive that keeps answers; there is none for gRPC. */
    Optional<String> cache() {
      return this == GRPC ? Optional.empty() : Optional.of(named("cache"));
    }

    /** A directive of this protocol, such as {@code proxy_read_timeout}. */
    String named(String rest) {
      return pass.substring(0, pass.length() - "pass".length()) + rest;
    }

    /** A header as the setter calls it. */
    String spelled(String header) {
      return hasParams() ? "HTTP_" + header.toUpperCase(Locale.ROOT).replace('-', '_') : header;
    }

    /** The header that a line of the setter sets, in lower case; empty for another parameter. */
    String header(Directive line) {
      String name = line.argument(0).toLowerCase(Locale.ROOT);
      if (!hasParams()) {
        return name;
      }
      return name.startsWith("http_") ? name.substring(5).replace('_', '-') : "";
    }
  }

  static List<BackendPass> of(Block location) {
    List<BackendPass> passes = new ArrayList<>();
    for (Protocol protocol : Protocol.values()) {
      for (Directive line : location.ownAndConditional(protocol.pass)) {
        passes.add(new BackendPass(line, protocol, location));
      }
    }
    return passes;
  }

  /** Those that stand in this block itself, which is the location or an {@code if} in it. */
  static List<BackendPass> own(Block block, Block location) {
    List<BackendPass> passes = new ArrayList<>();
    for (Protocol protocol : Protocol.values()) {
      for (Directive line : block.own(protocol.pass)) {
        passes.add(new BackendPass(line, protocol, location));
      }
    }
    for (Directive limit : block.own("limit_except")) {
      block.condition(limit).ifPresent(inner -> passes.addAll(own(inner, location)));
    }
    return passes;
  }

  /** Whether error pages take the place of the other side's own answers. */
  boolean interceptsErrors() {
    return location.isOn(protocol.interceptsErrors(), false);
  }

  /** The part of a URL in front of its path, such as {@code http://backend:8080}. */
  static String addressOf(String url) {
    return url.substring(0, endOfAddress(url));
  }

  /** The path and query of a URL; empty if it has none. */
  static String pathOf(String url) {
    String rest = url.substring(endOfAddress(url));
    return rest.startsWith(":") ? rest.substring(1) : rest;
  }

  private static int endOfAddress(String url) {
    int scheme = url.indexOf("://");
    int start = scheme < 0 ? 0 : scheme + 3;
    if (url.startsWith("unix:", start)) {
      int end = url.indexOf(':', start + 5);
      return end < 0 ? url.length() : end;
    }
    for (int i = start; i < url.length(); i++) {
      if (url.charAt(i) == '/' || url.charAt(i) == '?') {
        return i;
      }
    }
    return url.length();
  }

  /** Whether the client's own headers go along. */
  boolean passesClientHeaders() {
    return protocol.passesHeaders.isEmpty() || location.isOn(protocol.passesHeaders, true);
  }

  List<Directive> setters() {
    return location.inForce(protocol.setter());
  }

  /** The values that this header is set to; several mean that several are sent. */
  List<Directive> setters(String header) {
    return setters().stream().filter(line -> protocol.header(line).equals(header)).toList();
  }

  Optional<String> value(String header) {
    return setters(header).stream().findFirst().map(line -> line.argument(1));
  }
}
