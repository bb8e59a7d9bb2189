package com.authgear.authrequest;

import com.authgear.authrequest.serve.OwnProcess;
import com.authgear.authrequest.text.Ascii;
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
  public static int notUnderstood(String command, String argument, String usage, PrintStream err) {
    String shown =
        argument.length() <= LONGEST_REPEATED && Ascii.isPrintable(argument)
            ? "\"" + argument + "\""
            : "of " + argument.length() + " characters";
    err.println(command + ": the argument " + shown + " is not understood");
    err.println();
    err.print(usage);
    return USAGE_ERROR;
  }

  /**
   * What understands a whole command line.
   *
   * @param name as it is called in complaints
   * @param usage several lines, the last one ended too
   * @param more what {@code --help} says after the usage
   * @param commands the longer words first
   */
  public record Program(String name, String usage, String more, List<Command> commands) {

    /**
     * Runs a command and ends the process, unless the command goes on.
     *
     * @param otherwise what an empty line does
     */
    public void run(List<String> line, PlainAction otherwise) throws InterruptedException {
      int status;
      try {
        status = line.isEmpty() ? otherwise.run() : command(line);
      } catch (IOException e) {
        print(System.err, String.valueOf(e.getMessage()));
        status = 1;
      }
      if (status != Command.GOES_ON) {
        System.exit(status);
      }
    }

    private int command(List<String> line) throws IOException, InterruptedException {
      if (line.size() == 1 && Command.HELP.contains(line.getFirst())) {
        print(System.out, usage + more);
        return 0;
      }
      if (line.equals(List.of("--version"))) {
        print(System.out, OwnProcess.version());
        return 0;
      }
      for (Command command : commands) {
        if (command.isCalledBy(line)) {
          return command.run(line, System.out);
        }
      }
      String first = line.getFirst();
      if (Command.HELP.contains(first)) {
        List<String> words = line.subList(1, line.size());
        for (Command command : commands) {
          if (command.words().equals(words)) {
            print(System.out, command.usage());
            return 0;
          }
        }
      }
      boolean option = Command.HELP.contains(first) || first.equals("--version");
      return Command.notUnderstood(name, option ? line.get(1) : first, usage, System.err);
    }

    private static void print(PrintStream stream, String text) {
      stream.println(text.stripTrailing());
    }
  }
}
