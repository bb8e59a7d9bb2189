package com.authgear.authrequest.requirement;

import com.authgear.authrequest.requirement.Rule.Attribute;
import com.authgear.authrequest.requirement.Rule.IsVerified;
import com.authgear.authrequest.requirement.Rule.MaxAge;
import com.authgear.authrequest.requirement.Rule.NotAnonymous;
import com.authgear.authrequest.requirement.Rule.OneOf;
import com.authgear.authrequest.requirement.Rule.PrincipalIs;
import com.authgear.authrequest.text.Ascii;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The grammar of requirements, the same in a query and in a named policy: {@code
 * role=admin,owner&role=staff&max_age=300}. A comma means "or", repetition means "and". Nothing is
 * ignored: what is not understood is a {@link Mistake}.
 */
public final class RequirementParser {

  /** The outcome of parsing. */
  public sealed interface ParsedRequirement {}

  /** The text is a requirement. */
  public record Valid(Requirement requirement) implements ParsedRequirement {}

  /**
   * The text is not a requirement.
   *
   * @param problem what is wrong, for the operator; quotes the part that is
   * @param text the whole, with what could break a log line replaced
   */
  public record Mistake(String problem, String text)
      implements ParsedRequirement, Requirements.Found {
    /** What is wrong and where. */
    public String message() {
      return "in \"" + text + "\": " + problem;
    }
  }

  private static final int LONGEST = 4096;

  private static final String KEYS =
      "role, scope, audience, client_id, amr, verified, anonymous, max_age, principal, optional,"
          + " resource, resource_name, resource_documentation";

  private final List<OneOf> choices = new ArrayList<>();
  private final Set<String> onlyOnce = new HashSet<>();
  private PrincipalIs principal = PrincipalIs.USER;
  private boolean verified;
  private boolean notAnonymous;
  private boolean optional;
  private @Nullable MaxAge maxAge;
  private @Nullable URI resource;
  private @Nullable String resourceName;
  private @Nullable URI resourceDocumentation;

  private RequirementParser() {}

  /**
   * Parses a requirement.
   *
   * @param text {@code key=value} pairs joined by {@code &}, percent-encoded where needed; empty or
   *     null: {@link Requirement#USER}
   */
  public static ParsedRequirement parse(@Nullable String text) {
    if (text == null || text.isEmpty()) {
      return new Valid(Requirement.USER);
    }
    if (text.length() > LONGEST) {
      return new Mistake("longer than " + LONGEST + " characters", printable(text));
    }
    RequirementParser parser = new RequirementParser();
    for (String pair : text.split("&", -1)) {
      String problem = parser.add(pair);
      if (problem != null) {
        return new Mistake(problem, printable(text));
      }
    }
    String problem = parser.contradiction();
    return problem == null ? new Valid(parser.build()) : new Mistake(problem, printable(text));
  }

  /** What is wrong with the pairs together, or null. */
  private @Nullable String contradiction() {
    if (resource == null) {
      return onlyOnce.contains("resource_name") || onlyOnce.contains("resource_documentation")
          ? "resource_name and resource_documentation describe a resource, and there is none"
          : null;
    }
    return choices.stream().anyMatch(choice -> choice.attribute() == Attribute.AUDIENCE)
        ? "resource is the audience already: leave out audience"
        : null;
  }

  private Requirement build() {
    choices.sort(Comparator.comparing(OneOf::attribute));
    List<Rule> rules = new ArrayList<>(choices);
    if (verified) {
      rules.add(new IsVerified());
    }
    if (notAnonymous) {
      rules.add(new NotAnonymous());
    }
    if (maxAge != null) {
      rules.add(maxAge);
    }
    rules.add(principal);
    return new Requirement(
        rules,
        optional,
        resource == null ? null : new Resource(resource, resourceName, resourceDocumentation));
  }

  /** Takes one pair; returns what is wrong with it, or null. */
  private @Nullable String add(String pair) {
    int equals = pair.indexOf('=');
    if (equals < 0) {
      return "\"" + printable(pair) + "\" is not key=value";
    }
    String key = pair.substring(0, equals);
    String value;
    try {
      // A plus sign is a plus sign here: values have no spaces, but a scope may have a plus.
      value =
          URLDecoder.decode(pair.substring(equals + 1).replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return "the value of " + printable(key) + " has a broken percent escape";
    }
    return switch (key) {
      case "role" -> addChoice(Attribute.ROLE, value);
      case "scope" -> addChoice(Attribute.SCOPE, value);
      case "audience" -> addChoice(Attribute.AUDIENCE, value);
      case "client_id" -> addChoice(Attribute.CLIENT_ID, value);
      case "amr" -> addChoice(Attribute.AMR, value);
      case "verified" -> {
        verified = true;
        yield exactly(key, value, "true");
      }
      case "anonymous" -> {
        notAnonymous = true;
        yield exactly(key, value, "false");
      }
      case "optional" -> {
        optional = true;
        yield exactly(key, value, "true");
      }
      case "principal" -> setPrincipal(value);
      case "max_age" -> setMaxAge(value);
      case "resource" -> setResource(value);
      case "resource_name" -> setResourceName(value);
      case "resource_documentation" -> setResourceDocumentation(value);
      default -> "unknown key \"" + printable(key) + "\"; known are " + KEYS;
    };
  }

  private @Nullable String addChoice(Attribute attribute, String value) {
    List<String> values = List.of(value.split(",", -1));
    for (String alternative : values) {
      if (alternative.isEmpty()) {
        return attribute.key() + " has an empty alternative";
      }
      if (!isScopeToken(alternative)) {
        return attribute.key()
            + "=\""
            + printable(alternative)
            + "\" has a space, quote, backslash or character outside ASCII";
      }
    }
    choices.add(OneOf.of(attribute, values));
    return null;
  }

  private @Nullable String exactly(String key, String value, String only) {
    if (!onlyOnce.add(key)) {
      return key + " is given twice";
    }
    return value.equals(only) ? null : key + " can only be \"" + only + "\"";
  }

  private @Nullable String setPrincipal(String value) {
    if (!onlyOnce.add("principal")) {
      return "principal is given twice";
    }
    for (PrincipalIs rule : PrincipalIs.values()) {
      if (rule.value().equals(value)) {
        principal = rule;
        return null;
      }
    }
    return "principal must be user, client or any";
  }

  private @Nullable String setMaxAge(String value) {
    if (!onlyOnce.add("max_age")) {
      return "max_age is given twice";
    }
    boolean digits = !value.isEmpty() && value.length() <= 9;
    for (int i = 0; i < value.length(); i++) {
      digits &= value.charAt(i) >= '0' && value.charAt(i) <= '9';
    }
    if (!digits) {
      return "max_age must be a number of seconds";
    }
    maxAge = new MaxAge(Long.parseLong(value));
    return null;
  }

  private @Nullable String setResource(String value) {
    if (!onlyOnce.add("resource")) {
      return "resource is given twice";
    }
    String problem =
        isScopeToken(value) ? Resource.problem(value) : "has a character that no URL has";
    if (problem != null) {
      return "resource=\"" + printable(value) + "\" " + problem;
    }
    resource = URI.create(value);
    return null;
  }

  private @Nullable String setResourceName(String value) {
    if (!onlyOnce.add("resource_name")) {
      return "resource_name is given twice";
    }
    if (value.isBlank() || value.chars().anyMatch(Character::isISOControl)) {
      return "resource_name is empty or has a control character";
    }
    resourceName = value;
    return null;
  }

  private @Nullable String setResourceDocumentation(String value) {
    if (!onlyOnce.add("resource_documentation")) {
      return "resource_documentation is given twice";
    }
    try {
      URI url = new URI(value);
      if (url.getHost() != null && List.of("https", "http").contains(url.getScheme())) {
        resourceDocumentation = url;
        return null;
      }
    } catch (URISyntaxException _) {
      // the same for the operator as a URL of another kind
    }
    return "resource_documentation must be an http(s) URL";
  }

  /** {@code scope-token} of RFC 6749 §3.3, so that every value may stand in a challenge. */
  private static boolean isScopeToken(String text) {
    return text.chars().allMatch(c -> Ascii.isVisible(c) && c != '"' && c != '\\');
  }

  /** The text, with what could break a log line or hide in it replaced. */
  private static String printable(String text) {
    StringBuilder shown = new StringBuilder();
    text.chars().limit(200).forEach(c -> shown.append(Ascii.isPrintable(c) ? (char) c : '?'));
    return shown.toString();
  }
}
