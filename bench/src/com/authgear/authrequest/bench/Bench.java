package com.authgear.authrequest.bench;

import com.authgear.authrequest.bench.Load.Seen;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.verify.Verification.Verified;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Starts the candidates, gives each its turn in every round, and hands what was seen to the report.
 */
public final class Bench {

  /** What the JVM does anyway. */
  private static final String NO_OPTION = "-Xshare:auto";

  private static final long LONGEST_START = 60_000_000_000L;
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  private final Plan plan;
  private final Path home = Path.of(System.getProperty("bench.home"));
  private final String jar = System.getProperty("bench.jar");
  private final String java = ProcessHandle.current().info().command().orElseThrow();
  private final Path work = Files.createTempDirectory("authgear-bench");

  /** For nginx's cache, as its configuration says: not on a disk where that can be helped. */
  private final Path memory =
      Files.isWritable(SHARED_MEMORY)
          ? Files.createTempDirectory(SHARED_MEMORY, "authgear-bench")
          : Files.createTempDirectory("authgear-bench-cache");

  private final Children children = new Children(work);
  private final Load load = new Load(home.resolve("bench/wrk"));
  private final Samples samples = new Samples();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(Clock.systemUTC()));
  private final Credentials credentials = new Credentials(sandbox.project(), work);

  private Bench(Plan plan) throws IOException {
    this.plan = plan;
  }

  public static void main(String[] arguments) throws Exception {
    Bench bench = new Bench(Plan.of(arguments));
    try {
      bench.run();
    } finally {
      bench.children.close();
      bench.sandbox.close();
      bench.delete();
    }
    System.exit(0);
  }

  /** The service as a process of its own. */
  private record Service(Process process, int port, int management) {
    String url() {
      return "http://127.0.0.1:" + port + "/auth";
    }
  }

  private Service service(String name, Map<String, String> settings, String... jvmOptions)
      throws IOException {
    int port = Children.freePort();
    int management = Children.freePort();
    return new Service(service(name, port, management, settings, jvmOptions), port, management);
  }

  private Process service(
      String name, int port, int management, Map<String, String> settings, String... jvmOptions)
      throws IOException {
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:" + port);
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:" + management);
    environment.put("AUTHGEAR_DRAIN", "0s");
    environment.putAll(settings);
    List<String> command = new ArrayList<>(List.of(java));
    command.addAll(List.of(jvmOptions));
    command.addAll(List.of("-jar", jar));
    return children.start(name, environment, command);
  }

  private Service readyService(String name, Map<String, String> settings, String... jvmOptions)
      throws IOException, InterruptedException {
    Service service = service(name, settings, jvmOptions);
    Children.awaitPort(service.process, service.management);
    while (Answers.ask("http://127.0.0.1:" + service.management + "/readyz", "").statusCode()
        != 200) {
      Thread.sleep(20);
    }
    return service;
  }

  private List<String> bareCommand(String kind, int port, Path answer, String jvmOption) {
    return List.of(
        java,
        jvmOption,
        "-cp",
        System.getProperty("java.class.path"),
        Bare.class.getName(),
        kind,
        "" + port,
        answer.toString());
  }

  private int bare(String kind, Path answer, Map<String, Process> processes)
      throws IOException, InterruptedException {
    int port = Children.freePort();
    Process process = children.start(kind, Map.of(), bareCommand(kind, port, answer, NO_OPTION));
    processes.put(kind, process);
    Children.awaitPort(process, port);
    return port;
  }

  /** One thing that is measured in each round. */
  private interface Turn {
    void take(boolean warmUp) throws IOException, InterruptedException;
  }

  private void run() throws Exception {
    say("results go to bench/results; logs to " + work);
    Path tokens = credentials.accessTokens(1000);
    Service service = readyService("service", Map.of("AUTHGEAR_RESOLVER_CACHE_TTL", "60s"));
    HttpResponse<String> reference = Answers.ask(service.url(), firstLine(tokens));
    require(reference.statusCode() == 200, "the service does not allow: " + reference);
    List<String> fixed = Answers.fixedLines(reference);
    Path answer = Files.write(work.resolve("answer"), fixed);

    Map<String, Process> processes = new HashMap<>();
    int jetty = bare("jetty", answer, processes);
    int javalin = bare("javalin", answer, processes);
    Map<String, Integer> upstreams = new LinkedHashMap<>();
    upstreams.put("jetty", jetty);
    upstreams.put("javalin", javalin);
    upstreams.put("service", service.port);
    Service edge = null;
    if (plan.has("edge")) {
      edge = readyService("service-edge", Map.of("AUTHGEAR_EDGE_CACHE_TTL", "3s"));
      upstreams.put(Proxy.EDGE, edge.port);
    }
    Proxy proxy = new Proxy(work, memory, home.resolve("nginx"), upstreams);
    Process nginx = proxy.start(children, fixed);
    processes.put("nginx", nginx);
    processes.put("service", service.process);

    Map<String, String> urls = new LinkedHashMap<>();
    urls.put("nginx", "http://127.0.0.1:" + proxy.staticPort() + "/auth");
    urls.put("jetty", "http://127.0.0.1:" + jetty + "/auth");
    urls.put("javalin", "http://127.0.0.1:" + javalin + "/auth");
    urls.put("service", service.url());
    Map<String, String> expected = new TreeMap<>(Answers.identity(reference));
    Predicate<HttpResponse<String>> sameBytes =
        found -> found.statusCode() == 200 && Answers.identity(found).equals(expected);
    Predicate<HttpResponse<String>> passed =
        found -> found.statusCode() == 200 && found.body().equals("ok\n");

    List<Turn> turns = new ArrayList<>();
    if (plan.has("direct") || plan.has("refused")) {
      urls.forEach(
          (name, url) -> {
            if (plan.has("direct") || name.equals("service")) {
              turns.add(turn("direct " + name, url, tokens, processes.get(name), sameBytes, 200));
            }
          });
    }
    if (plan.has("cookie")) {
      Path cookies = credentials.cookies(1000);
      turns.add(
          turn("cookie jetty", urls.get("jetty"), cookies, processes.get("jetty"), sameBytes, 200));
      // A session cookie's answer has no client and no scope, so only the status is compared.
      turns.add(
          turn(
              "cookie service",
              service.url(),
              cookies,
              service.process,
              a -> a.statusCode() == 200,
              200));
    }
    if (plan.has("refused")) {
      Predicate<HttpResponse<String>> denied = found -> found.statusCode() == 401;
      turns.add(
          turn(
              "garbage service",
              service.url(),
              credentials.garbage(1000),
              service.process,
              denied,
              401));
      turns.add(
          turn("none service", service.url(), credentials.none(), service.process, denied, 401));
    }
    Turn open =
        turn(
            "open nginx", "http://127.0.0.1:" + proxy.openPort() + "/", tokens, nginx, passed, 200);
    if (plan.has("proxied")) {
      turns.add(open);
      for (String name : List.of("nginx", "jetty", "javalin", "service")) {
        String url = "http://127.0.0.1:" + proxy.protectedPort(name) + "/";
        turns.add(turn("proxied " + name, url, tokens, processes.get(name), passed, 200));
      }
    }
    if (plan.has("edge")) {
      if (!plan.has("proxied")) {
        turns.add(open);
      }
      String url = "http://127.0.0.1:" + proxy.protectedPort(Proxy.EDGE) + "/";
      turns.add(turn("edge service", url, tokens, nginx, passed, 200));
    }
    interleave(turns);

    if (edge != null) {
      Children.stop(edge.process);
    }

    if (plan.has("paced")) {
      paced(service, jetty, tokens);
    }
    if (plan.has("idle")) {
      idle(service, tokens);
    }
    Children.stop(service.process);
    if (plan.has("new")) {
      fresh();
    }
    if (plan.has("many")) {
      many();
    }
    if (plan.has("memory")) {
      memory();
    }
    if (plan.has("start")) {
      start(answer, firstLine(tokens));
    }
    if (plan.has("jmh")) {
      jmh();
    }
    new Report(plan, samples, home, jar).write();
  }

  private Turn turn(
      String name,
      String url,
      Path headers,
      Process process,
      Predicate<HttpResponse<String>> right,
      int status) {
    return warmUp -> {
      List<String> lines = Files.readAllLines(headers);
      List<String> some =
          lines.isEmpty()
              ? List.of("")
              : List.of(lines.getFirst(), lines.get(lines.size() / 2), lines.getLast());
      check(name, url, some, right);
      double cpu = Children.cpuSeconds(process);
      Seen seen = load.rotate(url, headers, plan.seconds());
      cpu = Children.cpuSeconds(process) - cpu;
      requireAnswers(name, seen, status);
      check(name, url, some, right);
      if (!warmUp) {
        record(name, seen, cpu);
      }
    };
  }

  private void record(String name, Seen seen, double cpu) {
    samples.add(name, seen.perSecond());
    samples.add(name + " per cpu second", seen.requests() / Math.max(cpu, 0.01));
    say("%-16s %,9.0f/s".formatted(name, seen.perSecond()));
  }

  private static void requireAnswers(String name, Seen seen, int status) {
    require(seen.failed() == 0, name + ": " + seen.failed() + " requests without an answer");
    require(
        status < 400 ? seen.refused() == 0 : seen.refused() == seen.requests(),
        name + ": " + seen.refused() + " of " + seen.requests() + " were refused");
    require(seen.requests() > 0, name + ": no answers");
  }

  private static void check(
      String name, String url, List<String> headerLines, Predicate<HttpResponse<String>> right)
      throws IOException, InterruptedException {
    for (String line : headerLines) {
      HttpResponse<String> found = Answers.ask(url, line);
      require(right.test(found), name + ": wrong answer " + found + " " + found.headers().map());
    }
  }

  /** Every turn once unseen, then all of them in every round, each time beginning with another. */
  private void interleave(List<Turn> turns) throws IOException, InterruptedException {
    if (!plan.smoke()) {
      for (int i = 0; i < 2; i++) {
        for (Turn turn : turns) {
          turn.take(true);
        }
      }
    }
    for (int round = 0; round < plan.rounds(); round++) {
      say("round " + (round + 1));
      List<Turn> order = new ArrayList<>(turns);
      Collections.rotate(order, -round * Math.max(1, turns.size() / plan.rounds()));
      for (Turn turn : order) {
        turn.take(false);
      }
    }
  }

  /** So many tokens take turns that each is forgotten before it comes again: all are verified. */
  private void fresh() throws IOException, InterruptedException {
    say("minting " + plan.fresh() + " tokens");
    Path tokens = credentials.accessTokens(plan.fresh());
    Service service =
        readyService("service-new", Map.of("AUTHGEAR_CACHE_SIZE", "" + plan.fresh() / 60));
    DecisionBenchmark alone = new DecisionBenchmark();
    alone.start();
    try {
      for (int i = 0; i < (plan.smoke() ? 0 : 4); i++) {
        load.stream(service.url(), tokens, 0, plan.seconds());
        verification(alone, 1);
      }
      long position = 0;
      for (int round = 0; round < plan.rounds(); round++) {
        double verified = verified(service);
        double before = verification(alone, 1);
        double cpu = Children.cpuSeconds(service.process);
        Seen seen = load.stream(service.url(), tokens, position, plan.seconds());
        cpu = Children.cpuSeconds(service.process) - cpu;
        double verification = (before + verification(alone, 1)) / 2;
        requireAnswers("new", seen, 200);
        require(
            verified(service) - verified >= seen.requests() * 0.95,
            "more than a twentieth of the tokens was remembered");
        position = seen.position();
        record("new service", seen, cpu);
        samples.add("verification µs", verification * 1e6);
        samples.add("new against verification", seen.requests() / cpu * verification);
      }
    } finally {
      alone.stop();
    }
    Children.stop(service.process);
    Files.delete(tokens);
  }

  /**
   * Seconds of processor time that one verification takes on one thread, just now: the machine's
   * speed changes by the minute.
   */
  private static double verification(DecisionBenchmark alone, int seconds) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    long begin = threads.getCurrentThreadCpuTime();
    long calls = 0;
    while (System.nanoTime() < end) {
      require(alone.verify() instanceof Verified, "a good token was refused");
      calls++;
    }
    return (threads.getCurrentThreadCpuTime() - begin) / 1e9 / calls;
  }

  private static double verified(Service service) throws IOException, InterruptedException {
    return sum(service, "authgear_auth_cache_misses_total{cache=\"token\"");
  }

  private static double sum(Service service, String samples)
      throws IOException, InterruptedException {
    return Answers.metrics(service.management)
        .lines()
        .filter(line -> line.startsWith(samples))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** Latency at half of what the service can do. */
  private void paced(Service service, int jetty, Path tokens)
      throws IOException, InterruptedException {
    double most =
        samples.has("direct service")
            ? samples.of("direct service").median()
            : load.rotate(service.url(), tokens, plan.seconds()).perSecond();
    double rate = Math.max(100, most / 2);
    List<String> lines = Files.readAllLines(tokens);
    for (int round = plan.smoke() ? 0 : -1; round < plan.rounds(); round++) {
      for (String name : List.of("jetty", "service")) {
        int port = name.equals("jetty") ? jetty : service.port;
        Paced.Seen seen = Paced.run(port, lines, rate, plan.seconds());
        require(seen.wrong() == 0, "paced " + name + ": " + seen.wrong() + " wrong answers");
        if (round >= 0) {
          samples.add("p50 " + name, seen.percentile(50));
          samples.add("p99 " + name, seen.percentile(99));
        }
      }
    }
    samples.add("paced rate", rate);
  }

  /** The same load with and without many connections beside it that say nothing. */
  private void idle(Service service, Path tokens) throws IOException, InterruptedException {
    for (int round = 0; round < plan.rounds(); round++) {
      samples.add("alone", load.rotate(service.url(), tokens, plan.seconds()).perSecond());
      List<Socket> sockets = new ArrayList<>();
      try {
        for (int i = 0; i < plan.idle(); i++) {
          sockets.add(new Socket(InetAddress.getLoopbackAddress(), service.port));
        }
        Seen seen = load.rotate(service.url(), tokens, plan.seconds());
        requireAnswers("idle", seen, 200);
        samples.add("beside idle", seen.perSecond());
        samples.add("resident with idle", Children.residentMegabytes(service.process));
      } finally {
        for (Socket socket : sockets) {
          socket.close();
        }
      }
    }
  }

  /** One token, then very many: speed and what each takes of the heap. */
  private void many() throws IOException, InterruptedException {
    say("minting " + plan.many() + " tokens");
    Path one = credentials.accessTokens(1);
    Path many = credentials.accessTokens(plan.many());
    Service service =
        readyService(
            "service-many",
            Map.of("AUTHGEAR_CACHE_SIZE", "" + Math.max(plan.many() * 2, 10_000)),
            "-Xmx2g");
    load.rotate(service.url(), one, plan.seconds());
    double before = heapAfterCollection(service);
    for (long from = 0; from < Files.size(many); ) {
      Seen seen = load.once(service.url(), many, from, plan.seconds());
      requireAnswers("many", seen, 200);
      from = seen.position();
    }
    double after = heapAfterCollection(service);
    samples.add("heap per token", (after - before) / plan.many());
    long position = 0;
    for (int round = 0; round < plan.rounds(); round++) {
      // Both from a file, so that wrk itself has the same to do.
      Seen few = load.stream(service.url(), one, 0, plan.seconds());
      requireAnswers("one", few, 200);
      samples.add("one token", few.perSecond());
      Seen seen = load.stream(service.url(), many, position, plan.seconds());
      requireAnswers("many", seen, 200);
      samples.add("many tokens", seen.perSecond());
      position = seen.position();
    }
    Children.stop(service.process);
    Files.delete(many);
  }

  private double heapAfterCollection(Service service) throws IOException, InterruptedException {
    String jcmd = Path.of(java).resolveSibling("jcmd").toString();
    for (int i = 0; i < 2; i++) {
      new ProcessBuilder(jcmd, "" + service.process.pid(), "GC.run")
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    }
    return sum(service, "jvm_memory_used_bytes{area=\"heap\"");
  }

  private void memory() throws IOException, InterruptedException {
    Path tokens = credentials.accessTokens(plan.smoke() ? 1_000 : 10_000);
    Service service = readyService("service-memory", Map.of(), "-Xmx96m");
    long requests = 0;
    while (requests < plan.requests()) {
      Seen seen = load.stream(service.url(), tokens, 0, plan.smoke() ? 1 : 20);
      requireAnswers("memory", seen, 200);
      requests += seen.requests();
      if (plan.smoke()) {
        break;
      }
    }
    samples.add("resident", Children.residentMegabytes(service.process));
    Children.stop(service.process);
  }

  /** Something that starts a process which listens on a port. */
  private interface Starting {
    Process with(String jvmOption) throws IOException, InterruptedException;
  }

  /**
   * From the start of the process to the first right answer, of the service and of the bare Javalin
   * route, which says what this machine needs for a JVM with a server in it.
   */
  private void start(Path answer, String headerLine) throws IOException, InterruptedException {
    int port = Children.freePort();
    int management = Children.freePort();
    int javalinPort = Children.freePort();
    Starting service = option -> service("service-start", port, management, Map.of(), option);
    Starting javalin =
        option ->
            children.start(
                "javalin-start", Map.of(), bareCommand("javalin", javalinPort, answer, option));
    String serviceCache = trained(service, port, headerLine);
    for (int round = 0; round < plan.rounds(); round++) {
      samples.add("start", untilFirstAnswer(service, port, headerLine, NO_OPTION));
      samples.add("start javalin", untilFirstAnswer(javalin, javalinPort, headerLine, NO_OPTION));
      samples.add(
          "start with AOT cache", untilFirstAnswer(service, port, headerLine, serviceCache));
    }
  }

  /** Makes an ahead-of-time cache by a run with some load; gives the option that uses it. */
  private String trained(Starting candidate, int port, String headerLine)
      throws IOException, InterruptedException {
    Path cache = work.resolve("aot");
    Process training = candidate.with("-XX:AOTCacheOutput=" + cache);
    awaitAnswer(training, port, headerLine);
    load.rotate(
        "http://127.0.0.1:" + port + "/auth", credentials.accessTokens(100), plan.smoke() ? 1 : 3);
    training.destroy();
    training.waitFor();
    require(Files.exists(cache), "no ahead-of-time cache came of the training run");
    return "-XX:AOTCache=" + cache;
  }

  private double untilFirstAnswer(Starting candidate, int port, String headerLine, String option)
      throws IOException, InterruptedException {
    long begin = System.nanoTime();
    Process process = candidate.with(option);
    awaitAnswer(process, port, headerLine);
    double seconds = (System.nanoTime() - begin) / 1e9;
    Children.stop(process);
    return seconds;
  }

  private static void awaitAnswer(Process process, int port, String headerLine)
      throws InterruptedException {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < LONGEST_START) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket
            .getOutputStream()
            .write(("GET /auth HTTP/1.1\r\nHost: b\r\n" + headerLine + "\r\n\r\n").getBytes());
        if (new String(socket.getInputStream().readNBytes(12)).equals("HTTP/1.1 200")) {
          return;
        }
      } catch (IOException e) {
        require(process.isAlive(), "a candidate ended");
      }
      Thread.sleep(2);
    }
    throw new IllegalStateException("no right answer after a start");
  }

  private void jmh() throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(DecisionBenchmark.class.getName())
            .addProfiler("gc")
            .jvmArgs("--enable-native-access=ALL-UNNAMED")
            .resultFormat(ResultFormatType.JSON)
            .result(work.resolve("jmh.json").toString());
    if (plan.smoke()) {
      options
          .forks(0)
          .warmupIterations(0)
          .measurementIterations(1)
          .measurementTime(TimeValue.milliseconds(100));
    }
    for (RunResult result : new Runner(options.build()).run()) {
      String name = result.getPrimaryResult().getLabel();
      samples.add("jmh " + name + " µs", result.getPrimaryResult().getScore());
      result
          .getSecondaryResults()
          .forEach(
              (label, value) -> {
                if (label.endsWith("gc.alloc.rate.norm")) {
                  samples.add("jmh " + name + " bytes", value.getScore());
                }
              });
    }
  }

  private static String firstLine(Path file) throws IOException {
    return Files.readAllLines(file).getFirst();
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise);
    }
  }

  private static void say(String text) {
    System.out.println("bench: " + text);
  }

  private void delete() throws IOException {
    for (Path folder : List.of(work, memory)) {
      try (var files = Files.walk(folder)) {
        for (Path file : files.sorted(Collections.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
