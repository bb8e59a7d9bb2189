package com.authgear.authrequest;

import com.authgear.authrequest.Command.PlainAction;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * What the two programs have in common: how a command line is understood, and how a process ends.
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
      print(System.out, version());
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

  /** Closes it when the process is told to end. */
  public static void closeAtTheEnd(AutoCloseable running) {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("drain")
                .unstarted(
                    () -> {
                      int status = 0;
                      try {
                        running.close();
                      } catch (Exception e) {
                        status = 1;
                        LoggerFactory.getLogger(Program.class)
                            .atError()
                            .setCause(e)
                            .log("stopping");
                      }
                      // Without this the JVM reports the signal instead of a clean end.
                      Runtime.getRuntime().halt(status);
                    }));
  }

  /** As the jar's manifest says. */
  public static String version() {
    String version = Program.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  private static void print(PrintStream stream, String text) {
    stream.println(text.stripTrailing());
  }
}
