package com.authgear.authrequest.bench;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/**
 * Requests at a fixed rate, which wrk cannot send. Each of 32 connections has its own timetable; a
 * latency counts from the planned time, so that a slow answer also counts for those that had to
 * wait behind it (no coordinated omission). Answers must have no body.
 */
final class Paced {

  private static final int CONNECTIONS = 32;

  /**
   * @param micros latencies, sorted
   * @param wrong answers that were not 200
   */
  record Seen(long[] micros, long wrong) {
    long percentile(double percent) {
      return micros[(int) Math.min(micros.length - 1, Math.floor(micros.length * percent / 100))];
    }
  }

  private Paced() {}

  static Seen run(int port, List<String> headerLines, double perSecond, int seconds)
      throws InterruptedException, IOException {
    long interval = (long) (1e9 * CONNECTIONS / perSecond);
    int each = (int) (seconds * 1e9 / interval);
    long start = System.nanoTime() + 100_000_000L;
    List<Callable<long[]>> clients = new ArrayList<>();
    for (int c = 0; c < CONNECTIONS; c++) {
      int number = c;
      clients.add(
          () ->
              client(
                  port,
                  headerLines,
                  number,
                  start + interval * number / CONNECTIONS,
                  interval,
                  each));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS)) {
      long[] all = new long[each * CONNECTIONS];
      long wrong = 0;
      int at = 0;
      for (Future<long[]> future : threads.invokeAll(clients)) {
        for (long micros : future.get()) {
          if (micros < 0) {
            wrong++;
          }
          all[at++] = Math.abs(micros);
        }
      }
      Arrays.sort(all);
      return new Seen(all, wrong);
    } catch (ExecutionException e) {
      throw new IOException(e);
    }
  }

  /** Latencies in microseconds, negative where the answer was wrong. */
  private static long[] client(
      int port, List<String> headerLines, int number, long first, long interval, int count)
      throws IOException {
    long[] micros = new long[count];
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream(), 16 * 1024);
      OutputStream out = socket.getOutputStream();
      for (int i = 0; i < count; i++) {
        String line = headerLines.get((number + i * CONNECTIONS) % headerLines.size());
        byte[] request =
            ("GET /auth HTTP/1.1\r\nHost: bench\r\n" + line + "\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        long planned = first + i * interval;
        for (long wait; (wait = planned - System.nanoTime()) > 0; ) {
          LockSupport.parkNanos(wait);
        }
        out.write(request);
        boolean good = readHead(in).startsWith("HTTP/1.1 200 ");
        long took = Math.max(1, (System.nanoTime() - planned) / 1000);
        micros[i] = good ? took : -took;
      }
    }
    return micros;
  }

  private static String readHead(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder(1024);
    int ended = 0;
    while (ended < 4) {
      int c = in.read();
      if (c < 0) {
        throw new IOException("connection closed after: " + head);
      }
      head.append((char) c);
      ended = c == (ended % 2 == 0 ? '\r' : '\n') ? ended + 1 : c == '\r' ? 1 : 0;
    }
    return head.toString();
  }
}
