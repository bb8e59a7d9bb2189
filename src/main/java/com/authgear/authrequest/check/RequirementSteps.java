package com.authgear.authrequest.check;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.Requirement.Alternatives;
import com.authgear.authrequest.settings.Settings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Holds a principal against each part of a requirement, and goes on where the service stops. */
final class RequirementSteps {

  private final Principal principal;
  private final Requirement requirement;
  private final Settings settings;
  private final Instant now;
  private final List<Line> lines = new ArrayList<>();

  private RequirementSteps(
      Principal principal, Requirement requirement, Settings settings, Instant now) {
    this.principal = principal;
    this.requirement = requirement;
    this.settings = settings;
    this.now = now;
  }

  static List<Line> of(
      Principal principal, Requirement requirement, Settings settings, Instant now) {
    RequirementSteps steps = new RequirementSteps(principal, requirement, settings, now);
    steps.hold();
    return steps.lines;
  }

  private void hold() {
    kind();
    audience();
    client();
    flag(
        requirement.notAnonymous(),
        "anonymous",
        "anonymous=false",
        principal.anonymous(),
        false,
        Reason.ANONYMOUS_USER);
    flag(
        requirement.verified(),
        "verified",
        "verified=true",
        principal.verified(),
        true,
        Reason.NOT_VERIFIED);
    each("role", requirement.roles(), principal.roles(), Reason.ROLE_MISSING);
    each("scope", requirement.scopes(), principal.scopes(), Reason.SCOPE_MISSING);
    each("amr", requirement.amr(), principal.amr(), Reason.AMR_MISSING);
    age();
  }

  private void kind() {
    String kind = principal.kind() == Kind.USER ? "a user" : "a machine";
    boolean good =
        switch (requirement.principal()) {
          case USER -> principal.kind() == Kind.USER;
          case CLIENT -> principal.kind() == Kind.CLIENT;
          case ANY -> true;
        };
    String rule = "principal=" + requirement.principal().name().toLowerCase(Locale.ROOT);
    lines.add(
        good
            ? Line.ok("principal", rule + " is met by " + kind)
            : Line.refused(
                "principal",
                Reason.PRINCIPAL_NOT_ALLOWED,
                rule + " is not met by " + kind,
                "have the location say principal=any, or principal="
                    + (principal.kind() == Kind.USER ? "user" : "client")
                    + ", if such are meant to pass"));
  }

  private void audience() {
    boolean own = requirement.audiences().isEmpty();
    each(
        "audience",
        own ? List.of(new Alternatives(settings.audiences())) : requirement.audiences(),
        principal.audiences(),
        Reason.WRONG_AUDIENCE,
        own ? "AUTHGEAR_AUDIENCE" : "audience",
        "have the location name the token's audience (audience=...), if it is meant for it");
  }

  private void client() {
    List<String> held = Stream.of(principal.clientId()).filter(id -> !id.isEmpty()).toList();
    if (!settings.clientIds().isEmpty()) {
      each(
          "client_id",
          List.of(new Alternatives(settings.clientIds().stream().sorted().toList())),
          held,
          Reason.CLIENT_NOT_ALLOWED,
          "AUTHGEAR_CLIENT_IDS",
          "add the client there if it is meant to pass; only a JWT says which client it is of");
    }
    each(
        "client_id",
        requirement.clientIds(),
        held,
        Reason.CLIENT_NOT_ALLOWED,
        "client_id",
        "add the client to the location's client_id if it is meant to pass");
  }

  private void flag(
      boolean required,
      String id,
      String rule,
      @Nullable Boolean value,
      boolean good,
      Reason reason) {
    if (!required) {
      return;
    }
    String text = value == null ? "nobody knows" : "it is " + value;
    lines.add(
        value != null && value == good
            ? Line.ok(id, rule + " is met: " + text)
            : Line.refused(
                id,
                reason,
                rule + " is not met: " + text,
                good
                    ? "have the user verify an address or number"
                    : "have the user sign up, or log in"));
  }

  private void each(String id, List<Alternatives> required, List<String> held, Reason reason) {
    each(
        id,
        required,
        held,
        reason,
        id,
        switch (id) {
          case "role" -> "give the user one of these roles; a JWT has it when it is refreshed";
          case "scope" -> "have the client ask for one of these scopes; only a JWT has any";
          default -> "have the user log in by one of these methods";
        });
  }

  private void each(
      String id,
      List<Alternatives> required,
      List<String> held,
      Reason reason,
      String rule,
      String fix) {
    String has =
        held.isEmpty() ? "nothing" : String.join(", ", held.stream().map(Shown::text).toList());
    for (Alternatives alternatives : required) {
      String wanted = rule + "=" + String.join(",", alternatives.values());
      boolean met = alternatives.values().stream().anyMatch(held::contains);
      lines.add(
          met
              ? Line.ok(id, wanted + " is met by " + has)
              : Line.refused(id, reason, wanted + " is not met by " + has, fix));
    }
  }

  private void age() {
    if (requirement.maxAge().isEmpty()) {
      return;
    }
    long most = requirement.maxAge().getAsLong();
    String rule = "max_age=" + most;
    String fix = "have the user log in again: send prompt=login, or max_age, with the next login";
    if (principal.authTime().isEmpty()) {
      lines.add(
          Line.refused(
              "max_age",
              Reason.STALE_AUTHENTICATION,
              rule + " is not met: nobody knows when the user logged in",
              fix));
      return;
    }
    long age = now.getEpochSecond() - principal.authTime().getAsLong();
    String text =
        "the user logged in "
            + (age < 0
                ? "in " + Shown.span(Duration.ofSeconds(age))
                : Shown.span(Duration.ofSeconds(age)) + " ago");
    lines.add(
        age <= most
            ? Line.ok("max_age", rule + " is met: " + text)
            : Line.refused(
                "max_age", Reason.STALE_AUTHENTICATION, rule + " is not met: " + text, fix));
  }
}
