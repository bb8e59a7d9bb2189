package com.authgear.authrequest.check;

import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.http.AuthResponder;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.verify.Verifier;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.Keys;
import com.authgear.authrequest.verify.resolver.Resolver;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import java.util.List;

/**
 * The parts of the service that decide, as one set of settings makes them.
 *
 * @param keys not fetched yet
 * @param jwt one of the two that {@code verifier} asks
 * @param resolver the other one
 * @param heard what the resolver said to {@code verifier} so far; grows
 * @param end closes what needs closing
 */
public record Parts(
    Keys keys,
    JwtVerifier jwt,
    Resolver resolver,
    CredentialExtractor credentials,
    Requirements requirements,
    Verifier verifier,
    AuthResponder judge,
    ProtectionSpace space,
    List<ResolverAnswer> heard,
    Runnable end)
    implements AutoCloseable {

  @Override
  public void close() {
    end.run();
  }
}
