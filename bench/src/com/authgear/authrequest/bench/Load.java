package com.authgear.authrequest.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs {@code wrk}: one thread, 32 connections, as fast as the answers come. */
final class Load {

  /**
   * What one run of wrk saw.
   *
   * @param requests answers
   * @param seconds how long it took
   * @param refused answers with a status of 400 or more
   * @param failed connections or requests that got no answer
   * @param p99 of the latency in microseconds; wrk waits for an answer before it asks again
   * @param position where the next run goes on in the file, if the file was streamed
   */
  record Seen(long requests, double seconds, long refused, long failed, long p99, long position) {
    double perSecond() {
      return requests / seconds;
    }
  }

  private final Path scripts;

  Load(Path scripts) {
    this.scripts = scripts;
  }

  /** Header lines in turn. */
  Seen rotate(String url, Path headerLines, int seconds) throws IOException, InterruptedException {
    return run(url, seconds, "rotate.lua", List.of(headerLines.toString()));
  }

  /** Header lines from a position of a large file on, again from its beginning at its end. */
  Seen stream(String url, Path headerLines, long from, int seconds)
      throws IOException, InterruptedException {
    return run(url, seconds, "stream.lua", List.of(headerLines.toString(), "" + from));
  }

  /** The same, but no line twice: where the file ends, its last line is repeated. */
  Seen once(String url, Path headerLines, long from, int seconds)
      throws IOException, InterruptedException {
    return run(url, seconds, "stream.lua", List.of(headerLines.toString(), "" + from, "once"));
  }

  private Seen run(String url, int seconds, String script, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("wrk", "-t1", "-c32", "-d" + seconds + "s", "--latency", "-s"));
    command.addAll(List.of(scripts.resolve(script).toString(), url, "--"));
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    int status = process.waitFor();
    String line = output.lines().filter(l -> l.startsWith("bench ")).findFirst().orElse("");
    if (status != 0 || line.isEmpty()) {
      throw new IOException("wrk failed on " + url + ": " + output);
    }
    Map<String, Long> values = new HashMap<>();
    for (String pair : line.substring("bench ".length()).split(" ")) {
      String[] parts = pair.split("=");
      values.put(parts[0], Long.parseLong(parts[1]));
    }
    return new Seen(
        values.get("requests"),
        values.get("micros") / 1e6,
        values.get("refused"),
        values.get("connect") + values.get("read") + values.get("write") + values.get("timeout"),
        values.get("p99"),
        values.get("position"));
  }
}
