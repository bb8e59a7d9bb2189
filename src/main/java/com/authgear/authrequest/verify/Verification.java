package com.authgear.authrequest.verify;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Source;
import java.util.List;

/**
 * What a verifier says about a credential. {@link Rejected} is the caller's fault, {@link
 * Unavailable} is ours or Authgear's; the two never merge.
 */
public sealed interface Verification {

  /** Who said it. */
  Source source();

  /**
   * The credential is good.
   *
   * @param expiresAt Unix seconds from which on it must not be used any more; {@link
   *     Long#MAX_VALUE} if the verifier knows no end
   * @param setCookie {@code Set-Cookie} values of the resolver
   */
  record Verified(Source source, Principal principal, long expiresAt, List<String> setCookie)
      implements Verification {
    public Verified {
      setCookie = List.copyOf(setCookie);
    }

    public Verified(Source source, Principal principal, long expiresAt) {
      this(source, principal, expiresAt, List.of());
    }
  }

  /** There was no credential. */
  record Anonymous() implements Verification {
    @Override
    public Source source() {
      return Source.NONE;
    }
  }

  /**
   * The credential is not good.
   *
   * @param setCookie {@code Set-Cookie} values by which the resolver clears a dead session
   */
  record Rejected(Source source, Reason reason, List<String> setCookie) implements Verification {
    public Rejected {
      setCookie = List.copyOf(setCookie);
    }

    public Rejected(Source source, Reason reason) {
      this(source, reason, List.of());
    }
  }

  /** No one could say. */
  record Unavailable(Source source, Reason reason) implements Verification {}
}
