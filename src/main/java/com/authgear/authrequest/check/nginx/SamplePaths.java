package com.authgear.authrequest.check.nginx;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Requests that take a location, for {@link RequestWalk}. */
final class SamplePaths {
  /** What the client chooses in a sample's path, so that it is recognised behind rewrites. */
  static final String MARK = "zz9";

  private static final int MOST = 6;
  private static final String LETTERS = "za19-_/A.";

  private SamplePaths() {}

  /** Paths that take a location, those with {@link #MARK} first; none if nothing was found. */
  static List<String> of(Block location) {
    Block server = location.server();
    if (location.isServer()) {
      return Stream.of("/" + MARK, "/" + MARK + "/", "/")
          .filter(path -> server.find(path).isEmpty())
          .toList();
    }
    if (location.isNamed()) {
      return List.of();
    }
    Stream<String> paths;
    String path = location.path();
    if (location.modifier().equals("=")) {
      paths = Stream.of(path);
    } else if (location.isRegex()) {
      paths = matching(path).stream();
    } else if (path.endsWith("/")) {
      paths = Stream.of(path + MARK, path + MARK + "/", path);
    } else {
      paths = Stream.of(path + "/" + MARK, path + "/" + MARK + "/", path, path + MARK);
    }
    return paths
        .filter(one -> one.startsWith("/") && server.find(one).contains(location))
        .limit(3)
        .toList();
  }

  /** As a client would send a path. */
  static String encoded(String path) {
    StringBuilder encoded = new StringBuilder();
    for (byte octet : path.getBytes(StandardCharsets.UTF_8)) {
      char letter = (char) (octet & 255);
      if (letter > ' ' && letter < 0x7f && "%?#\"<>".indexOf(letter) < 0) {
        encoded.append(letter);
      } else {
        encoded.append(String.format(Locale.ROOT, "%%%02x", (int) letter));
      }
    }
    return encoded.toString();
  }

  private static List<String> matching(String expression) {
    Set<String> parts = new LinkedHashSet<>(new Reader(expression).alternatives());
    Set<String> paths = new LinkedHashSet<>();
    for (String part : parts) {
      for (String before : List.of("", "/", "/" + MARK, "/" + MARK + "/")) {
        for (String after : List.of(MARK, "/" + MARK, "", "/" + MARK + "/")) {
          paths.add(before + part + after);
        }
      }
    }
    List<String> sorted = new ArrayList<>(paths);
    sorted.sort((one, other) -> Boolean.compare(other.contains(MARK), one.contains(MARK)));
    return sorted;
  }

  /** Makes some texts that an expression may match; whether one does is for the caller to try. */
  private static final class Reader {
    private final String text;
    private int at;
    private int depth;

    Reader(String text) {
      this.text = text;
    }

    List<String> alternatives() {
      List<String> all = new ArrayList<>();
      if (++depth > 50) {
        at = text.length();
        return List.of("");
      }
      while (true) {
        all.addAll(sequence());
        if (at < text.length() && text.charAt(at) == '|') {
          at++;
        } else {
          depth--;
          return all.stream().distinct().limit(MOST).toList();
        }
      }
    }

    private List<String> sequence() {
      List<String> made = List.of("");
      while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
        List<String> atoms = quantified(atom());
        List<String> next = new ArrayList<>();
        for (String one : made) {
          for (String atom : atoms) {
            next.add(one + atom);
          }
        }
        made = next.stream().filter(one -> one.length() < 500).distinct().limit(MOST).toList();
      }
      return made;
    }

    private List<String> quantified(List<String> atom) {
      if (at >= text.length()) {
        return atom;
      }
      char next = text.charAt(at);
      List<String> result = atom;
      if (next == '*' || next == '?') {
        at++;
        result = Stream.concat(atom.stream(), Stream.of("")).distinct().toList();
      } else if (next == '+') {
        at++;
      } else if (next == '{' && text.substring(at).matches("(?s)\\{\\d+(,\\d*)?}.*")) {
        int end = text.indexOf('}', at);
        String least = text.substring(at + 1, end).split(",", -1)[0];
        at = end + 1;
        int times = least.length() > 3 ? 1 : Integer.parseInt(least);
        result = atom.stream().map(one -> one.repeat(Math.min(times, 200))).toList();
      } else {
        return atom;
      }
      if (at < text.length() && (text.charAt(at) == '?' || text.charAt(at) == '+')) {
        at++;
      }
      return result;
    }

    private List<String> atom() {
      char next = text.charAt(at++);
      return switch (next) {
        case '^', '$' -> List.of("");
        case '.' -> List.of("z");
        case '\\' -> List.of(escape());
        case '[' -> characterClass();
        case '(' -> group();
        default -> List.of(String.valueOf(next));
      };
    }

    private String escape() {
      if (at >= text.length()) {
        return "";
      }
      char next = text.charAt(at++);
      return switch (next) {
        case 'd' -> "1";
        case 'w', 'D', 'S', 'N' -> "z";
        case 'W' -> "-";
        case 's' -> " ";
        case 'b', 'B', 'A', 'z', 'Z', 'G', 'K', 'Q', 'E' -> "";
        default -> String.valueOf(next);
      };
    }

    private List<String> characterClass() {
      int start = at - 1;
      int end = at;
      if (end < text.length() && text.charAt(end) == '^') {
        end++;
      }
      end++;
      while (end < text.length() && text.charAt(end) != ']') {
        if (text.startsWith("[:", end) && text.indexOf(":]", end) > 0) {
          end = text.indexOf(":]", end) + 1;
        }
        end += text.charAt(end) == '\\' ? 2 : 1;
      }
      at = Math.min(end + 1, text.length());
      Pcre letters = Pcre.of("^" + text.substring(start, at) + "$", false);
      Optional<String> inside =
          Stream.concat(
                  LETTERS.chars().mapToObj(letter -> String.valueOf((char) letter)),
                  text.substring(start, at)
                      .chars()
                      .mapToObj(letter -> String.valueOf((char) letter)))
              .filter(letter -> letters.find(letter) instanceof Pcre.Match)
              .findFirst();
      return List.of(inside.orElse("z"));
    }

    private List<String> group() {
      boolean look = false;
      if (text.startsWith("?", at)) {
        look =
            text.startsWith("?=", at)
                || text.startsWith("?!", at)
                || text.startsWith("?<=", at)
                || text.startsWith("?<!", at);
        int colon = at;
        while (colon < text.length() && ":>'=!)".indexOf(text.charAt(colon)) < 0) {
          colon++;
        }
        if (colon < text.length() && text.charAt(colon) == '\'') {
          colon = Math.max(colon, text.indexOf('\'', colon + 1));
        }
        if (colon < text.length() && text.charAt(colon) == ')') {
          at = colon + 1;
          return List.of("");
        }
        at = Math.min(colon + 1, text.length());
      }
      List<String> inside = alternatives();
      if (at < text.length()) {
        at++;
      }
      return look ? List.of("") : inside;
    }
  }
}
