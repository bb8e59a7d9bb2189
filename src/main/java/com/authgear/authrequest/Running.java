package com.authgear.authrequest;

import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.http.AuthHandler;
import com.authgear.authrequest.http.FollowHandler;
import com.authgear.authrequest.http.HookHandler;
import com.authgear.authrequest.http.OriginalUri;
import com.authgear.authrequest.http.ResourceMetadata;
import com.authgear.authrequest.http.Servers;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.requirement.Resource;
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
import com.authgear.authrequest.verify.Authenticator;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.Changes;
import com.authgear.authrequest.verify.changes.Followed;
import com.authgear.authrequest.verify.changes.Heartbeat;
import com.authgear.authrequest.verify.changes.RedisMarks;
import com.authgear.authrequest.verify.changes.UserEvent;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
import com.authgear.authrequest.verify.jwt.JwtVerifier;
import com.authgear.authrequest.verify.jwt.Keys;
import com.authgear.authrequest.verify.jwt.TokenCache;
import com.authgear.authrequest.verify.resolver.Resolver;
import com.authgear.authrequest.verify.resolver.ResolverListener;
import com.authgear.authrequest.verify.session.CacheCounts;
import com.authgear.authrequest.verify.session.ResolverCache;
import io.javalin.Javalin;
import io.javalin.util.JavalinException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Handler;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** The service, put together and listening. Closing it drains it. */
public final class Running implements AutoCloseable {

  /** How old a confirmation may be while no follower tells anything, unless settings say it. */
  static final Duration RECHECK_WHILE_AWAY = Duration.ofSeconds(30);

  static final Duration KEY_TIMEOUT = Duration.ofSeconds(5);

  private final Keys keys;
  private final Meters meters;
  private final Tracing tracing;
  private final Resolver resolver;
  private final ResolverCache sessions;
  private final ResolverCache confirmations;
  private final AuthHandler handler;
  private final ChangeMarks marks;
  private final MarkMeters markMeters;
  private final @Nullable Followed followed;
  private final @Nullable RedisMarks sharedMarks;
  private final @Nullable ServedTls tls;
  private final Javalin auth;
  private final Javalin management;
  private final CompletableFuture<CryptoProvider> crypto;
  private final Settings settings;
  private volatile boolean started;
  private volatile boolean draining;

  private Running(Settings settings, InstantSource clock, String version) throws IOException {
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
    keys =
        Keys.discover(
            settings.endpoint(),
            settings.connectTo(),
            KEY_TIMEOUT,
            clock,
            Keys.Timing.DEFAULT,
            crypto::join,
            meters,
            tracing);
    keys.start(); // beside all that follows
    meters.bindKeySet(
        () -> keys.ageSeconds().isPresent() ? keys.ageSeconds().getAsLong() : Double.NaN,
        keys::size);
    meters.bindReady(() -> problem() == null);
    FreshnessMeters freshness = new FreshnessMeters(meters);
    CacheCounts tokenCounts = new CacheCounts();
    TokenCache tokens = new TokenCache(settings.cacheSize(), tokenCounts);
    freshness.bindCache(Cache.TOKEN, tokenCounts, tokens::size);
    JwtVerifier jwt = jwt(settings, keys, clock, tokens);
    resolver = resolver(settings, resolverMeters, tracing);
    resolverMeters.bindCallsInFlight(resolver::callsInFlight);
    settings.recheck().ifPresent(freshness::recheckInterval);
    freshness.bindBreaker(resolver::breakerState);
    marks = new ChangeMarks(clock, System::nanoTime, settings.clockSkew());
    markMeters = new MarkMeters(meters, marks::inForce, marks::dropped);
    followed =
        settings
            .freshness()
            .map(bound -> new Followed(clock, System::nanoTime, bound))
            .orElse(null);
    markMeters.bindFollowed(followed);
    sharedMarks = shareMarks();
    CacheCounts sessionCounts = new CacheCounts();
    sessions =
        answers(
            settings,
            resolver::askUnchecked,
            settings.resolverCacheTtl(),
            false,
            marks,
            clock,
            sessionCounts,
            freshness.sessions());
    freshness.bindCache(Cache.SESSION, sessionCounts, sessions::size);
    CacheCounts confirmationCounts = new CacheCounts();
    confirmations =
        answers(
            settings,
            resolver::ask,
            settings.recheck().orElse(ResolverCache.UNTIL_THE_END),
            settings.recheck().isPresent() || followed != null,
            marks,
            clock,
            confirmationCounts,
            freshness.confirmations());
    freshness.bindCache(Cache.CONFIRMATION, confirmationCounts, confirmations::size);
    Requirements requirements = requirements(settings);
    ResourceMetadata metadata = metadata(settings, requirements);
    handler =
        new AuthHandler(
            new CredentialExtractor(settings.cookiePrefix(), settings.tokenCarriers()),
            new OriginalUri(settings.originalUriHeader()),
            requirements,
            new Authenticator(
                mode(settings),
                jwt,
                sessions,
                confirmations,
                settings.recheck().isPresent(),
                marks,
                clock,
                following(followed)),
            new AuthHandler.ResponseOptions(
                settings.claimHeaders(),
                settings.headerBudget(),
                space(settings),
                settings.edgeCacheTtl()),
            clock,
            new DecisionListener(
                meters,
                new DecisionLog(clock, settings.logAllowed()),
                settings.clientAddressHeader(),
                settings.logUserId()),
            tracing);
    meters.bindRequestsWaiting(handler::waiting);
    auth =
        switch (settings.listen()) {
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
                  settings.socketMode(),
                  metadata);
        };
    management = Servers.management(this::problem, this::degraded, meters::scrape);
  }

  private CryptoProvider tell(CryptoProvider chosen) {
    meters.cryptoProvider(chosen.name());
    LoggerFactory.getLogger(Running.class)
        .atInfo()
        .addKeyValue("provider", chosen.name())
        .log("crypto provider chosen");
    return chosen;
  }

  /** Off, no class of OpenTelemetry is loaded; the handler then asks for no span. */
  private static Tracing tracing(
      Settings settings, InstantSource clock, String version, Meters meters) {
    URI collector = settings.otlpEndpoint();
    return collector == null
        ? Tracing.OFF
        : OtlpTracing.start(
            collector, settings.traceRatio(), version, clock, new SpanMeters(meters));
  }

  private static @Nullable ServedTls readTls(Settings settings, InstantSource clock, Meters meters)
      throws IOException {
    if (settings.tls().isEmpty()) {
      return null;
    }
    try {
      return ServedTls.read(settings.tls().get(), clock, meters);
    } catch (IOException e) {
      meters.close();
      throw e;
    }
  }

  private @Nullable RedisMarks shareMarks() {
    if (settings.redisUrl().isEmpty()) {
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
            settings.redisUrl().get().value(),
            settings.endpoint().toString(),
            marks,
            listener,
            followed);
    shared.set(started);
    return started;
  }

  private Authenticator.@Nullable FollowerBounds following(@Nullable Followed by) {
    return by == null
        ? null
        : new Authenticator.FollowerBounds(
            by,
            settings.recheck().orElse(RECHECK_WHILE_AWAY),
            settings.recheck().orElse(null),
            Math.max(settings.clockSkew().toSeconds(), ChangeMarks.LEAST_MARGIN_SECONDS));
  }

  /** Takes what a follower of the audit log posts too, if there is a secret to know it by. */
  private Handler.Wrapper withFollower(Handler.Wrapper next, InstantSource clock) {
    if (settings.followSecret().isEmpty()) {
      return next;
    }
    return new FollowHandler(
        settings.followSecret().get().value(),
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
    if (settings.webhookSecrets().isEmpty()) {
      return next;
    }
    return new HookHandler(
        settings.webhookSecrets().stream().map(Secret::value).toList(),
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

  static JwtVerifier jwt(Settings settings, Keys keys, InstantSource clock, TokenCache tokens) {
    return new JwtVerifier(
        keys,
        settings.endpoint().toString(),
        settings.algorithms(),
        settings.clockSkew(),
        clock,
        settings.claimHeaders().stream()
            .map(ClaimHeader::claim)
            .collect(Collectors.toCollection(LinkedHashSet::new)),
        tokens);
  }

  static Resolver resolver(Settings settings, ResolverListener listener, Tracing tracing) {
    return new Resolver(
        settings.resolverUrl(),
        settings.endpoint(),
        settings.resolverTimeout(),
        settings.resolverMaxCalls(),
        listener,
        tracing);
  }

  static ProtectionSpace space(Settings settings) {
    URI resource = settings.resource();
    return new ProtectionSpace(
        settings.realm(), resource == null ? null : Resource.of(resource).metadata());
  }

  static ResolverCache answers(
      Settings settings,
      ResolverCache.Asker asker,
      Duration goodFor,
      boolean refreshAhead,
      Changes changes,
      InstantSource clock,
      CacheCounts counts,
      ResolverCache.CacheListener listener) {
    return new ResolverCache(
        asker,
        new ResolverCache.CacheLimits(
            goodFor,
            refreshAhead,
            settings.staleIfError(),
            settings.cacheSize(),
            settings.resolverTimeout(),
            settings.resolverMaxCalls() / 2),
        changes,
        clock,
        System::nanoTime,
        counts,
        listener);
  }

  /** Listens, or leaves nothing running. */
  public static Running start(Settings settings, InstantSource clock, String version)
      throws IOException {
    Logging.configure(settings.logFormat(), settings.logLevel());
    lightenJetty();
    Running running = new Running(settings, clock, version);
    try {
      listen(running.auth::start, settings.listen() + " (AUTHGEAR_LISTEN)");
      ListenAddress management = settings.managementListen();
      listen(
          () -> running.management.start(management.host(), management.port()),
          management + " (AUTHGEAR_MANAGEMENT_LISTEN)");
      running.resolver.awaitClient();
      running.crypto.join();
    } catch (IOException | RuntimeException | Error e) {
      running.close();
      throw e;
    }
    running.started = true;
    if (settings.clientIds().isEmpty()) {
      LoggerFactory.getLogger(Running.class)
          .info(
              "AUTHGEAR_CLIENT_IDS is not set: users of any client of the project are accepted,"
                  + " third-party clients included");
    }
    if (running.tls != null) {
      running.tls.watch();
    }
    return running;
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

  static Requirements requirements(Settings settings) {
    return new Requirements(
        settings.policies(),
        settings.audiences(),
        settings.clientIds(),
        settings.endpoint().toString(),
        settings.resource());
  }

  private static @Nullable ResourceMetadata metadata(Settings settings, Requirements requirements) {
    return requirements.resources().isEmpty()
        ? null
        : new ResourceMetadata(
            requirements.resources(),
            settings.endpoint(),
            settings.tokenCarriers().originalUriHeader() == null
                ? List.of("header")
                : List.of("header", "query"));
  }

  static Authenticator.VerificationMode mode(Settings settings) {
    return switch (settings.mode()) {
      case AUTO -> Authenticator.VerificationMode.AUTO;
      case JWT -> Authenticator.VerificationMode.JWT;
      case RESOLVER -> Authenticator.VerificationMode.RESOLVER;
    };
  }

  private @Nullable String problem() {
    if (draining) {
      return "draining";
    }
    if (sharedMarks != null && sharedMarks.isLoading()) {
      return "loading marks from Redis";
    }
    return switch (settings.mode()) {
      case AUTO, JWT -> keys.problem();
      case RESOLVER -> null;
    };
  }

  private @Nullable String degraded() {
    List<String> notes = new ArrayList<>();
    if (sharedMarks != null && !sharedMarks.isUp()) {
      notes.add("no connection to Redis, webhooks that other replicas got are not seen here");
    }
    if (followed != null && followed.standing() == null) {
      notes.add("no follower tells anything, each user's JWT is confirmed again and again");
    }
    if (tls != null) {
      tls.problem().ifPresent(notes::add);
    }
    return notes.isEmpty() ? null : String.join("; ", notes);
  }

  /** Only where something came to listen, or there is nobody to turn elsewhere. */
  private void leave() throws InterruptedException {
    if (started && settings.shutdownDelay().isPositive()) {
      handler.startLeaving();
      TimeUnit.NANOSECONDS.sleep(settings.shutdownDelay().toNanos());
    }
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
      if (!handler.awaitIdle(settings.drain())) {
        LoggerFactory.getLogger(Running.class)
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
    keys.close();
    sessions.close();
    confirmations.close();
    resolver.close();
    tracing.close();
    meters.close();
  }
}
