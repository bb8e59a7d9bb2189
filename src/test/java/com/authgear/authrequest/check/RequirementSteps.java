package com.authgear.authrequest.check;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.principal.Principal.Proof;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a requirement asks of a principal and whether that is so, found from the requirement's text
 * alone: an oracle for the rules, which shares no code with them.
 */
public final class RequirementSteps {

  /**
   * One thing that is asked.
   *
   * @param key of the grammar
   * @param unmet why the principal is refused; null if it is not
   */
  public record Step(String key, @Nullable Reason unmet) {}

  private final Principal principal;
  private final List<String> pairs;
  private final long now;
  private final List<Step> steps = new ArrayList<>();

  private RequirementSteps(Principal principal, String requirement, long now) {
    this.principal = principal;
    this.pairs = Stream.of(requirement.split("&")).toList();
    this.now = now;
  }

  /**
   * All steps, in the order in which the first unmet one is the reason.
   *
   * @param requirement in its grammar, without mistakes
   * @param audiences {@code AUTHGEAR_AUDIENCE}
   * @param clientIds {@code AUTHGEAR_CLIENT_IDS}
   * @param origin the project's own
   */
  public static List<Step> of(
      Principal principal,
      String requirement,
      List<String> audiences,
      Collection<String> clientIds,
      String origin,
      long now) {
    RequirementSteps oracle = new RequirementSteps(principal, requirement, now);
    oracle.hold(audiences, clientIds, origin);
    return oracle.steps;
  }

  private void hold(List<String> audiences, Collection<String> clientIds, String origin) {
    kind();
    List<Collection<String>> resource = whole("resource");
    each("audience", resource, principal.audiences(), Reason.WRONG_AUDIENCE);
    if (resource.isEmpty() && values("audience").isEmpty()) {
      boolean namesNone = principal.proof() != Proof.JWT;
      each(
          "audience",
          List.of(audiences),
          namesNone && audiences.contains(origin) ? audiences : principal.audiences(),
          Reason.WRONG_AUDIENCE);
    }
    each("audience", values("audience"), principal.audiences(), Reason.WRONG_AUDIENCE);
    List<String> client = List.of(principal.clientId());
    if (!clientIds.isEmpty()) {
      each(
          "client_id",
          List.of(clientIds),
          principal.proof() == Proof.SESSION ? List.copyOf(clientIds) : client,
          Reason.CLIENT_NOT_ALLOWED);
    }
    each("client_id", values("client_id"), client, Reason.CLIENT_NOT_ALLOWED);
    if (pairs.contains("anonymous=false")) {
      Boolean anonymous = principal.anonymous();
      add("anonymous", anonymous != null && !anonymous, Reason.ANONYMOUS_USER);
    }
    if (pairs.contains("verified=true")) {
      Boolean verified = principal.verified();
      add("verified", verified != null && verified, Reason.NOT_VERIFIED);
    }
    each("role", values("role"), principal.roles(), Reason.ROLE_MISSING);
    each("scope", values("scope"), principal.scopes(), Reason.SCOPE_MISSING);
    each("amr", values("amr"), principal.amr(), Reason.AMR_MISSING);
    for (Collection<String> most : values("max_age")) {
      add(
          "max_age",
          principal.authTime().isPresent()
              && now - principal.authTime().getAsLong() <= Long.parseLong(most.iterator().next()),
          Reason.STALE_AUTHENTICATION);
    }
  }

  private void kind() {
    String kind = principal.kind() == Kind.USER ? "user" : "client";
    List<Collection<String>> given = values("principal");
    String wanted = given.isEmpty() ? "user" : given.getFirst().iterator().next();
    add("principal", wanted.equals("any") || wanted.equals(kind), Reason.PRINCIPAL_NOT_ALLOWED);
  }

  /** The values of each pair with a key. */
  private List<Collection<String>> values(String key) {
    return whole(key).stream()
        .<Collection<String>>map(value -> List.of(value.iterator().next().split(",")))
        .toList();
  }

  /** The same where a comma is a part of the value. */
  private List<Collection<String>> whole(String key) {
    List<Collection<String>> values = new ArrayList<>();
    for (String pair : pairs) {
      if (pair.startsWith(key + "=")) {
        String value = pair.substring(key.length() + 1).replace("+", "%2B");
        values.add(List.of(URLDecoder.decode(value, StandardCharsets.UTF_8)));
      }
    }
    return values;
  }

  private void each(
      String key,
      List<? extends Collection<String>> choices,
      Collection<String> held,
      Reason reason) {
    for (Collection<String> choice : choices) {
      add(key, choice.stream().anyMatch(held::contains), reason);
    }
  }

  private void add(String key, boolean met, Reason reason) {
    steps.add(new Step(key, met ? null : reason));
  }
}
