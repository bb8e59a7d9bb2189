package com.authgear.authrequest.verify;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.Authenticator.VerificationMode;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.Keys;
import com.authgear.authrequest.verify.jwt.TokenCache;
import com.authgear.authrequest.verify.resolver.Resolver;
import com.authgear.authrequest.verify.session.CacheCounts;
import com.authgear.authrequest.verify.session.ResolverCache;
import com.authgear.authrequest.verify.session.TestClock;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/** Verification as the service puts it together, in front of a sandbox, by a test's clock. */
final class Verifying implements AutoCloseable {

  static final Duration SKEW = Duration.ofSeconds(30);
  static final Duration TTL = Duration.ofSeconds(5);

  final ChangeMarks marks;
  final AtomicInteger coalesced = new AtomicInteger();
  final AtomicInteger stale = new AtomicInteger();
  private final Requirements rules;
  private final Authenticator verifier;
  private final Keys keys;
  private final Resolver resolver;
  private final ResolverCache sessions;
  private final ResolverCache confirmations;

  Verifying(
      Sandbox sandbox,
      TestClock clock,
      VerificationMode mode,
      Optional<Duration> recheck,
      Duration staleIfError) {
    marks = new ChangeMarks(clock, clock::nanoTime, SKEW);
    rules = new Requirements(Map.of(), List.of(sandbox.origin()), Set.of(), sandbox.origin());
    URI origin = URI.create(sandbox.origin());
    keys =
        Keys.discover(
            origin,
            origin,
            Duration.ofSeconds(20),
            clock,
            Keys.Timing.DEFAULT,
            () -> CryptoProvider.JDK,
            (_, _) -> {},
            Tracing.OFF);
    keys.start();
    Awaitility.await().until(() -> keys.problem() == null);
    resolver =
        new Resolver(
            URI.create(sandbox.resolverUrl()),
            origin,
            Duration.ofSeconds(20),
            64,
            (_, _) -> {},
            Tracing.OFF);
    sessions = answers(TTL, false, staleIfError, clock);
    confirmations =
        answers(
            recheck.orElse(ResolverCache.UNTIL_THE_END), recheck.isPresent(), staleIfError, clock);
    verifier =
        new Authenticator(
            mode,
            new JwtVerifier(
                keys,
                sandbox.origin(),
                Set.of("RS256"),
                SKEW,
                clock,
                Set.of(),
                new TokenCache(1000, new CacheCounts())),
            sessions,
            confirmations,
            recheck.isPresent(),
            marks,
            clock);
  }

  private ResolverCache answers(
      Duration goodFor, boolean refreshAhead, Duration staleIfError, TestClock clock) {
    return new ResolverCache(
        resolver::ask,
        new ResolverCache.CacheLimits(
            goodFor, refreshAhead, staleIfError, 1000, Duration.ofSeconds(20), 32),
        marks,
        clock,
        clock::nanoTime,
        new CacheCounts(),
        new ResolverCache.CacheListener() {
          @Override
          public void coalesced() {
            coalesced.incrementAndGet();
          }

          @Override
          public void servedStale() {
            stale.incrementAndGet();
          }

          @Override
          public void used(long ageNanos) {}
        });
  }

  Verification ask(Credential credential) {
    return now(credential).await();
  }

  /** Without waiting. */
  Finding now(Credential credential) {
    return verifier.verify(credential, (Rules) rules.ofQuery(null), Verifying::caller);
  }

  /** Lets nothing happen in the background any more. */
  void withoutRefresh() {
    sessions.close();
    confirmations.close();
  }

  private static Caller caller() {
    return new Caller("192.0.2.1", null, null);
  }

  @Override
  public void close() {
    sessions.close();
    confirmations.close();
    resolver.close();
    keys.close();
  }
}
