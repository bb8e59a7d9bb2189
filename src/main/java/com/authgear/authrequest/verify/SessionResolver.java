package com.authgear.authrequest.verify;

import org.jspecify.annotations.Nullable;

/** Asks Authgear about credentials, waiting for its answer for a bounded time. */
@FunctionalInterface
public interface SessionResolver {
  /**
   * Asks about a token, cookies or both; Authgear's own precedence decides between them.
   *
   * @param bearerToken the token without its scheme
   * @param cookies a {@code Cookie} header value with nothing but Authgear's cookies
   */
  Verification resolve(@Nullable String bearerToken, @Nullable String cookies, Caller caller);
}
