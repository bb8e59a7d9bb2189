package com.authgear.authrequest.policy;

import com.authgear.authrequest.bearer.Challenge.ErrorCode;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.policy.Decision.Allow;
import com.authgear.authrequest.policy.Decision.Forbidden;
import com.authgear.authrequest.policy.Decision.Subject.Known;
import com.authgear.authrequest.policy.Decision.Subject.Nobody;
import com.authgear.authrequest.policy.Decision.Subject.Unproven;
import com.authgear.authrequest.policy.Decision.Unauthenticated;
import com.authgear.authrequest.policy.Decision.Undecided;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.requirement.Rule;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Anonymous;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import java.util.List;

/** Decides whether a verified request meets the rules of a location. */
public final class Policy {

  private Policy() {}

  /**
   * Decides.
   *
   * @param now Unix seconds
   */
  public static Decision decide(Verification verification, Rules rules, long now) {
    return switch (verification) {
      case Verified verified -> decide(verified, rules, now);
      case Anonymous _ ->
          rules.optional()
              ? new Allow(VerifiedBy.NONE, new Nobody(), Verified.NEVER_CACHED, List.of())
              : new Unauthenticated(
                  VerifiedBy.NONE, Reason.NO_CREDENTIALS, rules.challenge(), List.of());
      case Rejected rejected -> refuse(rejected, rules);
      case Verification.Unavailable unavailable ->
          new Undecided(unavailable.source(), unavailable.reason());
    };
  }

  private static Decision decide(Verified verified, Rules rules, long now) {
    Rule unmet = rules.firstUnmet(verified.principal(), now);
    if (unmet == null) {
      return new Allow(
          verified.source(),
          new Known(verified.principal()),
          freshUntil(verified, rules),
          verified.setCookie());
    }
    Reason reason = unmet.reason();
    return switch (reason.outcome()) {
      case FORBIDDEN -> new Forbidden(verified.source(), reason, rules.challenge(unmet));
      case UNAUTHENTICATED ->
          reason == Reason.WRONG_AUDIENCE
              // Not meant for this location, so here it is no authentication at all.
              ? refuse(new Rejected(verified.source(), reason, verified.setCookie()), rules)
              : new Unauthenticated(
                  verified.source(), reason, rules.challenge(unmet), verified.setCookie());
      case UNAVAILABLE -> new Undecided(verified.source(), reason);
    };
  }

  /** A cache must not outlive what the location requires either. */
  private static long freshUntil(Verified verified, Rules rules) {
    long metUntil = rules.metUntil(verified.principal());
    return metUntil == Long.MAX_VALUE
        ? verified.freshUntil()
        : Math.min(verified.freshUntil(), metUntil * 1000);
  }

  /** What a credential that is not good means for a location. */
  public static Decision refuse(Rejected rejected, Rules rules) {
    if (rejected.reason().outcome() == Reason.DenialKind.FORBIDDEN) {
      return new Forbidden(rejected.source(), rejected.reason(), rules.noLoginHelps());
    }
    if (rules.optional()) {
      return new Allow(
          rejected.source(), new Unproven(), Verified.NEVER_CACHED, rejected.setCookie());
    }
    ErrorCode error =
        rejected.reason() == Reason.MALFORMED_CREDENTIALS
                || rejected.reason() == Reason.TOKEN_TOO_LARGE
            ? ErrorCode.INVALID_REQUEST
            : ErrorCode.INVALID_TOKEN;
    return new Unauthenticated(
        rejected.source(), rejected.reason(), rules.challenge(error), rejected.setCookie());
  }
}
