package com.authgear.authrequest.sandbox;

import io.javalin.Javalin;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * A stand-in Authgear project that listens: discovery, key set, resolver, and under {@code
 * /sandbox/} the means to get credentials and to change what they are worth. The page {@code
 * /sandbox} lists all of it.
 */
public final class Sandbox implements AutoCloseable {

  /** Sent with every answer, so that no one takes the sandbox for Authgear. */
  public static final String HEADER = "x-authgear-sandbox";

  static final String NOTICE = "not a real Authgear project";

  /** The credentials and requests of the service are long: a JWT may have 16 KiB. */
  static final int MAX_HEADER_BYTES = 64 * 1024;

  private final SandboxOptions options;
  private final Project project;
  private final Traffic traffic = new Traffic();
  private final @Nullable Playground playground;
  private final Javalin javalin;

  private Sandbox(SandboxOptions options, @Nullable Site site) {
    this.options = options;
    this.project = new Project(this::origin, options.clock(), options.cookiePrefix());
    this.playground = site == null ? null : new Playground(this, traffic, site);
    QueuedThreadPool threads = new QueuedThreadPool(16, 2);
    threads.setName("sandbox");
    this.javalin =
        Javalin.create(
            config -> {
              config.startup.showJavalinBanner = false;
              config.startup.showOldJavalinVersionWarning = false;
              config.startup.startupWatcherEnabled = false;
              config.http.prefer405over404 = true;
              config.jetty.threadPool = threads;
              config.jetty.modifyHttpConfiguration(
                  http -> {
                    http.setRequestHeaderSize(MAX_HEADER_BYTES);
                    http.setResponseHeaderSize(MAX_HEADER_BYTES);
                  });
              config.jetty.addConnector(
                  (server, http) -> {
                    var connector =
                        new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
                    connector.setHost(options.host());
                    connector.setPort(options.port());
                    return connector;
                  });
              config.jetty.modifyServer(server -> server.setHandler(new DownGate(traffic)));
              config.routes.before(ctx -> ctx.header(HEADER, NOTICE));
              config.routes.before(new BrowserGuard(options));
              new AuthgearRoutes(this, traffic).register(config.routes);
              new SandboxRoutes(this).register(config.routes);
              if (playground == null) {
                config.routes.get("/", ctx -> ctx.html(LandingPage.of(this)));
              } else {
                playground.register(config.routes);
              }
            });
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
  public static Sandbox start(SandboxOptions options, @Nullable Site site) {
    Sandbox sandbox = new Sandbox(options, site);
    sandbox.javalin.start();
    return sandbox;
  }

  /** The project's public origin, the issuer of its tokens: no trailing slash. */
  public String origin() {
    return options.publicOrigin() == null ? address() : options.publicOrigin();
  }

  /** Where it can be reached: {@code http://host:port}. */
  public String address() {
    String host = options.host();
    return "http://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port();
  }

  public int port() {
    int open = connector().getLocalPort();
    return open > 0 ? open : connector().getPort();
  }

  /** Users, keys and credentials. */
  public Project project() {
    return project;
  }

  /** How often an endpoint was called since the start, failing answers and all. */
  public long calls(Endpoint endpoint) {
    return traffic.calls(endpoint);
  }

  /** The last resolver request's headers, names in lower case; empty before the first request. */
  public Map<String, List<String>> lastResolverHeaders() {
    return traffic.lastHeaders(Endpoint.RESOLVER);
  }

  /** From now on the endpoint fails this way. */
  public void breakDown(Endpoint endpoint, Fault fault) {
    traffic.setFault(endpoint, fault);
  }

  /** Ends the endpoint's fault; requests that hang are answered now. */
  public void repair(Endpoint endpoint) {
    traffic.clearFault(endpoint);
  }

  /** Closes the port and every connection: connecting is refused until {@link #resume}. */
  public void suspend() {
    ServerConnector connector = connector();
    int port = connector.getLocalPort();
    try {
      connector.stop();
      connector.setPort(port);
    } catch (Exception e) {
      throw new IllegalStateException("the port could not be closed", e);
    }
  }

  /** Listens again on the same port. */
  public void resume() {
    try {
      connector().start();
    } catch (Exception e) {
      throw new IllegalStateException("the port could not be opened again", e);
    }
  }

  @Override
  public void close() {
    for (Endpoint endpoint : Endpoint.values()) {
      traffic.clearFault(endpoint);
    }
    javalin.stop();
    project.hooks().close();
    if (playground != null) {
      playground.close();
    }
  }

  private ServerConnector connector() {
    return (ServerConnector) javalin.jettyServer().server().getConnectors()[0];
  }
}
