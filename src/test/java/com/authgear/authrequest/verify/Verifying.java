package com.authgear.authrequest.verify;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.serve.Decider;
import com.authgear.authrequest.serve.Observers;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.authenticator.Authenticator.VerificationMode;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.session.ResolverCache.CacheListener;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/** Verification as the service puts it together, in front of a sandbox, by a test's clock. */
final class Verifying implements AutoCloseable {

  static final Duration SKEW = Duration.ofSeconds(30);
  static final Duration TTL = Duration.ofSeconds(5);

  final ChangeMarks marks;
  final AtomicInteger coalesced = new AtomicInteger();
  final AtomicInteger stale = new AtomicInteger();
  private final Decider decider;

  Verifying(
      Sandbox sandbox,
      SettableClock clock,
      VerificationMode mode,
      Optional<Duration> recheck,
      Duration staleIfError) {
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_ALLOW_HTTP", "true");
    environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    environment.put("AUTHGEAR_RESOLVER_TIMEOUT", "20s");
    environment.put("AUTHGEAR_RESOLVER_CACHE_TTL", TTL.toSeconds() + "s");
    environment.put("AUTHGEAR_MODE", mode.name().toLowerCase(Locale.ROOT));
    environment.put("AUTHGEAR_CLOCK_SKEW", SKEW.toSeconds() + "s");
    environment.put("AUTHGEAR_STALE_IF_ERROR", staleIfError.toSeconds() + "s");
    recheck.ifPresent(bound -> environment.put("AUTHGEAR_RECHECK", bound.toSeconds() + "s"));
    decider =
        new Decider(
            settings(environment),
            clock,
            clock::nanoTime,
            () -> CryptoProvider.JDK,
            new Observers((_, _) -> {}, (_, _) -> {}, counting(), counting(), Tracing.OFF));
    marks = decider.marks();
    decider.keys().start();
    Awaitility.await().until(() -> decider.keys().problem() == null);
  }

  private static Settings settings(Map<String, String> environment) {
    return switch (SettingsReader.read(environment)) {
      case Accepted accepted -> accepted.settings();
      case Refused refused -> throw new IllegalArgumentException(refused.report());
    };
  }

  private CacheListener counting() {
    return new CacheListener() {
      @Override
      public void coalesced() {
        coalesced.incrementAndGet();
      }

      @Override
      public void servedStale() {
        stale.incrementAndGet();
      }
    };
  }

  Verification ask(Credential credential) {
    return now(credential).await();
  }

  /** Without waiting. */
  Finding now(Credential credential) {
    return decider
        .authenticator()
        .verify(credential, (Rules) decider.requirements().ofQuery(null), Verifying::caller);
  }

  /** Lets nothing happen in the background any more. */
  void withoutRefresh() {
    decider.sessions().close();
    decider.confirmations().close();
  }

  private static Caller caller() {
    return new Caller("192.0.2.1", null, null);
  }

  @Override
  public void close() {
    decider.close();
  }
}
