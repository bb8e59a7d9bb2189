package com.authgear.authrequest.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Every link inside the repository leads somewhere, and every page can be found. */
class LinksTest {

  private static final Path README = Path.of("README.md");
  private static final int README_BYTES = 8 * 1024;

  /** A path from the root, as the text names files. */
  private static final Pattern FILE =
      Pattern.compile(
          "(?:\\.ci|bench|docs|examples|grafana|k8s|nginx|prometheus|src)/[A-Za-z0-9._/-]*");

  private static final Map<Path, Page> PAGES =
      Page.all().stream().collect(Collectors.toMap(Page::path, Function.identity()));

  private static boolean leavesTheRepository(String link) {
    return URI.create(link).isAbsolute() || link.startsWith("//");
  }

  private static Path target(Page page, String link) {
    String path = URI.create(link).getPath();
    return path.isEmpty() ? page.path() : page.path().resolveSibling(path).normalize();
  }

  private static String problem(Page page, String link) {
    Path target = target(page, link);
    if (target.isAbsolute() || target.startsWith("..")) {
      return "leaves the repository";
    }
    if (!Files.exists(target)) {
      return "leads to no file";
    }
    String anchor = URI.create(link).getFragment();
    if (anchor == null) {
      return "";
    }
    Page to = PAGES.get(target);
    return to != null && to.anchors().contains(anchor) ? "" : "leads to no heading";
  }

  @Test
  void everyRelativeLink_leadsToAFileAndAHeading() {
    List<String> broken = new ArrayList<>();
    for (Page page : PAGES.values()) {
      for (String link : page.links()) {
        String problem = leavesTheRepository(link) ? "" : problem(page, link);
        if (!problem.isEmpty()) {
          broken.add(page.path() + ": " + link + " " + problem);
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  @Test
  void everyFileThatTheTextNames_isThere() {
    List<String> missing = new ArrayList<>();
    for (Page page : PAGES.values()) {
      for (String span : page.codeSpans()) {
        if (FILE.matcher(span).matches() && !isThere(page, span)) {
          missing.add(page.path() + ": " + span);
        }
      }
    }
    assertThat(missing).isEmpty();
  }

  /** {@code bench/target} and the like exist after a run only. */
  private static boolean isThere(Page page, String name) {
    return Files.exists(Path.of(name))
        || Files.exists(page.path().resolveSibling(name))
        || name.startsWith("bench/target");
  }

  @Test
  void readme_isAPageToReadInOneGo() throws Exception {
    assertThat(Files.size(README)).isLessThanOrEqualTo(README_BYTES);
  }

  @Test
  void everyPage_canBeReachedFromTheReadme() {
    Set<Path> reached = new TreeSet<>(Set.of(README));
    Deque<Path> toRead = new ArrayDeque<>(reached);
    while (!toRead.isEmpty()) {
      Page page = PAGES.get(toRead.remove());
      if (page == null) {
        continue;
      }
      for (String link : page.links()) {
        if (!leavesTheRepository(link)) {
          Path target = target(page, link);
          if (reached.add(target)) {
            toRead.add(target);
          }
        }
      }
    }
    assertThat(reached).containsAll(PAGES.keySet());
  }
}
