package com.authgear.authrequest;

import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.http.AuthHandler;
import com.authgear.authrequest.http.ResourceMetadata;
import com.authgear.authrequest.http.Servers;
import com.authgear.authrequest.policy.Policy;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.principal.Source;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.settings.Listen;
import com.authgear.authrequest.settings.ListenAddress;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SocketFile;
import com.authgear.authrequest.telemetry.DecisionLog;
import com.authgear.authrequest.telemetry.Logging;
import com.authgear.authrequest.telemetry.Meters;
import com.authgear.authrequest.telemetry.ResolverMeters;
import com.authgear.authrequest.verify.ModeVerifier;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.Keys;
import com.authgear.authrequest.verify.resolver.Resolver;
import com.authgear.authrequest.verify.resolver.ResolverResult;
import io.javalin.Javalin;
import io.javalin.util.JavalinException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The service, put together and listening. Closing it drains it. */
final class Running implements AutoCloseable {

  private static final Duration KEY_TIMEOUT = Duration.ofSeconds(5);

  private static final List<ResolverResult> RESULTS = List.of(ResolverResult.values());

  private final Keys keys;
  private final Meters meters;
  private final Resolver resolver;
  private final AuthHandler handler;
  private final Javalin auth;
  private final Javalin management;
  private final Settings settings;
  private volatile boolean draining;

  private Running(Settings settings, InstantSource clock, String version) {
    this.settings = settings;
    meters = new Meters(version);
    CryptoProvider crypto = CryptoProvider.choose();
    meters.cryptoProvider(crypto.name());
    LoggerFactory.getLogger(Running.class)
        .atInfo()
        .addKeyValue("provider", crypto.name())
        .log("crypto provider chosen");
    ResolverMeters resolverMeters =
        new ResolverMeters(meters, RESULTS.stream().map(ResolverResult::code).toList());
    keys =
        Keys.discover(
            settings.endpoint(),
            settings.connectTo(),
            KEY_TIMEOUT,
            clock,
            Keys.Timing.DEFAULT,
            crypto,
            (trigger, success) ->
                meters.keySetRefreshed(Meters.Trigger.valueOf(trigger.name()), success));
    meters.bindKeySet(
        () -> keys.ageSeconds().isPresent() ? keys.ageSeconds().getAsLong() : Double.NaN,
        keys::size);
    meters.bindReady(() -> problem() == null);
    JwtVerifier jwt =
        new JwtVerifier(
            keys,
            settings.endpoint().toString(),
            settings.algorithms(),
            settings.clockSkew(),
            clock,
            settings.claimHeaders().stream().map(ClaimHeader::claim).collect(Collectors.toSet()));
    resolver =
        new Resolver(
            settings.resolverUrl(),
            settings.endpoint(),
            settings.resolverTimeout(),
            settings.resolverMaxCalls(),
            sessionAudiences(settings),
            (result, nanos) -> resolverMeters.call(RESULTS.indexOf(result), nanos));
    resolverMeters.bindCallsInFlight(resolver::callsInFlight);
    ResourceMetadata metadata = metadata(settings);
    handler =
        new AuthHandler(
            new CredentialExtractor(settings.cookiePrefix(), settings.tokenCarriers()),
            new Requirements(settings.policies()),
            new ModeVerifier(mode(settings), jwt, resolver),
            new Policy(settings.audiences(), settings.clientIds()),
            new AuthHandler.Speech(
                settings.claimHeaders(),
                settings.headerBudget(),
                new ProtectionSpace(settings.realm(), metadata == null ? null : metadata.url())),
            clock,
            new DecisionListener(meters, new DecisionLog(clock)));
    meters.bindRequestsWaiting(handler::waiting);
    auth =
        switch (settings.listen()) {
          case ListenAddress address ->
              Servers.auth(handler, address.host(), address.port(), metadata);
          case SocketFile file ->
              Servers.auth(handler, file.path(), settings.socketMode(), metadata);
        };
    management = Servers.management(this::problem, meters::scrape);
  }

  /** Listens, or leaves nothing running. */
  static Running start(Settings settings, InstantSource clock, String version) throws IOException {
    Logging.configure(
        Logging.Format.valueOf(settings.logFormat().name()),
        Level.valueOf(settings.logLevel().name()));
    Running running = new Running(settings, clock, version);
    try {
      listen(running.auth::start, settings.listen());
      ListenAddress management = settings.managementListen();
      listen(() -> running.management.start(management.host(), management.port()), management);
    } catch (IOException e) {
      running.close();
      throw e;
    }
    running.keys.start();
    return running;
  }

  private static void listen(Runnable start, Listen address) throws IOException {
    try {
      start.run();
    } catch (JavalinException e) {
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      throw new IOException("cannot listen on " + address + ": " + root.getMessage(), e);
    }
  }

  private static @Nullable ResourceMetadata metadata(Settings settings) {
    URI resource = settings.resource();
    return resource == null
        ? null
        : new ResourceMetadata(
            resource,
            settings.endpoint(),
            settings.tokenCarriers().originalUriHeader() == null
                ? List.of("header")
                : List.of("header", "query"));
  }

  /** Tells operators what the handler did. */
  private record DecisionListener(Meters meters, DecisionLog log) implements AuthHandler.Listener {
    @Override
    public void decided(@Nullable Reason reason, Source source, long nanos) {
      meters.decision(reason, source, nanos);
    }

    @Override
    public void emitted(int bytes) {
      meters.identityHeaders(bytes);
    }

    @Override
    public void mistaken(String message) {
      log.unavailable(Reason.BAD_REQUIREMENT, Source.NONE, message);
    }
  }

  private static ModeVerifier.Mode mode(Settings settings) {
    return switch (settings.mode()) {
      case AUTO -> ModeVerifier.Mode.AUTO;
      case JWT -> ModeVerifier.Mode.JWT;
      case RESOLVER -> ModeVerifier.Mode.RESOLVER;
    };
  }

  /** A session is good for the project itself and for whatever its tokens are good for. */
  private static List<String> sessionAudiences(Settings settings) {
    Set<String> audiences = new LinkedHashSet<>(settings.audiences());
    audiences.add(settings.endpoint().toString());
    return List.copyOf(audiences);
  }

  private @Nullable String problem() {
    if (draining) {
      return "draining";
    }
    return switch (settings.mode()) {
      case AUTO, JWT -> keys.problem();
      case RESOLVER -> null;
    };
  }

  /** Where proxies ask, with the real port. */
  Listen listening() {
    return switch (settings.listen()) {
      case ListenAddress address -> new ListenAddress(address.host(), port());
      case SocketFile file -> file;
    };
  }

  /** Only where proxies ask over the network. */
  int port() {
    return auth.port();
  }

  int managementPort() {
    return management.port();
  }

  /** Turns unready, denies what comes new, lets what is in flight end, then stops. */
  @Override
  public void close() {
    draining = true;
    handler.startDraining();
    try {
      if (!handler.awaitIdle(settings.drain())) {
        LoggerFactory.getLogger(Running.class)
            .warn("requests were cut off at the end of the drain");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    auth.stop();
    management.stop();
    keys.close();
    resolver.close();
    meters.close();
  }
}
