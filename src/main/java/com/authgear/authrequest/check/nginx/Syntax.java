package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads one file into directives, by the rules of nginx's {@code ngx_conf_read_token}: a quote
 * counts only at the start of a word, {@code #} likewise, <code>${</code> opens no block, and a
 * backslash takes the next character's meaning away. Blocks of Lua are skipped.
 */
final class Syntax {
  private static final int MOST_NESTED = 100;

  private final String file;
  private final String text;
  private int at;
  private int line = 1;

  private Syntax(String file, String text) {
    this.file = file;
    this.text = text;
  }

  static List<Directive> read(String file, String text) throws UnusableDumpException {
    return new Syntax(file, text).directives(0);
  }

  /** Until the end of the file, or of the block if it is nested. */
  private List<Directive> directives(int depth) throws UnusableDumpException {
    if (depth > MOST_NESTED) {
      throw unusable("blocks are nested too deeply");
    }
    List<Directive> directives = new ArrayList<>();
    while (true) {
      skipBlanks();
      if (at == text.length()) {
        if (depth > 0) {
          throw unusable("the file ends inside a block");
        }
        return directives;
      }
      if (text.charAt(at) == '}') {
        if (depth == 0) {
          throw unusable("unexpected \"}\"");
        }
        at++;
        return directives;
      }
      directives.add(directive(depth));
    }
  }

  private Directive directive(int depth) throws UnusableDumpException {
    SourceLine place = new SourceLine(file, line);
    List<String> words = new ArrayList<>();
    while (true) {
      skipBlanks();
      if (at == text.length()) {
        throw unusable("the file ends where \";\" or \"{\" is missing");
      }
      char next = text.charAt(at);
      if (next == ';' || next == '{') {
        at++;
        if (words.isEmpty()) {
          throw unusable("unexpected \"" + next + "\"");
        }
        List<Directive> children = List.of();
        if (next == '{') {
          if (words.getFirst().endsWith("_by_lua_block")) {
            skipLua();
          } else {
            children = directives(depth + 1);
          }
        }
        return new Directive(words.getFirst(), words.subList(1, words.size()), children, place);
      }
      if (next == '}') {
        throw unusable("unexpected \"}\", \";\" is missing before it");
      }
      words.add(next == '"' || next == '\'' ? quoted(next) : bare());
    }
  }

  private void skipBlanks() {
    while (at < text.length()) {
      char next = text.charAt(at);
      if (next == '#') {
        while (at < text.length() && text.charAt(at) != '\n') {
          at++;
        }
      } else if (next == ' ' || next == '\t' || next == '\r' || next == '\n' || next == '\uFEFF') {
        step();
      } else {
        return;
      }
    }
  }

  private char step() {
    char next = text.charAt(at++);
    if (next == '\n') {
      line++;
    }
    return next;
  }

  private String quoted(char quote) throws UnusableDumpException {
    int opened = line;
    at++;
    StringBuilder word = new StringBuilder();
    while (at < text.length()) {
      char next = step();
      if (next == quote) {
        // nginx wants a blank, ";", "{" or ")" here; one that runs accepted the file.
        return word.toString();
      }
      if (next == '\\' && at < text.length()) {
        escaped(word);
      } else {
        word.append(next);
      }
    }
    line = opened;
    throw unusable("a quote that never ends");
  }

  private String bare() {
    StringBuilder word = new StringBuilder();
    while (at < text.length()) {
      char next = text.charAt(at);
      boolean variable = next == '{' && !word.isEmpty() && word.charAt(word.length() - 1) == '$';
      if (" \t\r\n;".indexOf(next) >= 0 || (next == '{' && !variable)) {
        break;
      }
      at++;
      if (next == '\\' && at < text.length()) {
        escaped(word);
      } else {
        word.append(next);
      }
    }
    return word.toString();
  }

  private void escaped(StringBuilder word) {
    char next = step();
    switch (next) {
      case '"', '\'', '\\' -> word.append(next);
      case 't' -> word.append('\t');
      case 'r' -> word.append('\r');
      case 'n' -> word.append('\n');
      default -> word.append('\\').append(next);
    }
  }

  private void skipLua() throws UnusableDumpException {
    int depth = 1;
    while (at < text.length()) {
      if (text.startsWith("--", at)) {
        at += 2;
        if (!skipLongBracket()) {
          while (at < text.length() && text.charAt(at) != '\n') {
            at++;
          }
        }
        continue;
      }
      if (skipLongBracket()) {
        continue;
      }
      char next = step();
      if (next == '"' || next == '\'') {
        while (at < text.length() && text.charAt(at) != next) {
          if (step() == '\\' && at < text.length()) {
            step();
          }
        }
        at = Math.min(at + 1, text.length());
      } else if (next == '{') {
        depth++;
      } else if (next == '}' && --depth == 0) {
        return;
      }
    }
    throw unusable("the file ends inside a block of Lua");
  }

  /** Lua's {@code [[...]]}, also {@code [==[...]==]}. */
  private boolean skipLongBracket() {
    if (at >= text.length() || text.charAt(at) != '[') {
      return false;
    }
    int end = at + 1;
    while (end < text.length() && text.charAt(end) == '=') {
      end++;
    }
    if (end >= text.length() || text.charAt(end) != '[') {
      return false;
    }
    String closing = "]" + text.substring(at + 1, end) + "]";
    int close = text.indexOf(closing, end + 1);
    int after = close < 0 ? text.length() : close + closing.length();
    while (at < after) {
      step();
    }
    return true;
  }

  private UnusableDumpException unusable(String why) {
    return new UnusableDumpException(file + ":" + line + ": " + why);
  }
}
