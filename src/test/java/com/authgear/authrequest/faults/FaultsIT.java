package com.authgear.authrequest.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.EchoBackend;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.RedisServer;
import com.authgear.authrequest.support.ServiceProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Mixed load through real nginx on a service process with little memory, while the resolver, the
 * key server and Redis go down and up, keys rotate, and users log in and out and are disabled. An
 * oracle knows when what happened; nobody may pass later than the settings promise, and nobody may
 * be refused outside the times that they allow. {@code -Dfaults.seconds=300} makes it longer.
 */
@Timeout(600)
class FaultsIT {

  private static final int SECONDS = Integer.getInteger("faults.seconds", 60);
  private static final String SECRET = "a-secret-of-the-project";
  private static final int CLIENTS = 8;

  /** AUTHGEAR_RECHECK and AUTHGEAR_RESOLVER_CACHE_TTL; Unix milliseconds and durations here. */
  private static final long RECHECK = 5000;

  private static final long TTL = 2000;

  /** A call's timeout, the breaker's pause, and its trials. */
  private static final long RESOLVER_RECOVERY = 4000;

  /** The cool-down between two looks for an unknown key, and the look. */
  private static final long KEY_RECOVERY = 13_000;

  /** A refusal is remembered for a second. */
  private static final long REFUSED = 2000;

  private static final long MAX_RESIDENT_KIB = 450 * 1024;
  private static final long NEVER = Long.MAX_VALUE;
  private static final List<String> USERS = List.of("alice", "bob", "carol", "erin");

  private final InstantSource clock = InstantSource.system();
  private final HttpClient http = HttpClient.newHttpClient();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
  private final Project project = sandbox.project();
  private final RedisServer redis = new RedisServer();
  private final List<AutoCloseable> parts = new ArrayList<>();

  /** A time that has begun, and perhaps ended: not before {@code until}, surely by {@code over}. */
  private static final class Span {
    private final long from;
    private volatile long until = NEVER;
    private volatile long over = NEVER;

    Span(long from) {
      this.from = from;
    }

    boolean touches(long start, long end) {
      return from <= end && start <= over;
    }

    boolean covers(long start, long end) {
      return from <= start && end <= until;
    }
  }

  private enum Kind {
    JWT(RECHECK),
    SESSION(TTL),
    FORGED(0);

    private final long bound;

    Kind(long bound) {
      this.bound = bound;
    }
  }

  /** What a client sends, and since when it is worth nothing. */
  private static final class Held {
    private final Kind kind;
    private final String user;
    private final String header;
    private final String value;
    private final long expiresAt;
    private final String kid;
    private volatile long goneFrom = NEVER;
    private volatile long goneSince = NEVER;

    Held(Kind kind, String user, String header, String value, long expiresAt, String kid) {
      this.kind = kind;
      this.user = user;
      this.header = header;
      this.value = value;
      this.expiresAt = expiresAt;
      this.kid = kid;
    }
  }

  private final List<Held> held = new CopyOnWriteArrayList<>();
  private final Map<String, List<Span>> disabled = new ConcurrentHashMap<>();

  /** When the service has heard of the newest disabling, by user. */
  private final Map<String, Long> heard = new ConcurrentHashMap<>();

  private final List<Span> resolverDown = new CopyOnWriteArrayList<>();
  private final List<Span> keysDown = new CopyOnWriteArrayList<>();
  private final Map<String, Long> kidSince = new ConcurrentHashMap<>();

  /** When a token of a key was first let in. */
  private final Map<String, Long> kidKnown = new ConcurrentHashMap<>();

  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private final Map<String, AtomicLong> counts = new ConcurrentSkipListMap<>();
  private ServiceProcess service;
  private Nginx nginx;

  @BeforeEach
  void start() throws IOException {
    parts.add(sandbox);
    parts.add(redis.start());
    EchoBackend backend = EchoBackend.start(0);
    parts.add(backend);
    service = serve();
    parts.add(service);
    project.hooks().configure(service.hooks(), SECRET);
    nginx =
        Nginx.start(
            service.address(),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), backend.port()));
    parts.add(nginx);
    service.awaitReady();
  }

  private ServiceProcess serve() throws IOException {
    return new ServiceProcess(
        List.of("-Xmx96m", "-XX:+ExitOnOutOfMemoryError"),
        Map.ofEntries(
            Map.entry("AUTHGEAR_ENDPOINT", sandbox.origin()),
            Map.entry("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl()),
            Map.entry("AUTHGEAR_WEBHOOK_SECRET", SECRET),
            Map.entry("AUTHGEAR_REDIS_URL", redis.url()),
            Map.entry("AUTHGEAR_RECHECK", RECHECK + "ms"),
            Map.entry("AUTHGEAR_RESOLVER_CACHE_TTL", TTL + "ms"),
            Map.entry("AUTHGEAR_RESOLVER_TIMEOUT", "1s"),
            Map.entry("AUTHGEAR_CLOCK_SKEW", "0s"),
            Map.entry("AUTHGEAR_LOG_LEVEL", "error")));
  }

  @AfterEach
  void stop() throws Exception {
    http.close();
    for (AutoCloseable part : parts.reversed()) {
      part.close();
    }
  }

  private double webhooks() throws Exception {
    return service.metric("authgear_auth_webhooks_total", "result=\"accepted\"");
  }

  // ---- What happens

  private void login(String user, Random random) {
    long now = clock.millis();
    if (!disabled.getOrDefault(user, List.of()).stream().allMatch(span -> span.over < now)) {
      return;
    }
    int lifetime = random.nextInt(3) == 0 ? 3 + random.nextInt(6) : 3600;
    TokenOptions options = TokenOptions.DEFAULTS.withExpiresIn(Duration.ofSeconds(lifetime));
    long expires = (now / 1000 + lifetime + 1) * 1000;
    String kid = project.keyIds().getFirst();
    held.add(
        switch (random.nextInt(5)) {
          case 0 ->
              new Held(
                  Kind.SESSION, user, "Cookie", project.sessionCookie(user, options), NEVER, kid);
          case 1 ->
              new Held(
                  Kind.SESSION,
                  user,
                  "Authorization",
                  "Bearer " + project.opaqueToken(user, options),
                  expires,
                  kid);
          default ->
              new Held(
                  Kind.JWT,
                  user,
                  "Authorization",
                  "Bearer " + project.accessToken(user, options),
                  expires,
                  kid);
        });
  }

  private void logout(Held one) {
    if (one.goneSince == NEVER && one.kind != Kind.FORGED) {
      one.goneFrom = clock.millis();
      project.endSession(one.value.replaceFirst("^Bearer ", ""));
      one.goneSince = clock.millis();
    }
  }

  private void disable(String user) throws Exception {
    List<Span> spans = disabled.computeIfAbsent(user, _ -> new CopyOnWriteArrayList<>());
    if (!spans.isEmpty() && spans.getLast().until == NEVER) {
      return;
    }
    double before = webhooks();
    spans.add(new Span(clock.millis()));
    List<Held> ending =
        held.stream()
            .filter(
                one -> one.user.equals(user) && one.goneSince == NEVER && one.kind != Kind.FORGED)
            .toList();
    ending.forEach(one -> one.goneFrom = clock.millis());
    project.disable(user);
    // For good: enabling brings no session back.
    ending.forEach(one -> one.goneSince = clock.millis());
    // The event is on its way; the oracle's bound by time holds without it.
    Awaitility.await("the webhook").until(() -> webhooks() > before);
    heard.put(user, clock.millis());
  }

  private void enable(String user) throws Exception {
    List<Span> spans = disabled.getOrDefault(user, List.of());
    if (!spans.isEmpty() && spans.getLast().until == NEVER) {
      heard.remove(user);
      double before = webhooks();
      spans.getLast().until = clock.millis();
      project.enable(user);
      Awaitility.await("the webhook").until(() -> webhooks() > before);
      spans.getLast().over = clock.millis();
    }
  }

  private static void begin(List<Span> spans, long now) {
    spans.add(new Span(now));
  }

  private void breakResolver(Malfunction fault) {
    begin(resolverDown, clock.millis());
    sandbox.breakDown(AuthgearEndpoint.RESOLVER, fault);
  }

  private void repairResolver() {
    sandbox.repair(AuthgearEndpoint.RESOLVER);
    resolverDown.getLast().over = clock.millis();
  }

  private void rotate() {
    project.rotateKeys();
    kidSince.put(project.keyIds().getFirst(), clock.millis());
  }

  /** One step of a cycle of 24 seconds. */
  private void fault(int second) {
    switch (second % 24) {
      case 2 -> rotate();
      case 4 -> breakResolver(new Malfunction.Down());
      case 6 -> repairResolver();
      case 8 -> {
        begin(keysDown, clock.millis());
        sandbox.breakDown(AuthgearEndpoint.KEYS, new Malfunction.Down());
        sandbox.breakDown(AuthgearEndpoint.DISCOVERY, Malfunction.status(500));
      }
      case 9 -> rotate();
      case 10 -> breakResolver(Malfunction.status(500));
      case 11 -> {
        sandbox.repair(AuthgearEndpoint.KEYS);
        sandbox.repair(AuthgearEndpoint.DISCOVERY);
        keysDown.getLast().over = clock.millis();
      }
      case 12 -> repairResolver();
      case 13 -> redis.kill();
      case 15 -> redis.start();
      case 17 -> breakResolver(new Malfunction.Hang(Duration.ofSeconds(10)));
      case 19 -> repairResolver();
      case 20 -> redis.hang();
      case 21 -> redis.goOn();
      default -> {}
    }
  }

  // ---- The oracle

  private List<Span> disabledOf(Held one) {
    return disabled.getOrDefault(one.user, List.of());
  }

  private void judge(Held one, long sent, long answered, int status) {
    counts.computeIfAbsent(one.kind + " " + status, _ -> new AtomicLong()).incrementAndGet();
    String what =
        one.kind + " of " + one.user + ", sent " + sent + ", answered " + answered + ": " + status;
    if (status == 200) {
      if (one.kind == Kind.JWT) {
        kidKnown.putIfAbsent(one.kid, answered);
      }
      if (one.kind == Kind.FORGED) {
        wrong.add("forged: " + what);
      } else if (sent >= one.goneSince + one.kind.bound && one.goneSince != NEVER) {
        wrong.add("logged out at " + one.goneSince + ": " + what);
      } else if (one.expiresAt != NEVER
          && sent >= one.expiresAt + (one.kind == Kind.SESSION ? TTL : 0)) {
        wrong.add("expired at " + one.expiresAt + ": " + what);
      } else if (disabledOf(one).stream()
          .anyMatch(span -> span.covers(sent - one.kind.bound - 1, answered))) {
        wrong.add("disabled: " + what);
      } else if (wasHeardBefore(one, sent, answered)) {
        wrong.add("disabled, and the webhook had arrived: " + what);
      }
      return;
    }
    if (one.kind == Kind.FORGED) {
      if (status != 401) {
        wrong.add("not 401: " + what);
      }
      return;
    }
    boolean good =
        answered < one.goneFrom
            && answered < one.expiresAt - 2000
            && disabledOf(one).stream().noneMatch(span -> span.touches(sent - REFUSED, answered));
    if (!good) {
      return;
    }
    boolean resolverExcused =
        resolverDown.stream().anyMatch(span -> span.touches(sent - RESOLVER_RECOVERY, answered));
    if (one.kind == Kind.JWT && isNewKey(one.kid, sent)) {
      return;
    }
    if (!resolverExcused || status != 500) {
      wrong.add("good, but " + what);
    }
  }

  /** The mark was there before the request and the user still disabled after it. */
  private boolean wasHeardBefore(Held one, long sent, long answered) {
    Long since = heard.get(one.user);
    return since != null
        && since < sent
        && disabledOf(one).stream().anyMatch(span -> span.covers(since, answered));
  }

  private boolean isNewKey(String kid, long sent) {
    Long since = kidSince.get(kid);
    Long known = kidKnown.get(kid);
    if (since == null || (known != null && known < sent)) {
      return false;
    }
    long firm = since;
    for (Span down : keysDown) {
      firm = Math.max(firm, down.over);
    }
    return firm == NEVER || sent < firm + KEY_RECOVERY;
  }

  private String load(int seed, AtomicBoolean goOn) throws Exception {
    Random random = new Random(seed);
    while (goOn.get()) {
      int size = held.size();
      Held one =
          random.nextInt(4) == 0
              ? held.get(random.nextInt(size))
              : held.get(size - 1 - random.nextInt(Math.min(size, 30)));
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + nginx.port() + "/orders"))
              .header(one.header, one.value)
              .timeout(Duration.ofSeconds(20))
              .build();
      long sent = clock.millis();
      int status = http.send(request, BodyHandlers.discarding()).statusCode();
      judge(one, sent, clock.millis(), status);
    }
    return "done";
  }

  private void forged() {
    String good = "Bearer " + project.accessToken("alice");
    for (int i = 0; i < 4; i++) {
      int middle = good.length() - 40 - i;
      char other = good.charAt(middle) == 'A' ? 'B' : 'A';
      String broken = good.substring(0, middle) + other + good.substring(middle + 1);
      held.add(new Held(Kind.FORGED, "-", "Authorization", broken, NEVER, ""));
    }
    for (String text :
        List.of("Bearer a.b.c", "Bearer =", "Basic YTpi", "Bearer eyJhbGciOiJub25lIn0.e30.")) {
      held.add(new Held(Kind.FORGED, "-", "Authorization", text, NEVER, ""));
    }
  }

  @Test
  void nobodyPassesTooLateAndNobodyIsRefusedWithoutReason() throws Exception {
    Random random = new Random(42);
    forged();
    for (int i = 0; i < 20; i++) {
      login(USERS.get(i % USERS.size()), random);
    }
    AtomicBoolean goOn = new AtomicBoolean(true);
    List<Future<String>> clients = new ArrayList<>();
    long residentSoon = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        ScheduledExecutorService users = Executors.newSingleThreadScheduledExecutor();
        ScheduledExecutorService faults = Executors.newSingleThreadScheduledExecutor()) {
      ScheduledFuture<?> life =
          users.scheduleWithFixedDelay(() -> live(random), 100, 100, TimeUnit.MILLISECONDS);
      AtomicLong second = new AtomicLong();
      ScheduledFuture<?> trouble =
          faults.scheduleAtFixedRate(
              () -> fault((int) second.incrementAndGet()), 1, 1, TimeUnit.SECONDS);
      for (int client = 0; client < CLIENTS; client++) {
        int seed = client;
        Callable<String> load = () -> load(seed, goOn);
        clients.add(threads.submit(load));
      }
      Awaitility.await("a third of the time")
          .atMost(Duration.ofMinutes(5))
          .until(() -> second.get() >= SECONDS / 3);
      residentSoon = service.residentKib();
      Awaitility.await("the time to be over")
          .atMost(Duration.ofMinutes(9))
          .until(() -> second.get() >= SECONDS || life.isDone() || trouble.isDone());
      assertThat(life.isDone()).as("the users' life went on").isFalse();
      assertThat(trouble.isDone()).as("the trouble went on").isFalse();
      life.cancel(false);
      trouble.cancel(false);
      goOn.set(false);
      for (Future<String> client : clients) {
        assertThat(client.get()).isEqualTo("done");
      }
    }

    long resident = service.residentKib();
    System.out.println(
        "faults: "
            + counts
            + ", resident "
            + residentSoon / 1024
            + " then "
            + resident / 1024
            + " MiB, keys let in "
            + kidKnown.size());
    assertThat(wrong.stream().limit(20)).isEmpty();
    assertThat(counts.keySet())
        .contains("JWT 200", "JWT 401", "JWT 500", "SESSION 200", "SESSION 401", "SESSION 500")
        .contains("FORGED 401");
    assertThat(service.isAlive()).isTrue();
    assertThat(resident).isLessThan(MAX_RESIDENT_KIB);
    assertThat(kidKnown).as("keys that were rotated in were used").hasSizeGreaterThan(1);
  }

  private void live(Random random) {
    try {
      String user = USERS.get(random.nextInt(USERS.size()));
      switch (random.nextInt(12)) {
        case 0 -> disable(user);
        case 1, 2, 3 -> enable(user);
        case 4, 5 -> logout(held.get(held.size() - 1 - random.nextInt(Math.min(held.size(), 30))));
        default -> login(user, random);
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
