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
import com.authgear.authrequest.verify.Verification.Unavailable;
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
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends each credential to the verifier that its mode says, with the resolver's own precedence: a
 * bearer token counts before the cookies, and cookies count when the token turns out not to be
 * valid.
 *
 * <p>A user's JWT that is good by itself is confirmed at the resolver where rechecking is on, or
 * where the user changed since the token was issued. In mode {@code jwt} there is no resolver to
 * ask, and a change that ends what the user may do refuses the tokens issued until then.
 */
public final class ModeVerifier implements Verifier {

  /** Who verifies what. */
  public enum Mode {
    /** A JWT is verified locally; an opaque token and cookies go to the resolver. */
    AUTO,
    /** Only JWTs count, and only locally. */
    JWT,
    /** The resolver is asked about everything. */
    RESOLVER
  }

  /** Most requests that wait for the key set at once. */
  private static final int MAX_WAITING_FOR_KEYS = 256;

  /**
   * Most requests that wait at once, whatever for. Each kind of wait has its own bound, so that a
   * resolver that hangs takes no place of those who wait for keys.
   */
  public static final int MAX_WAITING = MAX_WAITING_FOR_KEYS + 2 * Answers.MAX_WAITING;

  private final Mode mode;
  private final JwtVerifier jwt;
  private final Answers sessions;
  private final Answers confirmations;
  private final boolean recheck;
  private final Changes changes;
  private final InstantSource clock;
  private final Semaphore keyPlaces = new Semaphore(MAX_WAITING_FOR_KEYS);

  /**
   * @param sessions about opaque tokens and cookies
   * @param confirmations about JWTs
   * @param recheck whether every user's JWT needs a confirmation
   */
  public ModeVerifier(
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
  public @Nullable Verification verifyNow(Credential credential, Supplier<Caller> caller) {
    return switch (credential) {
      case None _ -> new Anonymous();
      case Malformed malformed -> malformed(malformed);
      case Cookies cookies -> {
        if (mode == Mode.JWT) {
          yield new Anonymous();
        }
        yield sessions.known(
            Digest.of(null, cookies.header()),
            new SessionQuestion(() -> Presented.of(cookies), caller));
      }
      case Bearer bearer -> {
        if (!isLocal(bearer)) {
          yield sessions.known(
              digest(bearer), new SessionQuestion(() -> Presented.of(bearer), caller));
        }
        Digest digest = Digest.ofToken(bearer.token());
        Verification local = jwt.verifyNow(bearer.token(), digest);
        Verification answer =
            local instanceof Verified verified ? judgeNow(verified, bearer, digest, caller) : local;
        yield answer instanceof Rejected rejected && mayFallBack(rejected)
            ? switch (bearer.fallback()) {
              case Cookies cookies -> verifyNow(cookies, caller);
              case NoCookies _ -> rejected;
            }
            : answer;
      }
    };
  }

  @Override
  public Verification verify(Credential credential, Supplier<Caller> caller) {
    return switch (credential) {
      case None _ -> new Anonymous();
      case Malformed malformed -> malformed(malformed);
      case Cookies cookies -> {
        if (mode == Mode.JWT) {
          yield new Anonymous();
        }
        yield sessions.ask(
            Digest.of(null, cookies.header()),
            new SessionQuestion(() -> Presented.of(cookies), caller));
      }
      case Bearer bearer -> {
        if (!isLocal(bearer)) {
          yield sessions.ask(
              digest(bearer), new SessionQuestion(() -> Presented.of(bearer), caller));
        }
        Digest digest = Digest.ofToken(bearer.token());
        Verification local = local(bearer, digest);
        Verification answer =
            local instanceof Verified verified ? judge(verified, bearer, digest, caller) : local;
        yield answer instanceof Rejected rejected && mayFallBack(rejected)
            ? switch (bearer.fallback()) {
              case Cookies cookies -> verify(cookies, caller);
              case NoCookies _ -> rejected;
            }
            : answer;
      }
    };
  }

  private Verification local(Bearer bearer, Digest digest) {
    Verification now = jwt.verifyNow(bearer.token(), digest);
    if (now != null) {
      return now;
    }
    if (!keyPlaces.tryAcquire()) {
      return new Unavailable(Source.JWT, Reason.OVERLOADED);
    }
    try {
      return jwt.verify(bearer.token(), digest);
    } finally {
      keyPlaces.release();
    }
  }

  private @Nullable Verification judgeNow(
      Verified local, Bearer bearer, Digest digest, Supplier<Caller> caller) {
    return switch (need(local)) {
      case NOTHING -> local;
      case REFUSAL -> new Rejected(Source.JWT, Reason.USER_CHANGED);
      case CONFIRMATION ->
          confirmations.known(digest, new Confirmation(bearer.token(), local, caller));
    };
  }

  private Verification judge(
      Verified local, Bearer bearer, Digest digest, Supplier<Caller> caller) {
    return switch (need(local)) {
      case NOTHING -> local;
      case REFUSAL -> new Rejected(Source.JWT, Reason.USER_CHANGED);
      case CONFIRMATION -> {
        Verification answer =
            confirmations.ask(digest, new Confirmation(bearer.token(), local, caller));
        // The token may have ended while the resolver was asked.
        yield answer instanceof Verified && clock.millis() / 1000 >= local.expiresAt()
            ? new Rejected(Source.JWT, Reason.EXPIRED)
            : answer;
      }
    };
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
    if (change == null || local.issuedAt() > change.at()) {
      return Need.NOTHING;
    }
    return switch (mode) {
      case AUTO -> Need.CONFIRMATION;
      case JWT -> change.disabled() ? Need.REFUSAL : Need.NOTHING;
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

  /** Not where the resolver knows the token's session and refuses its user. */
  private boolean mayFallBack(Rejected rejected) {
    return mode != Mode.JWT && rejected.source() == Source.JWT;
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
