package com.authgear.authrequest.settings;

import static java.util.stream.Collectors.joining;

import java.util.List;

/**
 * Why a setting cannot be used. Shows a value only if it came from the environment, of a known
 * setting that is not secret.
 *
 * @param key the environment variable to change
 * @param fault what is wrong, with the value as it was given where it may be shown
 * @param remedy what to do or what is accepted
 */
public record Problem(String key, String fault, String remedy) {

  private static final int LONGEST_QUOTE = 200;

  /**
   * All problems as text for an operator, a line each for what is wrong and what would be right.
   */
  public static String report(List<Problem> problems) {
    return problems.stream()
        .map(
            problem -> "  %s: %s%n      %s%n".formatted(problem.key, problem.fault, problem.remedy))
        .collect(
            joining(
                "",
                "%d %s in the settings:%n"
                    .formatted(problems.size(), problems.size() == 1 ? "problem" : "problems"),
                "Start with --help to see all settings.%n".formatted()));
  }

  /** A text in double quotes, on one line, with every character that could mislead escaped. */
  static String quote(String text) {
    return '"'
        + escape(text.substring(0, Math.min(text.length(), LONGEST_QUOTE)))
        + (text.length() > LONGEST_QUOTE ? "\"..." : "\"");
  }

  static String escape(String text) {
    StringBuilder escaped = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') {
        escaped.append("\\u%04x".formatted((int) c));
      } else if (c == '"' || c == '\\') {
        escaped.append('\\').append(c);
      } else {
        escaped.append(c);
      }
    }
    return escaped.toString();
  }
}
