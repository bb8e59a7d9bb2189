package com.authgear.authrequest.support;

import static java.util.Objects.requireNonNullElse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Connection;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.util.SafeEncoder;

/**
 * A real Redis on loopback that keeps nothing on disk. A test that starts it is skipped where it is
 * not installed, unless the environment says {@code REQUIRE_PROGRAMS=true}.
 */
public final class RedisServer implements AutoCloseable {

  private final int port = FreePort.find();
  private final Path program = program();
  private final List<String> arguments = new ArrayList<>();
  private @Nullable Process process;

  public RedisServer(String... options) {
    arguments.addAll(List.of("--port", Integer.toString(port), "--bind", "127.0.0.1"));
    // A replica would write what it gets from its primary into a file, and read it when it starts.
    arguments.addAll(List.of("--save", "", "--appendonly", "no", "--rdb-del-sync-files", "yes"));
    arguments.addAll(List.of("--dir", "/tmp", "--dbfilename", "redis-" + port + ".rdb"));
    arguments.addAll(List.of(options));
  }

  private RedisServer() {}

  /** One that speaks only TLS. */
  public static RedisServer tls(Path certificate, Path key, String... options) {
    RedisServer server = new RedisServer("--port", "0");
    server.arguments.addAll(List.of("--tls-port", Integer.toString(server.port)));
    server.arguments.addAll(List.of("--tls-cert-file", certificate.toString()));
    server.arguments.addAll(List.of("--tls-key-file", key.toString()));
    server.arguments.addAll(List.of("--tls-auth-clients", "no"));
    server.arguments.addAll(List.of(options));
    return server;
  }

  /** One of the nodes of a Cluster, which knows no other node and has no slot yet. */
  public static RedisServer ofCluster(Path folder, String... options) {
    RedisServer server = new RedisServer("--cluster-enabled", "yes");
    server.arguments.addAll(
        List.of(
            "--dir",
            folder.toString(),
            "--cluster-config-file",
            "nodes-" + server.port + ".conf",
            "--cluster-port",
            Integer.toString(FreePort.find())));
    server.arguments.addAll(List.of(options));
    return server;
  }

  /** A Sentinel; it writes what it learns into a file in the folder. */
  public static RedisServer sentinel(Path folder, String... lines) {
    RedisServer server = new RedisServer();
    Path file = folder.resolve("sentinel-" + server.port + ".conf");
    List<String> configuration =
        new ArrayList<>(List.of("port " + server.port, "bind 127.0.0.1", "dir " + folder));
    configuration.addAll(List.of(lines));
    try {
      Files.write(file, configuration);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.arguments.addAll(List.of(file.toString(), "--sentinel"));
    return server;
  }

  public int port() {
    return port;
  }

  public String url() {
    return "redis://127.0.0.1:" + port;
  }

  /** Its answer to a command: texts, numbers, and lists of them; "" for nothing. */
  public Object command(String... words) {
    return commandWith("", words);
  }

  /**
   * The same with a password.
   *
   * @param password empty if it needs none
   */
  public Object commandWith(String password, String... words) {
    DefaultJedisClientConfig.Builder config =
        DefaultJedisClientConfig.builder().serverDefaultProtocol();
    if (!password.isEmpty()) {
      config.password(password);
    }
    CommandArguments command =
        new CommandArguments(() -> words[0].getBytes(StandardCharsets.UTF_8));
    for (String word : List.of(words).subList(1, words.length)) {
      command.add(word);
    }
    try (Connection connection =
        new Connection(new HostAndPort("127.0.0.1", port), config.build())) {
      return requireNonNullElse(SafeEncoder.encodeObject(connection.executeCommand(command)), "");
    }
  }

  /** Starts it, empty, and waits until it accepts connections. */
  public RedisServer start() {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(arguments);
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
