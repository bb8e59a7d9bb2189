package com.authgear.authrequest.check;

import com.authgear.authrequest.credential.RequestFields;
import com.authgear.authrequest.serve.Decider;
import com.authgear.authrequest.serve.Observers;
import com.authgear.authrequest.settings.Mode;
import com.authgear.authrequest.settings.Problem;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** The command {@code check}. */
public final class Check {
  public static final String USAGE =
      """
      java -jar authgear-auth-request.jar check [options]

        Looks at the settings in the environment and at all that they lead to, and says what is
        wrong and how to fix it.

        --token             also explain the decision about a request with the access token that is
                            read from standard input
        --cookie            the same, with the value of a Cookie header
        --require 'RULES'   what the location requires, as in the query of /auth: 'role=admin'
        --policy NAME       the same by the name of a policy, as in /auth/NAME
        --json              one JSON document, for machines

        A token or cookie is never an argument: others could read it there.

      java -jar authgear-auth-request.jar check nginx --help    about nginx's configuration
      java -jar authgear-auth-request.jar check follow --help   about the command follow

      Exit status: 0 nothing failed, and the request is allowed if there is one; 1 something failed,
      or the request is denied; 2 the arguments are wrong.
      """;

  private static final int USAGE_ERROR = 2;
  private static final int LONGEST_INPUT = 64 * 1024;
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final Map<String, String> environment;
  private final Supplier<CryptoProvider> crypto;
  private final X509ExtendedTrustManager trust;
  private final Duration timeout;
  private final InstantSource clock;

  Check(
      Map<String, String> environment,
      Supplier<CryptoProvider> crypto,
      X509ExtendedTrustManager trust,
      Duration timeout,
      InstantSource clock) {
    this.environment = environment;
    this.crypto = crypto;
    this.trust = trust;
    this.timeout = timeout;
    this.clock = clock;
  }

  /**
   * @param environment the process's variables
   * @param crypto verifies signatures, as in the service
   */
  public Check(
      Map<String, String> environment, Supplier<CryptoProvider> crypto, InstantSource clock) {
    this(environment, crypto, ConnectionChecks.platformTrust(), TIMEOUT, clock);
  }

  /**
   * @param arguments what follows {@code check}
   * @param in with the credential, if there is to be one
   * @param out takes UTF-8
   * @return the exit status
   */
  public int run(List<String> arguments, InputStream in, PrintStream out, PrintStream err) {
    Arguments wanted;
    RequestFields fields;
    try {
      wanted = Arguments.parse(arguments);
      fields = wanted.credential() == null ? null : fields(wanted.credential(), in);
    } catch (UsageException e) {
      err.println("check: " + e.getMessage());
      err.println();
      err.print(USAGE);
      return USAGE_ERROR;
    }
    if (wanted.help()) {
      out.print(USAGE);
      return 0;
    }
    CheckReport report = look(wanted, fields);
    out.print(wanted.json() ? report.json() : report.text());
    return report.isGood() ? 0 : 1;
  }

  private static RequestFields fields(Arguments.Kind kind, InputStream in) throws UsageException {
    String input;
    try {
      byte[] bytes = in.readNBytes(LONGEST_INPUT + 1);
      if (bytes.length > LONGEST_INPUT) {
        throw new UsageException("standard input has more than 64 KiB");
      }
      // As a server reads header values, and so that no byte is lost.
      input = new String(bytes, StandardCharsets.ISO_8859_1).strip();
    } catch (IOException e) {
      throw new UsageException("standard input cannot be read: " + e);
    }
    String what = kind == Arguments.Kind.TOKEN ? "token" : "cookie";
    if (input.isEmpty()) {
      throw new UsageException(
          "there is no "
              + what
              + " on standard input; give it there: check --"
              + what
              + " < file-with-the-"
              + what);
    }
    if (input.indexOf('\n') >= 0 || input.indexOf('\r') >= 0) {
      throw new UsageException("standard input has several lines; a " + what + " is one");
    }
    return switch (kind) {
      case TOKEN -> {
        String token = without("bearer", without("authorization:", input));
        yield name ->
            name.equalsIgnoreCase("Authorization") ? List.of("Bearer " + token) : List.of();
      }
      case COOKIE -> {
        String cookies = without("cookie:", input);
        yield name -> name.equalsIgnoreCase("Cookie") ? List.of(cookies) : List.of();
      }
    };
  }

  /** People copy the whole line of a request. */
  private static String without(String start, String text) {
    return text.regionMatches(true, 0, start, 0, start.length())
        ? text.substring(start.length()).strip()
        : text;
  }

  private CheckReport look(Arguments wanted, @Nullable RequestFields fields) {
    List<CheckResult> lines = new ArrayList<>();
    switch (SettingsReader.read(environment)) {
      case Refused refused -> {
        for (Problem problem : refused.problems()) {
          lines.add(
              CheckResult.failed(
                  "settings", problem.key() + ": " + problem.fault(), problem.remedy()));
        }
        for (String id : List.of("connection", "discovery", "keys", "clock", "resolver", "redis")) {
          lines.add(CheckResult.notTried(id, "settings failed"));
        }
        lines.add(CheckResult.notTried("webhook_secret", "settings failed"));
        if (fields != null) {
          lines.add(CheckResult.notTried("decision", "settings failed"));
        }
        return new CheckReport(lines, null);
      }
      case Accepted(Settings settings) -> {
        CryptoProvider chosen = crypto.get();
        List<ResolverAnswer> heard = new CopyOnWriteArrayList<>();
        Observers observers = Observers.ofCalls((answer, _) -> heard.add(answer));
        try (Decider decider =
            new Decider(settings, clock, System::nanoTime, () -> chosen, observers)) {
          lines.add(settings(settings));
          lines.addAll(DependencyChecks.policies(settings));
          lines.addAll(ResourceLines.of(settings));
          endpoint(settings, decider, lines);
          resolver(settings, decider, lines);
          lines.add(DependencyChecks.redis(settings));
          lines.add(DependencyChecks.webhookSecret(settings));
          lines.addAll(DependencyChecks.listenerTls(settings, clock.instant()));
          return new CheckReport(
              lines,
              fields == null
                  ? null
                  : DecisionExplanation.of(
                      wanted.subject(),
                      fields,
                      wanted.location(),
                      settings,
                      decider,
                      heard,
                      clock));
        }
      }
    }
  }

  private CheckResult settings(Settings settings) {
    String mode = settings.project().mode().name().toLowerCase(java.util.Locale.ROOT);
    String text = "AUTHGEAR_ENDPOINT is " + settings.project().endpoint() + ", mode " + mode;
    boolean open =
        settings.project().endpoint().getScheme().equals("http")
            && "true".equalsIgnoreCase(environment.get("AUTHGEAR_ALLOW_HTTP"));
    return open
        ? CheckResult.warning(
            "settings",
            text + ", without TLS",
            "tokens can be stolen on the way: use https, except for a test")
        : CheckResult.ok("settings", text);
  }

  private void endpoint(Settings settings, Decider decider, List<CheckResult> lines) {
    if (settings.project().mode() == Mode.RESOLVER) {
      for (String id : List.of("discovery", "keys", "clock")) {
        lines.add(CheckResult.skipped(id, "not needed: mode resolver verifies nothing here"));
      }
      return;
    }
    String barred =
        way("", settings.project().connectTo(), EndpointChecks.whereSetting(settings), lines);
    if (barred == null) {
      new EndpointChecks(settings, decider.keys(), timeout, clock).check(lines);
      return;
    }
    var _ = decider.keys().load(); // for the decision: without keys it is one that says so
    for (String id : List.of("discovery", "keys", "clock")) {
      lines.add(CheckResult.notTried(id, barred + " failed"));
    }
  }

  private void resolver(Settings settings, Decider decider, List<CheckResult> lines) {
    if (settings.project().mode() == Mode.JWT) {
      lines.add(CheckResult.skipped("resolver", "not needed: mode jwt asks nobody"));
      return;
    }
    boolean looked =
        settings.project().mode() != Mode.RESOLVER
            && !DependencyChecks.resolverIsElsewhere(settings);
    String barred =
        looked
            ? lines.stream()
                .filter(line -> Set.of("name", "connection", "tls").contains(line.id()))
                .filter(CheckResult::isFailed)
                .map(CheckResult::id)
                .findFirst()
                .orElse(null)
            : way("resolver_", settings.resolver().url(), resolverSetting(settings), lines);
    lines.add(
        barred == null
            ? DependencyChecks.resolver(settings, decider.resolver())
            : CheckResult.notTried("resolver", barred + " failed"));
  }

  private static String resolverSetting(Settings settings) {
    return DependencyChecks.resolverIsElsewhere(settings)
        ? "AUTHGEAR_RESOLVER_URL"
        : EndpointChecks.whereSetting(settings);
  }

  /** Returns the step that failed; null if the way is free. */
  private @Nullable String way(
      String prefix, java.net.URI where, String setting, List<CheckResult> lines) {
    new ConnectionChecks(prefix, where, setting, timeout, trust, clock).check(lines);
    CheckResult last = lines.getLast();
    return last.isFailed() ? last.id() : null;
  }
}
