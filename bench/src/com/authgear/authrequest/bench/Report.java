package com.authgear.authrequest.bench;

import com.authgear.authrequest.bench.Samples.Spread;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes what was seen as a Markdown table, two charts, and every single value as CSV. */
final class Report {

  private static final Map<String, String> WORDS = new LinkedHashMap<>();

  static {
    WORDS.put("direct nginx", "nginx, return 200");
    WORDS.put("direct jetty", "bare Jetty handler");
    WORDS.put("direct javalin", "bare Javalin route");
    WORDS.put("direct service", "this service, 1,000 tokens");
    WORDS.put("cookie jetty", "bare Jetty handler, cookies");
    WORDS.put("cookie service", "this service, 1,000 session cookies");
    WORDS.put("new service", "this service, every token new");
    WORDS.put("garbage service", "this service, garbage: 401");
    WORDS.put("none service", "this service, no credentials: 401");
    WORDS.put("open nginx", "nginx without auth");
    WORDS.put("proxied nginx", "nginx + auth_request → nginx");
    WORDS.put("proxied jetty", "nginx + auth_request → bare Jetty");
    WORDS.put("proxied javalin", "nginx + auth_request → bare Javalin");
    WORDS.put("proxied service", "this service behind nginx + auth_request");
    WORDS.put("edge service", "this service behind nginx with edge cache");
  }

  private final Plan plan;
  private final Samples samples;
  private final Path home;
  private final String jar;
  private final StringBuilder text = new StringBuilder();

  Report(Plan plan, Samples samples, Path home, String jar) {
    this.plan = plan;
    this.samples = samples;
    this.home = home;
    this.jar = jar;
  }

  void write() throws IOException, InterruptedException {
    Path results =
        plan.smoke() ? home.resolve("bench/target/smoke") : home.resolve("bench/results");
    Files.createDirectories(results);
    line("# What `" + System.getProperty("bench.command") + "` measured");
    line("");
    if (plan.smoke()) {
      line("**A smoke run: it shows that the benchmark works. Its numbers mean nothing.**");
      line("");
    }
    settings();
    targets();
    throughput();
    others();
    Files.writeString(results.resolve("results.md"), text);
    Files.writeString(
        results.resolve("throughput.svg"),
        Chart.svg("Requests per second: median, smallest and largest", "/s", bars()));
    System.out.println(text);
    System.out.println("bench: written to " + home.relativize(results));
  }

  private void settings() throws IOException, InterruptedException {
    line(
        "%d rounds of %d s each, interleaved; `wrk -t1 -c32` on the same machine; tokens of about 1 KB."
            .formatted(plan.rounds(), plan.seconds()));
    line(
        "Medians, in parentheses the smallest and the largest of the rounds. No answer was wrong.");
    line("");
    line(
        "- processor: "
            + processor()
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " cores, load before: "
            + load());
    line("- system: " + System.getProperty("os.name") + " " + System.getProperty("os.version"));
    line("- Java: " + Runtime.version() + ", " + System.getProperty("java.vendor"));
    line(
        "- service: "
            + said(
                ProcessHandle.current().info().command().orElse("java"), "-jar", jar, "--version")
            + ", commit "
            + said("git", "-C", home.toString(), "rev-parse", "--short", "HEAD")
            + ", default settings, log level as shipped");
    line("- " + said("nginx", "-v") + "; " + said("wrk", "-v").replaceAll(" Copyright.*", ""));
    line("");
  }

  private void targets() {
    line("| target | at least | measured | |");
    line("|---|---|---|---|");
    atLeast(
        "direct, cached tokens, against the bare Jetty handler",
        "direct service",
        "direct jetty",
        0.85);
    atLeast(
        "direct, cached tokens, against the bare Javalin route",
        "direct service",
        "direct javalin",
        1.7);
    crypto();
    atLeast(
        "direct, session cookies, against the bare Jetty handler",
        "cookie service",
        "cookie jetty",
        0.8);
    atLeast(
        "nginx + auth_request → service, against → nginx `return 200`",
        "proxied service",
        "proxied nginx",
        0.85);
    atLeast(
        "nginx with edge cache, against nginx without auth", "edge service", "open nginx", 0.85);
    atLeast("401 for garbage, against 200", "garbage service", "direct service", 1);
    atLeast("401 without credentials, against 200", "none service", "direct service", 1);
    atLeast(
        "%,d different tokens, against one".formatted(plan.many()),
        "many tokens",
        "one token",
        0.9);
    atMost("heap per cached token, bytes", "heap per token", 500);
    ratioAtMost(
        "p99 at half of the maximum, against the bare Jetty handler",
        "p99 service",
        "p99 jetty",
        3);
    atMost("start to first 200 with an AOT cache, s", "start with AOT cache", 0.6);
    atMost("start to first 200 without, s", "start", 1.3);
    ratioAtMost(
        "start with an AOT cache, against the bare Javalin route without",
        "start with AOT cache",
        "start javalin",
        0.6 / 0.7);
    ratioAtMost(
        "start without, against the bare Javalin route", "start", "start javalin", 1.3 / 0.7);
    atMost(
        "resident after %,d requests with -Xmx96m, MB".formatted(plan.requests()), "resident", 200);
    atLeast(
        "beside %,d idle connections, against none".formatted(plan.idle()),
        "beside idle",
        "alone",
        0.9);
    line("");
  }

  /** Requests per second of processor time, against what verifying alone would allow. */
  private void crypto() {
    if (samples.has("new against verification")) {
      Spread spread = samples.of("new against verification");
      row(
          "direct, every token new: per core, against 1 / (time of one verification)",
          "≥ 0.7",
          spread,
          spread.median() >= 0.7);
    }
  }

  private void throughput() {
    line(
        "| requests per second | median | smallest to largest | per second of its processor time"
            + " |");
    line("|---|---|---|---|");
    WORDS.forEach(
        (name, words) -> {
          if (samples.has(name)) {
            Spread s = samples.of(name);
            line(
                "| %s | %,.0f | %,.0f to %,.0f | %,.0f |"
                    .formatted(
                        words,
                        s.median(),
                        s.low(),
                        s.high(),
                        samples.of(name + " per cpu second").median()));
          }
        });
    line("");
    line("![requests per second](throughput.svg)");
    line("");
  }

  private void others() {
    line("| further | median | smallest to largest |");
    line("|---|---|---|");
    for (String name : samples.names()) {
      if (!WORDS.containsKey(name) && !name.endsWith(" per cpu second")) {
        Spread s = samples.of(name);
        line("| %s | %,.2f | %,.2f to %,.2f |".formatted(name, s.median(), s.low(), s.high()));
      }
    }
    line("");
  }

  private List<Chart.Bar> bars() {
    List<Chart.Bar> bars = new ArrayList<>();
    WORDS.forEach(
        (name, words) -> {
          if (samples.has(name)) {
            Spread s = samples.of(name);
            bars.add(new Chart.Bar(words, s.low(), s.median(), s.high()));
          }
        });
    return bars;
  }

  private void atLeast(String what, String name, String to, double least) {
    if (samples.has(name) && samples.has(to)) {
      Spread ratio = samples.ratio(name, to);
      row(what, "≥ " + least, ratio, ratio.median() >= least);
    }
  }

  private void ratioAtMost(String what, String name, String to, double most) {
    if (samples.has(name) && samples.has(to)) {
      Spread ratio = samples.ratio(name, to);
      row(what, "≤ %.3g".formatted(most), ratio, ratio.median() <= most);
    }
  }

  private void atMost(String what, String name, double most) {
    if (samples.has(name)) {
      row(what, "≤ " + most, samples.of(name), samples.of(name).median() <= most);
    }
  }

  private void row(String what, String target, Spread found, boolean met) {
    line(
        "| %s | %s | %.2f (%.2f to %.2f) | %s |"
            .formatted(
                what,
                target,
                found.median(),
                found.low(),
                found.high(),
                plan.smoke() ? "" : met ? "met" : "**missed**"));
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  private static String processor() throws IOException {
    return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 2))
        .findFirst()
        .orElse("unknown");
  }

  private static String load() throws IOException {
    return Files.readString(Path.of("/proc/loadavg")).split(" ")[2] + " (15 minutes)";
  }

  private static String said(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return output.lines().findFirst().orElse("").strip();
  }
}
