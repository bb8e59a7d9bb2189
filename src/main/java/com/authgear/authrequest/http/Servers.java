package com.authgear.authrequest.http;

import com.authgear.authrequest.http.jetty.PolicyPathConnectionFactory;
import com.authgear.authrequest.http.jetty.SocketFileConnector;
import com.authgear.authrequest.http.jetty.UnfinishedHeaders;
import io.javalin.Javalin;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** The two listeners: one for proxies, one for operators. */
public final class Servers {

  /** More than the shipped nginx lets through, so that every refusal has its own reason. */
  private static final int REQUEST_HEADER_BYTES = 96 * 1024;

  /** More than any AUTHGEAR_HEADER_BUDGET, with the challenge and cookies. */
  private static final int RESPONSE_HEADER_BYTES = 96 * 1024;

  /** nginx keeps an idle upstream connection for 60 s; ours must outlive it. */
  private static final long IDLE_MILLIS = 75_000;

  /** Proxies send a header at once. */
  private static final Duration HEADER_TIMEOUT = Duration.ofSeconds(10);

  /**
   * Connections that wait to be accepted, more than Jetty's 128: proxies open many at once when
   * they start. The kernel's {@code net.core.somaxconn} bounds it.
   */
  private static final int BACKLOG = 1024;

  private Servers() {}

  /**
   * The listener that proxies ask; not started yet.
   *
   * @param handler an {@link AuthHandler}, or one that passes on to it
   * @param host name or address to bind
   * @param port 0 for any free one
   * @param tls null: connections are not encrypted
   * @param metadata served too, if there is any
   */
  public static Javalin auth(
      Handler.Wrapper handler,
      String host,
      int port,
      @Nullable Tls tls,
      @Nullable ResourceMetadata metadata) {
    return auth(
        handler,
        (server, connections) -> {
          ServerConnector connector =
              tls == null
                  ? new ServerConnector(server, connections)
                  : new ServerConnector(server, tls.around(connections));
          connector.setHost(host);
          connector.setPort(port);
          connector.setIdleTimeout(IDLE_MILLIS);
          connector.setAcceptQueueSize(BACKLOG);
          return connector;
        },
        metadata);
  }

  /**
   * The same on a Unix domain socket. Its file is made at the start and removed at the end.
   *
   * @param socket absolute; if it exists, then as a socket on which no one listens
   * @param mode who may connect
   */
  public static Javalin auth(
      Handler.Wrapper handler,
      Path socket,
      Set<PosixFilePermission> mode,
      @Nullable ResourceMetadata metadata) {
    return auth(
        handler,
        (server, connections) -> {
          SocketFileConnector connector =
              new SocketFileConnector(server, socket, mode, connections);
          connector.setIdleTimeout(IDLE_MILLIS);
          connector.setAcceptQueueSize(BACKLOG);
          return connector;
        },
        metadata);
  }

  private static Javalin auth(
      Handler.Wrapper handler,
      BiFunction<Server, HttpConnectionFactory, Connector> listener,
      @Nullable ResourceMetadata metadata) {
    return Javalin.create(
        config -> {
          config.startup.showJavalinBanner = false;
          config.jetty.modifyServer(
              server -> {
                server.setHandler(handler);
                server.setErrorHandler(Servers::bare);
              });
          config.jetty.modifyHttpConfiguration(
              http -> {
                http.setSendServerVersion(false);
                http.setRequestHeaderSize(REQUEST_HEADER_BYTES);
                // Not as responseHeaderSize, which every answer takes at once: Jetty's pool has no
                // buffers beyond 64 KiB, so each answer would have one made for it and cleared.
                http.setMaxResponseHeaderSize(RESPONSE_HEADER_BYTES);
                http.setIdleTimeout(IDLE_MILLIS);
              });
          config.jetty.addConnector(
              (server, http) ->
                  listener.apply(
                      server,
                      new PolicyPathConnectionFactory(
                          http,
                          AuthHandler.BY_PREFIX,
                          HEADER_TIMEOUT,
                          UnfinishedHeaders.within(
                              Runtime.getRuntime().maxMemory(), REQUEST_HEADER_BYTES))));
          if (metadata != null) {
            metadata.serve(config);
          }
        });
  }

  /** Jetty's own refusals, such as of a malformed request, have no body either. */
  private static boolean bare(Request request, Response response, Callback callback) {
    response.getHeaders().put("Content-Length", "0");
    // Written out for the same reason as in AuthHandler.
    response.write(true, BufferUtil.EMPTY_BUFFER, callback);
    return true;
  }

  /**
   * The listener for operators; not started yet.
   *
   * @param problem why no request can be decided; null if all is well
   * @param degraded what does not work although requests can be decided; null if all does
   * @param scrape the metrics in Prometheus' text format
   */
  public static Javalin management(
      Supplier<@Nullable String> problem,
      Supplier<@Nullable String> degraded,
      Supplier<String> scrape) {
    return Javalin.create(
        config -> {
          config.startup.showJavalinBanner = false;
          config.routes.get("/healthz", ctx -> ctx.result("alive\n"));
          config.routes.get(
              "/readyz",
              ctx -> {
                String text = problem.get();
                if (text != null) {
                  ctx.status(503).result("not ready: " + text + "\n");
                  return;
                }
                String note = degraded.get();
                ctx.result(note == null ? "ready\n" : "ready\ndegraded: " + note + "\n");
              });
          config.routes.get(
              "/metrics",
              ctx ->
                  ctx.contentType("text/plain; version=0.0.4; charset=utf-8").result(scrape.get()));
        });
  }
}
