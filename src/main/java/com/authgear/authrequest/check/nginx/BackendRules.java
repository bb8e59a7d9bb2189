package com.authgear.authrequest.check.nginx;

import com.authgear.authrequest.principal.IdentityHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What backends get to see: the identity headers, in protected locations and in others. */
final class BackendRules {
  private static final List<String> IDENTITY =
      Arrays.stream(IdentityHeader.values()).map(IdentityHeader::headerName).toList();

  /** Filled from a service's answer too, but never taken for an identity. */
  private static final Set<String> NO_IDENTITY =
      Set.of("host", "connection", "upgrade", "content-length", "authorization", "cookie");

  private static final String SERVICE_SAYS = "upstream_http_";

  private final NginxModel model;
  private final Variables variables;
  private final Findings findings;
  private final List<String> claimHeaders;

  /** By backend: the headers that it takes for an identity. */
  private final Map<String, Set<String>> believed = new HashMap<>();

  /** The variables that some auth_request_set fills. */
  private final Set<String> filledSomewhere;

  BackendRules(NginxModel model, Expected expected, Findings findings) {
    this.claimHeaders = expected.claimHeaders();
    this.model = model;
    this.variables = model.variables();
    this.findings = findings;
    this.filledSomewhere =
        model.locations().stream()
            .flatMap(location -> location.own("auth_request_set").stream())
            .flatMap(set -> Variables.in(set.argument(0)).stream())
            .collect(Collectors.toSet());
    for (Block block : withServers(model.http())) {
      block
          .own("auth_request_set")
          .forEach(set -> filledSomewhere.addAll(Variables.in(set.argument(0))));
    }
    for (Block location : model.locations()) {
      if (model.isProtected(location)) {
        BackendPass.of(location).forEach(this::believe);
        for (NginxModel.Walk walk : model.walks(location)) {
          for (RequestWalk.Arrival arrival : walk.arrivals()) {
            if (arrival.answer() == RequestWalk.AuthAnswer.ALLOWED && !walk.isErrorPage(arrival)) {
              arrival.pass().ifPresent(this::believe);
            }
          }
        }
      }
    }
  }

  private static List<Block> withServers(Block http) {
    List<Block> blocks = new ArrayList<>(http.servers());
    blocks.add(http);
    return blocks;
  }

  private void believe(BackendPass pass) {
    Set<String> own = ownHeaders(pass);
    for (String backend : model.backends().of(pass)) {
      Set<String> headers = believed.computeIfAbsent(backend, _ -> new LinkedHashSet<>(IDENTITY));
      headers.addAll(claimHeaders);
      headers.addAll(own);
    }
  }

  /** The backends that take what the service said for an identity. */
  Set<String> believing() {
    return believed.keySet();
  }

  void check() {
    for (Block location : model.locations()) {
      if (model.services().contains(location)) {
        continue;
      }
      for (BackendPass pass : BackendPass.of(location)) {
        Set<String> headers = believedBehind(pass);
        if (isProtected(location)) {
          checkProtected(pass, headers);
        } else if (!headers.isEmpty()) {
          checkOpen(pass, headers);
        }
        if (!headers.isEmpty()) {
          checkUpgrade(pass);
        }
      }
    }
  }

  private Set<String> believedBehind(BackendPass pass) {
    Set<String> backends = model.backends().of(pass);
    Set<String> headers = new LinkedHashSet<>();
    if (backends.contains(Backends.ANY)) {
      believed.values().forEach(headers::addAll);
    }
    backends.forEach(backend -> headers.addAll(believed.getOrDefault(backend, Set.of())));
    return headers;
  }

  /** What clients ask for that is no WebSocket. */
  private static final List<String> UPGRADES = List.of("h2c", "h2c, websocket", "websocket, h2c");

  /** A backend that takes another upgrade gives the client a tunnel, which nobody looks into. */
  private void checkUpgrade(BackendPass pass) {
    for (Directive line : pass.setters("upgrade")) {
      if (pass.protocol() != BackendPass.Protocol.PROXY) {
        continue;
      }
      Optional<String> passed =
          UPGRADES.stream().filter(upgrade -> isPassed(pass, line, upgrade)).findFirst();
      if (passed.isPresent()) {
        findings.add(
            Hazard.UPGRADE_NOT_LIMITED,
            line.place(),
            pass.location(),
            "\"Upgrade: "
                + passed.get()
                + "\" reaches the backend. One that takes it gives the client a connection on which"
                + " no further request is checked and every header is the client's.",
            "include authgear/proxy.conf, or let only WebSocket pass:\nproxy_set_header Upgrade"
                + " $authgear_upgrade;");
        return;
      }
    }
  }

  private boolean isPassed(BackendPass pass, Directive line, String upgrade) {
    Map<String, String> known = Map.of("http_upgrade", upgrade);
    String value = variables.value(line.argument(1), pass.location(), known);
    if (!value.toLowerCase(Locale.ROOT).contains("h2c")) {
      return false;
    }
    List<String> paths = SamplePaths.of(pass.location());
    return paths.isEmpty()
        || paths.stream()
            .flatMap(
                path ->
                    model.walk(pass.location().server(), SamplePaths.encoded(path), known).stream())
            .flatMap(walk -> walk.arrivals().stream())
            .anyMatch(arrival -> arrival.place().equals(pass.location()));
  }

  private boolean isProtected(Block location) {
    return model.isProtected(location);
  }

  /** Headers beyond the usual ones that this location fills from the service's answer. */
  private Set<String> ownHeaders(BackendPass pass) {
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
  private static Optional<String> filled(Block location, String variable) {
    return location.inForce("auth_request_set").stream()
        .filter(set -> set.argument(0).equals("$" + variable))
        .reduce((_, last) -> last)
        .map(set -> set.argument(1));
  }

  private void checkProtected(BackendPass pass, Set<String> headers) {
    reportMissing(pass, headers, Hazard.HEADER_NOT_SET);
    for (String header : headers) {
      for (Directive line : pass.setters(header)) {
        checkValue(pass, header, line);
      }
    }
  }

  private void checkOpen(BackendPass pass, Set<String> headers) {
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
              header
                  + " is \""
                  + value
                  + "\" for everyone in a location that does not ask the service.",
              pass.protocol().setter() + " " + pass.protocol().spelled(header) + " \"\";");
        }
      }
    }
  }

  private void reportMissing(BackendPass pass, Set<String> headers, Hazard hazard) {
    if (!pass.passesClientHeaders()) {
      return;
    }
    List<String> missing =
        headers.stream().filter(header -> pass.setters(header).isEmpty()).toList();
    if (missing.isEmpty()) {
      return;
    }
    Block location = pass.location();
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
          (pass.protocol() == BackendPass.Protocol.PROXY
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
          (pass.protocol() == BackendPass.Protocol.PROXY
                  ? "include authgear/public.conf, or in this location:\n"
                  : "In this location:\n")
              + missing.stream()
                  .map(header -> setter + " " + pass.protocol().spelled(header) + " \"\";")
                  .collect(Collectors.joining("\n")));
    }
  }

  private static String setLines(BackendPass.Protocol protocol, String header) {
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
  private static Optional<Directive> setOutside(BackendPass pass, List<String> missing) {
    Block parent = pass.location().parent();
    if (parent == null || pass.location().own(pass.protocol().setter()).isEmpty()) {
      return Optional.empty();
    }
    return parent.inForce(pass.protocol().setter()).stream()
        .filter(line -> missing.contains(pass.protocol().header(line)))
        .findFirst();
  }

  private boolean isFromClient(Block location, String value) {
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

  private void checkValue(BackendPass pass, String header, Directive line) {
    Block location = pass.location();
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

  private void reportFromClient(BackendPass pass, String header, Directive line) {
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
