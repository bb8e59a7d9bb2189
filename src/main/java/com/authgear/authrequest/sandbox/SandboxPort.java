package com.authgear.authrequest.sandbox;

import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.RoutesConfig;
import java.util.Map;
import java.util.function.Consumer;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** One of the sandbox's ports, with a server of its own. */
final class SandboxPort implements AutoCloseable {

  /** The credentials and requests of the service are long: a JWT may have 16 KiB. */
  static final int MAX_HEADER_BYTES = 64 * 1024;

  private final String host;
  private final int port;
  private final Javalin javalin;

  /**
   * Does not listen yet.
   *
   * @param endpoints which paths are whose, so that one of them can be down
   */
  SandboxPort(
      String name,
      String host,
      int port,
      Traffic traffic,
      Map<String, AuthgearEndpoint> endpoints,
      Consumer<RoutesConfig> routes) {
    this.host = host;
    this.port = port;
    QueuedThreadPool threads = new QueuedThreadPool(64, 2);
    threads.setName(name);
    javalin =
        Javalin.create(
            config -> {
              config.startup.showJavalinBanner = false;
              config.startup.showOldJavalinVersionWarning = false;
              config.startup.startupWatcherEnabled = false;
              config.http.prefer405over404 = true;
              config.http.compressionStrategy = CompressionStrategy.NONE; // as Authgear
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
                    connector.setHost(host);
                    connector.setPort(port);
                    return connector;
                  });
              config.jetty.modifyServer(
                  server -> server.setHandler(new DownGate(traffic, endpoints)));
              config.routes.before(ctx -> ctx.header(Sandbox.HEADER, Sandbox.NOTICE));
              routes.accept(config.routes);
            });
  }

  void start() {
    javalin.start();
  }

  /** {@code http://host:port}. */
  String address() {
    return "http://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port();
  }

  int port() {
    int open = connector().getLocalPort();
    return open > 0 ? open : connector().getPort();
  }

  /** Closes the port and every connection: connecting is refused until {@link #resume}. */
  void suspend() {
    ServerConnector connector = connector();
    int bound = connector.getLocalPort();
    try {
      connector.stop();
      connector.setPort(bound);
    } catch (Exception e) {
      throw new IllegalStateException("port " + port + " could not be closed", e);
    }
  }

  /** Listens again on the same port. */
  void resume() {
    try {
      connector().start();
    } catch (Exception e) {
      throw new IllegalStateException("port " + port() + " could not be opened again", e);
    }
  }

  @Override
  public void close() {
    javalin.stop();
  }

  private ServerConnector connector() {
    return (ServerConnector) javalin.jettyServer().server().getConnectors()[0];
  }
}
