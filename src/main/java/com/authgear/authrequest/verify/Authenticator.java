package com.authgear.authrequest.verify;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Credential.Bearer;
import com.authgear.authrequest.credential.Credential.Cookies;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.NoCookies;
import com.authgear.authrequest.credential.Credential.None;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.principal.Source;
import com.authgear.authrequest.verify.Verification.Anonymous;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.changes.Changes;
import com.authgear.authrequest.verify.changes.Changes.Change;
import com.authgear.authrequest.verify.freshness.Answers;
import com.authgear.authrequest.verify.freshness.Confirmation;
import com.authgear.authrequest.verify.freshness.Question;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.StatedEnd;
import com.authgear.authrequest.verify.resolver.Outcome;
import com.authgear.authrequest.verify.resolver.Presented;
import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * Says whose credential it is: a bearer token counts before the cookies, and cookies count when the
 * token turns out not to be valid, as at Authgear's resolver.
 *
 * <p>A user's JWT that is good by itself is confirmed at the resolver where rechecking is on, or
 * where the user changed since the token was issued. In mode {@code jwt} there is no resolver to
 * ask, and a change that ends what the user may do refuses the tokens issued until then.
 */
public final class Authenticator implements Verifier {

  /** Who verifies what. */
  public enum Mode {
    /** A JWT is verified locally; an opaque token and cookies go to the resolver. */
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
  public static final int MAX_WAITING = JwtVerifier.MAX_WAITING + 2 * Answers.MAX_WAITING;

  private final Mode mode;
  private final JwtVerifier jwt;
  private final Answers sessions;
  private final Answers confirmations;
  private final boolean recheck;
  private final Changes changes;
  private final InstantSource clock;

  /**
   * @param sessions about opaque tokens and cookies
   * @param confirmations about JWTs
   * @param recheck whether every user's JWT needs a confirmation
   */
  public Authenticator(
      Mode mode,
      JwtVerifier jwt,
      Answers sessions,
      Answers confirmations,
      boolean recheck,
      Changes changes,
      InstantSource clock) {
    this.mode = mode;
    this.jwt = jwt;
    this.sessions = sessions;
    this.confirmations = confirmations;
    this.recheck = recheck;
    this.changes = changes;
    this.clock = clock;
  }

  @Override
  public Finding verify(Credential credential, Supplier<Caller> caller) {
    return switch (credential) {
      case None _ -> new Anonymous();
      case Malformed malformed -> malformed(malformed);
      case Cookies _ when mode == Mode.JWT -> new Anonymous();
      case Cookies cookies ->
          sessions.find(
              Digest.of(null, cookies.header()),
              new SessionQuestion(() -> Presented.of(cookies), caller));
      case Bearer bearer when !isLocal(bearer) ->
          sessions.find(digest(bearer), new SessionQuestion(() -> Presented.of(bearer), caller));
      case Bearer bearer -> {
        Digest digest = Digest.ofToken(bearer.token());
        yield switch (jwt.verify(bearer.token(), digest)) {
          case Verification local -> confirmed(local, bearer, digest, caller);
          case Pending later -> later.then(local -> confirmed(local, bearer, digest, caller));
        };
      }
    };
  }

  /** What a token is that was verified locally, once the resolver confirmed it where it must. */
  private Finding confirmed(
      Verification local, Bearer bearer, Digest digest, Supplier<Caller> caller) {
    if (!(local instanceof Verified verified)) {
      return orCookies(local, bearer, caller);
    }
    return switch (need(verified)) {
      case NOTHING -> local;
      case REFUSAL -> new Rejected(Source.JWT, Reason.USER_CHANGED);
      case CONFIRMATION ->
          switch (confirmations.find(digest, new Confirmation(bearer.token(), verified, caller))) {
            case Verification answer -> orCookies(answer, bearer, caller);
            case Pending later ->
                later.then(answer -> orCookies(unlessEnded(answer, verified), bearer, caller));
          };
    };
  }

  /**
   * Cookies count where the token is not valid, but not where the resolver knows the token's
   * session and refuses its user.
   */
  private Finding orCookies(Verification answer, Bearer bearer, Supplier<Caller> caller) {
    return mode != Mode.JWT
            && answer instanceof Rejected rejected
            && rejected.source() == Source.JWT
            && bearer.fallback() instanceof Cookies cookies
        ? verify(cookies, caller)
        : answer;
  }

  /** The token may have ended while the resolver was asked. */
  private Verification unlessEnded(Verification answer, Verified local) {
    return answer instanceof Verified && clock.millis() / 1000 >= local.expiresAt()
        ? new Rejected(Source.JWT, Reason.EXPIRED)
        : answer;
  }

  private enum Need {
    NOTHING,
    CONFIRMATION,
    REFUSAL
  }

  private Need need(Verified local) {
    if (local.principal().kind() == Kind.CLIENT) {
      return Need.NOTHING; // the resolver does not know machines
    }
    if (recheck && mode == Mode.AUTO) {
      return Need.CONFIRMATION;
    }
    Change change = changes.latest(local.principal().userId());
    if (change == null) {
      return Need.NOTHING;
    }
    return switch (mode) {
      case AUTO -> change.concerns(local.issuedAt()) ? Need.CONFIRMATION : Need.NOTHING;
      case JWT -> change.refuses(local.issuedAt()) ? Need.REFUSAL : Need.NOTHING;
      case RESOLVER -> throw new AssertionError("nothing is local");
    };
  }

  private boolean isLocal(Bearer bearer) {
    return switch (mode) {
      case AUTO -> bearer.looksLikeJwt();
      case JWT -> true;
      case RESOLVER -> false;
    };
  }

  private static Digest digest(Bearer bearer) {
    return switch (bearer.fallback()) {
      case NoCookies _ -> Digest.ofToken(bearer.token());
      case Cookies cookies -> Digest.of(bearer.token(), cookies.header());
    };
  }

  private static Rejected malformed(Malformed malformed) {
    return new Rejected(
        Source.NONE,
        switch (malformed.fault()) {
          case SYNTAX -> Reason.MALFORMED_CREDENTIALS;
          case TOO_LARGE -> Reason.TOKEN_TOO_LARGE;
        });
  }

  /** A question about credentials that only the resolver can judge. */
  private final class SessionQuestion implements Question {
    private final Supplier<Presented> credentials;
    private final Supplier<Caller> asker;

    private SessionQuestion(Supplier<Presented> credentials, Supplier<Caller> asker) {
      this.credentials = credentials;
      this.asker = asker;
    }

    @Override
    public Presented presented() {
      return credentials.get();
    }

    @Override
    public Caller caller() {
      return asker.get();
    }

    /** The resolver tells no end; that of a JWT among the credentials bounds the answer. */
    @Override
    public Outcome meaning(Outcome outcome) {
      if (!(outcome.verification() instanceof Verified verified)) {
        return outcome;
      }
      long now = clock.millis() / 1000;
      Presented presented = presented();
      String token = presented.bearerToken();
      String cookies = presented.cookies();
      long end = token == null ? Long.MAX_VALUE : StatedEnd.of(token, now);
      if (cookies != null) {
        for (String cookie : cookies.split("; ", -1)) {
          end = Math.min(end, StatedEnd.of(cookie.substring(cookie.indexOf('=') + 1), now));
        }
      }
      return end == Long.MAX_VALUE
          ? outcome
          : new Outcome(
              outcome.result(),
              new Verified(
                  verified.source(),
                  verified.principal(),
                  verified.issuedAt(),
                  end,
                  verified.freshUntil(),
                  verified.setCookie()),
              outcome.advice());
    }
  }
}
