package com.authgear.authrequest.policy;

import com.authgear.authrequest.bearer.Challenge;
import com.authgear.authrequest.bearer.Challenge.ErrorCode;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.policy.Decision.Allow;
import com.authgear.authrequest.policy.Decision.Forbidden;
import com.authgear.authrequest.policy.Decision.Subject.Known;
import com.authgear.authrequest.policy.Decision.Subject.Nobody;
import com.authgear.authrequest.policy.Decision.Subject.Unproven;
import com.authgear.authrequest.policy.Decision.Unauthenticated;
import com.authgear.authrequest.policy.Decision.Unavailable;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.principal.Source;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.Requirement.Alternatives;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Anonymous;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decides whether a verified request meets a requirement. */
public final class Policy {

  private final Alternatives defaultAudiences;
  private final Set<String> clientIds;

  /**
   * Takes the settings that bind every location.
   *
   * @param defaultAudiences of which a principal must name one where the location names none
   * @param clientIds of which the principal's client must be one; empty: any client
   */
  public Policy(List<String> defaultAudiences, Set<String> clientIds) {
    this.defaultAudiences = new Alternatives(defaultAudiences);
    this.clientIds = Set.copyOf(clientIds);
  }

  /**
   * Decides.
   *
   * @param now Unix seconds
   */
  public Decision decide(Verification verification, Requirement requirement, long now) {
    return switch (verification) {
      case Verified verified -> decide(verified, requirement, now);
      case Anonymous _ ->
          requirement.optional()
              ? new Allow(Source.NONE, new Nobody(), Verified.NEVER_CACHED, List.of())
              : new Unauthenticated(
                  Source.NONE, Reason.NO_CREDENTIALS, Challenge.plain(), List.of());
      case Rejected rejected -> refuse(rejected, requirement);
      case Verification.Unavailable unavailable ->
          new Unavailable(unavailable.source(), unavailable.reason());
    };
  }

  private Decision decide(Verified verified, Requirement requirement, long now) {
    Reason reason = firstUnmet(verified.principal(), requirement, now);
    if (reason == null) {
      return new Allow(
          verified.source(),
          new Known(verified.principal()),
          freshUntil(verified, requirement),
          verified.setCookie());
    }
    return switch (reason.outcome()) {
      case FORBIDDEN -> new Forbidden(verified.source(), reason, forbidden(reason, requirement));
      case UNAUTHENTICATED ->
          reason == Reason.WRONG_AUDIENCE
              // Not meant for this location, so here it is no authentication at all.
              ? refuse(new Rejected(verified.source(), reason, verified.setCookie()), requirement)
              : new Unauthenticated(
                  verified.source(), reason, stepUp(requirement), verified.setCookie());
      case UNAVAILABLE -> new Unavailable(verified.source(), reason);
    };
  }

  /** A cache must not outlive the location's {@code max_age} either. */
  private static long freshUntil(Verified verified, Requirement requirement) {
    if (requirement.maxAge().isEmpty()) {
      return verified.freshUntil();
    }
    long tooOldAt =
        verified.principal().authTime().orElseThrow() + requirement.maxAge().getAsLong() + 1;
    return Math.min(verified.freshUntil(), tooOldAt * 1000);
  }

  private @Nullable Reason firstUnmet(Principal principal, Requirement requirement, long now) {
    if (!kindAllowed(principal.kind(), requirement)) {
      return Reason.PRINCIPAL_NOT_ALLOWED;
    }
    if (requirement.audiences().isEmpty()
        ? !defaultAudiences.metBy(principal.audiences())
        : !met(requirement.audiences(), principal.audiences())) {
      return Reason.WRONG_AUDIENCE;
    }
    if (!clientIds.isEmpty() && !clientIds.contains(principal.clientId())) {
      return Reason.CLIENT_NOT_ALLOWED;
    }
    if (!met(requirement.clientIds(), List.of(principal.clientId()))) {
      return Reason.CLIENT_NOT_ALLOWED;
    }
    if (requirement.notAnonymous() && !Boolean.FALSE.equals(principal.anonymous())) {
      return Reason.ANONYMOUS_USER;
    }
    if (requirement.verified() && !Boolean.TRUE.equals(principal.verified())) {
      return Reason.NOT_VERIFIED;
    }
    if (!met(requirement.roles(), principal.roles())) {
      return Reason.ROLE_MISSING;
    }
    if (!met(requirement.scopes(), principal.scopes())) {
      return Reason.SCOPE_MISSING;
    }
    if (!met(requirement.amr(), principal.amr())) {
      return Reason.AMR_MISSING;
    }
    return recentEnough(principal.authTime(), requirement.maxAge(), now)
        ? null
        : Reason.STALE_AUTHENTICATION;
  }

  private static boolean kindAllowed(Kind kind, Requirement requirement) {
    return switch (requirement.principal()) {
      case USER -> kind == Kind.USER;
      case CLIENT -> kind == Kind.CLIENT;
      case ANY -> true;
    };
  }

  private static boolean met(List<Alternatives> required, List<String> held) {
    for (Alternatives alternatives : required) {
      if (!alternatives.metBy(held)) {
        return false;
      }
    }
    return true;
  }

  private static boolean recentEnough(OptionalLong authTime, OptionalLong maxAge, long now) {
    return maxAge.isEmpty()
        || (authTime.isPresent() && now - authTime.getAsLong() <= maxAge.getAsLong());
  }

  /** What a credential that is not good means for a location. */
  public Decision refuse(Rejected rejected, Requirement requirement) {
    if (requirement.optional()) {
      return new Allow(
          rejected.source(), new Unproven(), Verified.NEVER_CACHED, rejected.setCookie());
    }
    ErrorCode error =
        rejected.reason() == Reason.MALFORMED_CREDENTIALS
                || rejected.reason() == Reason.TOKEN_TOO_LARGE
            ? ErrorCode.INVALID_REQUEST
            : ErrorCode.INVALID_TOKEN;
    return new Unauthenticated(
        rejected.source(), rejected.reason(), Challenge.of(error), rejected.setCookie());
  }

  private static Challenge stepUp(Requirement requirement) {
    return new Challenge(
        ErrorCode.INSUFFICIENT_USER_AUTHENTICATION, List.of(), requirement.maxAge());
  }

  /** RFC 6750 has one error code for 403; the scope says more only where scope is the matter. */
  private static Challenge forbidden(Reason reason, Requirement requirement) {
    List<String> scopes =
        reason == Reason.SCOPE_MISSING
            ? requirement.scopes().stream().map(list -> list.values().getFirst()).toList()
            : List.of();
    return new Challenge(ErrorCode.INSUFFICIENT_SCOPE, scopes, OptionalLong.empty());
  }
}
