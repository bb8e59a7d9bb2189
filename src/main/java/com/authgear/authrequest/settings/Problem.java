package com.authgear.authrequest.settings;

import com.authgear.authrequest.text.Ascii;
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

  /** All problems as text for an operator, two lines each: what is wrong, what would be right. */
  public static String report(List<Problem> problems) {
    StringBuilder text = new StringBuilder();
    text.append(problems.size()).append(problems.size() == 1 ? " problem" : " problems");
    text.append(" in the settings:\n");
    for (Problem problem : problems) {
      text.append("\n  ").append(problem.key).append(": ").append(problem.fault);
      text.append("\n      ").append(problem.remedy).append('\n');
    }
    return text.append("\nStart with --help to see all settings.\n").toString();
  }

  /** A text in double quotes, on one line, with every character that could mislead escaped. */
  public static String quote(String text) {
    return '"'
        + escape(text.substring(0, Math.min(text.length(), LONGEST_QUOTE)))
        + (text.length() > LONGEST_QUOTE ? "\"..." : "\"");
  }

  static String escape(String text) {
    return Ascii.escape(text, "\"\\");
  }
}
