package com.authgear.authrequest.wire;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Speaks HTTP/1.1 on a loopback port, remembers each request as it came, and answers what it is
 * told to, be it HTTP or not.
 */
public final class RecordingServer implements AutoCloseable {

  /**
   * Gives the octets of an answer, as ISO-8859-1. One that does not say how long it is ends its
   * connection.
   */
  @FunctionalInterface
  public interface Script {
    String answer(HttpMessage request) throws InterruptedException;
  }

  private final ServerSocket listener;
  private volatile Script script;
  private final List<HttpMessage> requests = new CopyOnWriteArrayList<>();
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private RecordingServer(ServerSocket listener, Script script) {
    this.listener = listener;
    this.script = script;
  }

  public static RecordingServer start(Script script) {
    try {
      RecordingServer server =
          new RecordingServer(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), script);
      server.threads.execute(server::accept);
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An answer without content. */
  public static String answer(int status, String... headerLines) {
    return answerWithBody(status, "", headerLines);
  }

  public static String answerWithBody(int status, String body, String... headerLines) {
    StringBuilder answer = new StringBuilder("HTTP/1.1 " + status + " Scripted\r\n");
    for (String line : headerLines) {
      answer.append(line).append("\r\n");
    }
    String length = status == 101 ? "" : "Content-Length: " + body.length() + "\r\n";
    return answer.append(length + "\r\n" + body).toString();
  }

  /** Forgets what came and answers by another script from now on. */
  public void reset(Script next) {
    script = next;
    requests.clear();
    connections.set(0);
  }

  public InetSocketAddress address() {
    return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
  }

  public List<HttpMessage> requests() {
    return List.copyOf(requests);
  }

  /** The only request that came. */
  public HttpMessage request() {
    List<HttpMessage> all = requests();
    if (all.size() != 1) {
      throw new AssertionError(all.size() + " requests came: " + all);
    }
    return all.getFirst();
  }

  /** How many TCP connections were accepted. */
  public int connections() {
    return connections.get();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        connections.incrementAndGet();
        open.add(socket);
        threads.execute(() -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      for (HttpMessage request = HttpMessage.readRequest(in);
          request != null;
          request = HttpMessage.readRequest(in)) {
        requests.add(request);
        String answer = script.answer(request);
        socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
        if (answer.startsWith("HTTP/1.1 101")) {
          in.transferTo(socket.getOutputStream());
        }
        if (!answer.contains("Content-Length:")) {
          return;
        }
      }
    } catch (IOException e) {
      // The peer went away, or close() was called.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    threads.shutdownNow();
    for (Socket socket : open) {
      socket.close();
    }
    threads.close();
  }
}
