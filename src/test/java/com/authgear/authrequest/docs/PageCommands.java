package com.authgear.authrequest.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.docs.Page.Block;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a page that a reader pastes into a shell, and what each must print: {@code status
 * http://127.0.0.1:8000/ # 401}. With {@code , soon} behind it, it must print that after a while.
 */
public final class PageCommands {

  private static final Pattern EXPECTED =
      Pattern.compile("(?<command>.*\\S) +# (?<output>[^ ,]+)(?<soon>, soon)?");
  private static final Pattern COMMENT = Pattern.compile("(?<command>.*\\S) +# .*");
  private static final int TRIES = 100;

  /**
   * A line.
   *
   * @param expected what it prints; null if the page does not say
   */
  record Line(String command, @Nullable String expected, boolean soon) {}

  private final Path page;
  private final List<Line> lines;

  private PageCommands(Path page, List<Line> lines) {
    this.page = page;
    this.lines = List.copyOf(lines);
  }

  /** Of the blocks without a language, which are a shell's, and those marked {@code sh}. */
  public static PageCommands of(Path page) {
    List<Line> lines = new ArrayList<>();
    for (Block block : Page.read(page).blocks()) {
      if (block.language().isEmpty() || block.language().equals("sh")) {
        block.lines().stream()
            .filter(line -> !line.isBlank())
            .map(PageCommands::line)
            .forEach(lines::add);
      }
    }
    return new PageCommands(page, lines);
  }

  private static Line line(String text) {
    Matcher expected = EXPECTED.matcher(text);
    if (expected.matches()) {
      return new Line(
          expected.group("command"), expected.group("output"), expected.group("soon") != null);
    }
    Matcher comment = COMMENT.matcher(text);
    return new Line(comment.matches() ? comment.group("command") : text, null, false);
  }

  /** All commands, in their order. */
  public List<String> commands() {
    return lines.stream().map(Line::command).toList();
  }

  /** The only line that begins so. */
  public String only(String beginning) {
    assertThat(commands()).filteredOn(line -> line.startsWith(beginning)).hasSize(1);
    return commands().stream().filter(line -> line.startsWith(beginning)).findFirst().orElseThrow();
  }

  /**
   * Runs the lines in one shell, and compares what they print with what the page says.
   *
   * @param otherwise lines that the test has done already, in a way of its own
   * @param edit what differs here, such as ports
   */
  public void run(
      Predicate<String> otherwise, UnaryOperator<String> edit, Map<String, String> environment)
      throws IOException, InterruptedException {
    StringBuilder script = new StringBuilder("set -u\n");
    List<Line> compared = new ArrayList<>();
    for (Line line : lines) {
      if (otherwise.test(line.command())) {
        continue;
      }
      String command = edit.apply(line.command());
      if (line.expected() == null) {
        script.append(command).append(" || exit 1\n");
        continue;
      }
      String expected = edit.apply(line.expected());
      compared.add(new Line(line.command(), expected, line.soon()));
      script.append("out=$(").append(command).append(")\n");
      if (line.soon()) {
        script
            .append("i=0\nwhile [ \"$out\" != '")
            .append(expected)
            .append("' ] && [ $i -lt " + TRIES + " ]; do sleep 0.1; i=$((i + 1)); out=$(")
            .append(command)
            .append("); done\n");
      }
      script.append("printf '%s\\n' \"$out\" >&3\n");
    }
    assertThat(compared).as("%s has lines that say what they print", page).isNotEmpty();
    Path results = Files.createTempFile("page", ".results");
    Path output = Files.createTempFile("page", ".output");
    script.insert(0, "exec 3>'" + results + "'\n");
    try {
      ProcessBuilder shell =
          new ProcessBuilder("sh", "-c", script.toString())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile());
      shell.environment().putAll(environment);
      Process process = shell.start();
      boolean ended = process.waitFor(5, TimeUnit.MINUTES);
      process.destroyForcibly();
      assertThat(ended && process.exitValue() == 0)
          .as("%s%n%s", page, Files.readString(output))
          .isTrue();
      assertThat(zip(compared, Files.readAllLines(results, StandardCharsets.UTF_8)))
          .containsExactlyElementsOf(
              compared.stream().map(line -> line.command() + "   # " + line.expected()).toList());
    } finally {
      Files.delete(results);
      Files.delete(output);
    }
  }

  private static List<String> zip(List<Line> lines, List<String> printed) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < Math.max(lines.size(), printed.size()); i++) {
      all.add(
          (i < lines.size() ? lines.get(i).command() : "")
              + "   # "
              + (i < printed.size() ? printed.get(i) : "nothing"));
    }
    return all;
  }
}
