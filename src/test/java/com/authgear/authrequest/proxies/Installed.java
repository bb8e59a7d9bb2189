package com.authgear.authrequest.proxies;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.authgear.authrequest.Programs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What the tests get from PyPI and npm, with the versions and hashes of the lock files in {@code
 * src/test/backends}: programs that Debian does not have, and backends. It stays in {@code target}
 * until a lock file changes. Tests are skipped where it cannot be installed, unless the environment
 * says {@code REQUIRE_PROGRAMS=true}.
 */
final class Installed {

  private static final Path SOURCES = Path.of("src/test/backends");
  private static final Path TARGET = Path.of("target/backends");

  private Installed() {}

  /** The folder of a Python environment with what {@code requirements.txt} names. */
  static synchronized Path python() {
    Path lock = SOURCES.resolve("python/requirements.txt");
    return folder(
        "python",
        List.of(lock),
        folder -> {
          run(folder, List.of(Programs.require("python3").toString(), "-m", "venv", "."));
          run(
              folder,
              List.of(
                  folder.resolve("bin/pip").toString(),
                  "install",
                  "--quiet",
                  "--disable-pip-version-check",
                  "--only-binary",
                  ":all:",
                  "--require-hashes",
                  "--requirement",
                  lock.toAbsolutePath().toString()));
        });
  }

  /** The folder with {@code node_modules} and the backends' own files. */
  static synchronized Path node() {
    Path from = SOURCES.resolve("node");
    List<Path> files =
        Stream.of("package.json", "package-lock.json", ".npmrc", "server.mjs")
            .map(from::resolve)
            .toList();
    return folder(
        "node",
        files,
        folder -> {
          for (Path file : files) {
            Files.copy(
                file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
          }
          run(folder, List.of(Programs.require("npm").toString(), "ci", "--silent"));
        });
  }

  /** The Envoy that comes as a wheel. */
  static Path envoy() {
    return find(python(), "envoy/_bin/envoy");
  }

  /** The current nginx that comes as a wheel. */
  static Path currentNginx() {
    return find(python(), "nginx");
  }

  private static Path find(Path folder, String end) {
    try (Stream<Path> files = Files.walk(folder.resolve("lib"))) {
      return files
          .filter(file -> file.endsWith(end) && Files.isExecutable(file))
          .filter(Files::isRegularFile)
          .findFirst()
          .orElseThrow(() -> new AssertionError("no " + end + " in " + folder));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @FunctionalInterface
  private interface Installation {
    void into(Path folder) throws IOException;
  }

  private static Path folder(String name, List<Path> inputs, Installation installation) {
    try {
      Path folder = TARGET.resolve(name + "-" + digest(inputs).substring(0, 16)).toAbsolutePath();
      Path complete = folder.resolve("complete");
      if (!Files.exists(complete)) {
        Files.createDirectories(folder);
        installation.into(folder);
        Files.createFile(complete);
      }
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String digest(List<Path> files) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files) {
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static void run(Path folder, List<String> command) throws IOException {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      if (!process.waitFor(5, TimeUnit.MINUTES)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    boolean installed = !process.isAlive() && process.exitValue() == 0;
    String failure = command + ": " + Files.readString(output, UTF_8);
    if (!installed && "true".equals(System.getenv("REQUIRE_PROGRAMS"))) {
      throw new AssertionError(failure);
    }
    assumeTrue(installed, failure);
  }
}
