package com.authgear.authrequest.verify.authenticator;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential.Presented;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Finding;
import com.authgear.authrequest.verify.Pending;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.authenticator.Authenticator.FollowerBounds;
import com.authgear.authrequest.verify.authenticator.Authenticator.VerificationMode;
import com.authgear.authrequest.verify.changes.Changes;
import com.authgear.authrequest.verify.changes.Changes.Change;
import com.authgear.authrequest.verify.changes.Followed.Standing;
import com.authgear.authrequest.verify.session.Confirmation;
import com.authgear.authrequest.verify.session.ResolverCache;
import com.authgear.authrequest.verify.session.ResolverQuery.Within;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether a user's JWT that is good by itself is fresh enough: what changed since it was issued,
 * and how old the resolver's confirmation may be. Clients that act for themselves are never
 * confirmed: the resolver does not know them.
 */
final class Freshness {

  private final VerificationMode mode;
  private final ResolverCache confirmations;
  private final boolean recheck;
  private final Changes changes;
  private final InstantSource clock;
  private final @Nullable FollowerBounds following;

  /**
   * @param recheck whether every user's JWT needs a confirmation
   * @param following null: nothing is said of what has no webhook
   */
  Freshness(
      VerificationMode mode,
      ResolverCache confirmations,
      boolean recheck,
      Changes changes,
      InstantSource clock,
      @Nullable FollowerBounds following) {
    this.mode = mode;
    this.confirmations = confirmations;
    this.recheck = recheck;
    this.changes = changes;
    this.clock = clock;
    this.following = following;
  }

  /**
   * The token itself if it is fresh enough, else what the resolver says of it, else a refusal.
   *
   * @param one where the token stands
   * @param digest of it
   */
  Finding assure(Verified local, Presented one, Digest digest, Supplier<Caller> caller) {
    if (following != null && local.principal().kind() != Kind.CLIENT) {
      return followed(following, local, one, digest, caller);
    }
    return switch (need(local)) {
      case NOTHING -> local;
      case REFUSAL -> new Rejected(VerifiedBy.JWT, Reason.USER_CHANGED);
      case CONFIRMATION ->
          switch (confirmations.find(digest, new Confirmation(one, local, caller))) {
            case Verification answer -> answer;
            case Pending later -> later.then(answer -> unlessEnded(answer, local));
          };
    };
  }

  private Finding followed(
      FollowerBounds how, Verified local, Presented one, Digest digest, Supplier<Caller> caller) {
    Standing standing = how.followed().standing();
    Within within = standing == null ? Within.of(how.whileAway()) : within(how, standing, local);
    if (within == null) {
      return until(local, standing);
    }
    Confirmation question = new Confirmation(one, local, caller, within);
    return switch (confirmations.find(digest, question)) {
      case Verification answer -> until(answer, standing);
      case Pending later -> later.then(answer -> until(unlessEnded(answer, local), standing));
    };
  }

  /** How fresh a confirmation must be while all is told; null if none is needed. */
  private @Nullable Within within(FollowerBounds how, Standing standing, Verified local) {
    // A token from before what is known here is confirmed once; so is one from before what was
    // forgotten.
    long known = Math.max(standing.since(), changes.forgotten()) + how.marginSeconds();
    boolean isOlder = local.issuedAt() <= known;
    Change change = changes.latest(local.principal().userId());
    boolean isMarked = change != null && change.concerns(local.issuedAt());
    if (!isOlder && !isMarked && how.recheck() == null) {
      return null;
    }
    return new Within(
        how.recheck() == null ? Long.MAX_VALUE : how.recheck().toNanos(),
        isOlder ? known * 1000 : Long.MIN_VALUE);
  }

  /** Downstream an answer is repeated no longer than it could be given here. */
  private Verification until(Verification answer, @Nullable Standing standing) {
    if (standing == null || !(answer instanceof Verified verified)) {
      return answer;
    }
    long next = changes.untilNext(verified.principal().userId());
    long end =
        next == Long.MAX_VALUE
            ? standing.until()
            : Math.min(standing.until(), clock.millis() + TimeUnit.NANOSECONDS.toMillis(next));
    return verified.freshUntil() > end
        ? new Verified(
            verified.source(),
            verified.principal(),
            verified.issuedAt(),
            verified.expiresAt(),
            end,
            verified.setCookie())
        : answer;
  }

  /** The token may have ended while the resolver was asked. */
  private Verification unlessEnded(Verification answer, Verified local) {
    return answer instanceof Verified && clock.millis() / 1000 >= local.expiresAt()
        ? new Rejected(VerifiedBy.JWT, Reason.EXPIRED)
        : answer;
  }

  private enum Need {
    NOTHING,
    CONFIRMATION,
    REFUSAL
  }

  private Need need(Verified local) {
    if (local.principal().kind() == Kind.CLIENT) {
      return Need.NOTHING; // the resolver does not know machines
    }
    if (recheck && mode == VerificationMode.AUTO) {
      return Need.CONFIRMATION;
    }
    Change change = changes.latest(local.principal().userId());
    if (change == null) {
      return Need.NOTHING;
    }
    return switch (mode) {
      case AUTO -> change.concerns(local.issuedAt()) ? Need.CONFIRMATION : Need.NOTHING;
      case JWT -> change.refuses(local.issuedAt()) ? Need.REFUSAL : Need.NOTHING;
      case RESOLVER -> throw new AssertionError("nothing is local");
    };
  }
}
