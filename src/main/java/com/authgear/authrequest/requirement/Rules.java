package com.authgear.authrequest.requirement;

import com.authgear.authrequest.bearer.Challenge;
import com.authgear.authrequest.bearer.Challenge.ErrorCode;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Proof;
import com.authgear.authrequest.requirement.Rule.Attribute;
import com.authgear.authrequest.requirement.Rule.IsVerified;
import com.authgear.authrequest.requirement.Rule.MaxAge;
import com.authgear.authrequest.requirement.Rule.NotAnonymous;
import com.authgear.authrequest.requirement.Rule.OneOf;
import com.authgear.authrequest.requirement.Rule.PrincipalIs;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All that is asked about the principal of a request to one location: what the location requires,
 * and what the settings require of every location.
 *
 * @param requirement what the location says itself
 * @param inTurn all must be met; the first one that is not gives the reason
 * @param resource what the location is a part of, as OAuth clients name it; null if they need not
 *     know
 */
public record Rules(Requirement requirement, List<Rule> inTurn, @Nullable Resource resource)
    implements Requirements.Found {

  /** Authgear gives no token to a client that does not ask for this scope. */
  private static final String OPENID = "openid";

  public Rules {
    inTurn = List.copyOf(inTurn);
  }

  /**
   * Adds what the settings say.
   *
   * @param audiences {@code AUTHGEAR_AUDIENCE}: counts where the location names no audience
   * @param clientIds {@code AUTHGEAR_CLIENT_IDS}: counts everywhere; empty for any client
   * @param origin the project's own: what names no audience is for it
   */
  public static Rules of(
      Requirement requirement,
      List<String> audiences,
      Collection<String> clientIds,
      String origin) {
    return of(requirement, audiences, clientIds, origin, null);
  }

  /**
   * Adds what the settings say.
   *
   * @param audiences counts where the location names neither an audience nor a resource
   * @param clientIds {@code AUTHGEAR_CLIENT_IDS}: counts everywhere; empty for any client
   * @param origin the project's own: what names no audience is for it
   * @param resource {@code AUTHGEAR_RESOURCE}: counts where the location names neither a resource
   *     nor an audience
   */
  public static Rules of(
      Requirement requirement,
      List<String> audiences,
      Collection<String> clientIds,
      String origin,
      @Nullable Resource resource) {
    List<Rule> rules = new ArrayList<>();
    boolean namesAudience =
        requirement.rules().stream().anyMatch(rule -> isAbout(Attribute.AUDIENCE, rule));
    Resource own = requirement.resource();
    if (own != null) {
      rules.add(new OneOf(Attribute.AUDIENCE, "resource", List.of(own.id().toString()), Set.of()));
    } else if (!namesAudience) {
      rules.add(
          new OneOf(
              Attribute.AUDIENCE,
              "AUTHGEAR_AUDIENCE",
              audiences,
              audiences.contains(origin) ? Set.of(Proof.OPAQUE, Proof.SESSION) : Set.of()));
    }
    if (!clientIds.isEmpty()) {
      rules.add(
          new OneOf(
              Attribute.CLIENT_ID,
              "AUTHGEAR_CLIENT_IDS",
              clientIds.stream().sorted().toList(),
              Set.of(Proof.SESSION))); // it is of no client
    }
    rules.addAll(requirement.rules());
    rules.sort(Comparator.comparingInt(Rules::turn));
    return new Rules(requirement, rules, own == null && !namesAudience ? resource : own);
  }

  private static int turn(Rule rule) {
    return switch (rule) {
      case PrincipalIs _ -> 0;
      case OneOf oneOf ->
          switch (oneOf.attribute()) {
            case AUDIENCE -> 1;
            case CLIENT_ID -> 2;
            case ROLE -> 5;
            case SCOPE -> 6;
            case AMR -> 7;
          };
      case NotAnonymous _ -> 3;
      case IsVerified _ -> 4;
      case MaxAge _ -> 8;
    };
  }

  private static boolean isAbout(Attribute attribute, Rule rule) {
    return rule instanceof OneOf oneOf && oneOf.attribute() == attribute;
  }

  /** Whether missing or invalid credentials are let through, without an identity. */
  public boolean optional() {
    return requirement.optional();
  }

  /**
   * The first rule that a principal does not meet; null if it meets them all.
   *
   * @param now Unix seconds
   */
  public @Nullable Rule firstUnmet(Principal principal, long now) {
    for (int i = 0; i < inTurn.size(); i++) {
      Rule rule = inTurn.get(i);
      if (!rule.isMetBy(principal, now)) {
        return rule;
      }
    }
    return null;
  }

  /**
   * Why a credential does not count here, whoever its user is; null if it does. Another one may
   * then count in its place.
   */
  public @Nullable Rule unmetByCredential(Principal principal) {
    for (int i = 0; i < inTurn.size(); i++) {
      if (inTurn.get(i) instanceof OneOf rule
          && rule.isAboutTheCredential()
          && !rule.isMetBy(principal, 0)) {
        return rule;
      }
    }
    return null;
  }

  /** Until when a principal that meets all rules now goes on doing so, in Unix seconds. */
  public long metUntil(Principal principal) {
    long until = Long.MAX_VALUE;
    for (int i = 0; i < inTurn.size(); i++) {
      until = Math.min(until, inTurn.get(i).metUntil(principal));
    }
    return until;
  }

  /**
   * What to tell a client whose principal does not meet a rule. Only where other scopes or another
   * login may help is there an error code: clients begin a new login because of one.
   */
  public Challenge challenge(Rule unmet) {
    return switch (unmet) {
      case OneOf oneOf ->
          switch (oneOf.attribute()) {
            case SCOPE -> challenge(ErrorCode.INSUFFICIENT_SCOPE);
            case AMR -> stepUp();
            case AUDIENCE -> challenge(ErrorCode.INVALID_TOKEN);
            case CLIENT_ID, ROLE -> noLoginHelps();
          };
      case MaxAge _ -> stepUp();
      case PrincipalIs _, NotAnonymous _, IsVerified _ -> noLoginHelps();
    };
  }

  /**
   * What to tell a client that has to bring other credentials, or any: all that the location
   * requires, because clients ask for just what they are told.
   */
  public Challenge challenge(ErrorCode error) {
    return new Challenge(error, scopes(), OptionalLong.empty(), metadata());
  }

  /** The same for a client that brings no credentials. */
  public Challenge challenge() {
    return new Challenge(null, scopes(), OptionalLong.empty(), metadata());
  }

  /**
   * What to tell a client that other credentials of the same user would not help: no error and no
   * scope, by which clients begin a new login.
   */
  public Challenge noLoginHelps() {
    return new Challenge(null, List.of(), OptionalLong.empty(), metadata());
  }

  private @Nullable URI metadata() {
    return resource == null ? null : resource.metadata();
  }

  /** Of each choice of scopes the first; with a resource the one that Authgear always asks for. */
  private List<String> scopes() {
    return scopes(oneOf -> oneOf.values().stream().limit(1));
  }

  /** Every scope that helps to be let in. */
  Set<String> scopesSupported() {
    return new LinkedHashSet<>(scopes(oneOf -> oneOf.values().stream()));
  }

  private List<String> scopes(Function<OneOf, Stream<String>> which) {
    return Stream.concat(
            resource == null ? Stream.empty() : Stream.of(OPENID),
            inTurn.stream()
                .filter(rule -> isAbout(Attribute.SCOPE, rule))
                .flatMap(rule -> which.apply((OneOf) rule)))
        .distinct()
        .toList();
  }

  private Challenge stepUp() {
    OptionalLong age =
        inTurn.stream()
            .filter(MaxAge.class::isInstance)
            .mapToLong(rule -> ((MaxAge) rule).seconds())
            .findFirst();
    return new Challenge(ErrorCode.INSUFFICIENT_USER_AUTHENTICATION, scopes(), age, metadata());
  }
}
