package com.authgear.authrequest.verify;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Credential.Bearer;
import com.authgear.authrequest.credential.Credential.CookieFallback;
import com.authgear.authrequest.credential.Credential.Cookies;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.NoCookies;
import com.authgear.authrequest.credential.Credential.None;
import com.authgear.authrequest.principal.Source;
import com.authgear.authrequest.verify.Verification.Anonymous;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.resolver.Presented;
import com.authgear.authrequest.verify.resolver.Resolver;
import org.jspecify.annotations.Nullable;

/**
 * Sends each credential to the verifier that its mode says, with the resolver's own precedence: a
 * bearer token counts before the cookies, and cookies count when the token turns out not to be
 * valid.
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

  private final Mode mode;
  private final JwtVerifier jwt;
  private final Resolver resolver;

  public ModeVerifier(Mode mode, JwtVerifier jwt, Resolver resolver) {
    this.mode = mode;
    this.jwt = jwt;
    this.resolver = resolver;
  }

  @Override
  public @Nullable Verification verifyNow(Credential credential) {
    return switch (credential) {
      case None _ -> new Anonymous();
      case Malformed malformed -> malformed(malformed);
      case Cookies _ -> mode == Mode.JWT ? new Anonymous() : null;
      case Bearer bearer -> {
        if (!isLocal(bearer)) {
          yield null;
        }
        Verification answer = jwt.verifyNow(bearer.token());
        yield answer instanceof Rejected && fallsBack(bearer.fallback()) ? null : answer;
      }
    };
  }

  @Override
  public Verification verify(Credential credential, Caller caller) {
    return switch (credential) {
      case None _ -> new Anonymous();
      case Malformed malformed -> malformed(malformed);
      case Cookies cookies ->
          mode == Mode.JWT ? new Anonymous() : resolver.resolve(Presented.of(cookies), caller);
      case Bearer bearer -> verify(bearer, caller);
    };
  }

  private Verification verify(Bearer bearer, Caller caller) {
    if (!isLocal(bearer)) {
      return resolver.resolve(Presented.of(bearer), caller);
    }
    Verification answer = jwt.verify(bearer.token());
    boolean mayFallBack = mode != Mode.JWT && answer instanceof Rejected;
    return switch (bearer.fallback()) {
      case Cookies cookies when mayFallBack -> resolver.resolve(Presented.of(cookies), caller);
      case Cookies _, NoCookies _ -> answer;
    };
  }

  private boolean isLocal(Bearer bearer) {
    return switch (mode) {
      case AUTO -> bearer.looksLikeJwt();
      case JWT -> true;
      case RESOLVER -> false;
    };
  }

  private boolean fallsBack(CookieFallback fallback) {
    return mode != Mode.JWT && fallback instanceof Cookies;
  }

  private static Rejected malformed(Malformed malformed) {
    return new Rejected(
        Source.NONE,
        switch (malformed.fault()) {
          case SYNTAX -> Reason.MALFORMED_CREDENTIALS;
          case TOO_LARGE -> Reason.TOKEN_TOO_LARGE;
        });
  }
}
