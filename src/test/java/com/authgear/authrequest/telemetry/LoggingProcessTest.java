package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.settings.LogFormat;
import com.authgear.authrequest.settings.LogLevel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What a whole process writes, from its first logger on. */
class LoggingProcessTest {

  /** Logs before and after the setup, by SLF4J and by java.util.logging. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      LoggerFactory.getLogger("early").debug("not shown");
      LoggerFactory.getLogger("early").info("before");
      Logging.configure(LogFormat.TEXT, LogLevel.INFO);
      Logging.configure(LogFormat.TEXT, LogLevel.INFO);
      LoggerFactory.getLogger("late").info("after");
      java.util.logging.Logger.getLogger("okhttp3.OkHttpClient").info("not shown");
      java.util.logging.Logger.getLogger("okhttp3.OkHttpClient").warning("leaked");
    }
  }

  @Test
  void process_writesItsEventsAndNothingElse() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName())
            .redirectErrorStream(true)
            .start();
    List<String> lines;
    try (var out = process.inputReader(StandardCharsets.UTF_8)) {
      lines = out.lines().map(line -> line.replaceAll("\\d{4}-[^Z]*Z", "TIME")).toList();
    }
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();

    assertThat(lines)
        .containsExactly(
            """
            {"time":"TIME","level":"INFO","logger":"early","message":"before"}\
            """,
            "TIME INFO late after",
            "TIME WARN okhttp3.OkHttpClient leaked");
    assertThat(process.exitValue()).isZero();
  }
}
