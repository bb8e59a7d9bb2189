package com.authgear.authrequest.sandbox;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * A backend that answers every method and path with 200 and, as JSON, what it received: {@code
 * method}, {@code path}, {@code query}, {@code headers} (name in lower case to all its values, in
 * order), {@code body_bytes}, {@code connection} (a number for each accepted connection). It hides
 * nothing, credentials included, because showing is its purpose.
 */
public final class EchoBackend implements AutoCloseable {

  private static final String NOTE = "echo of your request, credentials included; for tests only";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Server server;
  private final ServerConnector connector;

  private EchoBackend(Server server, ServerConnector connector) {
    this.server = server;
    this.connector = connector;
  }

  /**
   * Starts to listen on 127.0.0.1.
   *
   * @param port 0 for any free one
   */
  public static EchoBackend start(int port) {
    return start("127.0.0.1", port);
  }

  /**
   * Starts to listen. Jetty alone: Javalin would answer WebSocket handshakes and unknown methods
   * itself.
   *
   * @param host an address; the caller knows why, if others can reach it
   * @param port 0 for any free one
   */
  public static EchoBackend start(String host, int port) {
    QueuedThreadPool threads = new QueuedThreadPool(16, 2);
    threads.setName("echo");
    Server server = new Server(threads);
    HttpConfiguration http = new HttpConfiguration();
    http.setUriCompliance(UriCompliance.UNSAFE);
    http.setRequestHeaderSize(SandboxPort.MAX_HEADER_BYTES);
    ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setHost(host);
    connector.setPort(port);
    server.addConnector(connector);
    server.setHandler(new Echo());
    try {
      server.start();
    } catch (Exception e) {
      throw new IllegalStateException("the echo backend could not listen on port " + port, e);
    }
    return new EchoBackend(server, connector);
  }

  public int port() {
    return connector.getLocalPort();
  }

  /** {@code http://127.0.0.1:port}. */
  public String address() {
    return "http://127.0.0.1:" + port();
  }

  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("the echo backend did not stop", e);
    }
  }

  private static final class Echo extends Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback)
        throws IOException {
      Map<String, List<String>> headers = new TreeMap<>();
      for (HttpField field : request.getHeaders()) {
        headers
            .computeIfAbsent(field.getName().toLowerCase(Locale.ROOT), _ -> new ArrayList<>())
            .add(field.getValue() == null ? "" : field.getValue());
      }
      long bodyBytes;
      try (InputStream body = Request.asInputStream(request)) {
        bodyBytes = body.transferTo(OutputStream.nullOutputStream());
      }
      Map<String, Object> echo = new LinkedHashMap<>();
      echo.put("note", NOTE);
      echo.put("method", request.getMethod());
      echo.put("path", request.getHttpURI().getPath());
      echo.put(
          "query", request.getHttpURI().getQuery() == null ? "" : request.getHttpURI().getQuery());
      echo.put("headers", headers);
      echo.put("body_bytes", bodyBytes);
      echo.put("connection", request.getConnectionMetaData().getId());
      byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(echo);
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, json.length);
      response.write(true, ByteBuffer.wrap(json), callback);
      return true;
    }
  }
}
