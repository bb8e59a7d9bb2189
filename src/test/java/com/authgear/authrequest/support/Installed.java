package com.authgear.authrequest.support;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What the tests get from PyPI and npm, with the versions and hashes of lock files: programs that
 * Debian does not have, backends, and clients. It stays in {@code target/installed}, or in the
 * folder that the environment names as {@code TEST_INSTALLATIONS}, until a lock file changes. Tests
 * are skipped where it cannot be installed, unless the environment says {@code
 * REQUIRE_PROGRAMS=true}.
 */
public final class Installed {

  private static final Path TARGET =
      Path.of(System.getenv().getOrDefault("TEST_INSTALLATIONS", "target/installed"));
  private static final Path BACKENDS = Path.of("src/test/backends/python/requirements.txt");

  private Installed() {}

  /** The Python of an environment with what a {@code requirements.txt} names. */
  public static Path python(Path requirements) {
    return environment(requirements).resolve("bin/python");
  }

  private static synchronized Path environment(Path requirements) {
    return folder(
        "python",
        List.of(requirements),
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
                  requirements.toAbsolutePath().toString()));
        });
  }

  /**
   * A copy of a program for Node.js, next to the {@code node_modules} that it needs.
   *
   * @param program in a folder with {@code package.json}, its lock file and {@code .npmrc}
   */
  public static synchronized Path node(Path program) {
    List<Path> files =
        Stream.of("package.json", "package-lock.json", ".npmrc")
            .map(program::resolveSibling)
            .toList();
    Path folder =
        folder(
            "node",
            files,
            place -> {
              for (Path file : files) {
                copy(file, place);
              }
              run(place, List.of(Programs.require("npm").toString(), "ci", "--silent"));
            });
    try {
      return copy(program, folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path copy(Path file, Path folder) throws IOException {
    return Files.copy(
        file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
  }

  /** The Envoy that comes as a wheel. */
  public static Path envoy() {
    return find(environment(BACKENDS), "envoy/_bin/envoy");
  }

  /** The current nginx that comes as a wheel. */
  public static Path currentNginx() {
    return find(environment(BACKENDS), "nginx");
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
      Files.createDirectories(folder);
      // Another build may install into the same folder.
      try (FileChannel file =
              FileChannel.open(
                  folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock _ = file.lock()) {
        Path complete = folder.resolve("complete");
        if (!Files.exists(complete)) {
          installation.into(folder);
          Files.createFile(complete);
        }
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
