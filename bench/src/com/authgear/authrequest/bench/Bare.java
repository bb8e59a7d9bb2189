package com.authgear.authrequest.bench;

import io.javalin.Javalin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;

/**
 * What the service is compared with: servers that give every request the same answer and look at
 * nothing. The answer's header lines come from a file, so that they are the service's own.
 */
public final class Bare {

  private Bare() {}

  /** {@code jetty|javalin}, port, file of header lines. */
  public static void main(String[] args) throws Exception {
    List<HttpField> answer = answer(Path.of(args[2]));
    int port = Integer.parseInt(args[1]);
    switch (args[0]) {
      case "jetty" -> jetty(port, answer);
      case "javalin" -> javalin(port, answer);
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static List<HttpField> answer(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .map(line -> line.split(": ?", 2))
        .map(field -> new HttpField(field[0], field[1]))
        .toList();
  }

  /** Jetty 12's core handler: no servlet layer, answers on the thread that read the request. */
  private static void jetty(int port, List<HttpField> answer) throws Exception {
    Server server = new Server();
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(96 * 1024);
    ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    server.addConnector(connector);
    server.setHandler(
        new Handler.Abstract.NonBlocking() {
          @Override
          public boolean handle(Request request, Response response, Callback callback) {
            answer.forEach(response.getHeaders()::put);
            response.setStatus(200);
            response.write(true, BufferUtil.EMPTY_BUFFER, callback);
            return true;
          }
        });
    server.start();
    server.join();
  }

  /** A Javalin route as its documentation shows one. */
  private static void javalin(int port, List<HttpField> answer) {
    Javalin.create(
            config -> {
              config.startup.showJavalinBanner = false;
              config.jetty.modifyHttpConfiguration(http -> http.setRequestHeaderSize(96 * 1024));
              config.routes.get(
                  "/auth",
                  ctx -> answer.forEach(field -> ctx.header(field.getName(), field.getValue())));
            })
        .start("127.0.0.1", port);
  }
}
