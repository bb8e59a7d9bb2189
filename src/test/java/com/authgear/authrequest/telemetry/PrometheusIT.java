package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.follow.FollowCommand;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.FollowSettingsReader;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.support.Programs;
import com.authgear.authrequest.support.Prometheus;
import com.authgear.authrequest.support.RedisServer;
import com.authgear.authrequest.tls.Authority;
import com.authgear.authrequest.tls.PemFiles;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real Prometheus scrapes the real service while it decides, and then has data for whatever the
 * rules and the dashboard ask: no name and no label in them is one that the service does not have.
 */
@TestMethodOrder(OrderAnnotation.class)
@Timeout(120)
class PrometheusIT {

  private static final Path RULES = Path.of("prometheus/authgear-auth-request.rules.yaml");
  private static final Path DASHBOARD = Path.of("grafana/authgear-auth-request.json");
  private static final String SECRET = "webhook-secret-of-the-project";

  /** What a rule reads: a name of ours, Prometheus' {@code up}, or another rule's record. */
  private static final Pattern SELECTOR =
      Pattern.compile(
          "\\b(namespace_job\\w*:[\\w:]+|authgear_(?:auth|follow)_\\w+|up)\\b(\\{[^}]*\\})?");

  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Deque<AutoCloseable> PARTS = new ArrayDeque<>();

  @TempDir private static Path folder;

  private static Project project;
  private static RedisServer redis;
  private static Service service;
  private static Prometheus prometheus;
  private static String token;
  private static String cookie;

  @BeforeAll
  static void start() throws IOException {
    Programs.require("prometheus");
    redis = new RedisServer().start();
    PARTS.push(redis);
    Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));
    PARTS.push(sandbox);
    project = sandbox.project();
    service =
        serve(
            "AUTHGEAR_ENDPOINT", sandbox.origin(),
            "AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl(),
            "AUTHGEAR_LISTEN", "127.0.0.1:0",
            "AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0",
            "AUTHGEAR_RECHECK", "5s",
            "AUTHGEAR_STALE_IF_ERROR", "1m",
            "AUTHGEAR_WEBHOOK_SECRET", SECRET,
            "AUTHGEAR_REDIS_URL", redis.url(),
            "AUTHGEAR_FRESHNESS", "5s",
            "AUTHGEAR_DRAIN", "0s");
    FollowCommand follower = follow(sandbox);
    Authority authority = new Authority();
    PemFiles files = authority.write(folder, authority.sign());
    Service withTls =
        serve(
            "AUTHGEAR_ENDPOINT",
            sandbox.origin(),
            "AUTHGEAR_LISTEN",
            "127.0.0.1:0",
            "AUTHGEAR_MANAGEMENT_LISTEN",
            "127.0.0.1:0",
            "AUTHGEAR_TLS_CERTIFICATE",
            files.certificate().toString(),
            "AUTHGEAR_TLS_KEY",
            files.key().toString(),
            "AUTHGEAR_DRAIN",
            "0s");
    project.hooks().configure("http://127.0.0.1:" + service.port() + "/hooks/authgear", SECRET);
    prometheus =
        new Prometheus(
            List.of(
                "127.0.0.1:" + service.managementPort(),
                "127.0.0.1:" + withTls.managementPort(),
                "127.0.0.1:" + follower.managementPort()),
            RULES);
    PARTS.push(prometheus);
    token = project.accessToken("alice");
    cookie = project.sessionCookie("bob");
  }

  private static FollowCommand follow(Sandbox sandbox) {
    Map<String, String> environment =
        Map.of(
            "AUTHGEAR_ENDPOINT", sandbox.origin(),
            "AUTHGEAR_ADMIN_API_URL", sandbox.adminApiUrl(),
            "AUTHGEAR_ADMIN_API_APP_ID", sandbox.adminApiAppId(),
            "AUTHGEAR_ADMIN_API_KEY_ID", sandbox.adminApiKeyId(),
            "AUTHGEAR_ADMIN_API_KEY", sandbox.adminApiKey(),
            "AUTHGEAR_REDIS_URL", redis.url(),
            "AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    FollowCommand started =
        switch (FollowSettingsReader.read(environment)) {
          case FollowSettingsReader.Accepted accepted ->
              FollowCommand.start(accepted.settings(), InstantSource.system());
          case FollowSettingsReader.Refused refused -> throw new AssertionError(refused.report());
        };
    PARTS.push(started);
    return started;
  }

  private static Service serve(String... pairs) throws IOException {
    Map<String, String> environment = new HashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      environment.put(pairs[i], pairs[i + 1]);
    }
    Service started =
        switch (SettingsReader.read(environment)) {
          case Accepted accepted ->
              Service.start(accepted.settings(), InstantSource.system(), "test");
          case Refused refused -> throw new AssertionError(refused.report());
        };
    PARTS.push(started);
    return started;
  }

  @AfterAll
  static void stop() throws Exception {
    HTTP.close();
    for (AutoCloseable part : PARTS) {
      part.close();
    }
  }

  /** A little of everything: allowed and denied, by JWT and by the resolver, remembered and not. */
  private static void someTraffic() {
    ask("Authorization", "Bearer " + token);
    ask("Authorization", "Bearer " + token);
    ask("Authorization", "Bearer " + project.accessToken("alice"));
    ask("Authorization", "Bearer " + token + "x");
    ask("Cookie", cookie);
    ask("Cookie", cookie);
    ask("Cookie", "session=unknown.unknown");
    ask("X-Nothing", "1");
    project.setAttribute("bob", "nickname", "Bob");
    project.setAttribute("bob", "nickname", "Bobby");
    send(
        HttpRequest.newBuilder(uri("/hooks/authgear"))
            .POST(BodyPublishers.ofString("{}"))
            .header("x-authgear-body-signature", "0000"));
    // Of the garbage collector's metrics, most begin with the first collection.
    System.gc();
  }

  private static URI uri(String path) {
    return URI.create("http://127.0.0.1:" + service.port() + path);
  }

  private static void ask(String header, String value) {
    send(HttpRequest.newBuilder(uri("/auth")).header(header, value));
  }

  private static void send(HttpRequest.Builder request) {
    try {
      HTTP.send(request.timeout(Duration.ofSeconds(10)).build(), BodyHandlers.discarding());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Lets traffic flow until each query has had data. */
  private static void assertData(Set<String> queries) {
    Set<String> without = new LinkedHashSet<>(queries);
    Awaitility.await("data")
        .atMost(90, TimeUnit.SECONDS)
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () -> {
              someTraffic();
              without.removeIf(query -> !prometheus.query(query).isEmpty());
              assertThat(without).isEmpty();
            });
  }

  @Test
  @Order(1)
  void rules_readNothingThatIsNotThere_andRecordSomething() {
    List<JsonNode> rules = prometheus.rules();
    Set<String> queries = new LinkedHashSet<>();
    for (JsonNode rule : rules) {
      if (rule.path("type").asText().equals("recording")) {
        queries.add(rule.path("name").asText());
      }
      SELECTOR
          .matcher(rule.path("query").asText())
          .results()
          .map(MatchResult::group)
          .forEach(queries::add);
    }
    assertThat(rules).hasSizeGreaterThan(25);
    assertThat(queries)
        .hasSizeGreaterThan(25)
        .contains("up", "authgear_auth_redis_up", "namespace_job:authgear_auth_slow:ratio_rate6h");
    assertData(queries);
  }

  @Test
  @Order(2)
  void dashboard_hasDataInEveryPanel() throws IOException {
    JsonNode dashboard = new ObjectMapper().readTree(DASHBOARD.toFile());
    Set<String> queries = new LinkedHashSet<>();
    for (JsonNode panel : dashboard.path("panels")) {
      assertThat(panel.path("type").asText().equals("row") || panel.path("targets").size() > 0)
          .as(panel.path("title").asText())
          .isTrue();
      for (JsonNode target : panel.path("targets")) {
        queries.add(
            target
                .path("expr")
                .asText()
                .replace("$namespace", ".*")
                .replace("$job", ".*")
                .replace("$__rate_interval", "1m"));
      }
    }
    assertThat(queries).hasSizeGreaterThan(35).noneMatch(query -> query.contains("$"));
    assertData(queries);
  }

  @Test
  @Order(3)
  void alerts_areAllQuiet_thenRedisIsLost() {
    Awaitility.await("rules without errors")
        .atMost(30, TimeUnit.SECONDS)
        .untilAsserted(
            () ->
                assertThat(prometheus.rules())
                    .allSatisfy(rule -> assertThat(rule.path("health").asText()).isEqualTo("ok")));
    assertThat(state("AuthgearAuthRedisLost")).isEqualTo("inactive");
    assertThat(state("AuthgearAuthNoneReady")).isEqualTo("inactive");
    assertThat(state("AuthgearAuthAbsent")).isEqualTo("inactive");
    redis.kill();
    Awaitility.await("the alert")
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> state("AuthgearAuthRedisLost").equals("pending"));
  }

  private static String state(String alert) {
    List<JsonNode> rules =
        prometheus.rules().stream()
            .filter(rule -> rule.path("name").asText().equals(alert))
            .toList();
    assertThat(rules).hasSize(1);
    return rules.getFirst().path("state").asText();
  }
}
