package com.authgear.authrequest.check;

import com.authgear.authrequest.requirement.Rule;
import com.authgear.authrequest.requirement.Rule.Attribute;
import com.authgear.authrequest.requirement.Rule.OneOf;
import com.authgear.authrequest.settings.Mode;
import com.authgear.authrequest.settings.Secret;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.text.Ascii;
import com.authgear.authrequest.tls.Contents;
import com.authgear.authrequest.tls.Material;
import com.authgear.authrequest.tls.PemFiles;
import com.authgear.authrequest.tls.TlsFault;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.changes.RedisProbe;
import com.authgear.authrequest.verify.resolver.Resolver;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.resolver.SentCredential;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is checked in addition to the endpoint: policies, resolver, Redis, the webhooks' secret. */
final class DependencyChecks {

  /** Made as Authgear makes it, so that it is looked up and not found. */
  private static final String NO_SESSION = "authgear-auth-request.check";

  private static final Pattern VERSION = Pattern.compile("(\\d{1,5})\\.(\\d{1,5}).*");
  private static final Duration LITTLE_LEFT = Duration.ofDays(14);
  private static final int AUTHGEARS_OWN_LENGTH = 32;

  private DependencyChecks() {}

  /** Asks about a session that cannot be: only a resolver says "false" to that. */
  static CheckResult resolver(Settings settings, Resolver resolver) {
    String cookie = settings.tokens().cookiePrefix() + "session";
    ResolverAnswer outcome =
        resolver.ask(
            new SentCredential(null, cookie + "=" + NO_SESSION), new Caller(null, null, null));
    String where = settings.resolver().url().toString();
    return switch (outcome.result()) {
      case INVALID -> CheckResult.ok("resolver", where + " answers as a resolver: no such session");
      case ABSENT ->
          CheckResult.warning(
              "resolver",
              where + " says nothing about a session that does not exist, where Authgear says no",
              "check AUTHGEAR_COOKIE_PREFIX (the project's http.cookie_prefix; now the cookie is "
                  + cookie
                  + "); or something else than the resolver answers with an empty 200");
      case VALID ->
          CheckResult.failed(
              "resolver",
              where + " says that a session is valid that does not exist",
              "this is no Authgear, and would let everyone in: check AUTHGEAR_RESOLVER_URL and"
                  + " AUTHGEAR_INTERNAL_URL, and any cache in between");
      case UNAVAILABLE,
          ORIGIN_MISMATCH,
          UNKNOWN_PROJECT,
          ERROR,
          BAD_ANSWER,
          OVERLOADED,
          BREAKER_OPEN -> {
        String advice = outcome.advice();
        int colon = advice.indexOf(": ");
        yield colon < 0
            ? CheckResult.failed(
                "resolver", Printable.text(advice), "see whether the resolver runs")
            : CheckResult.failed(
                "resolver",
                Printable.text(advice.substring(0, colon)),
                Printable.text(advice.substring(colon + 2)));
      }
    };
  }

  /** Policies that ask for what almost no request can show: Authgear forgets amr. */
  static List<CheckResult> policies(Settings settings) {
    List<CheckResult> lines = new ArrayList<>();
    settings.protection().policies().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            policy ->
                policy.getValue().rules().stream()
                    .filter(
                        rule -> rule instanceof OneOf oneOf && oneOf.attribute() == Attribute.AMR)
                    .map(rule -> amr(settings.project().mode(), policy.getKey(), rule))
                    .forEach(lines::add));
    return lines;
  }

  private static CheckResult amr(Mode mode, String policy, Rule rule) {
    String asked =
        "AUTHGEAR_POLICY_" + policy.toUpperCase(Locale.ROOT) + " asks for " + rule.print();
    return switch (mode) {
      case RESOLVER ->
          CheckResult.failed(
              "policy",
              asked
                  + ", which no principal meets in mode resolver: Authgear's resolver tells no"
                  + " method",
              "ask for max_age instead, or set AUTHGEAR_MODE=auto");
      case AUTO, JWT ->
          CheckResult.warning(
              "policy",
              asked
                  + ", which only a bearer JWT meets that comes straight from a login: no cookie,"
                  + " no opaque token, and no JWT after its first refresh",
              "ask for max_age instead, unless that is meant");
    };
  }

  static CheckResult redis(Settings settings) {
    CheckResult line = redis(settings.freshness().redisUrl(), settings.project().endpoint());
    return line.status() == CheckStatus.OK
            && settings.freshness().webhookSecrets().isEmpty()
            && settings.freshness().bound().isEmpty()
        ? CheckResult.warning(
            "redis",
            line.text() + ", but there is nothing to share",
            "set AUTHGEAR_WEBHOOK_SECRET on at least one replica, or AUTHGEAR_FRESHNESS and run"
                + " follow, or leave AUTHGEAR_REDIS_URL out")
        : line;
  }

  /**
   * @param url as in the settings
   * @param endpoint the project, of which marks are shared
   */
  static CheckResult redis(Optional<Secret> url, URI endpoint) {
    if (url.isEmpty()) {
      return CheckResult.skipped("redis", "not used: AUTHGEAR_REDIS_URL is not set");
    }
    String setting = "AUTHGEAR_REDIS_URL";
    RedisProbe.RedisProbeResult result = RedisProbe.ask(url.get().value(), endpoint.toString());
    return switch (result) {
      case RedisProbe.Answered answered -> redis(answered);
      case RedisProbe.Failed(String address, RedisProbe.Failure failure, String detail) ->
          switch (failure) {
            case UNKNOWN_NAME ->
                CheckResult.failed(
                    "redis",
                    "no address is known for the host of " + address,
                    "check the host in " + setting);
            case NO_CONNECTION ->
                CheckResult.failed(
                    "redis",
                    address + " refuses the connection",
                    "check host and port in " + setting + ", and that Redis runs");
            case TIMEOUT ->
                CheckResult.failed(
                    "redis",
                    address + " does not answer in time",
                    "look for a firewall or network policy in between; "
                        + (url.get().value().startsWith("rediss")
                            ? "a Redis without TLS needs redis:// in "
                            : "a Redis that wants TLS needs rediss:// in ")
                        + setting);
            case TLS ->
                CheckResult.failed(
                    "redis",
                    "no TLS connection to " + address + ": " + Printable.text(detail),
                    "check its certificate, and that it speaks TLS on this port (redis:// is"
                        + " without)");
            case REFUSED_PASSWORD ->
                CheckResult.failed(
                    "redis",
                    address + " does not accept the user and password: " + Printable.text(detail),
                    "check both in " + setting + "; special characters must be percent-encoded");
            case UNKNOWN_PRIMARY ->
                CheckResult.failed(
                    "redis",
                    address + ": " + Printable.text(detail),
                    "write the name that \"sentinel monitor\" gives the primary after # in "
                        + setting);
            case NEEDS_SENTINEL_URL ->
                CheckResult.failed(
                    "redis",
                    address + " is a Sentinel, which keeps no data",
                    "write redis-sentinel://host:port,host:port#primary in " + setting);
            case NEEDS_CLUSTER_URL ->
                CheckResult.failed(
                    "redis",
                    address + " is one of several nodes of a Cluster",
                    "write redis-cluster://host:port,host:port in " + setting);
            case OTHER ->
                CheckResult.failed(
                    "redis",
                    address + " does not answer as Redis: " + Printable.text(detail),
                    "check host and port in " + setting);
          };
    };
  }

  private static CheckResult redis(RedisProbe.Answered answered) {
    String about = answered.address() + " is Redis " + Printable.text(answered.version());
    if (answered.replica()) {
      return CheckResult.failed(
          "redis",
          about + ", but a replica that takes no writes",
          "give AUTHGEAR_REDIS_URL the address of the primary");
    }
    if (!answered.mayUse()) {
      return CheckResult.failed(
          "redis",
          about + ", but this user may not read the marks",
          "let it use the keys and the channel authgear-auth-request:*");
    }
    if (answered.version().isEmpty()) {
      return CheckResult.warning(
          "redis",
          answered.address() + " answers, but does not tell its version",
          "see that it is 6.2 or newer");
    }
    if (!isAtLeast62(answered.version())) {
      return CheckResult.failed("redis", about, "6.2 or newer is needed");
    }
    return CheckResult.ok("redis", about);
  }

  static boolean isAtLeast62(String version) {
    Matcher matcher = VERSION.matcher(version);
    if (!matcher.matches()) {
      return false;
    }
    int major = Integer.parseInt(matcher.group(1));
    return major > 6 || (major == 6 && Integer.parseInt(matcher.group(2)) >= 2);
  }

  /** What proxies would be shown; nothing where they are answered without TLS. */
  static List<CheckResult> listenerTls(Settings settings, Instant now) {
    String id = "listener_tls";
    if (settings.listeners().tls().isEmpty()) {
      return List.of();
    }
    PemFiles files = settings.listeners().tls().get();
    return switch (Material.of(Contents.read(files))) {
      case Material.Bad(List<TlsFault> faults) ->
          faults.stream()
              .map(
                  fault ->
                      CheckResult.failed(
                          id,
                          Printable.text(files.of(fault.file()) + " " + fault.what()),
                          "accepted: " + fault.remedy()))
              .toList();
      case Material.Good(Material material) -> {
        String text = "the certificate for proxies is good until " + material.end();
        Optional<String> unfit = material.unfitAt(now);
        if (unfit.isPresent()) {
          yield List.of(
              CheckResult.failed(
                  id,
                  "the certificate for proxies " + unfit.get(),
                  "renew it: a proxy that verifies it refuses every answer"));
        }
        yield List.of(
            Duration.between(now, material.end()).compareTo(LITTLE_LEFT) < 0
                ? CheckResult.warning(
                    id,
                    text + ", " + Printable.relative(material.end(), now),
                    "see that it is renewed in time; the service takes the new files by itself")
                : CheckResult.ok(id, text));
      }
    };
  }

  /** Says nothing about the secret but its length and form. */
  static CheckResult webhookSecret(Settings settings) {
    String id = "webhook_secret";
    if (settings.freshness().webhookSecrets().isEmpty()) {
      return CheckResult.skipped(id, "not used: AUTHGEAR_WEBHOOK_SECRET is not set");
    }
    List<CheckResult> lines =
        settings.freshness().webhookSecrets().stream()
            .map(secret -> webhookSecret(id, secret.value()))
            .toList();
    return lines.stream()
        .filter(line -> line.status() != CheckStatus.OK)
        .findFirst()
        .orElse(lines.getFirst());
  }

  private static CheckResult webhookSecret(String id, String value) {
    String length = value.length() + " characters";
    if (isWrapped(value, '"', '"') || isWrapped(value, '\'', '\'')) {
      return CheckResult.warning(
          id, length + ", in quotes", "leave the quotes out if they are not part of the secret");
    }
    if (isWrapped(value, '<', '>')
        || isWrapped(value, '{', '}')
        || value.startsWith("${")
        || value.startsWith("$(")) {
      return CheckResult.warning(
          id, length + ", which look like a placeholder", "put the real secret in its place");
    }
    if (looksLikeBase64OfSecret(value)) {
      return CheckResult.warning(
          id,
          length + ", which look like the Base64 form of a secret",
          "give the decoded value, as Authgear's portal shows it");
    }
    if (value.length() < AUTHGEARS_OWN_LENGTH) {
      return CheckResult.warning(
          id,
          length + "; Authgear's own secrets have " + AUTHGEARS_OWN_LENGTH,
          "see that it was copied whole; a short one can be guessed");
    }
    return CheckResult.ok(id, length);
  }

  private static boolean isWrapped(String value, char first, char last) {
    return value.charAt(0) == first && value.charAt(value.length() - 1) == last;
  }

  private static boolean looksLikeBase64OfSecret(String value) {
    if (!value.endsWith("=")) {
      return false;
    }
    try {
      String decoded =
          new String(Base64.getDecoder().decode(value), StandardCharsets.ISO_8859_1).strip();
      return decoded.length() >= 16 && Ascii.isVisible(decoded);
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  /** Whether connecting to the resolver is another matter than connecting to the endpoint. */
  static boolean resolverIsElsewhere(Settings settings) {
    return !List.of(
            settings.project().connectTo().getScheme(),
            settings.project().connectTo().getAuthority())
        .equals(
            List.of(
                settings.resolver().url().getScheme(), settings.resolver().url().getAuthority()));
  }
}
