package com.authgear.authrequest.sandbox;

import java.net.URI;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A stand-in Authgear project that listens as Authgear does: on a main port (discovery, key set,
 * the authorization server), on one for the resolver, and under {@code /sandbox/} of the main one
 * with the means to get credentials and to change what they are worth. The page {@code /sandbox}
 * lists all of it.
 */
public final class Sandbox implements AutoCloseable {

  /** Sent with every answer, so that no one takes the sandbox for Authgear. */
  public static final String HEADER = "x-authgear-sandbox";

  /** A path that answers 200 to whoever asks. */
  public static final String PAGE = SandboxRoutes.PAGE;

  static final String NOTICE = "not a real Authgear project";

  private final SandboxOptions options;
  private final Project project;
  private final AuthorizationServer authorizationServer;
  private final Traffic traffic = new Traffic();
  private final SessionLocks locks = new SessionLocks();
  private final @Nullable Playground playground;
  private final SandboxPort main;
  private final SandboxPort resolver;
  private final SandboxPort adminApi;

  private Sandbox(SandboxOptions options, @Nullable DemoSite site) {
    this.options = options;
    this.project = new Project(this::origin, options.clock(), options.cookiePrefix());
    this.authorizationServer = new AuthorizationServer(project);
    this.playground = site == null ? null : new Playground(this, traffic, site);
    ResolverRoutes resolverRoutes = new ResolverRoutes(this, traffic, locks);
    Map<String, AuthgearEndpoint> endpoints = new HashMap<>(AuthgearRoutes.ENDPOINTS);
    if (options.edge()) {
      endpoints.put(ResolverRoutes.PREFIXED, AuthgearEndpoint.RESOLVER);
    }
    this.main =
        new SandboxPort(
            "sandbox",
            options.host(),
            options.port(),
            traffic,
            endpoints,
            routes -> {
              Set<String> authgears = new HashSet<>(endpoints.keySet());
              authgears.addAll(AuthorizationServerRoutes.PATHS);
              routes.before(new BrowserGuard(options, authgears));
              new AuthgearRoutes(this, traffic).register(routes);
              new AuthorizationServerRoutes(this).register(routes);
              if (options.edge()) {
                resolverRoutes.registerAtTheEdge(routes);
              }
              new SandboxRoutes(this).register(routes);
              if (playground == null) {
                routes.get("/", ctx -> ctx.html(LandingPage.of(this)));
              } else {
                playground.register(routes);
              }
            });
    this.resolver =
        new SandboxPort(
            "sandbox-resolver",
            options.host(),
            options.resolverPort(),
            traffic,
            ResolverRoutes.ENDPOINTS,
            resolverRoutes::register);
    this.adminApi =
        new SandboxPort(
            "sandbox-admin-api",
            options.host(),
            options.adminApiPort(),
            traffic,
            Map.of(),
            new AdminApiRoutes(this)::register);
  }

  /** Starts to listen. */
  public static Sandbox start(SandboxOptions options) {
    return start(options, null);
  }

  /**
   * Starts to listen, with a playground.
   *
   * @param site what the playground sends requests to; without one there is none
   */
  public static Sandbox start(SandboxOptions options, @Nullable DemoSite site) {
    Sandbox sandbox = new Sandbox(options, site);
    try {
      sandbox.main.start();
      sandbox.resolver.start();
      sandbox.adminApi.start();
    } catch (RuntimeException e) {
      sandbox.close();
      throw e;
    }
    return sandbox;
  }

  /** The project's public origin, the issuer of its tokens: no trailing slash. */
  public String origin() {
    return options.publicOrigin() == null ? address() : options.publicOrigin();
  }

  /** Where the main listener can be reached: {@code http://host:port}. */
  public String address() {
    return main.address();
  }

  /** Of the main listener. */
  public int port() {
    return main.port();
  }

  /** Where the resolver answers, as {@code AUTHGEAR_RESOLVER_URL} wants it. */
  public String resolverUrl() {
    return resolver.address() + ResolverRoutes.PLAIN;
  }

  /** Where the Admin API answers, as {@code AUTHGEAR_ADMIN_API_URL} wants it. */
  public String adminApiUrl() {
    return adminApi.address();
  }

  /** As {@code AUTHGEAR_ADMIN_API_APP_ID} wants it. */
  public String adminApiAppId() {
    return Events.APP_ID;
  }

  /** As {@code AUTHGEAR_ADMIN_API_KEY_ID} wants it. */
  public String adminApiKeyId() {
    return project.adminApiKey().kid();
  }

  /**
   * As {@code AUTHGEAR_ADMIN_API_KEY} wants it: PEM, made at the start and good for nothing else.
   */
  public String adminApiKey() {
    return "-----BEGIN PRIVATE KEY-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'})
            .encodeToString(project.adminApiKey().privateKey().getEncoded())
        + "\n-----END PRIVATE KEY-----\n";
  }

  /** The same key as a JWK, which names its id too. */
  public String adminApiJwk() {
    return project.adminApiKey().privateJwk();
  }

  /** Of the resolver's listener: {@code http://host:port}. */
  String resolverAddress() {
    return resolver.address();
  }

  /** The public host, and the addresses by which a caller inside the network reaches it. */
  boolean knowsHost(@Nullable String host) {
    return host != null
        && List.of(
                URI.create(origin()).getAuthority(),
                URI.create(main.address()).getAuthority(),
                "localhost:" + main.port(),
                URI.create(resolver.address()).getAuthority(),
                "localhost:" + resolver.port())
            .contains(host);
  }

  /** Users, keys and credentials. */
  public Project project() {
    return project;
  }

  /** Clients, and the API resources that they may ask for. */
  public AuthorizationServer authorizationServer() {
    return authorizationServer;
  }

  /** How often an endpoint was called since the start, failing answers and all. */
  public long calls(AuthgearEndpoint endpoint) {
    return traffic.calls(endpoint);
  }

  /** The last resolver request's headers, names in lower case; empty before the first request. */
  public Map<String, List<String>> lastResolverHeaders() {
    return traffic.lastHeaders(AuthgearEndpoint.RESOLVER);
  }

  /** From now on the endpoint fails this way. */
  public void breakDown(AuthgearEndpoint endpoint, Malfunction fault) {
    traffic.setFault(endpoint, fault);
  }

  /** Ends the endpoint's fault; requests that hang are answered now. */
  public void repair(AuthgearEndpoint endpoint) {
    traffic.clearFault(endpoint);
  }

  /**
   * From now on only one resolver call at a time about each session, and those that give up waiting
   * are answered with 500, as Authgear does; off at the start.
   *
   * @param held how long a call holds its session's lock; Authgear's calls need about 2 ms
   */
  public void lockSessions(Duration held) {
    SessionLocks.Timing usual = SessionLocks.Timing.AUTHGEAR;
    lockSessions(new SessionLocks.Timing(held, usual.tries(), usual.shortest(), usual.longest()));
  }

  void lockSessions(SessionLocks.Timing timing) {
    locks.turnOn(timing);
  }

  /** From now on any number of calls about a session at once. */
  public void unlockSessions() {
    locks.turnOff();
  }

  /** Closes the ports and every connection: connecting is refused until {@link #resume}. */
  public void suspend() {
    main.suspend();
    resolver.suspend();
    adminApi.suspend();
  }

  /** Listens again on the same ports. */
  public void resume() {
    main.resume();
    resolver.resume();
    adminApi.resume();
  }

  /** Closes only the Admin API's port. */
  public void suspendAdminApi() {
    adminApi.suspend();
  }

  /** Listens again on the same port. */
  public void resumeAdminApi() {
    adminApi.resume();
  }

  @Override
  public void close() {
    for (AuthgearEndpoint endpoint : AuthgearEndpoint.values()) {
      traffic.clearFault(endpoint);
    }
    main.close();
    resolver.close();
    adminApi.close();
    project.hooks().close();
    if (playground != null) {
      playground.close();
    }
  }
}
