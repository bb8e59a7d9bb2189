package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * One of nginx's regular expressions. They are PCRE, which Java reads almost the same; what differs
 * is translated here. An expression that cannot be translated may match anything, and says so: a
 * rule must never take it for one that does not match.
 */
final class Pcre {
  /** Longer texts are not tried: Java's matcher recurses. */
  private static final int LONGEST = 2048;

  private static final Pattern VERB = Pattern.compile("\\(\\*[A-Z0-9_=]+\\)");

  private static final Map<String, String> POSIX =
      Map.ofEntries(
          Map.entry("alpha", "\\p{Alpha}"),
          Map.entry("digit", "\\p{Digit}"),
          Map.entry("alnum", "\\p{Alnum}"),
          Map.entry("upper", "\\p{Upper}"),
          Map.entry("lower", "\\p{Lower}"),
          Map.entry("punct", "\\p{Punct}"),
          Map.entry("graph", "\\p{Graph}"),
          Map.entry("print", "\\p{Print}"),
          Map.entry("blank", "\\p{Blank}"),
          Map.entry("cntrl", "\\p{Cntrl}"),
          Map.entry("xdigit", "\\p{XDigit}"),
          Map.entry("space", "\\s"),
          Map.entry("word", "\\w"));

  /** What a text is to an expression. */
  sealed interface PcreMatch {}

  /**
   * @param groups as {@code $1} and so on; empty texts for groups that took no part
   */
  record Match(List<String> groups, Map<String, String> named) implements PcreMatch {}

  record NoMatch() implements PcreMatch {}

  /** The expression cannot be read here; nginx can. */
  record Unreadable() implements PcreMatch {}

  private final @Nullable Pattern pattern;

  /** The names as nginx knows them, by the ones that Java allows. */
  private final Map<String, String> names = new LinkedHashMap<>();

  private Pcre(String expression, boolean ignoringCase) {
    this.pattern = compile(expression, ignoringCase);
  }

  static Pcre of(String expression, boolean ignoringCase) {
    return new Pcre(expression, ignoringCase);
  }

  PcreMatch find(String text) {
    if (pattern == null || text.length() > LONGEST) {
      return new Unreadable();
    }
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      return new NoMatch();
    }
    List<String> groups = new ArrayList<>();
    for (int group = 1; group <= matcher.groupCount(); group++) {
      groups.add(textOf(matcher.group(group)));
    }
    Map<String, String> named = new LinkedHashMap<>();
    names.forEach((java, name) -> named.put(name, textOf(matcher.group(java))));
    return new Match(groups, named);
  }

  /** Whether the expression matches; true if that cannot be told. */
  boolean mayFind(String text) {
    return !(find(text) instanceof NoMatch);
  }

  private static String textOf(@Nullable String group) {
    return group == null ? "" : group;
  }

  private @Nullable Pattern compile(String expression, boolean ignoringCase) {
    try {
      return Pattern.compile(
          new Translation(expression).translated(),
          Pattern.UNIX_LINES | (ignoringCase ? Pattern.CASE_INSENSITIVE : 0));
    } catch (PatternSyntaxException e) {
      names.clear();
      return null;
    }
  }

  /** From PCRE's spelling to Java's. */
  private final class Translation {
    private final String text;
    private final StringBuilder out = new StringBuilder();
    private int at;

    Translation(String text) {
      this.text = text;
    }

    String translated() {
      Matcher verb = VERB.matcher(text);
      while (verb.find(at) && verb.start() == at) {
        at = verb.end();
      }
      while (at < text.length()) {
        char next = text.charAt(at);
        switch (next) {
          case '\\' -> escape(false);
          case '[' -> characterClass();
          case '(' -> group();
          case '{' -> brace();
          default -> {
            out.append(next);
            at++;
          }
        }
      }
      return out.toString();
    }

    private PatternSyntaxException unreadable(String why) {
      return new PatternSyntaxException(why, text, at);
    }

    private void escape(boolean inClass) {
      if (at + 1 >= text.length()) {
        throw unreadable("ends in a backslash");
      }
      char next = text.charAt(at + 1);
      if (next == 'Q') {
        int end = text.indexOf("\\E", at + 2);
        int stop = end < 0 ? text.length() : end;
        text.substring(at + 2, stop).chars().forEach(letter -> literal((char) letter));
        at = end < 0 ? stop : end + 2;
        return;
      }
      if (next == 'E') {
        at += 2;
        return;
      }
      if (!inClass && (next == 'k' || next == 'g')) {
        reference();
        return;
      }
      boolean letter = next < 0x80 && Character.isLetter(next);
      String known = inClass ? "dDwWsShHvVnrtfeaxpPc" : "dDwWsShHvVnrtfeaxpPcbBAzZGRX";
      if (letter && known.indexOf(next) < 0) {
        throw unreadable("not known to Java");
      }
      if (inClass && Character.isDigit(next)) {
        throw unreadable("an octal number");
      }
      if (inClass && next == 'b') {
        out.append("\\x08");
      } else if (next >= 0x80) {
        out.append(next);
      } else {
        out.append('\\').append(next);
      }
      at += 2;
    }

    private void literal(char letter) {
      if (letter < 0x80 && !Character.isLetterOrDigit(letter)) {
        out.append('\\');
      }
      out.append(letter);
    }

    /** <code>\k{n} \k'n' \k&lt;n&gt; \g{n} \g1 \g{-1}</code>. */
    private void reference() {
      Matcher name =
          Pattern.compile("\\\\[kg](?:\\{([A-Za-z_]\\w*)}|<([A-Za-z_]\\w*)>|'([A-Za-z_]\\w*)')")
              .matcher(text)
              .region(at, text.length());
      Matcher number =
          Pattern.compile("\\\\g(?:\\{(\\d+)}|(\\d+))").matcher(text).region(at, text.length());
      if (name.lookingAt()) {
        String found = textOf(name.group(1)) + textOf(name.group(2)) + textOf(name.group(3));
        out.append("\\k<").append(javaName(found)).append('>');
        at = name.end();
      } else if (number.lookingAt()) {
        out.append("(?:\\")
            .append(textOf(number.group(1)))
            .append(textOf(number.group(2)))
            .append(')');
        at = number.end();
      } else {
        throw unreadable("a reference that Java lacks");
      }
    }

    private void group() {
      String rest = text.substring(at);
      if (rest.startsWith("(?#")) {
        int end = text.indexOf(')', at);
        if (end < 0) {
          throw unreadable("a comment that never ends");
        }
        at = end + 1;
        return;
      }
      Matcher named =
          Pattern.compile("\\(\\?P?(?:<([A-Za-z_]\\w*)>|'([A-Za-z_]\\w*)')").matcher(rest);
      if (named.lookingAt()) {
        String name = textOf(named.group(1)) + textOf(named.group(2));
        if (names.containsValue(name)) {
          throw unreadable("a name that comes twice");
        }
        String java = "g" + names.size();
        names.put(java, name);
        out.append("(?<").append(java).append('>');
        at += named.end();
        return;
      }
      Matcher back = Pattern.compile("\\(\\?P=([A-Za-z_]\\w*)\\)").matcher(rest);
      if (back.lookingAt()) {
        out.append("\\k<").append(javaName(back.group(1))).append('>');
        at += back.end();
        return;
      }
      if (rest.startsWith("(?|")
          || rest.startsWith("(?(")
          || rest.startsWith("(?P>")
          || rest.startsWith("(?&")
          || rest.startsWith("(*")
          || Pattern.compile("\\(\\?(?:R|[+-]?\\d)").matcher(rest).lookingAt()) {
        throw unreadable("a group that Java lacks");
      }
      Matcher flags = Pattern.compile("\\(\\?([imsxUJ-]+)([:)])").matcher(rest);
      if (flags.lookingAt()) {
        if (flags.group(1).contains("J") || flags.group(1).contains("x")) {
          throw unreadable("a flag that Java lacks");
        }
        // Whether quantifiers are greedy by default changes no yes or no.
        String kept = flags.group(1).replace("U", "");
        out.append("(?").append(kept.equals("-") ? "" : kept);
        out.append(flags.group(2));
        at += flags.end();
        return;
      }
      out.append('(');
      at++;
      if (at < text.length() && text.charAt(at) == '?') {
        out.append('?');
        at++;
      }
    }

    private String javaName(String name) {
      return names.entrySet().stream()
          .filter(entry -> entry.getValue().equals(name))
          .map(Map.Entry::getKey)
          .findFirst()
          .orElseThrow(() -> unreadable("no such group"));
    }

    /** A brace that makes no quantifier is a letter to PCRE. */
    private void brace() {
      Matcher quantifier =
          Pattern.compile("\\{\\d+(?:,\\d*)?}").matcher(text).region(at, text.length());
      if (quantifier.lookingAt()) {
        out.append(quantifier.group());
        at = quantifier.end();
      } else {
        out.append("\\{");
        at++;
      }
    }

    /**
     * {@code [} and {@code &&} inside mean nothing to PCRE; {@code [:alpha:]} means nothing to
     * Java.
     */
    private void characterClass() {
      out.append('[');
      at++;
      if (at < text.length() && text.charAt(at) == '^') {
        out.append('^');
        at++;
      }
      boolean first = true;
      while (true) {
        if (at >= text.length()) {
          throw unreadable("a class that never ends");
        }
        char next = text.charAt(at);
        if (next == ']' && !first) {
          out.append(']');
          at++;
          return;
        }
        first = false;
        if (next == '\\') {
          escape(true);
        } else if (text.startsWith("[:", at) && text.indexOf(":]", at) > 0) {
          int end = text.indexOf(":]", at);
          String name = text.substring(at + 2, end);
          boolean not = name.startsWith("^");
          @Nullable String java = POSIX.get(not ? name.substring(1) : name);
          if (java == null) {
            throw unreadable("no such class");
          }
          out.append('\\')
              .append(not ? Character.toUpperCase(java.charAt(1)) : java.charAt(1))
              .append(java.substring(2));
          at = end + 2;
        } else {
          if (next == '[' || next == ']' || next == '&' || next == '^') {
            out.append('\\');
          }
          out.append(next);
          at++;
        }
      }
    }
  }
}
