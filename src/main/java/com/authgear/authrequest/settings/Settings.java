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

/**
 * Everything that an operator can choose, checked.
 *
 * @param endpoint the project's public origin as a token's {@code iss} has it: lower case, no
 *     default port, no path, no trailing slash
 * @param connectTo the origin to connect to instead of {@code endpoint}; the same form
 * @param resolverUrl where the resolver answers
 * @param mode who verifies credentials
 * @param audiences a token must name one of these; never empty
 * @param clientIds OAuth clients whose tokens are accepted; empty for any
 * @param algorithms JWS names (RFC 7518 §3.1) of asymmetric signatures that are accepted; never
 *     empty
 * @param clockSkew how far the issuer's clock may differ from ours; zero to 5 minutes
 * @param cookiePrefix the project's {@code http.cookie_prefix}; empty for none
 * @param tokenCarriers where a bearer token may stand besides {@code Authorization}
 * @param originalUriHeader in which the proxy tells the client's URI; null if it does not
 * @param policies named requirements by name, in lower case
 * @param claimHeaders further claims for the backend
 * @param headerBudget most bytes of identity headers
 * @param realm of challenges; null for none
 * @param resource what is protected, as OAuth clients name it; null if they need not know
 * @param resolverTimeout how long one resolver call may take; more than zero
 * @param resolverMaxCalls how many resolver calls may be in flight; at least 1
 * @param webhookSecrets what Authgear may sign webhooks with; empty if none are taken
 * @param redisUrl where replicas share what webhooks told; empty if they do not
 * @param followSecret what the command {@code follow} signs its posts with; empty if none are taken
 * @param freshness how old what it says may be for a JWT to need no confirmation; empty: it does
 *     not matter
 * @param recheck how old the resolver's confirmation of a user's JWT may be; empty: none is needed
 * @param cacheSize how many good tokens, and how many good sessions, are remembered; 0 for none
 * @param resolverCacheTtl how long an answer of the resolver about a session is good; zero: for
 *     those who asked only
 * @param staleIfError how much longer a good answer of the resolver serves while it cannot say
 * @param edgeCacheTtl how long the proxy may repeat an allow; zero: it may not
 * @param listen where proxies ask
 * @param socketMode permissions of the socket's file, if proxies ask there
 * @param tls the files by which proxies are answered over TLS; empty if they are not
 * @param managementListen where metrics and probes are served
 * @param logAllowed whether allowed requests are logged
 * @param logUserId whether the log names users
 * @param clientAddressHeader in which the proxy names the client's address
 * @param drain how long requests in flight may take after SIGTERM; may be zero
 * @param shutdownDelay how long before that requests are still decided after SIGTERM; may be zero
 * @param otlpEndpoint where spans are sent, without {@code /v1/traces}; null: there are none
 * @param traceRatio which part of the requests without a trace of their own begins one; 0 to 1
 */
public record Settings(
    URI endpoint,
    URI connectTo,
    URI resolverUrl,
    Mode mode,
    List<String> audiences,
    Set<String> clientIds,
    Set<String> algorithms,
    Duration clockSkew,
    String cookiePrefix,
    TokenCarriers tokenCarriers,
    @Nullable String originalUriHeader,
    Map<String, Requirement> policies,
    List<ClaimHeader> claimHeaders,
    int headerBudget,
    @Nullable String realm,
    @Nullable URI resource,
    Duration resolverTimeout,
    int resolverMaxCalls,
    List<Secret> webhookSecrets,
    Optional<Secret> redisUrl,
    Optional<Secret> followSecret,
    Optional<Duration> freshness,
    Optional<Duration> recheck,
    int cacheSize,
    Duration resolverCacheTtl,
    Duration staleIfError,
    Duration edgeCacheTtl,
    Listen listen,
    Set<PosixFilePermission> socketMode,
    Optional<PemFiles> tls,
    ListenAddress managementListen,
    LogFormat logFormat,
    LogLevel logLevel,
    boolean logAllowed,
    boolean logUserId,
    String clientAddressHeader,
    Duration drain,
    Duration shutdownDelay,
    @Nullable URI otlpEndpoint,
    double traceRatio) {

  public Settings {
    audiences = List.copyOf(audiences);
    clientIds = Set.copyOf(clientIds);
    algorithms = Set.copyOf(algorithms);
    policies = Map.copyOf(policies);
    claimHeaders = List.copyOf(claimHeaders);
    webhookSecrets = List.copyOf(webhookSecrets);
    socketMode = Set.copyOf(socketMode);
  }
}
