package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.verify.CacheCounts;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * What became of tokens whose signature was checked, by the token's {@link Digest}. A remembered
 * answer is given only while a fresh verification would give the same: within the token's own
 * times, and while the very key that verified it is in the key set. Holds no token.
 *
 * <p>Good tokens live in a cache that keeps what is asked for often, so that tokens seen once do
 * not push out the others. Refusals live in a small table of their own and never take a good
 * token's place.
 */
public final class TokenCache {

  private static final int REFUSALS = 1024;

  private final @Nullable Cache<Digest, CachedToken> good;
  private final AtomicReferenceArray<@Nullable Refused> refused =
      new AtomicReferenceArray<>(REFUSALS);
  private final ValueInterner repeated = new ValueInterner();
  private final CacheCounts counts;

  /**
   * @param size most good tokens that are remembered; 0 for none
   */
  public TokenCache(int size, CacheCounts counts) {
    this.counts = counts;
    this.good =
        size == 0
            ? null
            : Caffeine.newBuilder()
                // A little by whoever is here costs less than to wake another thread each time.
                .executor(Runnable::run)
                .maximumSize(size)
                .evictionListener(
                    (@Nullable Digest _, @Nullable CachedToken _, RemovalCause _) ->
                        counts.evicted())
                .build();
  }

  private record CachedToken(Verified verified, long notBefore, KeySet.Key key) {
    boolean holds(KeySet keys, long now) {
      return now >= notBefore && now < verified.expiresAt() && keys.contains(key);
    }
  }

  private record Refused(Digest token, Rejected answer, long from, KeySet.Key key) {
    boolean holds(Digest digest, KeySet keys, long now) {
      return token.equals(digest) && now >= from && keys.contains(key);
    }
  }

  /**
   * What is known of a token; null if it must be verified.
   *
   * @param now Unix seconds
   */
  @Nullable Verification get(Digest token, KeySet keys, long now) {
    CachedToken known = good == null ? null : good.getIfPresent(token);
    if (known != null && known.holds(keys, now)) {
      counts.hit();
      return known.verified();
    }
    Refused refusal = refused.get(slot(token));
    if (refusal != null && refusal.holds(token, keys, now)) {
      return refusal.answer();
    }
    return null;
  }

  /** Remembers a good token; gives the answer as it will be given again. */
  Verified remember(Digest token, Verified verified, long notBefore, KeySet.Key key) {
    counts.miss();
    if (good == null) {
      return verified;
    }
    Verified kept = lean(verified);
    good.put(token, new CachedToken(kept, notBefore, key));
    return kept;
  }

  /**
   * Remembers that a token is refused for good, or for as long as time goes forward.
   *
   * @param now Unix seconds
   */
  void remember(Digest token, Rejected answer, long now, KeySet.Key key) {
    if (answer.reason() == Reason.NOT_YET_VALID) {
      return;
    }
    long from = answer.reason() == Reason.EXPIRED ? now : Long.MIN_VALUE;
    refused.set(slot(token), new Refused(token, answer, from, key));
  }

  private static int slot(Digest token) {
    return (int) token.b() & (REFUSALS - 1);
  }

  /** How many good tokens are remembered, about. */
  public long size() {
    return good == null ? 0 : good.estimatedSize();
  }

  /** Evicts now what would be evicted soon. */
  void settle() {
    if (good != null) {
      good.cleanUp();
    }
  }

  /** Shares what many tokens have in common. */
  private Verified lean(Verified verified) {
    Principal principal = verified.principal();
    return new Verified(
        verified.source(),
        new Principal(
            principal.kind(),
            principal.userId(),
            principal.anonymous(),
            principal.verified(),
            principal.canReauthenticate(),
            repeated.one(principal.roles()),
            repeated.one(principal.amr()),
            principal.authTime(),
            repeated.one(principal.clientId()),
            repeated.one(principal.scopes()),
            repeated.one(principal.audiences()),
            principal.claims()),
        verified.issuedAt(),
        verified.expiresAt(),
        verified.freshUntil(),
        verified.setCookie());
  }
}
