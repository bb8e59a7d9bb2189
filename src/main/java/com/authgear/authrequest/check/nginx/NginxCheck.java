package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What is wrong with a configuration. */
public sealed interface NginxCheck {

  /**
   * It could be read.
   *
   * @param findings the gravest first; empty if all is well
   * @param protectedLocations how many locations ask the service
   */
  record Checked(List<Finding> findings, int protectedLocations) implements NginxCheck {
    public Checked {
      findings = List.copyOf(findings);
    }
  }

  /**
   * It could not be read.
   *
   * @param why with file and line, if it is about one
   */
  record Unusable(String why) implements NginxCheck {}

  /**
   * @param name what to call the input if it is a single file
   * @param text the output of {@code nginx -T}, or a file without {@code include}
   */
  static NginxCheck of(String name, String text, Expected expected) {
    try {
      return check(Dump.read(name, text), expected);
    } catch (UnusableException e) {
      return new Unusable(String.valueOf(e.getMessage()));
    }
  }

  private static NginxCheck check(Dump dump, Expected expected) {
    Optional<Level> found =
        dump.directives().stream()
            .filter(directive -> directive.name().equals("http"))
            .map(directive -> new Level(directive, null))
            .findFirst();
    if (found.isEmpty()) {
      return new Unusable("there is no http { } in it: is this what nginx -T prints?");
    }
    Level http = found.get();
    Findings findings = new Findings();
    Variables variables = new Variables(http);
    List<Level> locations = http.blocks("server").flatMap(Level::allLocations).toList();

    Map<Asked, List<Level>> asked = new LinkedHashMap<>();
    for (Level location : locations) {
      location
          .asks()
          .ifPresent(
              path ->
                  asked
                      .computeIfAbsent(new Asked(location.server(), path), _ -> new ArrayList<>())
                      .add(location));
    }
    Set<Level> services = new LinkedHashSet<>();
    asked.keySet().forEach(question -> question.answeredBy().ifPresent(services::add));
    ServiceRules service = new ServiceRules(http, variables, expected, findings);
    asked.forEach(
        (question, askers) ->
            question
                .answeredBy()
                .ifPresentOrElse(
                    location -> service.check(location, question.path(), askers),
                    () -> notAsked(question.path(), askers, findings)));
    CacheRules cache = new CacheRules(variables, findings);
    services.forEach(location -> cache.check(location, services));
    new BackendRules(locations, variables, services, expected, findings).check();
    new LocationRules(locations, services, findings).check();

    long guarded =
        locations.stream()
            .filter(location -> location.asks().isPresent() && !services.contains(location))
            .count();
    if (guarded == 0) {
      findings.add(
          Hazard.NOTHING_PROTECTED,
          http,
          "No location has auth_request: everyone reaches every backend.",
          "include authgear/protect.conf in each location that needs a login.");
    }
    return new Checked(findings.sorted(), (int) guarded);
  }

  private static void notAsked(String path, List<Level> askers, Findings findings) {
    for (Level asker : askers) {
      findings.add(
          Hazard.SERVICE_NOT_ASKED,
          asker.inForce("auth_request").getFirst().place(),
          asker,
          "No location of this server asks the service for "
              + path
              + "; another one answers instead, and its 200 is a yes.",
          "include authgear/server.conf in this server.");
    }
  }

  /** What auth_request asks in a server. */
  record Asked(Level server, String path) {
    /**
     * The location that asks the service; none if nginx would take one that was made for something
     * else.
     */
    Optional<Level> answeredBy() {
      return server
          .find(path)
          .filter(location -> !location.own("proxy_pass").isEmpty())
          .filter(
              location ->
                  location.path().equals(path)
                      || location.modifier().startsWith("~")
                      || !location.inForce("internal").isEmpty());
    }
  }
}
