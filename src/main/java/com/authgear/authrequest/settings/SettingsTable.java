package com.authgear.authrequest.settings;

import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.settings.Setting.Absence;
import com.authgear.authrequest.settings.Setting.Default;
import com.authgear.authrequest.settings.Setting.Otherwise;
import com.authgear.authrequest.settings.Setting.Required;
import java.net.URI;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Every setting, in the order in which users see them. */
final class SettingsTable {

  /** Begins every key; a key that begins so and is not in the table is a mistake. */
  static final String PREFIX = "AUTHGEAR_";

  private final List<Setting<?>> all = new ArrayList<>();

  final Setting<URI> endpoint =
      add(
          "ENDPOINT",
          ValueFormat.origin(
              "https origin without a path; http on loopback or with AUTHGEAR_ALLOW_HTTP"),
          new Required(),
          "Public origin of the Authgear project, the `iss` of its tokens; a slash at its end"
              + " is dropped",
          "https://my-project.authgear.cloud");

  final Setting<URI> internalUrl =
      add(
          "INTERNAL_URL",
          ValueFormat.origin("http(s) origin without a path"),
          new Otherwise("same as AUTHGEAR_ENDPOINT"),
          "Origin at which the service connects to Authgear, if not AUTHGEAR_ENDPOINT;"
              + " Authgear still sees the public origin in `Host`",
          "http://authgear.auth.svc:3000");

  final Setting<URI> resolverUrl =
      add(
          "RESOLVER_URL",
          ValueFormat.url(),
          new Otherwise("AUTHGEAR_INTERNAL_URL, then /_resolver/resolve"),
          "URL of Authgear's resolver",
          "http://authgear-resolver.auth.svc:3001/resolve");

  final Setting<Boolean> allowHttp =
      add(
          "ALLOW_HTTP",
          ValueFormat.flag(),
          new Default("false"),
          "Accept an endpoint without TLS that is not on loopback; tokens can be stolen on the way",
          "true");

  final Setting<Mode> mode =
      add(
          "MODE",
          ValueFormat.oneOf(Mode.class),
          new Default("auto"),
          "Who verifies: JWTs locally and the rest at the resolver, only JWTs, or all at the"
              + " resolver",
          "resolver");

  final Setting<List<String>> audience =
      add(
          "AUDIENCE",
          ValueFormat.list(),
          new Otherwise("AUTHGEAR_RESOURCE, without it AUTHGEAR_ENDPOINT"),
          "A JWT must name one of these in `aud`, where the location's policy names no audience"
              + " and no resource",
          "https://my-project.authgear.cloud,https://api.example.com");

  final Setting<List<String>> clientIds =
      add(
          "CLIENT_IDS",
          ValueFormat.list(),
          new Otherwise("any client"),
          "Only JWTs of these OAuth clients pass, and the session cookie, which is of no client",
          "497d841ea22f33d3,5a0e2b1c9d7f4e68");

  final Setting<List<String>> algorithms =
      add(
          "ALGORITHMS",
          ValueFormat.algorithms(),
          new Default("RS256"),
          "Signature algorithms that a JWT may have",
          "RS256,ES256");

  final Setting<Duration> clockSkew =
      add(
          "CLOCK_SKEW",
          ValueFormat.duration("0s", "5m"),
          new Default("30s"),
          "How far Authgear's clock may differ from this one",
          "10s");

  final Setting<String> cookiePrefix =
      add(
          "COOKIE_PREFIX",
          ValueFormat.cookieNamePrefix(),
          new Otherwise("no prefix"),
          "The project's `http.cookie_prefix`",
          "myproject_");

  final Setting<String> tokenHeader =
      add(
          "TOKEN_HEADER",
          ValueFormat.headerName(),
          new Otherwise("none"),
          "A header that may bring the bearer token instead of `Authorization`",
          "x-access-token");

  final Setting<String> tokenCookie =
      add(
          "TOKEN_COOKIE",
          ValueFormat.cookieName(),
          new Otherwise("none"),
          "A cookie that may bring the bearer token",
          "access_token");

  final Setting<String> tokenQueryFrom =
      add(
          "TOKEN_QUERY_FROM",
          ValueFormat.headerName(),
          new Otherwise("none"),
          "The header in which the proxy puts the client's URI, if its query parameter"
              + " `access_token` may bring the bearer token",
          "x-original-uri");

  final Setting<String> originalUriHeader =
      add(
          "ORIGINAL_URI_HEADER",
          ValueFormat.headerName(),
          new Otherwise("no path is refused"),
          "The header in which the proxy always puts the client's URI as it came; a path that can"
              + " be read as another one is then refused, and so is a request without the header",
          "x-original-url");

  final Setting<Requirement> policies =
      add(
          "POLICY_<NAME>",
          ValueFormat.requirement(),
          new Otherwise("none"),
          "What `/auth/<name>` and `/ext-authz/<name>/` require",
          "role=admin&max_age=300");

  final Setting<List<ClaimHeader>> claimHeaders =
      add(
          "CLAIM_HEADERS",
          ValueFormat.claimHeaders(),
          new Otherwise("none"),
          "Further claims of a JWT for the backend, and their headers",
          "email=x-authgear-claim-email");

  final Setting<Integer> headerBudget =
      add(
          "HEADER_BUDGET",
          ValueFormat.wholeNumber(512, 65_536),
          new Default("3072"),
          "Most bytes of identity headers; more would not fit into a proxy's buffer",
          "6144");

  final Setting<String> realm =
      add(
          "REALM",
          ValueFormat.realm(),
          new Otherwise("none"),
          "The `realm` of challenges",
          "orders");

  final Setting<URI> resource =
      add(
          "RESOURCE",
          ValueFormat.resource(),
          new Otherwise("none"),
          "What is protected, as OAuth clients name it, where the location's policy names no"
              + " resource: challenges then point to its description (RFC 9728)",
          "https://api.example.com");

  final Setting<Duration> resolverTimeout =
      add(
          "RESOLVER_TIMEOUT",
          ValueFormat.duration("1ms", "60s"),
          new Default("2s"),
          "How long one call of the resolver may take",
          "500ms");

  final Setting<Integer> resolverMaxCalls =
      add(
          "RESOLVER_MAX_CALLS",
          ValueFormat.wholeNumber(1, 10_000),
          new Default("256"),
          "How many calls of the resolver may be in flight; a request beyond them is denied",
          "64");

  final Setting<Secret> webhookSecret =
      addSecret(
          "WEBHOOK_SECRET",
          ValueFormat.secret(16),
          new Otherwise("no webhooks"),
          "The secret that Authgear signs webhooks with; if it is set, the service takes"
              + " webhooks at `POST /hooks/authgear`",
          "webhook-secret-of-the-project");

  final Setting<Secret> webhookSecretPrevious =
      addSecret(
          "WEBHOOK_SECRET_PREVIOUS",
          ValueFormat.secret(16),
          new Otherwise("none"),
          "The former webhook secret, which still counts while AUTHGEAR_WEBHOOK_SECRET is"
              + " being changed",
          "former-webhook-secret-of-the-project");

  final Setting<Secret> redisUrl =
      addSecret(
          "REDIS_URL",
          ValueFormat.redisUrl(),
          new Otherwise("each replica has its own"),
          "Redis by which replicas share what webhooks said; `rediss` for TLS",
          "rediss://:password@redis.auth.svc:6379");

  final Setting<Secret> followSecret =
      addSecret(
          "FOLLOW_SECRET",
          ValueFormat.secret(16),
          new Otherwise("`/hooks/follow` is closed"),
          "What the command `follow` signs its posts with; if it is set, the service takes them at"
              + " `POST /hooks/follow`",
          "a-long-random-text-that-only-they-know");

  final Setting<Optional<Duration>> freshness =
      add(
          "FRESHNESS",
          ValueFormat.durationOrOff("1s", "1m"),
          new Default("off"),
          "How late a change may be seen while the command `follow` runs. Once it has told nothing"
              + " for so long, each user's JWT is confirmed as with AUTHGEAR_RECHECK, 30s if that"
              + " is off",
          "2s");

  final Setting<Optional<Duration>> recheck =
      add(
          "RECHECK",
          ValueFormat.durationOrOff("5s", "1h"),
          new Default("off"),
          "Confirm each user's JWT at the resolver, and again when the confirmation is this old;"
              + " off: a JWT is trusted until it expires",
          "30s");

  final Setting<Integer> cacheSize =
      add(
          "CACHE_SIZE",
          ValueFormat.wholeNumber(0, 10_000_000),
          new Default("100000"),
          "How many verified tokens, and as many sessions, are remembered at most; 0: none",
          "1000000");

  final Setting<Duration> resolverCacheTtl =
      add(
          "RESOLVER_CACHE_TTL",
          ValueFormat.duration("0s", "1h"),
          new Default("5s"),
          "How long the resolver's answer about cookies or an opaque token is used again; 0s:"
              + " never",
          "30s");

  final Setting<Duration> staleIfError =
      add(
          "STALE_IF_ERROR",
          ValueFormat.duration("0s", "1h"),
          new Default("0s"),
          "How much longer the resolver's last good answer is used while the resolver fails; never"
              + " past a token's expiry",
          "1m");

  final Setting<Duration> edgeCacheTtl =
      add(
          "EDGE_CACHE_TTL",
          ValueFormat.duration("0s", "1h"),
          new Default("0s"),
          "How long a proxy with a cache may repeat a 200 at most; 0s: never",
          "2s");

  final Setting<Listen> listen =
      add(
          "LISTEN",
          ValueFormat.listen(),
          new Default("0.0.0.0:8080"),
          "Address at which the service answers proxies",
          "unix:/run/authgear-auth-request/auth.sock");

  final Setting<Set<PosixFilePermission>> socketMode =
      add(
          "SOCKET_MODE",
          ValueFormat.fileMode(),
          new Default("0660"),
          "Who may connect to `unix:/path`: the proxy needs to write",
          "0666");

  final Setting<Path> tlsCertificate =
      add(
          "TLS_CERTIFICATE",
          ValueFormat.pemFile(),
          new Otherwise("no TLS"),
          "The certificate, then the intermediate ones, by which proxies are answered over TLS;"
              + " read again when the file changes",
          "/etc/authgear-auth-request/tls/tls.crt");

  final Setting<Path> tlsKey =
      add(
          "TLS_KEY",
          ValueFormat.pemFile(),
          new Otherwise("no TLS"),
          "The private key of AUTHGEAR_TLS_CERTIFICATE, not encrypted",
          "/etc/authgear-auth-request/tls/tls.key");

  final Setting<Path> tlsClientCa =
      add(
          "TLS_CLIENT_CA",
          ValueFormat.pemFile(),
          new Otherwise("anyone may connect"),
          "Certificates of authorities; set, only a proxy with a certificate signed by one of them"
              + " can ask (mutual TLS)",
          "/etc/authgear-auth-request/tls/ca.crt");

  final Setting<ListenAddress> managementListen =
      add(
          "MANAGEMENT_LISTEN",
          ValueFormat.listenAddress(),
          new Default("0.0.0.0:8081"),
          "Address at which the service answers `/metrics`, `/healthz` and `/readyz`; never"
              + " over TLS",
          "127.0.0.1:8081");

  final Setting<LogFormat> logFormat =
      add(
          "LOG_FORMAT",
          ValueFormat.oneOf(LogFormat.class),
          new Default("json"),
          "How a log line looks",
          "text");

  final Setting<LogLevel> logLevel =
      add(
          "LOG_LEVEL",
          ValueFormat.oneOf(LogLevel.class),
          new Default("info"),
          "The least severe level that is logged",
          "debug");

  final Setting<Boolean> logAllowed =
      add(
          "LOG_ALLOWED",
          ValueFormat.flag(),
          new Default("false"),
          "Whether allowed requests have a line in the log, as denied ones do",
          "true");

  final Setting<Boolean> logUserId =
      add(
          "LOG_USER_ID",
          ValueFormat.flag(),
          new Default("false"),
          "Whether the log's lines about requests name the user",
          "true");

  final Setting<String> clientAddressHeader =
      add(
          "CLIENT_ADDRESS_HEADER",
          ValueFormat.headerName(),
          new Default("x-real-ip"),
          "The header in which the proxy names the client's address, for the log",
          "x-envoy-external-address");

  final Setting<Duration> drain =
      add(
          "DRAIN",
          ValueFormat.duration("0s", "10m"),
          new Default("10s"),
          "How long requests in flight may take after SIGTERM",
          "25s");

  final Setting<Duration> shutdownDelay =
      add(
          "SHUTDOWN_DELAY",
          ValueFormat.duration("0s", "1m"),
          new Default("0s"),
          "How long the service still decides new requests after SIGTERM, before AUTHGEAR_DRAIN"
              + " begins: it is unready already, and each answer ends its connection; for proxies"
              + " that do not ask another replica after a 503",
          "5s");

  final Setting<URI> otlpEndpoint =
      add(
          "OTLP_ENDPOINT",
          ValueFormat.baseUrl(),
          new Otherwise("no spans"),
          "URL at which an OpenTelemetry collector takes OTLP over HTTP; spans go to"
              + " `/v1/traces` there",
          "http://otel-collector.monitoring.svc:4318");

  final Setting<Double> traceRatio =
      add(
          "TRACE_RATIO",
          ValueFormat.fraction(),
          new Default("0.01"),
          "Which part of the requests without a `traceparent` has spans; a request with one has"
              + " spans if its `traceparent` says so",
          "1");

  List<Setting<?>> all() {
    return Collections.unmodifiableList(all);
  }

  private <T> Setting<T> add(
      String name, ValueFormat<T> format, Absence absence, String description, String example) {
    return add(new Setting<>(PREFIX + name, format, absence, description, example, false));
  }

  private <T> Setting<T> addSecret(
      String name, ValueFormat<T> format, Absence absence, String description, String example) {
    return add(new Setting<>(PREFIX + name, format, absence, description, example, true));
  }

  private <T> Setting<T> add(Setting<T> setting) {
    all.add(setting);
    return setting;
  }
}
