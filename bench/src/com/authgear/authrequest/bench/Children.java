package com.authgear.authrequest.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The processes that are measured; all of them end with this one. */
final class Children implements AutoCloseable {

  private static final long CLOCK_TICKS = 100;

  private final Path logs;
  private final Deque<Process> running = new ArrayDeque<>();

  Children(Path logs) {
    this.logs = logs;
    Runtime.getRuntime().addShutdownHook(new Thread(this::close));
  }

  Process start(String name, Map<String, String> environment, List<String> command)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(logs.resolve(name + ".log").toFile());
    builder.environment().keySet().removeIf(key -> key.startsWith("AUTHGEAR_"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    synchronized (running) {
      running.push(process);
    }
    return process;
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  static void awaitPort(Process process, int port) throws IOException, InterruptedException {
    for (int attempt = 0; attempt < 6000; attempt++) {
      try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return;
      } catch (IOException e) {
        if (!process.isAlive()) {
          throw new IOException("a candidate ended: " + process.info().commandLine(), e);
        }
        Thread.sleep(10);
      }
    }
    throw new IOException("no one listens on " + port);
  }

  /** Processor time of a process and its children so far, in seconds. */
  static double cpuSeconds(Process process) throws IOException {
    double sum = ticks(process.pid());
    for (ProcessHandle child : process.children().toList()) {
      sum += ticks(child.pid());
    }
    return sum / CLOCK_TICKS;
  }

  private static long ticks(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  /** Resident memory in MiB. */
  static double residentMegabytes(Process process) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024)
        .findFirst()
        .orElseThrow();
  }

  static void stop(Process process) throws InterruptedException {
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }

  @Override
  public void close() {
    synchronized (running) {
      running.forEach(Process::destroy);
      running.forEach(
          process -> {
            try {
              if (!process.waitFor(15, TimeUnit.SECONDS)) {
                process.destroyForcibly();
              }
            } catch (InterruptedException e) {
              process.destroyForcibly();
            }
          });
      running.clear();
    }
  }
}
