package com.authgear.authrequest.verify;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.requirement.Rules;
import java.util.function.Supplier;

/**
 * Verifies credentials. Expected outcomes are values; an exception is a bug and denies the request.
 */
@FunctionalInterface
public interface Verifier {

  /**
   * Verifies as far as that needs no network answer: no I/O on this thread, though a call may begin
   * in the background.
   *
   * @param here what the location requires, of which a part decides which credential counts
   * @param caller asked for only if a call is made on the request's behalf, and before this, or
   *     {@link Finding#await}, returns
   */
  Finding verify(Credential credential, Rules here, Supplier<Caller> caller);
}
