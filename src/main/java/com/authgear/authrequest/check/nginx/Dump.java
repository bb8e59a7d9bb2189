package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The output of {@code nginx -T}: each file once, the main one first, with {@code include} lines as
 * they were written. Here every {@code include} is replaced by what it names.
 *
 * @param directives of the main file
 */
record Dump(List<Directive> directives) {
  private static final Pattern MARKER = Pattern.compile("# configuration file (.+):\r?");
  private static final int MOST_INCLUDES = 50;

  Dump {
    directives = List.copyOf(directives);
  }

  /**
   * @param name for a single file, which names itself nowhere
   */
  static Dump read(String name, String text) throws UnusableDumpException {
    Map<String, String> texts = split(text);
    boolean single = texts.isEmpty();
    if (single) {
      texts.put(name, text);
    }
    Map<String, List<Directive>> files = new LinkedHashMap<>();
    for (Map.Entry<String, String> file : texts.entrySet()) {
      files.put(file.getKey(), Syntax.read(file.getKey(), file.getValue()));
    }
    String main = texts.keySet().iterator().next();
    String folder = main.substring(0, main.lastIndexOf('/') + 1);
    return new Dump(
        new Includes(files, folder, single).expand(files.getOrDefault(main, List.of()), 0));
  }

  /** By file name; what stands before the first marker, such as "syntax is ok", is left out. */
  private static Map<String, String> split(String text) {
    Map<String, String> files = new LinkedHashMap<>();
    @Nullable String file = null;
    StringBuilder content = new StringBuilder();
    for (String line : text.split("\n", -1)) {
      Matcher marker = MARKER.matcher(line);
      if (marker.matches()) {
        if (file != null) {
          files.putIfAbsent(file, content.toString());
        }
        file = marker.group(1);
        content.setLength(0);
      } else {
        content.append(line).append('\n');
      }
    }
    if (file != null) {
      files.putIfAbsent(file, content.toString());
    }
    return files;
  }

  private record Includes(Map<String, List<Directive>> files, String folder, boolean single) {
    List<Directive> expand(List<Directive> directives, int depth) throws UnusableDumpException {
      List<Directive> expanded = new ArrayList<>();
      for (Directive directive : directives) {
        if (directive.name().equals("include")) {
          if (depth == MOST_INCLUDES) {
            throw new UnusableDumpException(directive.place() + ": files include each other");
          }
          expanded.addAll(expand(named(directive), depth + 1));
        } else if (directive.children().isEmpty()) {
          expanded.add(directive);
        } else {
          expanded.add(directive.withChildren(expand(directive.children(), depth)));
        }
      }
      return expanded;
    }

    private List<Directive> named(Directive include) throws UnusableDumpException {
      String path = include.argument(0);
      String full = path.startsWith("/") ? path : folder + path;
      @Nullable List<Directive> file = files.get(full);
      if (file != null) {
        return file;
      }
      boolean glob = path.chars().anyMatch(letter -> "*?[".indexOf(letter) >= 0);
      if (single || !glob) {
        throw new UnusableDumpException(
            include.place()
                + ": "
                + full
                + " is not in the input, which must be all that nginx -T prints");
      }
      Pattern pattern = glob(full);
      return files.keySet().stream()
          .filter(name -> pattern.matcher(name).matches())
          .sorted()
          .flatMap(name -> files.getOrDefault(name, List.of()).stream())
          .collect(Collectors.toList());
    }

    /** As glob(7): no wildcard matches a slash, or a dot at the start of a name. */
    private static Pattern glob(String path) throws UnusableDumpException {
      StringBuilder regex = new StringBuilder();
      for (int i = 0; i < path.length(); i++) {
        char letter = path.charAt(i);
        boolean first = i == 0 || path.charAt(i - 1) == '/';
        int close = letter == '[' ? path.indexOf(']', i + 2) : -1;
        if (letter == '*') {
          regex.append(first ? "(?!\\.)" : "").append("[^/]*");
        } else if (letter == '?') {
          regex.append(first ? "(?!\\.)" : "").append("[^/]");
        } else if (close > 0) {
          String inner = path.substring(i + 1, close).replace("\\", "\\\\").replace("[", "\\[");
          regex.append('[').append(inner.replaceFirst("^!", "^")).append(']');
          i = close;
        } else {
          regex.append(Pattern.quote(String.valueOf(letter)));
        }
      }
      try {
        return Pattern.compile(regex.toString());
      } catch (PatternSyntaxException e) {
        throw new UnusableDumpException("include " + path + ": not a pattern of file names");
      }
    }
  }
}
