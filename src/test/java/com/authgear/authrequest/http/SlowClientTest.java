package com.authgear.authrequest.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SlowClientTest {

  private static final Duration HEADER_TIMEOUT = Duration.ofMillis(500);
  private static final String REQUEST = "GET /auth HTTP/1.1\r\nHost: a\r\n\r\n";

  private final Server server = new Server();
  private final ServerConnector connector =
      new ServerConnector(
          server, new PolicyPathConnectionFactory(new HttpConfiguration(), HEADER_TIMEOUT));

  @BeforeEach
  void start() throws Exception {
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    server.setHandler(
        new Handler.Abstract.NonBlocking() {
          @Override
          public boolean handle(Request request, Response response, Callback callback) {
            response.setStatus(200);
            response.write(true, BufferUtil.EMPTY_BUFFER, callback);
            return true;
          }
        });
    server.start();
  }

  @AfterEach
  void stop() throws Exception {
    server.stop();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    socket.setTcpNoDelay(true);
    return socket;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String answer(Socket socket) throws IOException {
    socket.setSoTimeout(20_000);
    StringBuilder head = new StringBuilder();
    InputStream in = socket.getInputStream();
    while (head.indexOf("\r\n\r\n") < 0) {
      int c = in.read();
      if (c < 0) {
        throw new SocketException("closed after '" + head + "'");
      }
      head.append((char) c);
    }
    return head.toString();
  }

  @Test
  void headerThatNeverEnds_isCutOffThoughBytesArrive() throws IOException {
    try (Socket socket = connect()) {
      socket.setSoTimeout(50);
      long begin = System.nanoTime();
      send(socket, "GET /auth HTTP/1.1\r\nX-Slow: ");
      boolean open = true;
      while (open) {
        try {
          send(socket, "x");
          open = socket.getInputStream().read() >= 0;
        } catch (SocketTimeoutException _) {
          assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(30));
        } catch (SocketException _) {
          open = false;
        }
      }
      assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(HEADER_TIMEOUT.toNanos());
    }
  }

  @Test
  void headerInPieces_isAnswered() throws IOException {
    try (Socket socket = connect()) {
      for (int i = 0; i < REQUEST.length(); i++) {
        send(socket, REQUEST.substring(i, i + 1));
      }
      assertThat(answer(socket)).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void idleConnection_outlivesTheHeaderTimeout() throws IOException {
    try (Socket socket = connect()) {
      send(socket, REQUEST.substring(0, 20));
      send(socket, REQUEST.substring(20));
      assertThat(answer(socket)).startsWith("HTTP/1.1 200 ");
      long answered = System.nanoTime();
      Awaitility.await().until(() -> System.nanoTime() - answered > 3 * HEADER_TIMEOUT.toNanos());
      send(socket, REQUEST);
      assertThat(answer(socket)).startsWith("HTTP/1.1 200 ");
    }
  }
}
