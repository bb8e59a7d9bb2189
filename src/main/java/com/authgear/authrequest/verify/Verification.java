package com.authgear.authrequest.verify;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.VerifiedBy;
import java.util.List;

/**
 * What a verifier says about a credential. {@link Rejected} is the caller's fault, {@link
 * Unavailable} is ours or Authgear's; the two never merge.
 */
public sealed interface Verification extends Finding {

  /** Who said it. */
  VerifiedBy source();

  @Override
  default Verification await() {
    return this;
  }

  /**
   * The credential is good.
   *
   * @param issuedAt {@code iat} of a JWT in Unix seconds; {@link Long#MIN_VALUE} if unknown
   * @param expiresAt Unix seconds from which on it must not be used any more; {@link
   *     Long#MAX_VALUE} if the verifier knows no end
   * @param freshUntil Unix milliseconds from which on no cache downstream may repeat this answer:
   *     the end of the credential or of what the settings promise, whichever is earlier; {@link
   *     #NEVER_CACHED} if none may at all
   * @param setCookie {@code Set-Cookie} values of the resolver
   */
  record Verified(
      VerifiedBy source,
      Principal principal,
      long issuedAt,
      long expiresAt,
      long freshUntil,
      List<String> setCookie)
      implements Verification {

    /** What {@code freshUntil} is for an answer that is good for this one request only. */
    public static final long NEVER_CACHED = 0;

    public Verified {
      setCookie = List.copyOf(setCookie);
    }

    /** An answer that is good until the credential ends. */
    public Verified(VerifiedBy source, Principal principal, long issuedAt, long expiresAt) {
      this(source, principal, issuedAt, expiresAt, millis(expiresAt), List.of());
    }

    /** An answer that is good until the credential ends, whose beginning is unknown. */
    public Verified(VerifiedBy source, Principal principal, long expiresAt) {
      this(source, principal, Long.MIN_VALUE, expiresAt);
    }

    /** The same, good downstream until {@code time} at most, and without {@code Set-Cookie}. */
    public Verified freshUntil(long time) {
      return new Verified(
          source, principal, issuedAt, expiresAt, Math.min(time, millis(expiresAt)), List.of());
    }

    private static long millis(long seconds) {
      return seconds > Long.MAX_VALUE / 1000 ? Long.MAX_VALUE : seconds * 1000;
    }
  }

  /** There was no credential. */
  record Anonymous() implements Verification {
    @Override
    public VerifiedBy source() {
      return VerifiedBy.NONE;
    }
  }

  /**
   * The credential is not good.
   *
   * @param setCookie {@code Set-Cookie} values by which the resolver clears a dead session
   * @param isFinal whether no other credential may count in its place: Authgear knows its session
   *     and refuses its user
   */
  record Rejected(VerifiedBy source, Reason reason, List<String> setCookie, boolean isFinal)
      implements Verification {
    public Rejected {
      setCookie = List.copyOf(setCookie);
    }

    /** One that others may count in place of. */
    public Rejected(VerifiedBy source, Reason reason, List<String> setCookie) {
      this(source, reason, setCookie, false);
    }

    /** One that others may count in place of. */
    public Rejected(VerifiedBy source, Reason reason) {
      this(source, reason, List.of(), false);
    }

    /** The same for a request that did not cause the call. */
    public Rejected withoutCookies() {
      return setCookie.isEmpty() ? this : new Rejected(source, reason, List.of(), isFinal);
    }
  }

  /** The service could not find out. */
  record Unavailable(VerifiedBy source, Reason reason) implements Verification {}
}
