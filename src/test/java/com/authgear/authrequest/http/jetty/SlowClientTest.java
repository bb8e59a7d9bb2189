package com.authgear.authrequest.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

  private static final int MOST_UNFINISHED = 8;

  private final UnfinishedHeaders unfinished = new UnfinishedHeaders(MOST_UNFINISHED);
  private final HttpConfiguration configuration = new HttpConfiguration();
  private final Server server = new Server();
  private final PolicyPathConnectionFactory connections =
      new PolicyPathConnectionFactory(configuration, "/ext-authz/", HEADER_TIMEOUT, unfinished);
  private final ServerConnector connector = new ServerConnector(server, connections);

  @BeforeEach
  void start() throws Exception {
    configuration.setRequestHeaderSize(96 * 1024);
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

  /** A connection whose header is known to be unfinished. */
  private Socket begin(UnfinishedHeaders where, int port, int expected) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    send(socket, REQUEST.substring(0, 20));
    Awaitility.await().until(() -> where.size() == expected);
    return socket;
  }

  /** A listener on which time displaces nothing. */
  private ServerConnector patient(UnfinishedHeaders where) throws Exception {
    ServerConnector patient =
        new ServerConnector(
            server,
            new PolicyPathConnectionFactory(
                configuration, "/ext-authz/", Duration.ofHours(1), where));
    patient.setHost("127.0.0.1");
    server.addConnector(patient);
    patient.start();
    return patient;
  }

  @Test
  void tooManyUnfinishedHeaders_displaceTheOldestAndNoOther() throws Exception {
    UnfinishedHeaders where = new UnfinishedHeaders(MOST_UNFINISHED);
    int port = patient(where).getLocalPort();
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < MOST_UNFINISHED; i++) {
        sockets.add(begin(where, port, i + 1));
      }
      Socket oldest = sockets.getFirst();
      Socket newcomer = new Socket(InetAddress.getLoopbackAddress(), port);
      sockets.add(newcomer);
      send(newcomer, REQUEST.substring(0, 20));
      oldest.setSoTimeout(20_000);
      assertThat(isClosed(oldest)).isTrue();

      for (Socket other : sockets.subList(1, sockets.size())) {
        send(other, REQUEST.substring(20));
        assertThat(answer(other)).startsWith("HTTP/1.1 200 ");
      }
      assertThat(where.size()).isZero();
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  @Test
  void headersThatEndedOrWhoseClientsLeft_takeNoPlace() throws Exception {
    UnfinishedHeaders where = new UnfinishedHeaders(MOST_UNFINISHED);
    int port = patient(where).getLocalPort();
    begin(where, port, 1).close();
    Awaitility.await().until(() -> where.size() == 0);
    try (Socket socket = connect()) {
      for (int i = 0; i < 3; i++) {
        send(socket, REQUEST.substring(0, 20));
        Awaitility.await().until(() -> unfinished.size() == 1);
        send(socket, REQUEST.substring(20));
        assertThat(answer(socket)).startsWith("HTTP/1.1 200 ");
        assertThat(unfinished.size()).isZero();
      }
      send(socket, REQUEST + REQUEST);
      assertThat(answer(socket)).startsWith("HTTP/1.1 200 ");
      assertThat(answer(socket)).startsWith("HTTP/1.1 200 ");
      assertThat(unfinished.size()).isZero();
    }
  }

  private static boolean isClosed(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (SocketException _) {
      return true;
    }
  }

  @Test
  void fieldsUpToTheBound_areAnswered_andMoreAre431() throws IOException {
    try (Socket socket = connect()) {
      String most = "a:\r\n".repeat(PolicyPathConnectionFactory.MOST_FIELDS - 1);
      for (int i = 0; i < 2; i++) {
        send(socket, REQUEST.replace("\r\n\r\n", "\r\n" + most + "\r\n"));
        assertThat(answer(socket)).startsWith("HTTP/1.1 200 ");
      }
      send(socket, REQUEST.replace("\r\n\r\n", "\r\na:\r\n" + most + "\r\n"));
      assertThat(answer(socket)).startsWith("HTTP/1.1 431 ");
    }
  }

  @Test
  void fieldsWithoutEnd_are431BeforeTheHeaderEnds() throws IOException {
    try (Socket socket = connect()) {
      send(socket, "GET /auth HTTP/1.1\r\nHost: a\r\n" + "a:\r\n".repeat(600));
      assertThat(answer(socket)).startsWith("HTTP/1.1 431 ");
    }
  }

  @Test
  void within_isAShareOfTheHeap_butNeverTooFew() {
    assertThat(UnfinishedHeaders.within(256 << 20, 96 << 10).most()).isEqualTo(170);
    assertThat(UnfinishedHeaders.within(16 << 20, 96 << 10).most()).isEqualTo(64);
    assertThat(UnfinishedHeaders.within(Long.MAX_VALUE, 1).most()).isEqualTo(Integer.MAX_VALUE);
  }
}
