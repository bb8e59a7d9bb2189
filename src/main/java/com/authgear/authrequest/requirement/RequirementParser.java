package com.authgear.authrequest.requirement;

import com.authgear.authrequest.requirement.Requirement.Alternatives;
import com.authgear.authrequest.requirement.Requirement.PrincipalRule;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The grammar of requirements, the same in a query and in a named policy: {@code
 * role=admin,owner&role=staff&max_age=300}. A comma means "or", repetition means "and". Nothing is
 * ignored: what is not understood is a {@link Mistake}.
 */
public final class RequirementParser {

  /** The outcome of parsing. */
  public sealed interface Parsed {}

  /** The text is a requirement. */
  public record Valid(Requirement requirement) implements Parsed {}

  /**
   * The text is not a requirement.
   *
   * @param problem what is wrong, for the operator; quotes the part that is
   * @param text the whole, with what could break a log line replaced
   */
  public record Mistake(String problem, String text) implements Parsed {
    /** What is wrong and where. */
    public String message() {
      return "in \"" + text + "\": " + problem;
    }
  }

  private static final int LONGEST = 4096;

  /** What an empty text says. */
  static final Valid NOTHING = new Valid(Requirement.USER);

  private static final String KEYS =
      "role, scope, audience, client_id, amr, verified, anonymous, max_age, principal, optional";

  private final List<Alternatives> audiences = new ArrayList<>();
  private final List<Alternatives> clientIds = new ArrayList<>();
  private final List<Alternatives> roles = new ArrayList<>();
  private final List<Alternatives> scopes = new ArrayList<>();
  private final List<Alternatives> amr = new ArrayList<>();
  private final Set<String> onlyOnce = new HashSet<>();
  private PrincipalRule principal = PrincipalRule.USER;
  private boolean verified;
  private boolean notAnonymous;
  private boolean optional;
  private OptionalLong maxAge = OptionalLong.empty();

  private RequirementParser() {}

  /**
   * Parses a requirement.
   *
   * @param text {@code key=value} pairs joined by {@code &}, percent-encoded where needed; empty or
   *     null: {@link Requirement#USER}
   */
  public static Parsed parse(@Nullable String text) {
    if (text == null || text.isEmpty()) {
      return NOTHING;
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
    return new Valid(parser.build());
  }

  private Requirement build() {
    return new Requirement(
        principal,
        audiences,
        clientIds,
        roles,
        scopes,
        amr,
        verified,
        notAnonymous,
        maxAge,
        optional);
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
      case "role" -> addAlternatives(roles, key, value);
      case "scope" -> addAlternatives(scopes, key, value);
      case "audience" -> addAlternatives(audiences, key, value);
      case "client_id" -> addAlternatives(clientIds, key, value);
      case "amr" -> addAlternatives(amr, key, value);
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
      default -> "unknown key \"" + printable(key) + "\"; known are " + KEYS;
    };
  }

  private static @Nullable String addAlternatives(
      List<Alternatives> lists, String key, String value) {
    List<String> values = List.of(value.split(",", -1));
    for (String alternative : values) {
      if (alternative.isEmpty()) {
        return key + " has an empty alternative";
      }
      if (!isScopeToken(alternative)) {
        return key
            + "=\""
            + printable(alternative)
            + "\" has a space, quote, backslash or character outside ASCII";
      }
    }
    lists.add(new Alternatives(values));
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
    for (PrincipalRule rule : PrincipalRule.values()) {
      if (rule.name().toLowerCase(Locale.ROOT).equals(value)) {
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
    maxAge = OptionalLong.of(Long.parseLong(value));
    return null;
  }

  /** {@code scope-token} of RFC 6749 §3.3, so that every value may stand in a challenge. */
  private static boolean isScopeToken(String text) {
    return text.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '"' && c != '\\');
  }

  /** The text, with what could break a log line or hide in it replaced. */
  private static String printable(String text) {
    StringBuilder shown = new StringBuilder();
    text.chars().limit(200).forEach(c -> shown.append(c >= ' ' && c < 0x7f ? (char) c : '?'));
    return shown.toString();
  }
}
