package com.authgear.authrequest.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.docs.Page.Block;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Each command of the documentation is in {@code commands.tsv}, behind the test that runs it or
 * what it does, or else the reason why none does. A row is about one command, or about a page whose
 * commands one test runs. A new command needs a row, and a row needs its command.
 */
class CommandsTest {

  private static final Path TABLE = Path.of("src/test/resources/docs/commands.tsv");
  private static final Set<String> SHELL = Set.of("", "sh", "bash", "shell", "console");

  /**
   * What a block holds that is no command: files, output, formulas. By how its first line begins.
   */
  private static final List<String> NOT_COMMANDS =
      List.of(
          "AUTHGEAR_POLICY_", "auth_request", "location ", "map ", "calls per second", "[Service]");

  private static final Pattern TEST = Pattern.compile("(\\w+)(?:#(\\w+))?");
  private static final String BY_HAND = "by hand: ";

  /** The commands of a block, each on one line, without comments at their ends. */
  static List<String> commands(Block block) {
    List<String> lines =
        String.join("\n", block.lines()).replaceAll("\\\\\n\\s*", "").lines().toList();
    boolean session = lines.stream().anyMatch(line -> line.startsWith("$ "));
    return lines.stream()
        .filter(line -> !session || line.startsWith("$ "))
        .map(line -> (session ? line.substring(2) : line).replaceFirst("(^|\\s+)# .*$", "").strip())
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .toList();
  }

  private static boolean isShell(Block block) {
    String first = block.lines().getFirst().strip();
    return SHELL.contains(block.language()) && NOT_COMMANDS.stream().noneMatch(first::startsWith);
  }

  /** By command: where it stands. */
  private static Map<String, Set<String>> documented() {
    Map<String, Set<String>> commands = new TreeMap<>();
    for (Page page : Page.all()) {
      for (Block block : page.blocks()) {
        if (isShell(block)) {
          for (String command : commands(block)) {
            commands.computeIfAbsent(command, _ -> new TreeSet<>()).add(page.path().toString());
          }
        }
      }
    }
    return commands;
  }

  /** By command: what runs it. */
  private static Map<String, String> table() throws IOException {
    Map<String, String> table = new TreeMap<>();
    for (String row : Files.readAllLines(TABLE)) {
      String[] cells = row.split("\t", -1);
      assertThat(cells).as(row).hasSize(2);
      assertThat(table.put(cells[1], cells[0])).as(row).isNull();
    }
    return table;
  }

  @Test
  void everyCommand_isInTheTable_orItsPageIs() throws IOException {
    Set<String> rows = table().keySet();
    Map<String, Set<String>> missing = documented();
    missing.values().forEach(pages -> pages.removeAll(rows));
    missing.entrySet().removeIf(e -> e.getValue().isEmpty() || rows.contains(e.getKey()));
    assertThat(missing).isEmpty();
  }

  @Test
  void everyRow_isOfTheDocumentation() throws IOException {
    Set<String> there = new TreeSet<>();
    documented()
        .forEach(
            (command, pages) -> {
              there.add(command);
              there.addAll(pages);
            });
    assertThat(there).containsAll(table().keySet());
  }

  @Test
  void everyRow_namesATestThatIsThere_orAReason() throws IOException {
    Map<String, String> sources = new TreeMap<>();
    try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
      }
    }
    List<String> wrong = new ArrayList<>();
    for (String runner : new LinkedHashSet<>(table().values())) {
      var test = TEST.matcher(runner);
      boolean named =
          test.matches()
              && sources.containsKey(test.group(1))
              && (test.group(2) == null
                  || sources.get(test.group(1)).contains(" " + test.group(2) + "("));
      boolean script = runner.startsWith(".ci/") && Files.exists(Path.of(runner));
      boolean reason = runner.startsWith(BY_HAND) && runner.length() > BY_HAND.length();
      if (!named && !script && !reason) {
        wrong.add(runner);
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void commands_ofASession_areItsLinesWithAPrompt() {
    assertThat(commands(new Block(1, "", List.of("$ a --b \\", "    c  # why", "said", "$ d"))))
        .containsExactly("a --b c", "d");
  }

  @Test
  void commands_withoutPrompt_areAllLines() {
    assertThat(commands(new Block(1, "sh", List.of("# why", "a 'x#y'", "", "b   # 200"))))
        .containsExactly("a 'x#y'", "b");
  }
}
