package com.authgear.authrequest.verify.session;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Proof;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.jwt.UnverifiedToken;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.resolver.ResolverResult;
import com.authgear.authrequest.verify.resolver.SentCredential;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The question whose session a credential is that only the resolver can judge. What the resolver
 * says of the user counts. Where it vouches for a JWT, it vouches for what that token says of
 * itself: audience, client, scopes and end; of all others these are unknown.
 *
 * @param credential the one that is asked about
 * @param claims what it says of itself, if it is a JWT; its user must be the resolver's
 * @param asker whose request it is
 */
public record SessionQuery(
    Credential.Presented credential,
    UnverifiedToken.@Nullable UnverifiedClaims claims,
    Supplier<Caller> asker,
    InstantSource clock)
    implements ResolverQuery {

  @Override
  public SentCredential presented() {
    return SentCredential.of(credential);
  }

  @Override
  public Caller caller() {
    return asker.get();
  }

  @Override
  public ResolverAnswer meaning(ResolverAnswer outcome) {
    if (!(outcome.verification() instanceof Verified session)) {
      return outcome;
    }
    if (claims != null && !claims.principal().userId().equals(session.principal().userId())) {
      // Whoever answers there mixes up its users.
      return new ResolverAnswer(
          ResolverResult.BAD_ANSWER,
          new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_BAD_ANSWER),
          "");
    }
    return new ResolverAnswer(
        outcome.result(),
        new Verified(
            session.source(),
            principal(session.principal()),
            session.issuedAt(),
            end(),
            session.freshUntil(),
            session.setCookie()),
        outcome.advice());
  }

  private Principal principal(Principal user) {
    Principal token = claims == null ? user : claims.principal();
    return new Principal(
        user.kind(),
        user.userId(),
        user.anonymous(),
        user.verified(),
        user.canReauthenticate(),
        user.roles(),
        user.amr(),
        user.authTime(),
        token.clientId(),
        token.scopes(),
        token.audiences(),
        token.claims(),
        claims != null
            ? Proof.JWT
            : credential.place() == CredentialPlace.SESSION ? Proof.SESSION : Proof.OPAQUE);
  }

  /** The resolver tells no end, and knows no skew. */
  private long end() {
    if (claims == null) {
      return Long.MAX_VALUE;
    }
    return claims.expiresAt() > clock.millis() / 1000 ? claims.expiresAt() : claims.refusedFrom();
  }

  @Override
  public String toString() {
    return "SessionQuery[" + credential + "]";
  }
}
