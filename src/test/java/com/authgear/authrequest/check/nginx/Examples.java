package com.authgear.authrequest.check.nginx;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The configurations in {@code src/test/resources/nginx-check}. A comment {@code # <- id, id} at
 * the end of a line says what must be found there. They use the shipped files.
 */
final class Examples {
  private static final Path FOLDER = Path.of("src/test/resources/nginx-check");
  private static final Path SHIPPED = Path.of("nginx");
  private static final Pattern EXPECTED = Pattern.compile("# <- (.+)");

  private Examples() {}

  static List<String> names() {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".conf"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String read(String name) {
    return text(FOLDER.resolve(name));
  }

  /** As {@code nginx -T} prints it, with the shipped files beside it. */
  static String dump(String name) {
    return dumpWithShipped(read(name));
  }

  /** A file of {@code authgear/}. */
  static String shipped(String name) {
    return text(SHIPPED.resolve("authgear").resolve(name));
  }

  static String shippedDump() {
    return dumpWithShipped(text(SHIPPED.resolve("nginx.conf")));
  }

  /** {@code nginx/mcp.conf}. */
  static String shippedMcp() {
    return text(SHIPPED.resolve("mcp.conf"));
  }

  static String dumpWithShipped(String nginxConf) {
    StringBuilder dump = new StringBuilder(file("/etc/nginx/nginx.conf", nginxConf));
    try (Stream<Path> files = Files.list(SHIPPED.resolve("authgear"))) {
      files
          .sorted()
          .forEach(
              file -> dump.append(file("/etc/nginx/authgear/" + file.getFileName(), text(file))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return dump.toString();
  }

  static String file(String name, String content) {
    return "# configuration file " + name + ":\n" + content + "\n";
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sorted, as {@code header-not-set nginx.conf:12}. */
  static List<String> expected(String name) {
    List<String> lines = read(name).lines().toList();
    return IntStream.range(0, lines.size())
        .boxed()
        .flatMap(
            index -> {
              Matcher comment = EXPECTED.matcher(lines.get(index));
              return comment.find()
                  ? Arrays.stream(comment.group(1).split(", ", -1))
                      .map(id -> id + " nginx.conf:" + (index + 1))
                  : Stream.empty();
            })
        .sorted()
        .toList();
  }

  /** Likewise, what was found. */
  static List<String> found(NginxCheck result) {
    return switch (result) {
      case NginxCheck.Unusable(String why) -> List.of("unusable: " + why);
      case NginxCheck.Checked checked ->
          checked.findings().stream()
              .map(
                  finding ->
                      finding.hazard().id()
                          + " "
                          + Path.of(finding.place().file()).getFileName()
                          + ":"
                          + finding.place().line())
              .sorted()
              .toList();
    };
  }
}
