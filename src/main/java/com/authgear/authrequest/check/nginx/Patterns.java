package com.authgear.authrequest.check.nginx;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** nginx's regular expressions are PCRE; those that Java cannot read are taken not to match. */
final class Patterns {
  private Patterns() {}

  static boolean finds(String expression, boolean ignoringCase, String path) {
    try {
      return Pattern.compile(expression, ignoringCase ? Pattern.CASE_INSENSITIVE : 0)
          .matcher(path)
          .find();
    } catch (PatternSyntaxException e) {
      return false;
    }
  }
}
