package com.authgear.authrequest.verify;

import com.authgear.authrequest.credential.Credential;
import org.jspecify.annotations.Nullable;

/**
 * Verifies credentials. Expected outcomes are values; an exception is a bug and denies the request.
 */
public interface Verifier {

  /**
   * Verifies without any I/O and without waiting.
   *
   * @return null if only {@link #verify} can tell
   */
  @Nullable Verification verifyNow(Credential credential);

  /** Verifies, waiting for the network where it must, for a bounded time. */
  Verification verify(Credential credential, Caller caller);
}
