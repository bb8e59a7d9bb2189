package com.authgear.authrequest.http;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.policy.Decision;
import com.authgear.authrequest.policy.Decision.Allow;
import com.authgear.authrequest.policy.Decision.Forbidden;
import com.authgear.authrequest.policy.Decision.Subject.Known;
import com.authgear.authrequest.policy.Decision.Unauthenticated;
import com.authgear.authrequest.policy.Decision.Undecided;
import com.authgear.authrequest.policy.Policy;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Decides, and lets nothing pass whose headers for the backend take more than the budget. */
public final class AuthResponder {

  private final IdentityFields identity;
  private final int headerBudget;

  /**
   * @param claimHeaders claims for the backend in addition to the identity headers
   * @param headerBudget most bytes that the headers of an allow may take
   */
  public AuthResponder(List<ClaimHeader> claimHeaders, int headerBudget) {
    this.identity = new IdentityFields(claimHeaders);
    this.headerBudget = headerBudget;
  }

  /**
   * A decision and the headers for the backend, which are there if it is an allow.
   *
   * @param bytes what those headers take
   */
  public record AuthResponse(Decision decision, @Nullable EncodedFields identity, int bytes) {

    /** One without headers for the backend. */
    static AuthResponse of(Decision decision) {
      return new AuthResponse(decision, null, 0);
    }

    public int status() {
      return switch (decision) {
        case Allow _ -> 200;
        case Unauthenticated _ -> 401;
        case Forbidden _ -> 403;
        case Undecided _ -> 503;
      };
    }

    /** Null if the request may pass. */
    public @Nullable Reason reason() {
      return switch (decision) {
        case Allow _ -> null;
        case Unauthenticated refused -> refused.reason();
        case Forbidden refused -> refused.reason();
        case Undecided unavailable -> unavailable.reason();
      };
    }

    /** The headers for the backend by name. */
    public Map<String, String> headers() {
      return identity == null ? Map.of() : identity.byName();
    }
  }

  /**
   * Decides.
   *
   * @param now Unix seconds
   */
  public AuthResponse respond(Verification verification, Rules rules, long now) {
    AuthResponse answer = answer(Policy.decide(verification, rules, now));
    return answer.bytes > headerBudget && answer.decision instanceof Allow allow
        ? answer(
            Policy.refuse(
                new Rejected(allow.source(), Reason.HEADER_BUDGET, allow.setCookie()), rules))
        : answer;
  }

  /** What the headers for the backend take, in the count of the budget. */
  public int headerBytes(Verified verified) {
    return headerBytes(identity.of(new Known(verified.principal())), verified.setCookie());
  }

  private static int headerBytes(EncodedFields fields, List<String> setCookie) {
    return fields.bytes() + IdentityFields.cookieBytes(setCookie);
  }

  private AuthResponse answer(Decision decision) {
    if (!(decision instanceof Allow allow)) {
      return AuthResponse.of(decision);
    }
    EncodedFields fields = identity.of(allow.subject());
    return new AuthResponse(decision, fields, headerBytes(fields, allow.setCookie()));
  }
}
