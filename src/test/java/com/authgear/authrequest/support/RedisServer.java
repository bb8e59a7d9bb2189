package com.authgear.authrequest.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A real Redis on loopback that keeps nothing on disk. A test that starts it is skipped where it is
 * not installed, unless the environment says {@code REQUIRE_PROGRAMS=true}.
 */
public final class RedisServer implements AutoCloseable {

  private final int port = FreePort.find();
  private final Path program = program();
  private final List<String> options;
  private @Nullable Process process;

  public RedisServer(String... options) {
    this.options = List.of(options);
  }

  public int port() {
    return port;
  }

  public String url() {
    return "redis://127.0.0.1:" + port;
  }

  /** Starts it, empty, and waits until it accepts connections. */
  public RedisServer start() {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of("--port", Integer.toString(port), "--bind", "127.0.0.1"));
    command.addAll(List.of("--save", "", "--appendonly", "no", "--dir", "/tmp"));
    command.addAll(options);
    try {
      Process started =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      process = started;
      Awaitility.await("Redis to listen").until(() -> !started.isAlive() || accepts());
      if (!started.isAlive()) {
        throw new AssertionError("Redis did not start");
      }
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends it with SIGKILL; all its data is gone. */
  public void kill() {
    Process running = process;
    if (running != null) {
      signal("CONT");
      running.destroyForcibly();
      try {
        if (!running.waitFor(10, TimeUnit.SECONDS)) {
          throw new AssertionError("Redis did not end");
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      process = null;
    }
  }

  /** From now on it accepts connections and answers nothing. */
  public void hang() {
    signal("STOP");
  }

  public void goOn() {
    signal("CONT");
  }

  private void signal(String name) {
    Process running = process;
    if (running != null && running.isAlive()) {
      try {
        new ProcessBuilder("kill", "-" + name, Long.toString(running.pid())).start().waitFor();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  private boolean accepts() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private static Path program() {
    Optional<Path> program =
        Stream.concat(
                Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)),
                Stream.of("/usr/bin", "/usr/local/bin"))
            .map(folder -> Path.of(folder, "redis-server"))
            .filter(Files::isExecutable)
            .findFirst();
    if (program.isEmpty() && "true".equals(System.getenv("REQUIRE_PROGRAMS"))) {
      throw new AssertionError("redis-server is not installed, and REQUIRE_PROGRAMS=true");
    }
    assumeTrue(program.isPresent(), "redis-server is not installed");
    return program.orElseThrow();
  }

  @Override
  public void close() {
    kill();
  }
}
