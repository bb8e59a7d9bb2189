package com.authgear.authrequest.verify.resolver;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;

/** Gives every connection the same bytes, HTTP or not, and ends it. */
final class RawServer implements AutoCloseable {

  private interface Answer {
    void to(Socket client) throws IOException;
  }

  private final ServerSocket listening;
  private final AtomicInteger connections = new AtomicInteger();

  private RawServer(Answer answer) throws IOException {
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(() -> serve(answer));
  }

  /** Speaks when a request has come, then closes. */
  static RawServer answering(String bytes) throws IOException {
    return new RawServer(
        client -> {
          readRequest(client);
          client.getOutputStream().write(bytes.getBytes(ISO_8859_1));
        });
  }

  /** Answers the first requests of a connection in turn, then closes it. */
  static RawServer answeringInTurn(String... bytes) throws IOException {
    return new RawServer(
        client -> {
          BufferedReader in =
              new BufferedReader(new InputStreamReader(client.getInputStream(), ISO_8859_1));
          for (String answer : bytes) {
            readRequest(in);
            client.getOutputStream().write(answer.getBytes(ISO_8859_1));
          }
        });
  }

  /** Answers one request, closes its connection and resets all further ones. */
  static RawServer answeringOnce(String bytes) throws IOException {
    AtomicInteger answered = new AtomicInteger();
    return new RawServer(
        client -> {
          readRequest(client);
          if (answered.getAndIncrement() == 0) {
            client.getOutputStream().write(bytes.getBytes(ISO_8859_1));
          } else {
            client.setSoLinger(true, 0);
          }
        });
  }

  /** Speaks first and reads whatever comes. */
  static RawServer greeting(String bytes) throws IOException {
    return new RawServer(
        client -> {
          client.getOutputStream().write(bytes.getBytes(ISO_8859_1));
          client.shutdownOutput();
          client.getInputStream().transferTo(OutputStream.nullOutputStream());
        });
  }

  /** Resets the connection when a request has come. */
  static RawServer resetting() throws IOException {
    return new RawServer(
        client -> {
          readRequest(client);
          client.setSoLinger(true, 0);
        });
  }

  private static void readRequest(Socket client) throws IOException {
    readRequest(new BufferedReader(new InputStreamReader(client.getInputStream(), ISO_8859_1)));
  }

  private static void readRequest(BufferedReader in) throws IOException {
    for (String line = in.readLine(); line != null && !line.isEmpty(); ) {
      line = in.readLine();
    }
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + listening.getLocalPort() + "/_resolver/resolve");
  }

  int connections() {
    return connections.get();
  }

  private void serve(Answer answer) {
    while (!listening.isClosed()) {
      try (Socket client = listening.accept()) {
        connections.incrementAndGet();
        answer.to(client);
      } catch (IOException e) {
        if (!listening.isClosed()) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
