package com.authgear.authrequest.policy;

import com.authgear.authrequest.bearer.Challenge;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.VerifiedBy;
import java.util.List;

/** The answer to a request. Only {@link Allow} lets it through. */
public sealed interface Decision {

  /** Who was asked about the credential. */
  VerifiedBy source();

  /**
   * 200: the request may pass.
   *
   * @param freshUntil Unix milliseconds from which on a cache may not repeat this answer; 0 if it
   *     may not at all
   * @param setCookie {@code Set-Cookie} values from the resolver
   */
  record Allow(VerifiedBy source, Subject subject, long freshUntil, List<String> setCookie)
      implements Decision {
    public Allow {
      setCookie = List.copyOf(setCookie);
    }
  }

  /** 401: not authenticated, or not well enough. */
  record Unauthenticated(
      VerifiedBy source, Reason reason, Challenge challenge, List<String> setCookie)
      implements Decision {
    public Unauthenticated {
      setCookie = List.copyOf(setCookie);
    }
  }

  /** 403: authenticated, but not allowed here. */
  record Forbidden(VerifiedBy source, Reason reason, Challenge challenge) implements Decision {}

  /** 503: the service could not decide. */
  record Undecided(VerifiedBy source, Reason reason) implements Decision {}

  /** Whom the backend is told about. */
  sealed interface Subject {
    /** A verified principal. */
    record Known(Principal principal) implements Subject {}

    /** Optional access without credentials. */
    record Nobody() implements Subject {}

    /** Optional access with credentials that are not good. */
    record Unproven() implements Subject {}
  }
}
