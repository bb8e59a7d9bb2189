package com.authgear.authrequest.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A real nginx with the configuration that is shipped in {@code nginx/}, in a folder of its own.
 * Only addresses and places are replaced. A test that starts it is skipped where there is no nginx,
 * unless the environment says {@code REQUIRE_PROGRAMS=true}.
 */
public final class Nginx implements AutoCloseable {

  private static final Path SHIPPED = Path.of("nginx");
  private static final Path MAIN = SHIPPED.resolve("nginx.conf");

  private final RunningProgram program;
  private final int port;

  private Nginx(RunningProgram program, int port) {
    this.program = program;
    this.port = port;
  }

  /**
   * Starts nginx and waits until it accepts connections.
   *
   * @param auth where authgear-auth-request listens
   * @param backend what is protected
   */
  public static Nginx start(InetSocketAddress auth, InetSocketAddress backend) {
    return start(auth, backend, UnaryOperator.identity());
  }

  /**
   * @param edit what a user might have changed in nginx.conf
   */
  public static Nginx start(
      InetSocketAddress auth, InetSocketAddress backend, UnaryOperator<String> edit) {
    return start(MAIN, auth, backend, edit);
  }

  /**
   * @param main the file that takes the place of nginx.conf; its addresses are replaced like those
   *     of the shipped one
   */
  public static Nginx start(
      Path main, InetSocketAddress auth, InetSocketAddress backend, UnaryOperator<String> edit) {
    return start(Programs.require("nginx"), main, auth, backend, edit);
  }

  /**
   * @param program another nginx than the one that is installed
   */
  public static Nginx start(
      Path program,
      Path main,
      InetSocketAddress auth,
      InetSocketAddress backend,
      UnaryOperator<String> edit) {
    return start(program, FreePort.find(), main, auth, backend, edit);
  }

  /**
   * @param port where it must listen, because others were told so already
   */
  public static Nginx startAt(
      int port,
      Path main,
      InetSocketAddress auth,
      InetSocketAddress backend,
      UnaryOperator<String> edit) {
    return start(Programs.require("nginx"), port, main, auth, backend, edit);
  }

  private static Nginx start(
      Path program,
      int port,
      Path main,
      InetSocketAddress auth,
      InetSocketAddress backend,
      UnaryOperator<String> edit) {
    try {
      Path folder = install(main, auth, backend, port, edit);
      RunningProgram nginx =
          run(program, folder, List.of("-g", "daemon off;" + mainDirectives(folder)));
      return new Nginx(nginx.awaitPort(port), port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What {@code nginx -t} says about the shipped files.
   *
   * @param edit what a user might have changed in nginx.conf
   */
  public static String check(UnaryOperator<String> edit) {
    return print("-t", edit);
  }

  /**
   * What {@code nginx -T} prints, on both outputs.
   *
   * @param edit may put another nginx.conf in place of the shipped one
   */
  public static String dump(UnaryOperator<String> edit) {
    return print("-T", edit);
  }

  private static String print(String option, UnaryOperator<String> edit) {
    Path program = Programs.require("nginx");
    try {
      InetSocketAddress somewhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
      Path folder = install(MAIN, somewhere, somewhere, FreePort.find(), edit);
      try (RunningProgram nginx =
          run(program, folder, List.of(option, "-g", mainDirectives(folder)))) {
        nginx.awaitExit(Duration.ofSeconds(20));
        return nginx.output();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The port on the loopback address. */
  public int port() {
    return port;
  }

  /** Where its files are, until it is closed. */
  public Path folder() {
    return program.folder();
  }

  public String errorLog() {
    return read("error.log") + program.output();
  }

  public String accessLog() {
    return read("access.log");
  }

  /** Stops it as an operator would, with SIGTERM, and removes its folder. */
  @Override
  public void close() {
    program.close();
  }

  private String read(String file) {
    try {
      Path path = program.folder().resolve(file);
      return Files.exists(path) ? Files.readString(path) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RunningProgram run(Path program, Path folder, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.addAll(List.of("-p", folder.toString(), "-c", folder.resolve("nginx.conf").toString()));
    command.addAll(List.of("-e", folder.resolve("error.log").toString()));
    command.addAll(arguments);
    return RunningProgram.start(folder, command, Map.of());
  }

  /** As root, workers would become "nobody", who may not enter the folder. */
  private static String mainDirectives(Path folder) {
    String user = System.getProperty("user.name").equals("root") ? " user root;" : "";
    return " pid " + folder.resolve("pid") + ";" + user;
  }

  private static Path install(
      Path main,
      InetSocketAddress auth,
      InetSocketAddress backend,
      int port,
      UnaryOperator<String> edit)
      throws IOException {
    Path folder = Files.createTempDirectory("nginx");
    try (Stream<Path> files = Files.walk(SHIPPED)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = folder.resolve(SHIPPED.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
    String places =
        Stream.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            .map(name -> name + "_temp_path " + folder.resolve(name) + ";\n")
            .reduce("", String::concat);
    String conf = Files.readString(main);
    conf = replaceOnce(conf, "127.0.0.1:8080", hostAndPort(auth));
    conf = replaceOnce(conf, "127.0.0.1:9000", hostAndPort(backend));
    conf = replaceOnce(conf, "listen 8000;", "listen 127.0.0.1:" + port + ";");
    conf = replaceOnce(conf, "/var/log/nginx/", folder + "/");
    conf = replaceOnce(conf, "\nhttp {\n", "\nhttp {\n" + places);
    Files.writeString(folder.resolve("nginx.conf"), edit.apply(conf));
    return folder;
  }

  private static String replaceOnce(String text, String shipped, String replacement) {
    assertThat(text).as("shipped nginx.conf").containsOnlyOnce(shipped);
    return text.replace(shipped, replacement);
  }

  private static String hostAndPort(InetSocketAddress address) {
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }
}
