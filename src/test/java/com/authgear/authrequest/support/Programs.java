package com.authgear.authrequest.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Programs that tests run for real. */
public final class Programs {
  private Programs() {}

  /**
   * Finds a program. Skips the test where it is not installed, unless the environment says {@code
   * REQUIRE_PROGRAMS=true}.
   */
  public static Path require(String name) {
    Optional<Path> program =
        Stream.concat(
                Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)),
                Stream.of("/usr/sbin", "/usr/local/sbin"))
            .map(folder -> Path.of(folder, name))
            .filter(Files::isExecutable)
            .findFirst();
    if (program.isEmpty() && "true".equals(System.getenv("REQUIRE_PROGRAMS"))) {
      throw new AssertionError(name + " is not installed, and REQUIRE_PROGRAMS=true");
    }
    assumeTrue(program.isPresent(), name + " is not installed");
    return program.orElseThrow();
  }
}
