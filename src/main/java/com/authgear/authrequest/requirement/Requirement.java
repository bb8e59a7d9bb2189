package com.authgear.authrequest.requirement;

import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.StringJoiner;

/**
 * What a location requires of whoever is authenticated. Of each list of alternatives one must be
 * met ("or"); all lists must be met ("and").
 *
 * @param principal whether users, clients or both may pass
 * @param audiences lists of alternative audiences; empty: the configured default
 * @param clientIds lists of alternative client ids
 * @param roles lists of alternative role keys
 * @param scopes lists of alternative scopes
 * @param amr lists of alternative authentication methods
 * @param verified whether the user must be verified
 * @param notAnonymous whether an anonymous user is refused
 * @param maxAge most seconds since the user authenticated (RFC 9470 {@code max_age})
 * @param optional whether missing or invalid credentials are let through, without an identity
 */
public record Requirement(
    PrincipalRule principal,
    List<Alternatives> audiences,
    List<Alternatives> clientIds,
    List<Alternatives> roles,
    List<Alternatives> scopes,
    List<Alternatives> amr,
    boolean verified,
    boolean notAnonymous,
    OptionalLong maxAge,
    boolean optional) {

  /** An authenticated user of the project, nothing more: what {@code /auth} requires by itself. */
  public static final Requirement USER =
      new Requirement(
          PrincipalRule.USER,
          List.of(),
          List.of(),
          List.of(),
          List.of(),
          List.of(),
          false,
          false,
          OptionalLong.empty(),
          false);

  /** Which kinds of principal pass. */
  public enum PrincipalRule {
    USER,
    CLIENT,
    ANY
  }

  /** Values of which one must be met; never empty, none of them empty. */
  public record Alternatives(List<String> values) {
    public Alternatives {
      values = List.copyOf(values);
    }

    /** Whether one of them is among those held. */
    public boolean metBy(List<String> held) {
      for (String value : values) {
        if (held.contains(value)) {
          return true;
        }
      }
      return false;
    }
  }

  public Requirement {
    audiences = List.copyOf(audiences);
    clientIds = List.copyOf(clientIds);
    roles = List.copyOf(roles);
    scopes = List.copyOf(scopes);
    amr = List.copyOf(amr);
  }

  /** The requirement in its own grammar; {@link RequirementParser} reads it back as the same. */
  public String print() {
    StringJoiner pairs = new StringJoiner("&");
    print(pairs, "role", roles);
    print(pairs, "scope", scopes);
    print(pairs, "audience", audiences);
    print(pairs, "client_id", clientIds);
    print(pairs, "amr", amr);
    if (verified) {
      pairs.add("verified=true");
    }
    if (notAnonymous) {
      pairs.add("anonymous=false");
    }
    maxAge.ifPresent(seconds -> pairs.add("max_age=" + seconds));
    pairs.add("principal=" + principal.name().toLowerCase(Locale.ROOT));
    if (optional) {
      pairs.add("optional=true");
    }
    return pairs.toString();
  }

  private static void print(StringJoiner pairs, String key, List<Alternatives> lists) {
    for (Alternatives alternatives : lists) {
      pairs.add(
          key
              + "="
              + String.join(",", alternatives.values()).replace("%", "%25").replace("&", "%26"));
    }
  }
}
