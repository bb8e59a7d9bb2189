package com.authgear.authrequest.settings;

import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.tls.PemFiles;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Makes {@link Settings} of environment variables. */
public final class SettingsReader {

  private static final String RESOLVER_PATH = "/_resolver/resolve";

  private SettingsReader() {}

  /** What an environment amounts to. */
  public sealed interface SettingsResult {}

  /** Where the management listener is, as far as an environment says. */
  public sealed interface ManagementListen {}

  /** It is here. */
  public record ManagementAt(ListenAddress address) implements ManagementListen {}

  /** Every setting is sound. */
  public record Accepted(Settings settings) implements SettingsResult {}

  /**
   * The service must not start.
   *
   * @param problems all that is wrong, at least one
   */
  public record Refused(List<Problem> problems) implements SettingsResult, ManagementListen {
    public Refused {
      problems = List.copyOf(problems);
    }

    /** All problems as text for an operator; several lines, the last one ended too. */
    public String report() {
      return Problem.report(problems);
    }
  }

  /**
   * Reads every setting, from files too where {@code <KEY>_FILE} names one.
   *
   * @param environment the process's variables; those that do not begin with {@code AUTHGEAR_} are
   *     ignored, an empty one counts as not set
   */
  public static SettingsResult read(Map<String, String> environment) {
    SettingsTable table = new SettingsTable();
    FollowTable follow = new FollowTable();
    Values values = Values.read(table.all(), follow.own(), environment);
    List<Problem> problems = new ArrayList<>(values.problems());
    if (values.isSet(follow.adminApiKey)) {
      problems.add(
          new Problem(
              follow.adminApiKey.key(),
              "has full rights over the project, so what faces requests must not hold it",
              "set it for the command follow only"));
    }
    problems.addAll(contradictions(table, values));
    return problems.isEmpty() ? new Accepted(settings(table, values)) : new Refused(problems);
  }

  /**
   * Reads only where the management listener is: what else is set, and whether it is sound, does
   * not matter.
   */
  public static ManagementListen managementListen(Map<String, String> environment) {
    SettingsTable table = new SettingsTable();
    Values values = Values.readOnly(table.managementListen, environment);
    return values.problems().isEmpty()
        ? new ManagementAt(values.get(table.managementListen).orElseThrow())
        : new Refused(values.problems());
  }

  /** Problems of settings that are sound each by itself. */
  private static List<Problem> contradictions(SettingsTable table, Values values) {
    List<Problem> problems = new ArrayList<>();
    unencrypted(table.endpoint, table.allowHttp, values).ifPresent(problems::add);
    for (Setting<Optional<Duration>> asking : List.of(table.recheck, table.freshness)) {
      if (values.get(asking).flatMap(duration -> duration).isPresent()
          && values.get(table.mode).orElse(null) == Mode.JWT) {
        problems.add(
            new Problem(
                asking.key(),
                values.shown(asking)
                    + " asks the resolver, which "
                    + table.mode.key()
                    + "=jwt never does",
                "leave it out, or set " + table.mode.key() + "=auto"));
      }
    }
    problems.addAll(halfOfTls(table, values));
    Optional<Listen> listen = values.get(table.listen);
    Optional<ListenAddress> management = values.get(table.managementListen);
    if (listen.isPresent()
        && management.isPresent()
        && listen.get() instanceof ListenAddress address
        && address.clashesWith(management.get())) {
      problems.add(
          new Problem(
              table.managementListen.key(),
              values.shown(table.managementListen)
                  + " clashes with "
                  + table.listen.key()
                  + " or its default",
              "give each its own port"));
    }
    return problems;
  }

  /** A URL to which tokens would travel unencrypted. */
  static Optional<Problem> unencrypted(
      Setting<URI> setting, Setting<Boolean> allowHttp, Values values) {
    Optional<URI> url = values.get(setting);
    Optional<Boolean> allowed = values.get(allowHttp);
    return url.isPresent()
            && url.get().getScheme().equals("http")
            && !HttpUrls.isLoopback(url.get())
            && allowed.isPresent()
            && !allowed.get()
        ? Optional.of(
            new Problem(
                setting.key(),
                values.shown(setting) + " is neither https nor on loopback",
                "use https, or set " + allowHttp.key() + "=true if tokens may travel unencrypted"))
        : Optional.empty();
  }

  private static List<Problem> halfOfTls(SettingsTable table, Values values) {
    List<Problem> problems = new ArrayList<>();
    if (values.get(table.tlsCertificate).isPresent() && !values.isSet(table.tlsKey)) {
      problems.add(
          new Problem(
              table.tlsCertificate.key(),
              "is set without " + table.tlsKey.key(),
              "set both, or neither to serve without TLS"));
    }
    for (Setting<Path> setting : List.of(table.tlsKey, table.tlsClientCa)) {
      if (values.get(setting).isPresent() && !values.isSet(table.tlsCertificate)) {
        problems.add(
            new Problem(
                setting.key(),
                "is set without " + table.tlsCertificate.key(),
                "set both, or neither to serve without TLS"));
      }
    }
    if (values.get(table.tlsCertificate).isPresent()
        && values.get(table.listen).orElse(null) instanceof SocketFile) {
      problems.add(
          new Problem(
              table.tlsCertificate.key(),
              "is set, but " + table.listen.key() + " is a file, which needs no TLS",
              "leave it out, or listen on host:port"));
    }
    return problems;
  }

  private static Settings settings(SettingsTable table, Values values) {
    URI endpoint = values.get(table.endpoint).orElseThrow();
    URI connectTo = values.get(table.internalUrl).orElse(endpoint);
    return new Settings(
        new Settings.Project(endpoint, connectTo, values.get(table.mode).orElseThrow()),
        new Settings.Tokens(
            values
                .get(table.audience)
                .orElse(List.of(values.get(table.resource).orElse(endpoint).toString())),
            new LinkedHashSet<>(values.get(table.clientIds).orElse(List.of())),
            new LinkedHashSet<>(values.get(table.algorithms).orElseThrow()),
            values.get(table.clockSkew).orElseThrow(),
            values.get(table.cookiePrefix).orElse(""),
            new TokenCarriers(
                values.get(table.tokenHeader).orElse(null),
                values.get(table.tokenCookie).orElse(null),
                values.get(table.tokenQueryFrom).orElse(null)),
            values.get(table.originalUriHeader).orElse(null)),
        new Settings.Protection(
            values.members(table.policies),
            values.get(table.claimHeaders).orElse(List.of()),
            values.get(table.headerBudget).orElseThrow(),
            values.get(table.realm).orElse(null),
            values.get(table.resource).orElse(null),
            values.get(table.edgeCacheTtl).orElseThrow()),
        new Settings.ResolverCalls(
            values.get(table.resolverUrl).orElseGet(() -> connectTo.resolve(RESOLVER_PATH)),
            values.get(table.resolverTimeout).orElseThrow(),
            values.get(table.resolverMaxCalls).orElseThrow(),
            values.get(table.resolverCacheTtl).orElseThrow(),
            values.get(table.staleIfError).orElseThrow()),
        new Settings.Freshness(
            values.get(table.cacheSize).orElseThrow(),
            Stream.of(table.webhookSecret, table.webhookSecretPrevious)
                .flatMap(secret -> values.get(secret).stream())
                .toList(),
            values.get(table.redisUrl),
            values.get(table.followSecret),
            values.get(table.freshness).orElseThrow(),
            values.get(table.recheck).orElseThrow()),
        new Settings.Listeners(
            values.get(table.listen).orElseThrow(),
            values.get(table.socketMode).orElseThrow(),
            values
                .get(table.tlsCertificate)
                .map(
                    certificate ->
                        new PemFiles(
                            certificate,
                            values.get(table.tlsKey).orElseThrow(),
                            values.get(table.tlsClientCa))),
            values.get(table.managementListen).orElseThrow(),
            values.get(table.shutdownDelay).orElseThrow(),
            values.get(table.drain).orElseThrow()),
        new Settings.Telemetry(
            values.get(table.logFormat).orElseThrow(),
            values.get(table.logLevel).orElseThrow(),
            values.get(table.logAllowed).orElseThrow(),
            values.get(table.logUserId).orElseThrow(),
            values.get(table.clientAddressHeader).orElseThrow(),
            values.get(table.otlpEndpoint).orElse(null),
            values.get(table.traceRatio).orElseThrow()));
  }

  /** The settings for {@code --help}; several lines, the last one ended too. */
  public static String help() {
    return SettingsText.help(new SettingsTable().all());
  }

  /** The settings for the docs: a Markdown table for each group, the last line not ended. */
  public static String markdownTable() {
    return SettingsText.markdownTable(new SettingsTable().all());
  }
}
