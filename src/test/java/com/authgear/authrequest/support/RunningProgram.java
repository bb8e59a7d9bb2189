package com.authgear.authrequest.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A program with a folder of its own, in which its output goes to a file. */
public final class RunningProgram implements AutoCloseable {

  private final String name;
  private final Path folder;
  private final Process process;

  private RunningProgram(String name, Path folder, Process process) {
    this.name = name;
    this.folder = folder;
    this.process = process;
  }

  /**
   * Starts it in the folder, which is deleted with it.
   *
   * @param environment in addition to that of the tests, without any setting of the service
   */
  public static RunningProgram start(
      Path folder, List<String> command, Map<String, String> environment) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(key -> key.startsWith("AUTHGEAR_"));
    builder.environment().putAll(environment);
    try {
      Process process =
          builder
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("output").toFile())
              .start();
      return new RunningProgram(
          Path.of(command.getFirst()).getFileName().toString(), folder, process);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until it accepts connections on loopback; it is closed if it ends or takes too long. */
  public RunningProgram awaitPort(int port) {
    return awaitThat(Duration.ofSeconds(20), () -> accepts(port));
  }

  /** Waits until something holds; it is closed if it ends before or takes too long. */
  public RunningProgram awaitThat(Duration atMost, Callable<Boolean> ready) {
    try {
      Awaitility.await(name + " to be ready")
          .atMost(atMost)
          .until(() -> !process.isAlive() || ready.call());
    } catch (RuntimeException e) {
      String output = output();
      close();
      throw new AssertionError(name + " is not ready: " + output, e);
    }
    if (!process.isAlive()) {
      String output = output();
      close();
      throw new AssertionError(name + " did not start: " + output);
    }
    return this;
  }

  private static boolean accepts(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  public Path folder() {
    return folder;
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  public long pid() {
    return process.pid();
  }

  /** What it wrote to both outputs so far. */
  public String output() {
    try {
      return Files.readString(folder.resolve("output"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Tells it to end, as a supervisor does: SIGTERM. */
  public void terminate() {
    process.destroy();
  }

  /** Ends it with SIGKILL. */
  public void kill() {
    process.destroyForcibly();
    awaitExit(Duration.ofSeconds(10));
  }

  /** Waits until it has ended, and gives its status. */
  public int awaitExit(Duration atMost) {
    try {
      if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError(name + " did not end");
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Ends it with SIGTERM and deletes its folder. */
  @Override
  public void close() {
    terminate();
    awaitExit(Duration.ofSeconds(20));
    if (Files.exists(folder)) { // not closed before
      try {
        Folders.delete(folder);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
