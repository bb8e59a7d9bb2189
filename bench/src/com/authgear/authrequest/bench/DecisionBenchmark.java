package com.authgear.authrequest.bench;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.policy.Decision;
import com.authgear.authrequest.policy.Policy;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.RequirementParser;
import com.authgear.authrequest.requirement.RequirementParser.Valid;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.Keys;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
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

  private Sandbox sandbox;
  private Keys keys;
  private JwtVerifier jwt;
  private Policy policy;
  private Requirement requirement;
  private CredentialExtractor extractor;
  private Verification verified;
  private String token;
  private String forged;
  private long now;

  @Setup
  public void start() throws InterruptedException {
    sandbox = Sandbox.start(SandboxOptions.loopback(Clock.systemUTC()));
    URI origin = URI.create(sandbox.origin());
    keys =
        Keys.discover(
            origin,
            origin,
            Duration.ofSeconds(5),
            Clock.systemUTC(),
            Keys.Timing.DEFAULT,
            CryptoProvider.choose(),
            (_, _) -> {});
    keys.start();
    while (keys.problem() != null) {
      Thread.sleep(10);
    }
    jwt =
        new JwtVerifier(
            keys,
            sandbox.origin(),
            Set.of("RS256"),
            Duration.ofSeconds(30),
            Clock.systemUTC(),
            Set.of());
    policy = new Policy(List.of(sandbox.origin()), Set.of());
    requirement =
        ((Valid) RequirementParser.parse("role=admin,editor&max_age=86400")).requirement();
    extractor = new CredentialExtractor("", TokenCarriers.NONE);
    token = sandbox.project().accessToken("alice");
    int middle = token.lastIndexOf('.') + 40;
    forged =
        token.substring(0, middle)
            + (token.charAt(middle) == 'A' ? 'B' : 'A')
            + token.substring(middle + 1);
    now = Clock.systemUTC().instant().getEpochSecond();
    verified = jwt.verifyNow(token);
    if (!(verified instanceof Verification.Verified)
        || jwt.verifyNow(forged) instanceof Verification.Verified) {
      throw new IllegalStateException("wrong answer");
    }
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
    return jwt.verifyNow(token);
  }

  /** The same for a bad signature. */
  @Benchmark
  public Verification verifyForged() {
    return jwt.verifyNow(forged);
  }

  /** Compares a known principal with a location's requirement. */
  @Benchmark
  public Decision decide() {
    return policy.decide(verified, requirement, now);
  }
}
