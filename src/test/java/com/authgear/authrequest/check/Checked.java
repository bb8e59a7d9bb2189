package com.authgear.authrequest.check;

import com.authgear.authrequest.verify.jwt.CryptoProvider;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.X509ExtendedTrustManager;

/** A run of the command, and what it said. */
record Checked(int status, String out, String err) {

  /** How to run it. */
  record Run(
      Map<String, String> environment,
      X509ExtendedTrustManager trust,
      Duration timeout,
      InstantSource clock) {

    static Run of(String endpoint) {
      return new Run(
          Map.of("AUTHGEAR_ENDPOINT", endpoint),
          ConnectionChecks.platformTrust(),
          Duration.ofSeconds(10),
          InstantSource.system());
    }

    Run with(String key, String value) {
      Map<String, String> more = new HashMap<>(environment);
      more.put(key, value);
      return new Run(Map.copyOf(more), trust, timeout, clock);
    }

    Run with(X509ExtendedTrustManager other) {
      return new Run(environment, other, timeout, clock);
    }

    Run with(Duration other) {
      return new Run(environment, trust, other, clock);
    }

    Run with(InstantSource other) {
      return new Run(environment, trust, timeout, other);
    }

    Checked check(String... arguments) {
      return checkWith("", arguments);
    }

    Checked checkWith(String input, String... arguments) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      int status =
          new Check(environment, CryptoProvider::choose, trust, timeout, clock)
              .run(
                  List.of(arguments),
                  new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                  new PrintStream(out, true, StandardCharsets.UTF_8),
                  new PrintStream(err, true, StandardCharsets.UTF_8));
      return new Checked(
          status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
  }

  /** Every line that is not good, and the fixes. */
  List<String> troubles() {
    return out.lines()
        .filter(line -> line.startsWith("✗") || line.startsWith("⚠") || line.startsWith("    fix"))
        .toList();
  }

  /** The lines about one thing. */
  List<String> about(String id) {
    return out.lines()
        .filter(line -> line.substring(Math.min(2, line.length())).startsWith(id + ":"))
        .toList();
  }
}
