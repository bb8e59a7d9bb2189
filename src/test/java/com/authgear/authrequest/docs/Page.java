package com.authgear.authrequest.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Markdown file of the repository.
 *
 * @param path from the repository's root
 * @param lines as in the file
 */
record Page(Path path, List<String> lines) {

  private static final Pattern FENCE = Pattern.compile("\\s*(```|~~~).*");
  private static final Pattern ITEM = Pattern.compile("( *)([-*] +|\\d+\\. +).*");
  private static final Pattern HEADING = Pattern.compile("#{1,6} +(.*?)(?: +#+)?");
  private static final Pattern LINK = Pattern.compile("(?<!`)]\\(<?([^()\\s>]+)>?[^()]*\\)");
  private static final Pattern DEFINITION =
      Pattern.compile(" {0,3}\\[[^]]+]: *<?(\\S+?)>?(?: .*)?");
  private static final Pattern CODE = Pattern.compile("(`+)(?!`)(.+?)(?<!`)\\1(?!`)");
  private static final Pattern ID = Pattern.compile("<a (?:id|name)=\"([^\"]+)\"");
  private static final Set<String> NOT_OURS = Set.of("target", ".git", "node_modules");

  Page {
    lines = List.copyOf(lines);
  }

  /**
   * A block of code, fenced or indented.
   *
   * @param line of its first line, counted from 1
   * @param language what follows the fence; empty for an indented block
   * @param lines without the indentation
   */
  record Block(int line, String language, List<String> lines) {
    Block {
      lines = List.copyOf(lines);
    }
  }

  /** Every Markdown file that the repository has, by its path. */
  static List<Page> all() {
    try (Stream<Path> files = Files.walk(Path.of("."))) {
      return files
          .map(Path::normalize)
          .filter(file -> file.toString().endsWith(".md"))
          .filter(file -> !ours(file).isEmpty())
          .sorted()
          .map(Page::read)
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String ours(Path file) {
    for (Path part : file) {
      if (NOT_OURS.contains(part.toString())) {
        return "";
      }
    }
    return file.toString();
  }

  static Page read(Path file) {
    try {
      return new Page(file, Files.readAllLines(file));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  static Page of(String path, String text) {
    return new Page(Path.of(path), text.lines().toList());
  }

  /** Blocks of code in their order. */
  List<Block> blocks() {
    List<Block> blocks = new ArrayList<>();
    prose(blocks);
    return blocks;
  }

  /** The page without its blocks of code. */
  private List<String> prose() {
    return prose(new ArrayList<>());
  }

  private List<String> prose(List<Block> blocks) {
    List<String> prose = new ArrayList<>();
    int itemIndent = 0;
    boolean afterBlank = true;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      int indent = line.length() - line.stripLeading().length();
      Matcher item = ITEM.matcher(line);
      if (line.isBlank()) {
        afterBlank = true;
        prose.add(line);
        continue;
      }
      if (FENCE.matcher(line).matches()) {
        String fence = line.strip().substring(0, 3);
        List<String> code = new ArrayList<>();
        int first = i + 2;
        for (i++; i < lines.size() && !lines.get(i).strip().startsWith(fence); i++) {
          String inside = lines.get(i);
          code.add(inside.substring(Math.min(indent, leading(inside))));
        }
        blocks.add(new Block(first, line.strip().substring(3).strip(), code));
        afterBlank = true;
        continue;
      }
      boolean inItem = itemIndent > 0 && indent >= itemIndent;
      int code = (inItem ? itemIndent : 0) + 4;
      if (afterBlank && indent >= code) {
        List<String> block = new ArrayList<>();
        int first = i + 1;
        int end = i;
        for (; i < lines.size() && (lines.get(i).isBlank() || leading(lines.get(i)) >= code); i++) {
          String inside = lines.get(i);
          block.add(inside.isBlank() ? "" : inside.substring(code));
          end = inside.isBlank() ? end : i;
        }
        blocks.add(new Block(first, "", block.subList(0, end - first + 2)));
        i = end;
        continue;
      }
      if (item.matches()) {
        itemIndent = item.group(1).length() + item.group(2).length();
      } else if (indent == 0 && afterBlank) {
        itemIndent = 0;
      }
      afterBlank = false;
      prose.add(line);
    }
    return prose;
  }

  private static int leading(String line) {
    return line.length() - line.stripLeading().length();
  }

  /** The targets of links and images, as written; without code. */
  List<String> links() {
    List<String> links = new ArrayList<>();
    for (String line : prose()) {
      String text = CODE.matcher(line).replaceAll("code");
      Matcher definition = DEFINITION.matcher(text);
      if (definition.matches()) {
        links.add(definition.group(1));
      }
      LINK.matcher(text).results().forEach(link -> links.add(link.group(1)));
    }
    return links;
  }

  /** What stands between backticks in the text. */
  List<String> codeSpans() {
    return prose().stream()
        .flatMap(line -> CODE.matcher(line).results().map(span -> span.group(2).strip()))
        .toList();
  }

  /** What a link to this page may have after {@code #}, as GitHub makes them of headings. */
  Set<String> anchors() {
    Set<String> anchors = new TreeSet<>();
    Map<String, Integer> seen = new HashMap<>();
    for (String line : prose()) {
      Matcher heading = HEADING.matcher(line);
      if (heading.matches()) {
        String slug = slug(heading.group(1));
        int before = seen.merge(slug, 1, Integer::sum) - 1;
        anchors.add(before == 0 ? slug : slug + "-" + before);
      }
      ID.matcher(line).results().forEach(id -> anchors.add(id.group(1)));
    }
    return anchors;
  }

  private static String slug(String heading) {
    return heading
        .replaceAll("!?\\[([^]]*)]\\([^)]*\\)", "$1")
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N}\\p{M} _-]", "")
        .replace(' ', '-');
  }
}
