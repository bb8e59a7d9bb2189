package com.authgear.authrequest.check;

import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.requirement.Rule;
import com.authgear.authrequest.requirement.Rule.IsVerified;
import com.authgear.authrequest.requirement.Rule.MaxAge;
import com.authgear.authrequest.requirement.Rule.NotAnonymous;
import com.authgear.authrequest.requirement.Rule.OneOf;
import com.authgear.authrequest.requirement.Rule.PrincipalIs;
import com.authgear.authrequest.requirement.Rules;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Every rule of a location in its turn, also those after the first that is not met. */
final class RuleLines {

  private final Principal principal;
  private final long now;

  private RuleLines(Principal principal, long now) {
    this.principal = principal;
    this.now = now;
  }

  static List<CheckResult> of(Principal principal, Rules rules, Instant now) {
    RuleLines lines = new RuleLines(principal, now.getEpochSecond());
    return rules.inTurn().stream().map(lines::line).toList();
  }

  private CheckResult line(Rule rule) {
    return rule.isMetBy(principal, now)
        ? CheckResult.ok(rule.key(), rule.print() + " is met" + by(rule))
        : CheckResult.refused(
            rule.key(), rule.reason(), rule.print() + " is not met" + by(rule), fix(rule));
  }

  /** What the principal has that meets a rule, or does not. */
  private String by(Rule rule) {
    return switch (rule) {
      case PrincipalIs _ -> " by " + kind();
      case OneOf oneOf -> {
        List<String> held = oneOf.attribute().heldBy(principal);
        yield held.isEmpty()
            ? ": " + none(oneOf)
            : " by " + String.join(", ", held.stream().map(Printable::text).toList());
      }
      case NotAnonymous _ -> ": " + flag(principal.anonymous());
      case IsVerified _ -> ": " + flag(principal.verified());
      case MaxAge _ -> ": " + login();
    };
  }

  private String kind() {
    return principal.kind() == Kind.USER ? "a user" : "a machine";
  }

  private String none(OneOf oneOf) {
    return switch (oneOf.attribute()) {
      case ROLE -> "there is no role";
      case SCOPE -> "no scope is known";
      case AUDIENCE -> "the token names no audience";
      case CLIENT_ID -> "the client is not known";
      case AMR ->
          switch (principal.proof()) {
            case JWT -> "the token tells no method of authentication";
            case SESSION, OPAQUE ->
                "neither a cookie nor an opaque token tells a method of authentication";
          };
    };
  }

  private static String flag(@Nullable Boolean value) {
    return value == null ? "it is not known" : "it is " + value;
  }

  private String login() {
    if (principal.authTime().isEmpty()) {
      return "it is not known when the user logged in";
    }
    long age = now - principal.authTime().getAsLong();
    String span = Printable.span(Duration.ofSeconds(age));
    return "the user logged in " + (age < 0 ? "in " + span : span + " ago");
  }

  private String fix(Rule rule) {
    return switch (rule) {
      case PrincipalIs _ ->
          "have the location say principal=any, or principal="
              + (principal.kind() == Kind.USER ? "user" : "client")
              + ", if such are meant to pass";
      case OneOf oneOf -> fix(oneOf, oneOf.name().startsWith("AUTHGEAR_"));
      case NotAnonymous _ -> "have the user sign up, or log in";
      case IsVerified _ -> "have the user verify an address or number";
      case MaxAge _ ->
          "have the user log in again: send prompt=login, or max_age, with the next login";
    };
  }

  /**
   * @param setting whether it is a setting that says so, and not the location
   */
  private String fix(OneOf oneOf, boolean setting) {
    return switch (oneOf.attribute()) {
      case ROLE -> "give the user one of these roles; a JWT has it when it is refreshed";
      case SCOPE -> "have the client ask for one of these scopes; only a JWT has any";
      case AUDIENCE ->
          oneOf.name().equals("resource")
              ? "have the client ask for a token for this resource (resource=..., RFC 8707)"
              : setting
                  ? "if the token is meant for this API, set AUTHGEAR_AUDIENCE to its audience, or"
                      + " have the location name it (audience=...)"
                  : "have the location name the token's audience (audience=...), if the token is"
                      + " meant for it; AUTHGEAR_AUDIENCE does not count there";
      case CLIENT_ID ->
          setting
              ? "add the client there if it is meant to pass; only a JWT says which client it is of"
              : "add the client to the location's client_id if it is meant to pass";
      case AMR ->
          switch (principal.proof()) {
            case JWT ->
                principal.amr().isEmpty()
                    ? "only a bearer JWT that comes straight from a login tells the methods, until"
                        + " its first refresh: have the user log in again, or have the location say"
                        + " max_age instead"
                    : "have the user log in by one of these methods";
            case SESSION, OPAQUE ->
                "amr is a mistake at a location for cookies or opaque tokens: only a bearer JWT"
                    + " that comes straight from a login meets it; have the location say max_age"
                    + " instead";
          };
    };
  }
}
