package com.authgear.authrequest.verify;

/** What a verifier finds: a {@link Verification}, or that it is not known yet. */
public sealed interface Finding permits Verification, Pending {

  /** The verification itself. Waits for the network if it is not known yet, for a bounded time. */
  Verification await();
}
