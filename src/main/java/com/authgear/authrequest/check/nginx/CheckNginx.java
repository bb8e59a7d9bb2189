package com.authgear.authrequest.check.nginx;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/** The command {@code check nginx}. */
public final class CheckNginx {
  public static final String USAGE =
      """
      nginx -T | java -jar authgear-auth-request.jar check nginx [options] [file, or - for stdin]

        --json                   for machines
        --header-budget=BYTES    if AUTHGEAR_HEADER_BUDGET is set
        --claim-headers=A,B      the headers of AUTHGEAR_CLAIM_HEADERS

      Exit status: 0 nothing found, or only notes; 1 errors or warnings; 2 cannot be checked.
      """;

  private static final int UNUSABLE = 2;

  private CheckNginx() {}

  /**
   * @param arguments what follows {@code check nginx}
   * @return the exit status
   */
  public static int run(List<String> arguments, InputStream in, PrintStream out, PrintStream err) {
    boolean json = false;
    Expected expected = Expected.DEFAULTS;
    String file = "-";
    Deque<String> open = new ArrayDeque<>(arguments);
    while (!open.isEmpty()) {
      String argument = open.pop();
      String value = argument.substring(argument.indexOf('=') + 1);
      if (argument.equals("--json")) {
        json = true;
      } else if (argument.matches("--header-budget=\\d{1,6}")) {
        expected = new Expected(Integer.parseInt(value), expected.claimHeaders());
      } else if (argument.startsWith("--claim-headers=")) {
        expected =
            new Expected(
                expected.headerBudget(), List.of(value.toLowerCase(Locale.ROOT).split(",", -1)));
      } else if (open.isEmpty() && (argument.equals("-") || !argument.startsWith("-"))) {
        file = argument;
      } else {
        err.println("check nginx: " + complaint(argument));
        err.println();
        err.print(USAGE);
        return UNUSABLE;
      }
    }
    NginxCheck result = check(file, in, expected);
    if (json) {
      out.print(CheckNginxReport.json(result));
    } else {
      (result instanceof NginxCheck.Unusable ? err : out).print(CheckNginxReport.text(result));
    }
    return CheckNginxReport.status(result);
  }

  private static String complaint(String argument) {
    String shown = argument.replaceAll("[^ -~]", "?");
    return argument.startsWith("-")
        ? "the argument \"" + shown + "\" is not understood"
        : "\"" + shown + "\" is not the last argument; one file may be named, after the options";
  }

  private static NginxCheck check(String file, InputStream in, Expected expected) {
    try {
      byte[] input = file.equals("-") ? in.readAllBytes() : Files.readAllBytes(Path.of(file));
      return NginxCheck.of(
          file.equals("-") ? "stdin" : file, new String(input, StandardCharsets.UTF_8), expected);
    } catch (IOException | InvalidPathException e) {
      return new NginxCheck.Unusable("cannot read " + file + ": " + e);
    }
  }
}
