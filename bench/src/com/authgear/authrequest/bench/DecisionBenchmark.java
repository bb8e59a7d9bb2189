package com.authgear.authrequest.bench;

import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.policy.Decision;
import com.authgear.authrequest.policy.Policy;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Decider;
import com.authgear.authrequest.serve.Observers;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private Decider decider;
  private Decider forgetful;
  private Rules rules;
  private Verification verified;
  private String token;
  private String forged;
  private Digest tokenDigest;
  private long forgeries;
  private long now;

  @Setup
  public void start() throws InterruptedException {
    sandbox = Sandbox.start(SandboxOptions.loopback(Clock.systemUTC()));
    CryptoProvider crypto = CryptoProvider.choose();
    decider = decider(crypto, Map.of());
    forgetful = decider(crypto, Map.of("AUTHGEAR_CACHE_SIZE", "0"));
    rules = (Rules) decider.requirements().ofQuery("role=admin,editor&max_age=86400");
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

  /** As the service makes it, in mode {@code jwt}. */
  private Decider decider(CryptoProvider crypto, Map<String, String> more)
      throws InterruptedException {
    Map<String, String> environment = new HashMap<>(more);
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_ALLOW_HTTP", "true");
    environment.put("AUTHGEAR_MODE", "jwt");
    Settings settings = ((Accepted) SettingsReader.read(environment)).settings();
    Decider made =
        new Decider(
            settings,
            Clock.systemUTC(),
            System::nanoTime,
            () -> crypto,
            Observers.ofCalls((_, _) -> {}));
    made.keys().start();
    while (made.keys().problem() != null) {
      Thread.sleep(10);
    }
    return made;
  }

  @TearDown
  public void stop() {
    decider.close();
    forgetful.close();
    sandbox.close();
  }

  /** Finds the token in the request's headers. */
  @Benchmark
  public Credential extract() {
    return decider
        .credentials()
        .extract(name -> name.equals("Authorization") ? List.of("Bearer " + token) : List.of());
  }

  /** Parses a JWT and checks its signature and claims: what a token costs that was not seen yet. */
  @Benchmark
  public Verification verify() {
    return forgetful.jwt().verify(token, tokenDigest).await();
  }

  /** The same for a bad signature. */
  @Benchmark
  public Verification verifyForged() {
    // Another digest each time, because refusals are remembered too.
    return forgetful.jwt().verify(forged, new Digest(forgeries++, 0, 0, 0)).await();
  }

  /** What every request begins with: the name under which the caches know a token. */
  @Benchmark
  public Digest digest() {
    return Digest.ofToken(token);
  }

  /** From the header fields to the decision, for a token that was verified before. */
  @Benchmark
  public Decision whole() {
    Verification known = decider.authenticator().verify(extract(), rules, () -> NOBODY).await();
    return Policy.decide(known, rules, Clock.systemUTC().millis() / 1000);
  }

  /** Compares a known principal with a location's requirement. */
  @Benchmark
  public Decision decide() {
    return Policy.decide(verified, rules, now);
  }
}
