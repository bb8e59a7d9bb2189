package com.authgear.authrequest.settings;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.Rule.MaxAge;
import com.authgear.authrequest.requirement.Rule.PrincipalIs;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.tls.PemFiles;
import java.net.URI;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Pins every key and every default: changing one is a change that users see. */
class SettingsDefaultsTest {

  @Test
  void read_onlyTheEndpoint_givesEveryDefault() {
    assertThat(Reads.accepted())
        .isEqualTo(
            new Settings(
                new Settings.Project(
                    URI.create("https://my-project.authgear.cloud"),
                    URI.create("https://my-project.authgear.cloud"),
                    Mode.AUTO),
                new Settings.Tokens(
                    List.of("https://my-project.authgear.cloud"),
                    Set.of(),
                    Set.of("RS256"),
                    Duration.ofSeconds(30),
                    "",
                    TokenCarriers.NONE,
                    null),
                new Settings.Protection(Map.of(), List.of(), 3072, null, null, Duration.ZERO),
                new Settings.ResolverCalls(
                    URI.create("https://my-project.authgear.cloud/_resolver/resolve"),
                    Duration.ofSeconds(2),
                    256,
                    Duration.ofSeconds(5),
                    Duration.ZERO),
                new Settings.Freshness(
                    100_000,
                    List.of(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty()),
                new Settings.Listeners(
                    new ListenAddress("0.0.0.0", 8080),
                    PosixFilePermissions.fromString("rw-rw----"),
                    Optional.empty(),
                    new ListenAddress("0.0.0.0", 8081),
                    Duration.ZERO,
                    Duration.ofSeconds(10)),
                new Settings.Telemetry(
                    LogFormat.JSON, LogLevel.INFO, false, false, "x-real-ip", null, 0.01)));
  }

  @Test
  void read_everyKey_reachesItsComponent() {
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", "http://auth.example.com");
    environment.put("AUTHGEAR_INTERNAL_URL", "http://authgear:3000");
    environment.put("AUTHGEAR_RESOLVER_URL", "http://resolver:3001/resolve");
    environment.put("AUTHGEAR_ALLOW_HTTP", "true");
    environment.put("AUTHGEAR_MODE", "resolver");
    environment.put("AUTHGEAR_AUDIENCE", "https://one.example, https://two.example");
    environment.put("AUTHGEAR_CLIENT_IDS", "client1,client2");
    environment.put("AUTHGEAR_ALGORITHMS", "ES256,PS512");
    environment.put("AUTHGEAR_CLOCK_SKEW", "1m");
    environment.put("AUTHGEAR_COOKIE_PREFIX", "shop_");
    environment.put("AUTHGEAR_TOKEN_HEADER", "X-Access-Token");
    environment.put("AUTHGEAR_TOKEN_COOKIE", "token");
    environment.put("AUTHGEAR_TOKEN_QUERY_FROM", "x-original-uri");
    environment.put("AUTHGEAR_ORIGINAL_URI_HEADER", "X-Original-URL");
    environment.put("AUTHGEAR_POLICY_ADMIN", "max_age=300");
    environment.put(
        "AUTHGEAR_CLAIM_HEADERS", "email=X-Authgear-Claim-Email, https://a.example/?b=c=x-b");
    environment.put("AUTHGEAR_HEADER_BUDGET", "4096");
    environment.put("AUTHGEAR_REALM", "orders");
    environment.put("AUTHGEAR_RESOURCE", "https://API.example.com:443/v1");
    environment.put("AUTHGEAR_RESOLVER_TIMEOUT", "750ms");
    environment.put("AUTHGEAR_RESOLVER_MAX_CALLS", "7");
    environment.put("AUTHGEAR_WEBHOOK_SECRET", "0123456789abcdef");
    environment.put("AUTHGEAR_WEBHOOK_SECRET_PREVIOUS", "fedcba9876543210");
    environment.put("AUTHGEAR_REDIS_URL", "redis://:secret@redis:6380/2");
    environment.put("AUTHGEAR_FOLLOW_SECRET", "a-secret-of-the-follower");
    environment.put("AUTHGEAR_FRESHNESS", "2s");
    environment.put("AUTHGEAR_RECHECK", "45s");
    environment.put("AUTHGEAR_CACHE_SIZE", "12");
    environment.put("AUTHGEAR_RESOLVER_CACHE_TTL", "6s");
    environment.put("AUTHGEAR_STALE_IF_ERROR", "2m");
    environment.put("AUTHGEAR_EDGE_CACHE_TTL", "3s");
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:9080");
    environment.put("AUTHGEAR_SOCKET_MODE", "0600");
    environment.put("AUTHGEAR_TLS_CERTIFICATE", "/tls/tls.crt");
    environment.put("AUTHGEAR_TLS_KEY", "/tls/tls.key");
    environment.put("AUTHGEAR_TLS_CLIENT_CA", "/tls/ca.crt");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "[::1]:9081");
    environment.put("AUTHGEAR_LOG_FORMAT", "text");
    environment.put("AUTHGEAR_LOG_LEVEL", "debug");
    environment.put("AUTHGEAR_LOG_ALLOWED", "true");
    environment.put("AUTHGEAR_LOG_USER_ID", "true");
    environment.put("AUTHGEAR_CLIENT_ADDRESS_HEADER", "x-envoy-external-address");
    environment.put("AUTHGEAR_DRAIN", "0s");
    environment.put("AUTHGEAR_SHUTDOWN_DELAY", "4s");
    environment.put("AUTHGEAR_OTLP_ENDPOINT", "http://Collector:4318/");
    environment.put("AUTHGEAR_TRACE_RATIO", "0.25");

    assertThat(Reads.all())
        .extracting(Setting::key)
        .containsExactlyInAnyOrderElementsOf(environment.keySet());
    assertThat(SettingsReader.read(environment))
        .isEqualTo(
            new Accepted(
                new Settings(
                    new Settings.Project(
                        URI.create("http://auth.example.com"),
                        URI.create("http://authgear:3000"),
                        Mode.RESOLVER),
                    new Settings.Tokens(
                        List.of("https://one.example", "https://two.example"),
                        Set.of("client1", "client2"),
                        Set.of("ES256", "PS512"),
                        Duration.ofMinutes(1),
                        "shop_",
                        new TokenCarriers("x-access-token", "token", "x-original-uri"),
                        "x-original-url"),
                    new Settings.Protection(
                        Map.of("admin", maxAge(300)),
                        List.of(
                            new ClaimHeader("email", "x-authgear-claim-email"),
                            new ClaimHeader("https://a.example/?b=c", "x-b")),
                        4096,
                        "orders",
                        URI.create("https://api.example.com/v1"),
                        Duration.ofSeconds(3)),
                    new Settings.ResolverCalls(
                        URI.create("http://resolver:3001/resolve"),
                        Duration.ofMillis(750),
                        7,
                        Duration.ofSeconds(6),
                        Duration.ofMinutes(2)),
                    new Settings.Freshness(
                        12,
                        List.of(new Secret("0123456789abcdef"), new Secret("fedcba9876543210")),
                        Optional.of(new Secret("redis://:secret@redis:6380/2")),
                        Optional.of(new Secret("a-secret-of-the-follower")),
                        Optional.of(Duration.ofSeconds(2)),
                        Optional.of(Duration.ofSeconds(45))),
                    new Settings.Listeners(
                        new ListenAddress("127.0.0.1", 9080),
                        PosixFilePermissions.fromString("rw-------"),
                        Optional.of(
                            new PemFiles(
                                Path.of("/tls/tls.crt"),
                                Path.of("/tls/tls.key"),
                                Optional.of(Path.of("/tls/ca.crt")))),
                        new ListenAddress("::1", 9081),
                        Duration.ofSeconds(4),
                        Duration.ZERO),
                    new Settings.Telemetry(
                        LogFormat.TEXT,
                        LogLevel.DEBUG,
                        true,
                        true,
                        "x-envoy-external-address",
                        URI.create("http://collector:4318"),
                        0.25))));
  }

  private static Requirement maxAge(long seconds) {
    return new Requirement(List.of(new MaxAge(seconds), PrincipalIs.USER), false);
  }

  @Test
  void read_resolverUrlNotSet_followsTheInternalUrl() {
    assertThat(Reads.accepted("AUTHGEAR_INTERNAL_URL", "http://authgear:3000/").resolver().url())
        .isEqualTo(URI.create("http://authgear:3000/_resolver/resolve"));
  }

  @Test
  void read_everyOptionalKeyEmpty_isAsIfNotSet() {
    Map<String, String> environment = new HashMap<>();
    for (Setting<?> setting : Reads.all()) {
      environment.put(setting.key(), "");
      environment.put(setting.fileKey(), "");
    }
    environment.put("AUTHGEAR_ENDPOINT", Reads.ENDPOINT);

    assertThat(SettingsReader.read(environment)).isEqualTo(new Accepted(Reads.accepted()));
  }

  @Test
  void read_allExamplesOfTheTable_areAccepted() {
    for (Setting<?> setting : Reads.all()) {
      Map<String, String> environment = Reads.environment(setting.key(), setting.example());
      if (setting.key().startsWith("AUTHGEAR_TLS_")) {
        environment.putIfAbsent("AUTHGEAR_TLS_CERTIFICATE", "/tls/tls.crt");
        environment.putIfAbsent("AUTHGEAR_TLS_KEY", "/tls/tls.key");
      }
      assertThat(SettingsReader.read(environment)).as(setting.key()).isInstanceOf(Accepted.class);
    }
  }
}
