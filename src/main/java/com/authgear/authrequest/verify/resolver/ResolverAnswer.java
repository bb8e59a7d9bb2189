package com.authgear.authrequest.verify.resolver;

import static java.util.Objects.requireNonNull;

import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import java.util.List;

/**
 * How one call ended.
 *
 * @param result what kind of answer it was
 * @param verification the same for a request
 * @param advice what an operator should look at; empty if nothing is wrong. Never holds anything
 *     that the client or the resolver sent, but a status, a length or an origin.
 */
public record ResolverAnswer(ResolverResult result, Verification verification, String advice) {

  static ResolverAnswer verified(Principal principal, List<String> setCookie) {
    return new ResolverAnswer(
        ResolverResult.VALID,
        new Verified(
            VerifiedBy.RESOLVER,
            principal,
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            Verified.NEVER_CACHED,
            setCookie),
        "");
  }

  static ResolverAnswer rejected(ResolverResult result, List<String> setCookie) {
    return new ResolverAnswer(
        result,
        new Rejected(
            VerifiedBy.RESOLVER,
            requireNonNull(result.reason()),
            setCookie,
            result == ResolverResult.INVALID),
        "");
  }

  static ResolverAnswer unavailable(ResolverResult result, String advice) {
    return new ResolverAnswer(
        result, new Unavailable(VerifiedBy.RESOLVER, requireNonNull(result.reason())), advice);
  }
}
