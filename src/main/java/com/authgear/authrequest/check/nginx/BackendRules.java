package com.authgear.authrequest.check.nginx;

import com.authgear.authrequest.principal.IdentityHeader;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What backends get to see: the identity headers, in protected locations and beside them. */
final class BackendRules {
  private static final List<String> IDENTITY =
      Arrays.stream(IdentityHeader.values()).map(IdentityHeader::headerName).toList();

  /** Filled from a service's answer too, but never taken for an identity. */
  private static final Set<String> NO_IDENTITY =
      Set.of("host", "connection", "upgrade", "content-length", "authorization", "cookie");

  private static final String SERVICE_SAYS = "upstream_http_";

  private final List<Level> locations;
  private final Variables variables;
  private final Findings findings;
  private final Set<Level> services;
  private final List<String> claimHeaders;

  /** By target of a protected location: the headers that its backend takes for an identity. */
  private final Map<String, Set<String>> believed = new HashMap<>();

  /** The variables that some auth_request_set fills. */
  private final Set<String> filledSomewhere;

  BackendRules(
      List<Level> locations,
      Variables variables,
      Set<Level> services,
      Expected expected,
      Findings findings) {
    this.claimHeaders = expected.claimHeaders();
    this.locations = locations;
    this.variables = variables;
    this.services = services;
    this.findings = findings;
    this.filledSomewhere =
        locations.stream()
            .flatMap(location -> location.inForce("auth_request_set").stream())
            .map(set -> set.argument(0).substring(1))
            .collect(Collectors.toSet());
  }

  void check() {
    for (Level location : locations) {
      if (isProtected(location)) {
        for (Pass pass : Pass.of(location)) {
          Set<String> headers =
              believed.computeIfAbsent(pass.target(), _ -> new LinkedHashSet<>(IDENTITY));
          headers.addAll(claimHeaders);
          headers.addAll(ownHeaders(pass));
        }
      }
    }
    for (Level location : locations) {
      if (services.contains(location)) {
        continue;
      }
      for (Pass pass : Pass.of(location)) {
        Set<String> headers = believed.getOrDefault(pass.target(), Set.of());
        if (isProtected(location)) {
          checkProtected(pass, headers);
        } else if (!headers.isEmpty()) {
          checkOpen(pass, headers);
        }
      }
    }
  }

  private boolean isProtected(Level location) {
    return location.asks().isPresent() && !services.contains(location);
  }

  /** Headers beyond the usual ones that this location fills from the service's answer. */
  private Set<String> ownHeaders(Pass pass) {
    Set<String> headers = new LinkedHashSet<>();
    for (Directive line : pass.setters()) {
      String header = pass.protocol().header(line);
      Optional<String> said =
          Variables.only(line.argument(1)).flatMap(name -> filled(pass.location(), name));
      if (said.flatMap(Variables::only).filter(name -> name.startsWith(SERVICE_SAYS)).isPresent()
          && !header.isEmpty()
          && !NO_IDENTITY.contains(header)) {
        headers.add(header);
      }
    }
    return headers;
  }

  /** What auth_request_set fills a variable with in this location. */
  private static Optional<String> filled(Level location, String variable) {
    return location.inForce("auth_request_set").stream()
        .filter(set -> set.argument(0).equals("$" + variable))
        .reduce((_, last) -> last)
        .map(set -> set.argument(1));
  }

  private void checkProtected(Pass pass, Set<String> headers) {
    reportMissing(pass, headers, Hazard.HEADER_NOT_SET);
    for (String header : headers) {
      for (Directive line : pass.setters(header)) {
        checkValue(pass, header, line);
      }
    }
  }

  private void checkOpen(Pass pass, Set<String> headers) {
    reportMissing(pass, headers, Hazard.HEADER_NOT_CLEARED);
    for (String header : headers) {
      for (Directive line : pass.setters(header)) {
        String value = line.argument(1);
        if (isFromClient(pass.location(), value)) {
          reportFromClient(pass, header, line);
        } else if (!value.isEmpty() && Variables.in(value).isEmpty()) {
          findings.add(
              Hazard.HEADER_FROM_ELSEWHERE,
              line.place(),
              pass.location(),
              header + " is \"" + value + "\" for everyone in a location that checks nobody.",
              pass.protocol().setter() + " " + pass.protocol().spelled(header) + " \"\";");
        }
      }
    }
  }

  private void reportMissing(Pass pass, Set<String> headers, Hazard hazard) {
    if (!pass.passesClientHeaders()) {
      return;
    }
    List<String> missing =
        headers.stream().filter(header -> pass.setters(header).isEmpty()).toList();
    if (missing.isEmpty()) {
      return;
    }
    Level location = pass.location();
    String setter = pass.protocol().setter();
    String names = String.join(", ", missing);
    Optional<Directive> outside = setOutside(pass, missing);
    if (outside.isPresent()) {
      findings.add(
          Hazard.HEADERS_NOT_INHERITED,
          location.own(setter).getFirst().place(),
          location,
          "A location with a "
              + setter
              + " of its own inherits none, so those from "
              + outside.get().place()
              + " on do not act here. The backend gets as the client wrote them: "
              + names
              + ".",
          hazard == Hazard.HEADER_NOT_SET
              ? "Repeat the lines in this location: include authgear/protect.conf."
              : "Repeat the lines in this location: include authgear/public.conf.");
    } else if (hazard == Hazard.HEADER_NOT_SET) {
      findings.add(
          hazard,
          location,
          "The backend gets as the client wrote them: " + names + ".",
          (pass.protocol() == Pass.Protocol.PROXY
                  ? "include authgear/protect.conf, or in this location:\n"
                  : "In this location:\n")
              + missing.stream()
                  .map(header -> setLines(pass.protocol(), header))
                  .collect(Collectors.joining("\n")));
    } else {
      findings.add(
          hazard,
          location,
          "Nobody is checked here, and the backend, which believes these headers elsewhere, gets"
              + " them as the client wrote them: "
              + names
              + ".",
          (pass.protocol() == Pass.Protocol.PROXY
                  ? "include authgear/public.conf, or in this location:\n"
                  : "In this location:\n")
              + missing.stream()
                  .map(header -> setter + " " + pass.protocol().spelled(header) + " \"\";")
                  .collect(Collectors.joining("\n")));
    }
  }

  private static String setLines(Pass.Protocol protocol, String header) {
    String name = header.replace('-', '_');
    String variable = "$" + (name.startsWith("x_") ? name.substring(2) : name);
    return "auth_request_set "
        + variable
        + " $"
        + SERVICE_SAYS
        + name
        + ";\n"
        + protocol.setter()
        + " "
        + protocol.spelled(header)
        + " "
        + variable
        + ";";
  }

  /** The line further out that sets a missing header, if only a line in this location hides it. */
  private static Optional<Directive> setOutside(Pass pass, List<String> missing) {
    Level parent = pass.location().parent();
    if (parent == null || pass.location().own(pass.protocol().setter()).isEmpty()) {
      return Optional.empty();
    }
    return parent.inForce(pass.protocol().setter()).stream()
        .filter(line -> missing.contains(pass.protocol().header(line)))
        .findFirst();
  }

  private boolean isFromClient(Level location, String value) {
    return Variables.in(value).stream()
        .anyMatch(
            name -> {
              Optional<String> said = filled(location, name);
              return said.isPresent()
                  ? Variables.in(said.get()).stream().anyMatch(Variables::isFromClient)
                  : variables.behind("${" + name + "}", location).stream()
                      .filter(behind -> filled(location, behind).isEmpty())
                      .anyMatch(Variables::isFromClient);
            });
  }

  private void checkValue(Pass pass, String header, Directive line) {
    Level location = pass.location();
    String value = line.argument(1);
    if (value.isEmpty()) {
      return;
    }
    if (isFromClient(location, value)) {
      reportFromClient(pass, header, line);
      return;
    }
    String expected = SERVICE_SAYS + header.replace('-', '_');
    Optional<String> said = Variables.only(value).flatMap(name -> filled(location, name));
    String fix = setLines(pass.protocol(), header);
    if (said.isPresent()) {
      if (IDENTITY.contains(header)
          && Variables.only(said.get()).filter(name -> !name.equals(expected)).isPresent()) {
        findings.add(
            Hazard.HEADER_FROM_ELSEWHERE,
            line.place(),
            location,
            header + " is filled with " + said.get() + ", another header of the service.",
            fix);
      }
      return;
    }
    Set<String> behind = variables.behind(value, location);
    if (behind.stream().anyMatch(name -> filled(location, name).isPresent())) {
      return;
    }
    if (behind.stream().anyMatch(filledSomewhere::contains)) {
      boolean hidden = !location.own("auth_request_set").isEmpty();
      findings.add(
          Hazard.HEADER_NEVER_FILLED,
          line.place(),
          location,
          header
              + " is "
              + value
              + ", which no auth_request_set fills here"
              + (hidden ? " (a location with one of its own inherits none)" : "")
              + ": it is always empty.",
          fix);
      return;
    }
    findings.add(
        Hazard.HEADER_FROM_ELSEWHERE,
        line.place(),
        location,
        header + " is " + value + ", which is not what the service said about this request.",
        fix);
  }

  private void reportFromClient(Pass pass, String header, Directive line) {
    findings.add(
        Hazard.HEADER_FROM_CLIENT,
        line.place(),
        pass.location(),
        header + " is " + line.argument(1) + ", which a client chooses: anyone can be anyone.",
        isProtected(pass.location())
            ? setLines(pass.protocol(), header)
            : pass.protocol().setter() + " " + pass.protocol().spelled(header) + " \"\";");
  }
}
