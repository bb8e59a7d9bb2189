package com.authgear.authrequest.settings;

import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.tls.PemFiles;
import java.net.URI;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Everything that an operator can choose for the service, checked. */
public record Settings(
    Project project,
    Tokens tokens,
    Protection protection,
    ResolverCalls resolver,
    Freshness freshness,
    Listeners listeners,
    Telemetry telemetry) {

  /**
   * Which project of Authgear, and who asks it.
   *
   * @param endpoint the project's public origin as a token's {@code iss} has it: lower case, no
   *     default port, no path, no trailing slash
   * @param connectTo the origin to connect to instead of {@code endpoint}; the same form
   * @param mode who verifies credentials
   */
  public record Project(URI endpoint, URI connectTo, Mode mode) {}

  /**
   * Which tokens count, and where they are looked for.
   *
   * @param audiences a token must name one of these; never empty
   * @param clientIds OAuth clients whose tokens are accepted; empty for any
   * @param algorithms JWS names (RFC 7518 §3.1) of asymmetric signatures that are accepted; never
   *     empty
   * @param clockSkew how far the issuer's clock may differ from ours; zero to 5 minutes
   * @param cookiePrefix the project's {@code http.cookie_prefix}; empty for none
   * @param carriers where a bearer token may stand in addition to {@code Authorization}
   * @param originalUriHeader in which the proxy tells the client's URI; null if it does not
   */
  public record Tokens(
      List<String> audiences,
      Set<String> clientIds,
      Set<String> algorithms,
      Duration clockSkew,
      String cookiePrefix,
      TokenCarriers carriers,
      @Nullable String originalUriHeader) {
    public Tokens {
      audiences = List.copyOf(audiences);
      clientIds = Set.copyOf(clientIds);
      algorithms = Set.copyOf(algorithms);
    }
  }

  /**
   * What locations require, and what backends and clients are told.
   *
   * @param policies named requirements by name, in lower case
   * @param claimHeaders further claims for the backend
   * @param headerBudget most bytes of identity headers
   * @param realm of challenges; null for none
   * @param resource what is protected, as OAuth clients name it; null if they need not know
   * @param edgeCacheTtl how long the proxy may repeat an allow; zero: it may not
   */
  public record Protection(
      Map<String, Requirement> policies,
      List<ClaimHeader> claimHeaders,
      int headerBudget,
      @Nullable String realm,
      @Nullable URI resource,
      Duration edgeCacheTtl) {
    public Protection {
      policies = Map.copyOf(policies);
      claimHeaders = List.copyOf(claimHeaders);
    }
  }

  /**
   * How the resolver is asked, and how long its answers serve.
   *
   * @param url where the resolver answers
   * @param timeout how long one resolver call may take; more than zero
   * @param maxCalls how many resolver calls may be in flight; at least 1
   * @param cacheTtl how long an answer of the resolver about a session is good; zero: for those who
   *     asked only
   * @param staleIfError how much longer a good answer of the resolver serves while it cannot say
   */
  public record ResolverCalls(
      URI url, Duration timeout, int maxCalls, Duration cacheTtl, Duration staleIfError) {}

  /**
   * What is remembered, and how changes become known.
   *
   * @param cacheSize how many good tokens, and how many good sessions, are remembered; 0 for none
   * @param webhookSecrets what Authgear may sign webhooks with; empty if none are taken
   * @param redisUrl where replicas share what webhooks told; empty if they do not
   * @param followSecret what the command {@code follow} signs its posts with; empty if none are
   *     taken
   * @param bound how old what it says may be for a JWT to need no confirmation; empty: it does not
   *     matter
   * @param recheck how old the resolver's confirmation of a user's JWT may be; empty: none is
   *     needed
   */
  public record Freshness(
      int cacheSize,
      List<Secret> webhookSecrets,
      Optional<Secret> redisUrl,
      Optional<Secret> followSecret,
      Optional<Duration> bound,
      Optional<Duration> recheck) {
    public Freshness {
      webhookSecrets = List.copyOf(webhookSecrets);
    }
  }

  /**
   * Where it listens, and how it stops.
   *
   * @param listen where proxies ask
   * @param socketMode permissions of the socket's file, if proxies ask there
   * @param tls the files by which proxies are answered over TLS; empty if they are not
   * @param management where metrics and probes are served
   * @param shutdownDelay how long before that requests are still decided after SIGTERM; may be zero
   * @param drain how long requests in flight may take after SIGTERM; may be zero
   */
  public record Listeners(
      Listen listen,
      Set<PosixFilePermission> socketMode,
      Optional<PemFiles> tls,
      ListenAddress management,
      Duration shutdownDelay,
      Duration drain) {
    public Listeners {
      socketMode = Set.copyOf(socketMode);
    }
  }

  /**
   * Log and traces.
   *
   * @param logAllowed whether allowed requests are logged
   * @param logUserId whether the log names users
   * @param clientAddressHeader in which the proxy names the client's address
   * @param otlpEndpoint where spans are sent, without {@code /v1/traces}; null: there are none
   * @param traceRatio which part of the requests without a trace of their own begins one; 0 to 1
   */
  public record Telemetry(
      LogFormat logFormat,
      LogLevel logLevel,
      boolean logAllowed,
      boolean logUserId,
      String clientAddressHeader,
      @Nullable URI otlpEndpoint,
      double traceRatio) {}
}
