package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;

/** What a JWT says of itself. Nothing of it is verified: alone it lets nobody in. */
public sealed interface UnverifiedToken {

  /**
   * It is an access token of this project, and its times are right.
   *
   * @param expiresAt {@code exp} in Unix seconds
   * @param refusedFrom Unix seconds from which on it is refused: {@code exp} plus the skew
   */
  record UnverifiedClaims(Principal principal, long expiresAt, long refusedFrom)
      implements UnverifiedToken {}

  /** It is no access token of this project, or not now, whoever signed it. */
  record Refused(Reason reason) implements UnverifiedToken {}
}
