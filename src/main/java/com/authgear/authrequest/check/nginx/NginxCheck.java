package com.authgear.authrequest.check.nginx;

import java.util.List;
import java.util.Optional;

/** What is wrong with a configuration. */
public sealed interface NginxCheck {

  /**
   * It could be read.
   *
   * @param findings the gravest first; empty if all is well
   * @param protectedLocations how many locations ask the service
   */
  record Checked(List<NginxFinding> findings, int protectedLocations) implements NginxCheck {
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
    } catch (UnusableDumpException e) {
      return new Unusable(String.valueOf(e.getMessage()));
    }
  }

  private static NginxCheck check(Dump dump, Expected expected) {
    Optional<Block> found =
        dump.directives().stream()
            .filter(directive -> directive.name().equals("http"))
            .map(Block::http)
            .findFirst();
    if (found.isEmpty()) {
      return new Unusable(
          "there is no http { } in it: is this what nginx -T prints? It prints the configuration"
              + " only if nginx -t passes; see what that says.");
    }
    NginxModel model = new NginxModel(found.get());
    Findings findings = new Findings();
    new ServiceRules(model, expected, findings).check();
    CacheRules cache = new CacheRules(model.variables(), findings);
    model.services().forEach(location -> cache.check(location, model.services()));
    List<Block> guarded =
        model.locations().stream()
            .filter(location -> model.isProtected(location) && !location.alwaysReturns())
            .toList();
    guarded.forEach(cache::checkProtected);
    BackendRules backends = new BackendRules(model, expected, findings);
    backends.check();
    BypassRules bypass = new BypassRules(model, backends.believing(), findings);
    bypass.check();
    new AmbiguityRules(model, findings).check();
    new LocationRules(model, bypass.servedAnyway(), findings).check();
    new StreamRules(model, findings).check();
    new LoginRules(model, findings).check();

    if (guarded.isEmpty()) {
      findings.add(
          Hazard.NOTHING_PROTECTED,
          model.http(),
          "No location has auth_request: everyone reaches every backend.",
          "include authgear/protect.conf in each location that needs a login.");
    }
    return new Checked(findings.sorted(), guarded.size());
  }
}
