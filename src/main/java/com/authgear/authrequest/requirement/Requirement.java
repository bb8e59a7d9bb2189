package com.authgear.authrequest.requirement;

import com.authgear.authrequest.requirement.Rule.PrincipalIs;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What a location says that it requires, without what the settings add for all locations: {@link
 * Rules} has both, and is what decides.
 *
 * @param rules all must be met; in the order in which {@link RequirementParser} lists the keys
 * @param optional whether missing or invalid credentials are let through, without an identity
 * @param resource what the location is a part of, which is then its audience; null: what the
 *     settings say
 */
public record Requirement(List<Rule> rules, boolean optional, @Nullable Resource resource) {

  /** An authenticated user of the project, nothing more: what {@code /auth} requires by itself. */
  public static final Requirement USER = new Requirement(List.of(PrincipalIs.USER), false);

  public Requirement {
    rules = List.copyOf(rules);
  }

  /** One that names no resource. */
  public Requirement(List<Rule> rules, boolean optional) {
    this(rules, optional, null);
  }

  /** The requirement in its own grammar; {@link RequirementParser} reads it back as the same. */
  public String print() {
    StringJoiner pairs = new StringJoiner("&");
    if (resource != null) {
      pairs.add("resource=" + encoded(resource.id().toString()));
      if (resource.name() != null) {
        pairs.add("resource_name=" + encoded(resource.name()));
      }
      if (resource.documentation() != null) {
        pairs.add("resource_documentation=" + encoded(resource.documentation().toString()));
      }
    }
    rules.forEach(rule -> pairs.add(rule.print()));
    if (optional) {
      pairs.add("optional=true");
    }
    return pairs.toString();
  }

  private static String encoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("%3A", ":")
        .replace("%2F", "/");
  }
}
