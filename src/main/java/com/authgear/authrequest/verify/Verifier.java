package com.authgear.authrequest.verify;

import com.authgear.authrequest.credential.Credential;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Verifies credentials. Expected outcomes are values; an exception is a bug and denies the request.
 */
public interface Verifier {

  /**
   * Verifies without waiting: no I/O on this thread, though a call may begin in the background.
   *
   * @param caller asked for only if a call is made on the request's behalf, and before this returns
   * @return null if only {@link #verify} can tell
   */
  @Nullable Verification verifyNow(Credential credential, Supplier<Caller> caller);

  /**
   * Verifies, waiting for the network where it must, for a bounded time.
   *
   * @param caller asked for only if a call is made on the request's behalf, and before this returns
   */
  Verification verify(Credential credential, Supplier<Caller> caller);
}
