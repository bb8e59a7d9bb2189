package com.authgear.authrequest.serve;

import com.authgear.authrequest.http.AuthHandler;
import com.authgear.authrequest.http.FollowHandler;
import com.authgear.authrequest.http.HookHandler;
import com.authgear.authrequest.http.OriginalUri;
import com.authgear.authrequest.http.ResourceMetadata;
import com.authgear.authrequest.http.Servers;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.settings.Listen;
import com.authgear.authrequest.settings.ListenAddress;
import com.authgear.authrequest.settings.Secret;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SocketFile;
import com.authgear.authrequest.telemetry.DecisionListener;
import com.authgear.authrequest.telemetry.DecisionLog;
import com.authgear.authrequest.telemetry.FreshnessMeters;
import com.authgear.authrequest.telemetry.FreshnessMeters.Cache;
import com.authgear.authrequest.telemetry.Logging;
import com.authgear.authrequest.telemetry.MarkMeters;
import com.authgear.authrequest.telemetry.Meters;
import com.authgear.authrequest.telemetry.ResolverMeters;
import com.authgear.authrequest.telemetry.SpanMeters;
import com.authgear.authrequest.telemetry.otlp.OtlpTracing;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.Followed;
import com.authgear.authrequest.verify.changes.Heartbeat;
import com.authgear.authrequest.verify.changes.RedisMarks;
import com.authgear.authrequest.verify.changes.UserEvent;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.jwt.Keys;
import io.javalin.Javalin;
import io.javalin.util.JavalinException;
import java.io.IOException;
import java.net.URI;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.server.Handler;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** The service, put together and listening. Closing it drains it. */
public final class Service implements AutoCloseable {

  private final Decider decider;
  private final Meters meters;
  private final Tracing tracing;
  private final AuthHandler handler;
  private final MarkMeters markMeters;
  private final @Nullable RedisMarks sharedMarks;
  private final @Nullable ServedTls tls;
  private final Javalin auth;
  private final Javalin management;
  private final CompletableFuture<CryptoProvider> crypto;
  private final Settings settings;
  private volatile boolean started;
  private volatile boolean draining;

  private Service(Settings settings, InstantSource clock, String version) throws IOException {
    this.settings = settings;
    // Its library takes a while to load; meanwhile the rest begins, and the first to need it waits.
    CompletableFuture<CryptoProvider> choice =
        CompletableFuture.supplyAsync(CryptoProvider::choose);
    meters = new Meters(version);
    // First, because it may fail: nothing runs yet.
    tls = readTls(settings, clock, meters);
    tracing = tracing(settings, clock, version, meters);
    crypto = choice.thenApply(this::tell);
    ResolverMeters resolverMeters = new ResolverMeters(meters);
    FreshnessMeters freshness = new FreshnessMeters(meters);
    decider =
        new Decider(
            settings,
            clock,
            System::nanoTime,
            crypto::join,
            new Observers(
                meters, resolverMeters, freshness.sessions(), freshness.confirmations(), tracing));
    decider.keys().start(); // while all that follows begins
    markMeters = new MarkMeters(meters, decider.marks()::inForce, decider.marks()::dropped);
    bindMeters(resolverMeters, freshness);
    sharedMarks = shareMarks();
    ResourceMetadata metadata = metadata(settings, decider.requirements());
    handler =
        new AuthHandler(
            decider.credentials(),
            new OriginalUri(settings.tokens().originalUriHeader()),
            decider.requirements(),
            decider.authenticator(),
            decider.responder(),
            new AuthHandler.ResponseOptions(decider.space(), settings.protection().edgeCacheTtl()),
            clock,
            new DecisionListener(
                meters,
                new DecisionLog(clock, settings.telemetry().logAllowed()),
                settings.telemetry().clientAddressHeader(),
                settings.telemetry().logUserId()),
            tracing);
    meters.bindRequestsWaiting(handler::waiting);
    auth =
        switch (settings.listeners().listen()) {
          case ListenAddress address ->
              Servers.auth(
                  withFollower(withHooks(handler), clock),
                  address.host(),
                  address.port(),
                  tls == null ? null : tls.tls(),
                  metadata);
          case SocketFile file ->
              Servers.auth(
                  withFollower(withHooks(handler), clock),
                  file.path(),
                  settings.listeners().socketMode(),
                  metadata);
        };
    management = Servers.management(this::problem, this::degraded, meters::scrape);
  }

  private void bindMeters(ResolverMeters resolverMeters, FreshnessMeters freshness) {
    Keys keys = decider.keys();
    meters.bindKeySet(
        () -> keys.ageSeconds().isPresent() ? keys.ageSeconds().getAsLong() : Double.NaN,
        keys::size);
    meters.bindReady(() -> problem() == null);
    resolverMeters.bindCallsInFlight(decider.resolver()::callsInFlight);
    settings.freshness().recheck().ifPresent(freshness::recheckInterval);
    freshness.bindBreaker(decider.resolver()::breakerState);
    freshness.bindCache(Cache.TOKEN, decider.tokenCounts(), decider.tokens()::size);
    freshness.bindCache(Cache.SESSION, decider.sessionCounts(), decider.sessions()::size);
    freshness.bindCache(
        Cache.CONFIRMATION, decider.confirmationCounts(), decider.confirmations()::size);
    markMeters.bindFollowed(decider.followed());
  }

  private CryptoProvider tell(CryptoProvider chosen) {
    meters.cryptoProvider(chosen.name());
    LoggerFactory.getLogger(Service.class)
        .atInfo()
        .addKeyValue("provider", chosen.name())
        .log("crypto provider chosen");
    return chosen;
  }

  /** Off, no class of OpenTelemetry is loaded; the handler then asks for no span. */
  private static Tracing tracing(
      Settings settings, InstantSource clock, String version, Meters meters) {
    URI collector = settings.telemetry().otlpEndpoint();
    return collector == null
        ? Tracing.OFF
        : OtlpTracing.start(
            collector, settings.telemetry().traceRatio(), version, clock, new SpanMeters(meters));
  }

  private static @Nullable ServedTls readTls(Settings settings, InstantSource clock, Meters meters)
      throws IOException {
    if (settings.listeners().tls().isEmpty()) {
      return null;
    }
    try {
      return ServedTls.read(settings.listeners().tls().get(), clock, meters);
    } catch (IOException e) {
      meters.close();
      throw e;
    }
  }

  private @Nullable RedisMarks shareMarks() {
    if (settings.freshness().redisUrl().isEmpty()) {
      return null;
    }
    AtomicReference<@Nullable RedisMarks> shared = new AtomicReference<>();
    RedisMarks.TransitListener listener =
        markMeters.redis(
            () -> {
              RedisMarks current = shared.get();
              return current != null && current.isUp();
            });
    RedisMarks started =
        RedisMarks.start(
            settings.freshness().redisUrl().get().value(),
            settings.project().endpoint().toString(),
            decider.marks(),
            listener,
            decider.followed());
    shared.set(started);
    return started;
  }

  /** Takes what a follower of the audit log posts too, if there is a secret to know it by. */
  private Handler.Wrapper withFollower(Handler.Wrapper next, InstantSource clock) {
    if (settings.freshness().followSecret().isEmpty()) {
      return next;
    }
    ChangeMarks marks = decider.marks();
    Followed followed = decider.followed();
    return new FollowHandler(
        settings.freshness().followSecret().get().value(),
        UUID.randomUUID().toString(),
        message -> {
          // Those that Redis brings come by themselves.
          message.events().forEach(marks::learn);
          Heartbeat heartbeat = message.heartbeat();
          if (followed != null && heartbeat != null) {
            boolean _ = followed.learn(heartbeat);
          }
        },
        markMeters.follower(),
        clock,
        next);
  }

  /** Takes webhooks too, if there is a secret to know them by. */
  private Handler.Wrapper withHooks(AuthHandler next) {
    if (settings.freshness().webhookSecrets().isEmpty()) {
      return next;
    }
    ChangeMarks marks = decider.marks();
    return new HookHandler(
        settings.freshness().webhookSecrets().stream().map(Secret::value).toList(),
        new HookHandler.Sink() {
          @Override
          public ChangeMarks.Effect learn(UserEvent event) {
            return sharedMarks == null ? marks.learn(event) : sharedMarks.learn(event);
          }

          @Override
          public void pass(long seq, long at) {
            marks.pass(seq, at);
          }
        },
        markMeters.webhooks(),
        next);
  }

  /** Listens, or leaves nothing running. */
  public static Service start(Settings settings, InstantSource clock, String version)
      throws IOException {
    Logging.configure(settings.telemetry().logFormat(), settings.telemetry().logLevel());
    lightenJetty();
    Service service = new Service(settings, clock, version);
    try {
      listen(service.auth::start, settings.listeners().listen() + " (AUTHGEAR_LISTEN)");
      ListenAddress management = settings.listeners().management();
      listen(
          () -> service.management.start(management.host(), management.port()),
          management + " (AUTHGEAR_MANAGEMENT_LISTEN)");
      service.decider.resolver().awaitClient();
      service.crypto.join();
    } catch (IOException | RuntimeException | Error e) {
      service.close();
      throw e;
    }
    service.started = true;
    if (settings.tokens().clientIds().isEmpty()) {
      LoggerFactory.getLogger(Service.class)
          .info(
              "AUTHGEAR_CLIENT_IDS is not set: users of any client of the project are accepted,"
                  + " third-party clients included");
    }
    if (service.tls != null) {
      service.tls.watch();
    }
    return service;
  }

  /** Jetty would ask the JVM's management, whose beginning takes a tenth of a start. */
  private static void lightenJetty() {
    System.setProperty("org.eclipse.jetty.util.referencesPerCacheLine", "16");
  }

  /**
   * Starts a listener.
   *
   * @param where the address, and the setting that can change it if there is one
   * @throws IOException if it cannot listen; the message says where and why
   */
  public static void listen(Runnable start, String where) throws IOException {
    try {
      start.run();
    } catch (JavalinException | IllegalStateException e) {
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      throw new IOException("cannot listen on " + where + ": " + root.getMessage(), e);
    }
  }

  private static @Nullable ResourceMetadata metadata(Settings settings, Requirements requirements) {
    return requirements.resources().isEmpty()
        ? null
        : new ResourceMetadata(
            requirements.resources(),
            settings.project().endpoint(),
            settings.tokens().carriers().originalUriHeader() == null
                ? List.of("header")
                : List.of("header", "query"));
  }

  private @Nullable String problem() {
    if (draining) {
      return "draining";
    }
    if (sharedMarks != null && sharedMarks.isLoading()) {
      return "loading marks from Redis";
    }
    return switch (settings.project().mode()) {
      case AUTO, JWT -> decider.keys().problem();
      case RESOLVER -> null;
    };
  }

  private @Nullable String degraded() {
    List<String> notes = new ArrayList<>();
    if (sharedMarks != null && !sharedMarks.isUp()) {
      notes.add("no connection to Redis, webhooks that other replicas got are not seen here");
    }
    if (decider.followed() != null && decider.followed().standing() == null) {
      notes.add("no follower tells anything, each user's JWT is confirmed again and again");
    }
    if (tls != null) {
      tls.problem().ifPresent(notes::add);
    }
    return notes.isEmpty() ? null : String.join("; ", notes);
  }

  /** Only where something came to listen, or there is nobody to turn elsewhere. */
  private void leave() throws InterruptedException {
    if (started && settings.listeners().shutdownDelay().isPositive()) {
      handler.startLeaving();
      TimeUnit.NANOSECONDS.sleep(settings.listeners().shutdownDelay().toNanos());
    }
  }

  /** Where proxies ask, with the real port. */
  public Listen listening() {
    return switch (settings.listeners().listen()) {
      case ListenAddress address -> new ListenAddress(address.host(), port());
      case SocketFile file -> file;
    };
  }

  /** Only where proxies ask over the network. */
  public int port() {
    return auth.port();
  }

  public int managementPort() {
    return management.port();
  }

  /**
   * Turns unready; after the delay that the settings name denies what comes new, lets what is in
   * flight end, then stops.
   */
  @Override
  public void close() {
    draining = true;
    try {
      leave();
      handler.startDraining();
      if (!handler.awaitIdle(settings.listeners().drain())) {
        LoggerFactory.getLogger(Service.class)
            .warn("requests were cut off at the end of the drain");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    auth.stop();
    management.stop();
    if (tls != null) {
      tls.close();
    }
    if (sharedMarks != null) {
      sharedMarks.close();
    }
    decider.close();
    tracing.close();
    meters.close();
  }
}
