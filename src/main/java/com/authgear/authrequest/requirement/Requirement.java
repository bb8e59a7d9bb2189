package com.authgear.authrequest.requirement;

import com.authgear.authrequest.requirement.Rule.PrincipalIs;
import java.util.List;
import java.util.StringJoiner;

/**
 * What a location says that it requires, without what the settings add for all locations: {@link
 * Rules} has both, and is what decides.
 *
 * @param rules all must be met; in the order in which {@link RequirementParser} lists the keys
 * @param optional whether missing or invalid credentials are let through, without an identity
 */
public record Requirement(List<Rule> rules, boolean optional) {

  /** An authenticated user of the project, nothing more: what {@code /auth} requires by itself. */
  public static final Requirement USER = new Requirement(List.of(PrincipalIs.USER), false);

  public Requirement {
    rules = List.copyOf(rules);
  }

  /** The requirement in its own grammar; {@link RequirementParser} reads it back as the same. */
  public String print() {
    StringJoiner pairs = new StringJoiner("&");
    rules.forEach(rule -> pairs.add(rule.print()));
    if (optional) {
      pairs.add("optional=true");
    }
    return pairs.toString();
  }
}
