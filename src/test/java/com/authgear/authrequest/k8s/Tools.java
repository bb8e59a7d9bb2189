package com.authgear.authrequest.k8s;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code src/test/tools/install} brings: kustomize, helm and kubeconform of known versions,
 * and schemas. Tests are skipped where it cannot be installed, unless the environment says {@code
 * REQUIRE_PROGRAMS=true}.
 */
final class Tools {

  /** The oldest version of Kubernetes that {@code k8s/} is for, and the newest. */
  static final List<String> KUBERNETES = List.of("1.30.0", "1.37.0");

  private static @Nullable Path folder;

  private Tools() {}

  private static synchronized Path folder() {
    Path known = folder;
    if (known == null) {
      Output installed = run(List.of("src/test/tools/install"));
      if (installed.status() != 0 && "true".equals(System.getenv("REQUIRE_PROGRAMS"))) {
        throw new AssertionError(installed.errors());
      }
      assumeTrue(installed.status() == 0, installed.errors());
      known = Path.of(installed.text().strip());
      folder = known;
    }
    return known;
  }

  /**
   * What a program wrote.
   *
   * @param text its standard output
   */
  record Output(int status, String text, String errors) {}

  /** Runs one of the programs, which may fail. */
  static Output tried(String program, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(folder().resolve(program).toString());
    command.addAll(List.of(arguments));
    return run(command);
  }

  /** The standard output of one of the programs, which must succeed. */
  static String done(String program, String... arguments) {
    Output output = tried(program, arguments);
    assertThat(output.status())
        .as("%s %s: %s", program, List.of(arguments), output.errors() + output.text())
        .isZero();
    return output.text();
  }

  /** Where kubeconform finds the schemas of a version of Kubernetes. */
  static String schemas(String kubernetes) {
    return folder() + "/schemas/" + kubernetes + "/{{.ResourceKind}}{{.KindSuffix}}.json";
  }

  private static Output run(List<String> command) {
    try {
      Path errors = Files.createTempFile("tools", ".err");
      try {
        Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new Output(process.waitFor(), text, Files.readString(errors));
      } finally {
        Files.delete(errors);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
