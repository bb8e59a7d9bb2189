package com.authgear.authrequest.compose;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.docs.PageCommands;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.Installed;
import com.authgear.authrequest.support.JavaProgram;
import com.authgear.authrequest.support.Programs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The compose file without containers: its commands, environments, health checks and mounted files,
 * in its order, on loopback, and then every line of its README. Only addresses, ports and places
 * are replaced. What it does not show: the images, networks, users and read-only roots.
 */
@Timeout(
    value = 6,
    unit = TimeUnit.MINUTES) // the first time what the MCP server needs is installed
class ComposeIT {

  /** What other containers use, and what is published. */
  private static final Map<String, List<Integer>> PORTS =
      Map.of(
          "nginx", List.of(8000),
          "service", List.of(8080, 8081),
          "sandbox", List.of(8090, 8091, 8092),
          "backend", List.of(9000),
          "follower", List.of(8081),
          "redis", List.of(6379),
          "mcp", List.of(9001));

  private static final Pattern INSIDE = Pattern.compile("\\b([a-z]+):([0-9]{4})\\b");
  private static final Pattern OWN =
      Pattern.compile("\\b(0\\.0\\.0\\.0|127\\.0\\.0\\.1):([0-9]{4})\\b");
  private static final Set<Integer> PUBLISHED = Set.of(8000, 8090);

  @TempDir private Path folder;
  private final Deque<Process> processes = new ArrayDeque<>();
  private final Map<String, Integer> ports = new HashMap<>();
  private final ComposeFile compose;

  ComposeIT() throws IOException {
    compose = ComposeFile.read();
  }

  @AfterEach
  void stop() throws InterruptedException {
    processes.forEach(Process::destroy);
    for (Process process : processes) {
      if (!process.waitFor(15, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
  }

  @Test
  void readmesLines_printWhatTheySay() throws Exception {
    for (String program : List.of("nginx", "redis-server", "redis-cli", "curl")) {
      Programs.require(program);
    }
    assertThat(compose.services()).containsExactlyInAnyOrderElementsOf(PORTS.keySet());
    choosePorts();

    for (String name : compose.order()) {
      for (var other : compose.dependencies(name).entrySet()) {
        if (other.getValue()) {
          awaitHealthy(other.getKey());
        }
      }
      start(name);
    }
    awaitListening("nginx", 8000);
    awaitListening("mcp", 9001);
    awaitHealthy("follower");

    PageCommands.of(ComposeFile.FOLDER.resolve("README.md"))
        .run(line -> line.startsWith("docker compose "), line -> published(line), Map.of());
  }

  private void choosePorts() {
    PORTS.forEach(
        (name, wanted) -> {
          int first = consecutive(wanted.size());
          for (int i = 0; i < wanted.size(); i++) {
            ports.put(name + ":" + wanted.get(i), first + i);
          }
        });
  }

  /** The sandbox takes the ports after its first one. */
  private static int consecutive(int count) {
    int first = FreePort.find();
    while (!areFree(first + 1, count - 1)) {
      first = FreePort.find();
    }
    return first;
  }

  private static boolean areFree(int first, int count) {
    if (count == 0) {
      return true;
    }
    try (ServerSocket _ = new ServerSocket(first, 1, InetAddress.getLoopbackAddress())) {
      return areFree(first + 1, count - 1);
    } catch (IOException | IllegalArgumentException _) {
      return false;
    }
  }

  // ---- Addresses

  /** As this machine's user writes them. */
  private String published(String text) {
    return OWN.matcher(text)
        .replaceAll(
            address -> {
              int port = Integer.parseInt(address.group(2));
              if (!address.group(1).equals("127.0.0.1") || !PUBLISHED.contains(port)) {
                return Matcher.quoteReplacement(address.group());
              }
              return "127.0.0.1:" + ports.get((port == 8000 ? "nginx:" : "sandbox:") + port);
            });
  }

  /** As a container writes them: by names, what it listens on itself, and what is published. */
  private String inside(String name, String text) {
    String own =
        OWN.matcher(text)
            .replaceAll(
                address -> {
                  Integer port = ports.get(name + ":" + address.group(2));
                  return port == null
                      ? Matcher.quoteReplacement(published(address.group()))
                      : "127.0.0.1:" + port;
                });
    return INSIDE
        .matcher(own)
        .replaceAll(
            address -> {
              Integer port = ports.get(address.group(1) + ":" + address.group(2));
              return port == null ? Matcher.quoteReplacement(address.group()) : "127.0.0.1:" + port;
            })
        .replace("/run/admin-api", folder.resolve("admin-api").toString());
  }

  // ---- Processes

  private void start(String name) throws IOException {
    Map<String, String> environment = new LinkedHashMap<>();
    compose.environment(name).forEach((key, value) -> environment.put(key, inside(name, value)));
    if (name.equals("mcp")) {
      environment.put("HOST", "127.0.0.1");
      environment.put(
          "PORT", port("mcp", Integer.parseInt(requireNonNull(environment.get("PORT")))));
    }
    ProcessBuilder builder =
        new ProcessBuilder(command(name))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".log").toFile());
    builder.environment().keySet().removeIf(key -> key.startsWith("AUTHGEAR_"));
    builder.environment().putAll(environment);
    processes.push(builder.start());
  }

  private List<String> command(String name) throws IOException {
    List<String> arguments =
        compose.words(name, "command").stream().map(word -> inside(name, word)).toList();
    Files.createDirectories(folder.resolve("admin-api"));
    return switch (name) {
      case "nginx" -> nginx();
      case "redis" -> {
        List<String> command = new ArrayList<>(arguments);
        assertThat(command.removeFirst()).isEqualTo("redis-server");
        command.replaceAll(word -> word.equals("6379") ? port("redis", 6379) : word);
        command.addFirst(Programs.require("redis-server").toString());
        command.addAll(List.of("--bind", "127.0.0.1", "--dir", folder.toString()));
        yield command;
      }
      case "mcp" ->
          List.of(
              Installed.python(Path.of("examples/mcp/python/requirements.txt")).toString(),
              "examples/mcp/python/server.py");
      case "service", "follower" -> java("service.jar", arguments);
      case "sandbox", "backend" -> java("sandbox.jar", arguments);
      default -> throw new AssertionError(name);
    };
  }

  private static List<String> java(String jar, List<String> arguments) {
    return JavaProgram.command(
        System.getProperty(jar), List.of(), arguments.toArray(String[]::new));
  }

  private String port(String name, int port) {
    return requireNonNull(ports.get(name + ":" + port)).toString();
  }

  /** With the mounted files; only places and addresses differ. */
  private List<String> nginx() throws IOException {
    Path prefix = Files.createDirectories(folder.resolve("nginx"));
    for (String volume : compose.words("nginx", "volumes")) {
      String[] parts = volume.split(":");
      assertThat(parts).hasSize(3);
      assertThat(parts[2]).isEqualTo("ro");
      Path from = ComposeFile.FOLDER.resolve(parts[0]).normalize();
      Path to = prefix.resolve(Path.of("/etc/nginx").relativize(Path.of(parts[1])));
      try (Stream<Path> files = Files.walk(from)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Path target = to.resolve(from.relativize(file).toString()).normalize();
          Files.createDirectories(target.getParent());
          Files.writeString(target, Files.readString(file));
        }
      }
    }
    Path main = prefix.resolve("nginx.conf");
    String text =
        inside("nginx", Files.readString(main))
            .replace("listen 8000;", "listen 127.0.0.1:" + port("nginx", 8000) + ";")
            .replace("/var/log/nginx", prefix.toString())
            .replace("http {\n", "http {\n" + temporaryPaths(prefix));
    Files.writeString(main, text);
    return List.of(
        Programs.require("nginx").toString(),
        "-p",
        prefix.toString(),
        "-c",
        main.toString(),
        "-e",
        prefix.resolve("error.log").toString(),
        "-g",
        "daemon off; pid " + prefix.resolve("nginx.pid") + ";");
  }

  private static String temporaryPaths(Path prefix) {
    StringBuilder lines = new StringBuilder();
    for (String kind : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
      lines.append(kind + "_temp_path " + prefix.resolve(kind) + ";\n");
    }
    return lines.toString();
  }

  // ---- Waiting

  /** By its health check of the file, or the image's. */
  private void awaitHealthy(String name) {
    List<String> test = new ArrayList<>();
    compose.service(name).at("/healthcheck/test").forEach(word -> test.add(word.asText()));
    List<String> command =
        switch (name) {
          case "service", "follower" -> java("service.jar", List.of("health"));
          case "sandbox", "backend" -> {
            int jar = test.indexOf("-jar");
            assertThat(test.get(jar + 1)).isEqualTo("/app/authgear-auth-request-sandbox.jar");
            yield java(
                "sandbox.jar",
                test.subList(jar + 2, test.size()).stream()
                    .map(word -> inside(name, word))
                    .toList());
          }
          case "redis" -> {
            assertThat(test).startsWith("CMD", "redis-cli");
            List<String> words = new ArrayList<>(test.subList(2, test.size()));
            words.replaceAll(word -> word.equals("6379") ? port("redis", 6379) : word);
            words.addFirst(Programs.require("redis-cli").toString());
            yield words;
          }
          default -> throw new AssertionError(name + " has no health check");
        };
    Awaitility.await(name + " to be healthy")
        .atMost(Duration.ofSeconds(90))
        .pollInterval(Duration.ofMillis(300))
        .failFast(
            () ->
                assertThat(processes.stream().filter(process -> !process.isAlive()))
                    .as("%s", (Object) logs())
                    .isEmpty())
        .until(() -> succeeds(name, command));
  }

  private boolean succeeds(String name, List<String> command) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    String management = compose.environment(name).get("AUTHGEAR_MANAGEMENT_LISTEN");
    if (management != null) {
      builder.environment().put("AUTHGEAR_MANAGEMENT_LISTEN", inside(name, management));
    }
    return builder.start().waitFor() == 0;
  }

  private void awaitListening(String name, int port) {
    Awaitility.await(name + " to listen")
        .atMost(Duration.ofSeconds(60))
        .failFast(
            () ->
                assertThat(processes.stream().filter(process -> !process.isAlive()))
                    .as("%s", (Object) logs())
                    .isEmpty())
        .ignoreExceptionsInstanceOf(IOException.class)
        .until(
            () -> {
              try (Socket socket =
                  new Socket(
                      InetAddress.getLoopbackAddress(), Integer.parseInt(port(name, port)))) {
                return socket.isConnected();
              }
            });
  }

  private String logs() {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path log : files.filter(file -> file.toString().endsWith(".log")).sorted().toList()) {
        all.append(log.getFileName()).append(":\n").append(Files.readString(log));
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return all.toString();
  }
}
