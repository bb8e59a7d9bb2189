package com.authgear.authrequest.verify.authenticator;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.None;
import com.authgear.authrequest.credential.Credential.Presented;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.requirement.Rule;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Finding;
import com.authgear.authrequest.verify.Pending;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Anonymous;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.Verifier;
import com.authgear.authrequest.verify.changes.Changes;
import com.authgear.authrequest.verify.changes.Followed;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.UnverifiedToken;
import com.authgear.authrequest.verify.session.ResolverCache;
import com.authgear.authrequest.verify.session.SessionQuery;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Says whose request it is. The rule, in order:
 *
 * <ol>
 *   <li>The first credential that is valid, and meant for the location, counts: the bearer token,
 *       then the cookies {@code app_session}, {@code app_access_token} and {@code session}.
 *   <li>A JWT as bearer token is verified locally; the resolver is asked about everything else, one
 *       credential at a time. In mode {@code jwt} only the first exists, in mode {@code resolver}
 *       only the second.
 *   <li>No JWT is sent to the resolver, wherever it stands, that is not for the location: the
 *       resolver does not look at its {@code typ}, {@code iss}, {@code aud} and {@code client_id}.
 *   <li>A user's JWT that is good by itself is confirmed at the resolver where rechecking is on, or
 *       where the user changed since the token was issued. Where the audit log is followed, that is
 *       all; while no follower tells anything, each token is confirmed again and again. In mode
 *       {@code jwt} there is no one to ask, and a change that ends what the user may do refuses the
 *       tokens issued until then.
 * </ol>
 */
public final class Authenticator implements Verifier {

  /** Who verifies what. */
  public enum VerificationMode {
    /** A JWT as bearer token is verified locally; all else goes to the resolver. */
    AUTO,
    /** Only JWTs count, and only locally. */
    JWT,
    /** The resolver is asked about everything. */
    RESOLVER
  }

  /**
   * Most requests that wait at once, whatever for. Each kind of wait has its own bound, so that a
   * resolver that hangs takes no place of those who wait for keys.
   */
  public static final int MAX_WAITING = JwtVerifier.MAX_WAITING + 4 * ResolverCache.MAX_WAITING;

  private final VerificationMode mode;
  private final JwtVerifier jwt;
  private final ResolverCache sessions;
  private final InstantSource clock;
  private final Freshness freshness;

  /**
   * What holds where the audit log is followed.
   *
   * @param whileAway how old a confirmation may be while no follower tells anything
   * @param recheck how old it may be at all; null: any age
   * @param marginSeconds how far the clocks of Authgear and of this process may be apart
   */
  public record FollowerBounds(
      Followed followed, Duration whileAway, @Nullable Duration recheck, long marginSeconds) {}

  /**
   * @param sessions about credentials that only the resolver can judge
   * @param confirmations about JWTs
   * @param recheck whether every user's JWT needs a confirmation
   */
  public Authenticator(
      VerificationMode mode,
      JwtVerifier jwt,
      ResolverCache sessions,
      ResolverCache confirmations,
      boolean recheck,
      Changes changes,
      InstantSource clock) {
    this(mode, jwt, sessions, confirmations, recheck, changes, clock, null);
  }

  /**
   * @param sessions about credentials that only the resolver can judge
   * @param confirmations about JWTs
   * @param recheck whether every user's JWT needs a confirmation
   * @param following null: nothing is said of what has no webhook
   */
  public Authenticator(
      VerificationMode mode,
      JwtVerifier jwt,
      ResolverCache sessions,
      ResolverCache confirmations,
      boolean recheck,
      Changes changes,
      InstantSource clock,
      @Nullable FollowerBounds following) {
    this.mode = mode;
    this.jwt = jwt;
    this.sessions = sessions;
    this.clock = clock;
    this.freshness =
        new Freshness(
            mode,
            confirmations,
            recheck,
            changes,
            clock,
            mode == VerificationMode.AUTO ? following : null);
  }

  @Override
  public Finding verify(Credential credential, Rules here, Supplier<Caller> caller) {
    return switch (credential) {
      case None _ -> new Anonymous();
      case Malformed malformed -> malformed(malformed);
      case Presented one
          when mode == VerificationMode.JWT && one.place() != CredentialPlace.BEARER ->
          new Anonymous();
      case Presented one ->
          switch (isLocal(one) ? local(one, here, caller) : session(one, here, caller)) {
            case Verification found -> orNext(found, one, here, caller);
            case Pending later -> later.then(found -> orNext(found, one, here, caller));
          };
    };
  }

  private Finding orNext(Verification found, Presented one, Rules here, Supplier<Caller> caller) {
    boolean counts =
        switch (found) {
          case Verified verified -> isFor(here, verified);
          case Rejected rejected -> rejected.isFinal();
          case Unavailable _, Anonymous _ -> true;
        };
    return counts || mode == VerificationMode.JWT || one.next() instanceof None
        ? found // the policy refuses what is not for this location
        : verify(one.next(), here, caller);
  }

  private Finding local(Presented one, Rules here, Supplier<Caller> caller) {
    Digest digest = Digest.of(one);
    return switch (jwt.verify(one, digest)) {
      case Verification found -> confirmed(found, one, digest, here, caller);
      case Pending later -> later.then(found -> confirmed(found, one, digest, here, caller));
    };
  }

  private Finding confirmed(
      Verification found, Presented one, Digest digest, Rules here, Supplier<Caller> caller) {
    return found instanceof Verified local && isFor(here, local)
        ? freshness.assure(local, one, digest, caller)
        : found;
  }

  private Finding session(Presented one, Rules here, Supplier<Caller> caller) {
    Digest digest = Digest.of(one);
    Finding known = sessions.find(digest, new SessionQuery(one, null, caller, clock));
    if (known instanceof Verification || !one.looksLikeJwt()) {
      return known;
    }
    return switch (jwt.read(one.value())) {
      case UnverifiedToken.Refused refused -> new Rejected(VerifiedBy.JWT, refused.reason());
      case UnverifiedToken.UnverifiedClaims claims -> {
        Rule unmet = here.unmetByCredential(claims.principal());
        yield unmet == null
            ? sessions.find(digest, new SessionQuery(one, claims, caller, clock))
            : new Rejected(VerifiedBy.JWT, unmet.reason());
      }
    };
  }

  private boolean isFor(Rules here, Verified verified) {
    return here.unmetByCredential(verified.principal()) == null;
  }

  private boolean isLocal(Presented one) {
    return switch (mode) {
      case AUTO -> one.place() == CredentialPlace.BEARER && one.looksLikeJwt();
      case JWT -> true;
      case RESOLVER -> false;
    };
  }

  private static Rejected malformed(Malformed malformed) {
    return new Rejected(
        VerifiedBy.NONE,
        switch (malformed.fault()) {
          case SYNTAX -> Reason.MALFORMED_CREDENTIALS;
          case TOO_LARGE -> Reason.TOKEN_TOO_LARGE;
        });
  }
}
