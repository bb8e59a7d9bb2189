package com.authgear.authrequest;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Set;

/**
 * A command of the program.
 *
 * @param words by which it is called
 * @param usage several lines, the last one ended too
 */
public record Command(List<String> words, String usage, Action action) {

  /** What {@link Action#run} returns if the process is to go on until it is stopped. */
  public static final int GOES_ON = -1;

  /** Asks for the usage: after a command's words, or first in the line. */
  static final Set<String> HELP = Set.of("--help", "-h", "help");

  private static final int USAGE_ERROR = 2;
  private static final int LONGEST_REPEATED = 40;

  /** What a command does. */
  @FunctionalInterface
  public interface Action {
    /**
     * @param arguments what follows the command's words
     * @return the exit status, or {@link #GOES_ON}
     * @throws IOException if the command cannot do what it should; the message is all that the user
     *     is told
     */
    int run(List<String> arguments) throws IOException, InterruptedException;
  }

  /** What a command without arguments does. */
  @FunctionalInterface
  public interface PlainAction {
    int run() throws IOException, InterruptedException;
  }

  /** A command that takes no arguments. */
  public static Command plain(String word, String usage, PlainAction action) {
    return new Command(
        List.of(word),
        usage,
        arguments -> {
          if (arguments.isEmpty()) {
            return action.run();
          }
          return notUnderstood(word, arguments.getFirst(), usage, System.err);
        });
  }

  boolean isCalledBy(List<String> line) {
    return line.size() >= words.size() && line.subList(0, words.size()).equals(words);
  }

  /** Runs it with the words and arguments of a command line. */
  int run(List<String> line, PrintStream out) throws IOException, InterruptedException {
    List<String> arguments = line.subList(words.size(), line.size());
    if (arguments.contains("--help") || arguments.contains("-h")) {
      out.print(usage);
      return 0;
    }
    return action.run(arguments);
  }

  /** Says which argument was not understood, and what would be; returns the exit status. */
  static int notUnderstood(String command, String argument, String usage, PrintStream err) {
    String shown =
        argument.length() <= LONGEST_REPEATED
                && argument.chars().allMatch(c -> c >= ' ' && c < 0x7f)
            ? "\"" + argument + "\""
            : "of " + argument.length() + " characters";
    err.println(command + ": the argument " + shown + " is not understood");
    err.println();
    err.print(usage);
    return USAGE_ERROR;
  }
}
