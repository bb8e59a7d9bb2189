package com.authgear.authrequest.bench;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.policy.Decision;
import com.authgear.authrequest.policy.Policy;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.Authenticator;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.Keys;
import com.authgear.authrequest.verify.jwt.TokenCache;
import com.authgear.authrequest.verify.session.CacheCounts;
import com.authgear.authrequest.verify.session.ResolverCache;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The parts of a decision on one thread, without HTTP: time, and with {@code -prof gc} the bytes
 * that each allocates.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class DecisionBenchmark {

  private static final Caller NOBODY = new Caller(null, null, null);

  private Sandbox sandbox;
  private Keys keys;
  private JwtVerifier jwt;
  private Authenticator verifier;
  private Rules rules;
  private CredentialExtractor extractor;
  private Verification verified;
  private String token;
  private String forged;
  private Digest tokenDigest;
  private long forgeries;
  private long now;

  @Setup
  public void start() throws InterruptedException {
    sandbox = Sandbox.start(SandboxOptions.loopback(Clock.systemUTC()));
    URI origin = URI.create(sandbox.origin());
    CryptoProvider crypto = CryptoProvider.choose();
    keys =
        Keys.discover(
            origin,
            origin,
            Duration.ofSeconds(5),
            Clock.systemUTC(),
            Keys.Timing.DEFAULT,
            () -> crypto,
            (_, _) -> {},
            Tracing.OFF);
    keys.start();
    while (keys.problem() != null) {
      Thread.sleep(10);
    }
    jwt = verifier(0);
    verifier =
        new Authenticator(
            Authenticator.VerificationMode.JWT,
            verifier(10),
            nobody(),
            nobody(),
            false,
            new ChangeMarks(Clock.systemUTC(), System::nanoTime, Duration.ofSeconds(30)),
            Clock.systemUTC());
    rules =
        (Rules)
            new Requirements(Map.of(), List.of(sandbox.origin()), Set.of(), sandbox.origin())
                .ofQuery("role=admin,editor&max_age=86400");
    extractor = new CredentialExtractor("", TokenCarriers.NONE);
    token = sandbox.project().accessToken("alice");
    int middle = token.lastIndexOf('.') + 40;
    forged =
        token.substring(0, middle)
            + (token.charAt(middle) == 'A' ? 'B' : 'A')
            + token.substring(middle + 1);
    now = Clock.systemUTC().instant().getEpochSecond();
    tokenDigest = Digest.ofToken(token);
    verified = verify();
    if (!(verified instanceof Verification.Verified)
        || verifyForged() instanceof Verification.Verified
        || !(whole() instanceof Decision.Allow)) {
      throw new IllegalStateException("wrong answer");
    }
  }

  private JwtVerifier verifier(int remembered) {
    return new JwtVerifier(
        keys,
        sandbox.origin(),
        Set.of("RS256"),
        Duration.ofSeconds(30),
        Clock.systemUTC(),
        Set.of(),
        new TokenCache(remembered, new CacheCounts()));
  }

  private static ResolverCache nobody() {
    return new ResolverCache(
        (_, _) -> {
          throw new IllegalStateException("no one is asked here");
        },
        new ResolverCache.CacheLimits(
            Duration.ZERO, false, Duration.ZERO, 0, Duration.ofSeconds(1), 1),
        new ChangeMarks(Clock.systemUTC(), System::nanoTime, Duration.ofSeconds(30)),
        Clock.systemUTC(),
        System::nanoTime,
        new CacheCounts(),
        new ResolverCache.CacheListener() {});
  }

  @TearDown
  public void stop() {
    keys.close();
    sandbox.close();
  }

  /** Finds the token in the request's headers. */
  @Benchmark
  public Credential extract() {
    return extractor.extract(
        name -> name.equals("Authorization") ? List.of("Bearer " + token) : List.of());
  }

  /** Parses a JWT and checks its signature and claims: what a token costs that was not seen yet. */
  @Benchmark
  public Verification verify() {
    return jwt.verify(token, tokenDigest).await();
  }

  /** The same for a bad signature. */
  @Benchmark
  public Verification verifyForged() {
    // Another digest each time, because refusals are remembered too.
    return jwt.verify(forged, new Digest(forgeries++, 0, 0, 0)).await();
  }

  /** What every request begins with: the name under which the caches know a token. */
  @Benchmark
  public Digest digest() {
    return Digest.ofToken(token);
  }

  /** From the header fields to the decision, for a token that was verified before. */
  @Benchmark
  public Decision whole() {
    Verification known = verifier.verify(extract(), rules, () -> NOBODY).await();
    return Policy.decide(known, rules, Clock.systemUTC().millis() / 1000);
  }

  /** Compares a known principal with a location's requirement. */
  @Benchmark
  public Decision decide() {
    return Policy.decide(verified, rules, now);
  }
}
