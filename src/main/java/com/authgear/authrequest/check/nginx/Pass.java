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
record Pass(Directive directive, Protocol protocol, Level location) {

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

  static List<Pass> of(Level location) {
    List<Pass> passes = new ArrayList<>();
    for (Protocol protocol : Protocol.values()) {
      for (Directive line : location.ownAndConditional(protocol.pass)) {
        passes.add(new Pass(line, protocol, location));
      }
    }
    return passes;
  }

  /** Host and port, or the name of an upstream block, by which two passes are compared. */
  String target() {
    String address = Variables.withConstants(directive.argument(0), location);
    int scheme = address.indexOf("://");
    String rest = scheme < 0 ? address : address.substring(scheme + 3);
    if (rest.startsWith("unix:")) {
      int end = rest.indexOf(':', 5);
      return end < 0 ? rest : rest.substring(0, end);
    }
    int end = rest.indexOf('/');
    return (end < 0 ? rest : rest.substring(0, end)).toLowerCase(Locale.ROOT);
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
