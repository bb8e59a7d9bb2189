package com.authgear.authrequest.bench;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How soon a change counts where the audit log is followed, what happens while followers and Redis
 * are gone, and what it costs Authgear: two services, two followers, a real Redis, all processes of
 * their own, in front of the sandbox. Writes a Markdown file.
 */
public final class FollowBench {

  private static final Duration BOUND = Duration.ofSeconds(2);
  private static final long PATIENCE_SECONDS = 45;
  private static final String SKEW = "2s";
  private static final long SETTLE_MILLIS = 3_200;
  private static final int TOKENS = 10_000;
  private static final int REQUESTS_PER_SECOND = 1_000;

  private final Path jar = Path.of(System.getProperty("bench.jar"));
  private final int times = Integer.getInteger("follow.times", 50);
  private final int seconds = Integer.getInteger("follow.seconds", 40);
  private final int tokens = Integer.getInteger("follow.tokens", TOKENS);
  private final HttpClient http = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Random random = new Random(16);
  private final AtomicInteger names = new AtomicInteger();
  private final StringBuilder report = new StringBuilder();
  private final Children children;
  private final Sandbox sandbox;
  private final Project project;
  private final int redisPort;
  private Process redis;

  private record Served(int port, int management, Process process) {}

  /** A change of a user, and the status that a request of the user gets from then on. */
  private record Change(String path, int refusal, Act act) {}

  private interface Act {
    void on(String user, String token);
  }

  private FollowBench(Children children) throws IOException, InterruptedException {
    this.children = children;
    sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));
    project = sandbox.project();
    redisPort = Children.freePort();
    redis = redis();
  }

  public static void main(String[] args) throws Exception {
    Path logs = Files.createTempDirectory("follow-bench");
    try (Children children = new Children(logs)) {
      FollowBench bench = new FollowBench(children);
      bench.run();
      Files.writeString(Path.of(args[0]), bench.report);
      System.out.println(bench.report);
      bench.sandbox.close();
    }
    System.exit(0);
  }

  private void run() throws Exception {
    say(
        "Measured %s by `bench/follow`: 2 services, 2 followers, a real Redis and the sandbox on"
            + " one machine with %d processors (%s), `AUTHGEAR_FRESHNESS=%ds`,"
            + " `AUTHGEAR_FOLLOW_INTERVAL=1s`, `AUTHGEAR_CLOCK_SKEW=%s`, OpenJDK %s.%n",
        Instant.now().toString().substring(0, 10),
        Runtime.getRuntime().availableProcessors(),
        machine(),
        BOUND.toSeconds(),
        SKEW,
        Runtime.version());
    String only = System.getProperty("follow.only", "");
    if (!only.equals("changes")) {
      cost();
    }
    if (only.equals("cost")) {
      return;
    }
    Served one = service("one", "AUTHGEAR_FRESHNESS", BOUND.toSeconds() + "s");
    Served other = service("other", "AUTHGEAR_FRESHNESS", BOUND.toSeconds() + "s");
    Served first = follower("first");
    Served second = follower("second");
    List<Served> services = List.of(one, other);
    for (Served service : services) {
      awaitFollowed(service, true);
    }
    changes(services);
    losses(services, first, second);
  }

  // ---- From a change's answer to the first refusal

  private void changes(List<Served> services) throws Exception {
    Map<String, Change> kinds = new LinkedHashMap<>();
    kinds.put("sign-out", new Change("/auth", 401, (user, _) -> project.logout(user)));
    kinds.put(
        "all sessions revoked",
        new Change("/auth", 401, (user, _) -> project.revokeAllSessions(user)));
    kinds.put(
        "one session revoked", new Change("/auth", 401, (_, token) -> project.endSession(token)));
    kinds.put("user disabled", new Change("/auth", 401, (user, _) -> project.disable(user)));
    kinds.put(
        "account not valid any more",
        new Change(
            "/auth",
            401,
            (user, _) -> project.setValidity(user, null, Instant.now().minusSeconds(5))));
    kinds.put(
        "deletion scheduled",
        new Change("/auth", 401, (user, _) -> project.scheduleDeletion(user)));
    kinds.put(
        "anonymization scheduled",
        new Change("/auth", 401, (user, _) -> project.scheduleAnonymization(user)));
    kinds.put("user deleted", new Change("/auth", 401, (user, _) -> project.delete(user)));
    kinds.put("user anonymized", new Change("/auth", 401, (user, _) -> project.anonymize(user)));
    kinds.put(
        "role taken from the user",
        new Change("/auth?role=admin", 403, (user, _) -> project.setRoles(user, List.of())));
    say("%n| change | median | 99th percentile | maximum | times |%n|---|---|---|---|---|%n");
    Map<String, List<Long>> took = new LinkedHashMap<>();
    for (int round = 0; round < times; round++) {
      Map<String, Future<Long>> running = new LinkedHashMap<>();
      for (Map.Entry<String, Change> kind : kinds.entrySet()) {
        long wait = random.nextInt(1_000);
        running.put(kind.getKey(), threads.submit(() -> measure(services, kind.getValue(), wait)));
      }
      for (Map.Entry<String, Future<Long>> one : running.entrySet()) {
        took.computeIfAbsent(one.getKey(), _ -> new ArrayList<>()).add(one.getValue().get());
      }
    }
    took.forEach(this::row);
    List<Long> all = new ArrayList<>();
    for (int round = 0; round < Integer.getInteger("follow.deletions", times); round++) {
      String role = "role" + round;
      all.add(
          measure(
              services,
              new Change("/auth?role=" + role, 403, (_, _) -> project.deleteRole(role)),
              random.nextInt(1_000),
              role));
    }
    row("role deleted, which concerns everyone", all);
  }

  private void row(String kind, List<Long> millis) {
    if (millis.isEmpty()) {
      return;
    }
    Collections.sort(millis);
    say(
        "| %s | %d ms | %d ms | %d ms | %d |%n",
        kind,
        millis.get(millis.size() / 2),
        millis.get(Math.min(millis.size() - 1, millis.size() * 99 / 100)),
        millis.getLast(),
        millis.size());
  }

  private long measure(List<Served> services, Change change, long wait) throws Exception {
    return measure(services, change, wait, "admin");
  }

  private long measure(List<Served> services, Change change, long wait, String role)
      throws Exception {
    String user = "bench" + names.incrementAndGet();
    project.create(user);
    project.setRoles(user, List.of(role));
    // A token that is younger than all that these entries mark, so that nothing asks about it.
    TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
    String token = project.accessToken(user);
    for (Served service : services) {
      until(service, token, change.path, 200);
    }
    TimeUnit.MILLISECONDS.sleep(wait);
    change.act.on(user, token);
    long start = System.nanoTime();
    for (Served service : services) {
      until(service, token, change.path, change.refusal);
    }
    return (System.nanoTime() - start) / 1_000_000;
  }

  private void until(Served service, String token, String path, int status) throws Exception {
    long start = System.nanoTime();
    int answer = 0;
    while (System.nanoTime() - start < TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
      answer = ask(service, token, path);
      if (answer == status) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
    throw new IOException("still " + answer + " and not " + status + " at " + path);
  }

  private int ask(Served service, String token, String path)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port + path))
            .header("Authorization", "Bearer " + token)
            .timeout(Duration.ofSeconds(10))
            .build();
    return http.send(request, BodyHandlers.discarding()).statusCode();
  }

  // ---- While something is gone

  private void losses(List<Served> services, Served first, Served second) throws Exception {
    say(
        "%n| while this is gone | a sign-out counts, median | maximum | promised"
            + " |%n|---|---|---|---|%n");
    // The second looks of what concerned everyone are over then.
    TimeUnit.SECONDS.sleep(15);
    first.process.destroyForcibly().waitFor();
    loss("one of two followers", services, BOUND, false);
    second.process.destroyForcibly().waitFor();
    loss("both followers: tokens that were not asked about", services, BOUND, false);
    loss(
        "both followers: tokens that were confirmed just before",
        services,
        Duration.ofSeconds(30),
        true);
    Served third = follower("third");
    for (Served service : services) {
      awaitFollowed(service, true);
    }
    redis.destroyForcibly().waitFor();
    loss("Redis: tokens that were not asked about", services, BOUND, false);
    redis = redis();
    for (Served service : services) {
      awaitFollowed(service, true);
    }
    loss("nothing: Redis is back, empty", services, BOUND, false);
    Children.stop(third.process);
  }

  private void loss(String what, List<Served> services, Duration promised, boolean confirmed)
      throws Exception {
    List<Future<Long>> running = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      String user = "lost" + names.incrementAndGet();
      project.create(user);
      String token = project.accessToken(user);
      running.add(
          threads.submit(
              () -> {
                if (confirmed) {
                  for (Served service : services) {
                    until(service, token, "/auth", 200);
                  }
                }
                project.logout(user);
                long start = System.nanoTime();
                for (Served service : services) {
                  until(service, token, "/auth", 401);
                }
                return (System.nanoTime() - start) / 1_000_000;
              }));
    }
    List<Long> millis = new ArrayList<>();
    for (Future<Long> one : running) {
      millis.add(one.get());
    }
    Collections.sort(millis);
    say(
        "| %s | %d ms | %d ms | %d s |%n",
        what, millis.get(millis.size() / 2), millis.getLast(), promised.toSeconds());
  }

  // ---- What it costs Authgear

  private void cost() throws Exception {
    List<String> few = List.of(project.accessToken("alice"));
    List<String> many = new ArrayList<>();
    for (int i = 0; i < tokens; i++) {
      many.add(project.accessToken("erin"));
    }
    Map<String, String[]> ways = new LinkedHashMap<>();
    ways.put("`AUTHGEAR_RECHECK=30s`", new String[] {"AUTHGEAR_RECHECK", "30s"});
    ways.put("`AUTHGEAR_FRESHNESS=2s` and `follow`", new String[] {"AUTHGEAR_FRESHNESS", "2s"});
    say(
        "%n| calls to Authgear per second, one service, %d requests a second | 1 token | %,d tokens"
            + " | 1,000,000 tokens |%n|---|---|---|---|%n",
        REQUESTS_PER_SECOND, tokens);
    for (Map.Entry<String, String[]> way : ways.entrySet()) {
      boolean followed = way.getValue()[0].equals("AUTHGEAR_FRESHNESS");
      Served service = service("cost", way.getValue());
      Served follower = followed ? follower("cost-follow") : null;
      if (followed) {
        awaitFollowed(service, true);
      }
      String one = rate(service, follower, few);
      String all = rate(service, follower, many);
      say(
          "| %s | %s | %s | %s |%n",
          way.getKey(),
          one,
          all,
          followed
              ? "the same, computed: it does not depend on tokens"
              : "66,667, computed: tokens / 15 s");
      Children.stop(service.process);
      if (follower != null) {
        Children.stop(follower.process);
      }
    }
  }

  private String rate(Served service, Served follower, List<String> some) throws Exception {
    drive(service, some, seconds / 2); // so that each has been asked about
    long calls = sandbox.calls(AuthgearEndpoint.RESOLVER);
    double polls = follower == null ? 0 : sum(follower, "authgear_follow_polls_total");
    double took = drive(service, some, seconds);
    double resolver = (sandbox.calls(AuthgearEndpoint.RESOLVER) - calls) / took;
    String text = String.format(Locale.ROOT, "%.1f", resolver);
    return follower == null
        ? text
        : String.format(
            Locale.ROOT,
            "%s, and %.1f polls",
            text,
            (sum(follower, "authgear_follow_polls_total") - polls) / took);
  }

  /** Requests at an even pace, one token after another; for how many seconds it really was. */
  private double drive(Served service, List<String> some, int duration)
      throws InterruptedException, ExecutionException {
    int clients = 8;
    long start = System.nanoTime();
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> running = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      running.add(
          threads.submit(
              () -> {
                int number;
                while ((number = next.getAndIncrement()) < duration * REQUESTS_PER_SECOND) {
                  long due = start + number * (1_000_000_000L / REQUESTS_PER_SECOND);
                  TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
                  int status = ask(service, some.get(number % some.size()), "/auth");
                  if (status != 200) {
                    throw new IOException("a good token gets " + status);
                  }
                }
                return null;
              }));
    }
    for (Future<?> one : running) {
      one.get();
    }
    return (System.nanoTime() - start) / 1e9;
  }

  // ---- Processes

  private Process redis() throws IOException, InterruptedException {
    Process started =
        children.start(
            "redis",
            Map.of(),
            List.of(
                "redis-server",
                "--port",
                Integer.toString(redisPort),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                "/tmp"));
    Children.awaitPort(started, redisPort);
    return started;
  }

  private Served service(String name, String... more) throws IOException, InterruptedException {
    int port = Children.freePort();
    int management = Children.freePort();
    Map<String, String> environment = common(management);
    environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:" + port);
    environment.put("AUTHGEAR_DRAIN", "0s");
    environment.put("AUTHGEAR_CLOCK_SKEW", SKEW);
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    Process process = children.start("service-" + name, environment, java("serve"));
    Children.awaitPort(process, port);
    Served served = new Served(port, management, process);
    long start = System.nanoTime();
    while (!get(served, "/readyz").startsWith("ready")) {
      if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
        throw new IOException("the service does not become ready: " + get(served, "/readyz"));
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    return served;
  }

  private Served follower(String name) throws IOException, InterruptedException {
    int management = Children.freePort();
    Map<String, String> environment = common(management);
    environment.put("AUTHGEAR_ADMIN_API_URL", sandbox.adminApiUrl());
    environment.put("AUTHGEAR_ADMIN_API_APP_ID", sandbox.adminApiAppId());
    environment.put("AUTHGEAR_ADMIN_API_KEY_ID", sandbox.adminApiKeyId());
    environment.put("AUTHGEAR_ADMIN_API_KEY", sandbox.adminApiKey());
    Process process = children.start("follow-" + name, environment, java("follow"));
    Children.awaitPort(process, management);
    return new Served(0, management, process);
  }

  private Map<String, String> common(int management) {
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_REDIS_URL", "redis://127.0.0.1:" + redisPort);
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:" + management);
    return environment;
  }

  private List<String> java(String command) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-jar",
        jar.toString(),
        command);
  }

  private String get(Served served, String path) throws IOException, InterruptedException {
    URI url = URI.create("http://127.0.0.1:" + served.management + path);
    try {
      return http.send(
              HttpRequest.newBuilder(url).timeout(Duration.ofSeconds(10)).build(),
              BodyHandlers.ofString())
          .body();
    } catch (java.net.ConnectException _) {
      return "";
    }
  }

  private double sum(Served served, String metric) throws IOException, InterruptedException {
    return get(served, "/metrics")
        .lines()
        .filter(line -> line.startsWith(metric))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private void awaitFollowed(Served service, boolean followed)
      throws IOException, InterruptedException {
    String wanted = "authgear_auth_followed " + (followed ? "1.0" : "0.0");
    long start = System.nanoTime();
    while (get(service, "/metrics").lines().noneMatch(wanted::equals)) {
      if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
        throw new IOException("not " + wanted);
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private static String machine() throws IOException {
    return Arrays.stream(Files.readString(Path.of("/proc/cpuinfo")).split("\n"))
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 2))
        .findFirst()
        .orElse("unknown");
  }

  private void say(String format, Object... values) {
    report.append(String.format(Locale.ROOT, format, values));
  }
}
