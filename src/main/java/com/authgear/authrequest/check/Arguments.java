package com.authgear.authrequest.check;

import com.authgear.authrequest.check.DecisionExplanation.ByPolicy;
import com.authgear.authrequest.check.DecisionExplanation.ByQuery;
import com.authgear.authrequest.check.DecisionExplanation.RequirementSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code check} is told to do.
 *
 * @param credential what is on standard input; null if nothing is read
 * @param location what the request is for
 */
record Arguments(
    boolean help, boolean json, @Nullable Kind credential, RequirementSource location) {

  /** What standard input brings. */
  enum Kind {
    TOKEN,
    COOKIE
  }

  /** Longer ones may be a token that went astray. */
  private static final int LONGEST_REPEATED = 20;

  String subject() {
    String what = credential == Kind.COOKIE ? "the cookie" : "the token";
    return switch (location) {
      case ByQuery(String text) ->
          text.isEmpty()
              ? what + " where nothing more than a user is required"
              : what + " where " + Printable.text(text) + " is required";
      case ByPolicy(String name) -> what + " at the policy " + Printable.text(name);
    };
  }

  static Arguments parse(List<String> arguments) throws UsageException {
    boolean help = false;
    boolean json = false;
    Kind credential = null;
    RequirementSource location = null;
    Deque<String> open = new ArrayDeque<>(arguments);
    while (!open.isEmpty()) {
      String argument = open.pop();
      int equals = argument.indexOf('=');
      String name =
          argument.startsWith("--") && equals > 0 ? argument.substring(0, equals) : argument;
      @Nullable String value = equals > 0 ? argument.substring(equals + 1) : null;
      switch (name) {
        case "--help" -> help = true;
        case "--json" -> json = true;
        case "--token", "--cookie" -> {
          String word = name.substring(2);
          if (value != null || (open.peek() != null && !open.peek().startsWith("--"))) {
            throw new UsageException(
                "a "
                    + word
                    + " is never an argument, because other users of this machine can read"
                    + " arguments and shells remember them; give it on standard input: check "
                    + name
                    + " < file-with-the-"
                    + word);
          }
          if (credential != null) {
            throw new UsageException("--token and --cookie: one of them, once");
          }
          credential = name.equals("--token") ? Kind.TOKEN : Kind.COOKIE;
        }
        case "--require", "--policy" -> {
          String text = value != null ? value : open.poll();
          if (text == null || (value == null && text.startsWith("--"))) {
            throw new UsageException(
                name.equals("--require")
                    ? "--require needs a requirement, such as 'role=admin'"
                    : "--policy needs the name of a policy");
          }
          if (location != null) {
            throw new UsageException(
                "--require and --policy: one of them, once; join requirements with &");
          }
          location = name.equals("--require") ? new ByQuery(text) : new ByPolicy(text);
        }
        default -> throw new UsageException(unknown(argument));
      }
    }
    if (location != null && credential == null && !help) {
      throw new UsageException(
          "a requirement is held against a credential: add --token or --cookie, and give that on"
              + " standard input");
    }
    return new Arguments(
        help, json, help ? null : credential, location == null ? new ByQuery("") : location);
  }

  static String unknown(String argument) {
    return argument.length() > LONGEST_REPEATED
        ? "an argument of " + argument.length() + " characters is not understood"
        : "the argument \"" + Printable.text(argument) + "\" is not understood";
  }
}
