package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What else a protected location, or the server around it, can do wrong. */
final class LocationRules {
  private static final long LONGEST_TOKEN = 16 * 1024;
  private static final long HEADER_AROUND_TOKEN = 64;
  private static final Set<String> CHALLENGE = Set.of("www-authenticate", "set-cookie");

  private final NginxModel model;
  private final Set<SourceLine> servedAnyway;
  private final Findings findings;
  private final Map<String, List<Block>> byAddress = new HashMap<>();
  private final Set<Block> checkedServers = new HashSet<>();
  private final Set<String> checkedAddresses = new HashSet<>();

  /**
   * @param servedAnyway error pages about which the worst is said already
   */
  LocationRules(NginxModel model, Set<SourceLine> servedAnyway, Findings findings) {
    this.model = model;
    this.servedAnyway = servedAnyway;
    this.findings = findings;
    for (Block server : model.http().servers()) {
      for (String address : server.addresses()) {
        byAddress.computeIfAbsent(address, _ -> new ArrayList<>()).add(server);
      }
    }
  }

  void check() {
    for (Block location : model.locations()) {
      if (model.services().contains(location)) {
        continue;
      }
      if (location.asks().isPresent()) {
        if (checkedServers.add(location.server())) {
          checkServer(location.server());
        }
        checkSatisfy(location);
        checkErrorPages(location);
        checkAddHeader(location);
      } else {
        checkOpened(location);
      }
    }
  }

  private void checkServer(Block server) {
    for (Block sharing : sharingAnAddress(server)) {
      if (sharing.isOn("underscores_in_headers", false)) {
        reportUnderscores(sharing, "underscores_in_headers", "underscores_in_headers off;");
      }
      if (!sharing.isOn("ignore_invalid_headers", true)) {
        reportUnderscores(sharing, "ignore_invalid_headers", "ignore_invalid_headers on;");
      }
    }
    Optional<Directive> buffers =
        server.inForce("large_client_header_buffers").stream().findFirst();
    long size = buffers.map(line -> Sizes.bytes(line.argument(1))).orElse(8L * 1024);
    if (size < LONGEST_TOKEN + HEADER_AROUND_TOKEN) {
      findings.add(
          Hazard.TOKEN_BUFFERS_SMALL,
          buffers.orElse(server.directive()).place(),
          server,
          "A header line of more than "
              + size
              + " bytes gets 400; the service accepts tokens of up to 16 KiB.",
          "large_client_header_buffers 4 20k;");
    }
  }

  /** nginx may read headers by the rules of the default server of the address. */
  private Set<Block> sharingAnAddress(Block server) {
    Set<Block> sharing = new LinkedHashSet<>();
    for (String address : server.addresses()) {
      if (checkedAddresses.add(address)) {
        sharing.addAll(byAddress.getOrDefault(address, List.of()));
      }
    }
    return sharing;
  }

  private void reportUnderscores(Block server, String name, String fix) {
    findings.add(
        Hazard.UNDERSCORES_ACCEPTED,
        server.inForce(name).getFirst().place(),
        server,
        "A client's \"x_authgear_user_id\" passes: proxy_set_header does not replace it, and many"
            + " backends (CGI, WSGI, Rack, PHP) read it as x-authgear-user-id.",
        fix);
  }

  private void checkSatisfy(Block location) {
    if (location.value("satisfy").filter("any"::equals).isPresent()) {
      findings.add(
          Hazard.SATISFY_ANY,
          location.inForce("satisfy").getFirst().place(),
          location,
          "With \"satisfy any\" an allowed address or a Basic password passes without asking the"
              + " service.",
          "satisfy all;");
    }
  }

  private void checkErrorPages(Block location) {
    for (Directive page : location.inForce("error_page")) {
      ErrorPage error = new ErrorPage(page);
      if (!error.codes().contains(401)
          && !error.codes().contains(403)
          && !error.codes().contains(500)) {
        continue;
      }
      if (!servedAnyway.contains(page.place()) && error.becomesSuccess(location.server())) {
        findings.add(
            Hazard.DENIAL_SHOWN_AS_SUCCESS,
            page.place(),
            location,
            "A refused request is answered with "
                + (error.status().isEmpty() ? "the status of the page" : error.status())
                + ": programs and caches take it for a success.",
            "Keep the status: error_page " + page.argument(0) + " " + error.path() + ";");
      }
    }
  }

  private void checkAddHeader(Block location) {
    Block parent = location.parent();
    List<Directive> own = location.own("add_header");
    if (parent == null
        || own.isEmpty()
        || location.value("add_header_inherit").filter("merge"::equals).isPresent()) {
      return;
    }
    for (Directive line : parent.inForce("add_header")) {
      String name = line.argument(0);
      if (CHALLENGE.contains(name.toLowerCase(Locale.ROOT))
          && own.stream().noneMatch(mine -> mine.argument(0).equalsIgnoreCase(name))) {
        findings.add(
            Hazard.ADD_HEADER_NOT_INHERITED,
            own.getFirst().place(),
            location,
            "A location with an add_header of its own inherits none: clients do not get "
                + name
                + " ("
                + line.place()
                + ").",
            "Repeat it here: add_header " + String.join(" ", line.arguments()) + ";");
      }
    }
  }

  /** Open because auth_request is switched off here, not because it is on nowhere. */
  private void checkOpened(Block location) {
    Optional<Directive> off =
        location.own("auth_request").stream()
            .filter(line -> line.argument(0).equals("off"))
            .findFirst();
    Block parent = location.parent();
    if (off.isPresent() && parent != null && parent.asks().isPresent()) {
      findings.add(
          Hazard.OPEN_LOCATION,
          off.get().place(),
          location,
          "This location is open to everyone, inside one that is protected.",
          "If that is not meant, remove the line.");
    }
  }
}
