package com.authgear.authrequest.serve;

import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.jwt.Keys;
import com.authgear.authrequest.verify.resolver.ResolverListener;
import com.authgear.authrequest.verify.session.ResolverCache;

/**
 * Who is told of what a {@link Decider} does.
 *
 * @param keys hears of every fetch of keys
 * @param resolver hears of every resolver call
 * @param sessions hears of answers about sessions that come from memory
 * @param confirmations hears of answers about JWTs that come from memory
 * @param tracing takes the spans of resolver calls and of fetches
 */
public record Observers(
    Keys.KeyFetchListener keys,
    ResolverListener resolver,
    ResolverCache.CacheListener sessions,
    ResolverCache.CacheListener confirmations,
    Tracing tracing) {

  /** Only resolver calls are told. */
  public static Observers ofCalls(ResolverListener resolver) {
    ResolverCache.CacheListener nobody = new ResolverCache.CacheListener() {};
    return new Observers((_, _) -> {}, resolver, nobody, nobody, Tracing.OFF);
  }
}
