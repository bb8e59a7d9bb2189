package com.authgear.authrequest.verify.resolver;

import static java.util.Objects.requireNonNull;

import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Source;
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
public record Outcome(ResolverResult result, Verification verification, String advice) {

  static Outcome verified(Principal principal, List<String> setCookie) {
    return new Outcome(
        ResolverResult.VALID,
        new Verified(
            Source.RESOLVER,
            principal,
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            Verified.NEVER_CACHED,
            setCookie),
        "");
  }

  static Outcome rejected(ResolverResult result, List<String> setCookie) {
    return new Outcome(
        result,
        new Rejected(
            Source.RESOLVER,
            requireNonNull(result.reason()),
            setCookie,
            result == ResolverResult.INVALID),
        "");
  }

  static Outcome unavailable(ResolverResult result, String advice) {
    return new Outcome(
        result, new Unavailable(Source.RESOLVER, requireNonNull(result.reason())), advice);
  }
}
