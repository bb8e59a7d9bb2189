package com.authgear.authrequest.settings;

import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.requirement.Requirement;
import java.net.URI;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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
 * @param policies named requirements by name, in lower case
 * @param claimHeaders further claims for the backend
 * @param headerBudget most bytes of identity headers
 * @param realm of challenges; null for none
 * @param resource what is protected, as OAuth clients name it; null if they need not know
 * @param resolverTimeout how long one resolver call may take; more than zero
 * @param resolverMaxCalls how many resolver calls may be in flight; at least 1
 * @param listen where proxies ask
 * @param socketMode permissions of the socket's file, if proxies ask there
 * @param managementListen where metrics and probes are served
 * @param drain how long requests in flight may take after SIGTERM; may be zero
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
    Map<String, Requirement> policies,
    List<ClaimHeader> claimHeaders,
    int headerBudget,
    @Nullable String realm,
    @Nullable URI resource,
    Duration resolverTimeout,
    int resolverMaxCalls,
    Listen listen,
    Set<PosixFilePermission> socketMode,
    ListenAddress managementListen,
    LogFormat logFormat,
    LogLevel logLevel,
    Duration drain) {

  public Settings {
    audiences = List.copyOf(audiences);
    clientIds = Set.copyOf(clientIds);
    algorithms = Set.copyOf(algorithms);
    policies = Map.copyOf(policies);
    claimHeaders = List.copyOf(claimHeaders);
    socketMode = Set.copyOf(socketMode);
  }
}
