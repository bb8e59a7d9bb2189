package com.authgear.authrequest.freshness;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.follow.FollowCommand;
import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.FollowSettings;
import com.authgear.authrequest.settings.FollowSettingsReader;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.support.RedisServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sandbox, services and followers of its audit log, by posts and by a real Redis. */
class FollowIT {

  private static final String SECRET = "a-secret-of-followers";

  /** Of a change and its first refusal: the bound, and time for this machine. */
  private static final Duration BOUND = Duration.ofSeconds(10);

  private final HttpClient http = HttpClient.newHttpClient();
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private Sandbox sandbox;
  private Project project;

  @BeforeEach
  void start() {
    sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));
    parts.push(sandbox);
    project = sandbox.project();
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable part : parts) {
      part.close();
    }
    http.close();
  }

  private Service service(String... more) throws Exception {
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_LOG_LEVEL", "warn");
    environment.put("AUTHGEAR_DRAIN", "0s");
    put(environment, more);
    Service service =
        Service.start(
            ((SettingsReader.Accepted) SettingsReader.read(environment)).settings(),
            InstantSource.system(),
            "test");
    parts.push(service);
    Awaitility.await().until(() -> get(service, "/readyz").startsWith("ready"));
    return service;
  }

  private FollowCommand follower(String... more) {
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_ADMIN_API_URL", sandbox.adminApiUrl());
    environment.put("AUTHGEAR_ADMIN_API_APP_ID", sandbox.adminApiAppId());
    environment.put("AUTHGEAR_ADMIN_API_KEY_ID", sandbox.adminApiKeyId());
    environment.put("AUTHGEAR_ADMIN_API_KEY", sandbox.adminApiKey());
    environment.put("AUTHGEAR_FOLLOW_INTERVAL", "200ms");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    put(environment, more);
    FollowSettings settings =
        ((FollowSettingsReader.Accepted) FollowSettingsReader.read(environment)).settings();
    FollowCommand follower = FollowCommand.start(settings, InstantSource.system());
    parts.push(follower);
    return follower;
  }

  private static void put(Map<String, String> environment, String... more) {
    for (String one : more) {
      int equals = one.indexOf('=');
      environment.put(one.substring(0, equals), one.substring(equals + 1));
    }
  }

  private static String target(Service service) {
    return "AUTHGEAR_FOLLOW_TARGETS=http://127.0.0.1:" + service.port();
  }

  private String get(Service service, String path) throws Exception {
    URI url = URI.create("http://127.0.0.1:" + service.managementPort() + path);
    return http.send(HttpRequest.newBuilder(url).build(), BodyHandlers.ofString()).body();
  }

  private int auth(Service service, String token) throws Exception {
    return auth(service, token, "/auth");
  }

  private int auth(Service service, String token, String path) throws Exception {
    URI url = URI.create("http://127.0.0.1:" + service.port() + path);
    return http.send(
            HttpRequest.newBuilder(url).header("Authorization", "Bearer " + token).build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  private void awaitFollowed(Service service, boolean followed) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                get(service, "/metrics")
                    .lines()
                    .anyMatch(("authgear_auth_followed " + (followed ? "1.0" : "0.0"))::equals));
  }

  private long resolverCalls() {
    return sandbox.calls(AuthgearEndpoint.RESOLVER);
  }

  private void awaitStatus(Service service, String token, String path, int status) {
    Awaitility.await()
        .atMost(BOUND)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> auth(service, token, path) == status);
  }

  @Test
  void posts_tokenWithoutMark_needsNoQuestion_andALogoutIsSeen() throws Exception {
    Service service = service("AUTHGEAR_FOLLOW_SECRET=" + SECRET, "AUTHGEAR_FRESHNESS=5s");
    FollowCommand _ = follower("AUTHGEAR_FOLLOW_SECRET=" + SECRET, target(service));
    awaitFollowed(service, true);
    String token = project.accessToken("alice");
    String other = project.accessToken("erin");
    for (int i = 0; i < 50; i++) {
      assertThat(auth(service, token)).isEqualTo(200);
    }
    assertThat(resolverCalls()).isZero();

    project.logout("alice");

    awaitStatus(service, token, "/auth", 401);
    long calls = resolverCalls();
    assertThat(auth(service, other)).isEqualTo(200);
    assertThat(resolverCalls()).as("others are not asked about").isEqualTo(calls);
  }

  @Test
  void posts_serviceThatStartsAgain_isToldAllAgain() throws Exception {
    Service first = service("AUTHGEAR_FOLLOW_SECRET=" + SECRET, "AUTHGEAR_FRESHNESS=5s");
    int port = first.port();
    FollowCommand _ = follower("AUTHGEAR_FOLLOW_SECRET=" + SECRET, target(first));
    awaitFollowed(first, true);
    String token = project.accessToken("alice");
    project.logout("alice");
    awaitStatus(first, token, "/auth", 401);
    parts.remove(first);
    first.close();

    Service second =
        service(
            "AUTHGEAR_FOLLOW_SECRET=" + SECRET,
            "AUTHGEAR_FRESHNESS=5s",
            "AUTHGEAR_LISTEN=127.0.0.1:" + port);

    awaitFollowed(second, true);
    assertThat(auth(second, token)).isEqualTo(401);
  }

  @Test
  void posts_otherSecret_neverFollowed_eachTokenIsConfirmed() throws Exception {
    Service service = service("AUTHGEAR_FOLLOW_SECRET=" + SECRET, "AUTHGEAR_FRESHNESS=5s");
    FollowCommand _ =
        follower("AUTHGEAR_FOLLOW_SECRET=another-secret-of-followers", target(service));
    String token = project.accessToken("alice");
    assertThat(auth(service, token)).isEqualTo(200);
    assertThat(resolverCalls()).isOne();
    Awaitility.await()
        .until(
            () ->
                !get(service, "/metrics")
                    .contains("authgear_auth_follow_posts_total{result=\"bad_signature\"} 0"));
    assertThat(get(service, "/metrics")).contains("\nauthgear_auth_followed 0.0\n");
  }

  @Test
  void redis_twoServicesTwoFollowers_eachKindOfChangeIsSeenByBoth() throws Exception {
    try (RedisServer redis = new RedisServer().start()) {
      String url = "AUTHGEAR_REDIS_URL=" + redis.url();
      List<Service> services =
          List.of(service(url, "AUTHGEAR_FRESHNESS=5s"), service(url, "AUTHGEAR_FRESHNESS=5s"));
      FollowCommand first = follower(url);
      FollowCommand _ = follower(url);
      services.forEach(service -> awaitFollowed(service, true));
      int times = Integer.getInteger("follow.times", 1);
      Map<String, Consumer<String>> changes =
          Map.of(
              "logout", project::logout,
              "revoke all sessions", project::revokeAllSessions,
              "disable", project::disable,
              "validity", user -> project.setValidity(user, null, Instant.now().minusSeconds(9)),
              "schedule deletion", project::scheduleDeletion,
              "roles", user -> project.setRoles(user, List.of("guest")));
      changes.forEach(
          (name, change) -> {
            long[] millis = new long[times];
            for (int i = 0; i < times; i++) {
              millis[i] = measure(services, name, change, i);
            }
            Arrays.sort(millis);
            System.out.printf(
                Locale.ROOT,
                "follow: %s: median %d ms, p99 %d ms, max %d ms%n",
                name,
                millis[times / 2],
                millis[Math.min(times - 1, times * 99 / 100)],
                millis[times - 1]);
          });

      // One of two followers is enough.
      parts.remove(first);
      first.close();
      String token = project.accessToken("erin");
      assertThat(auth(services.getFirst(), token)).isEqualTo(200);
      project.logout("erin");
      services.forEach(service -> awaitStatus(service, token, "/auth", 401));
    }
  }

  /** From the change's answer until the first refusal by all services. */
  private long measure(List<Service> services, String name, Consumer<String> change, int round) {
    String user = "user-" + name.replace(' ', '-') + "-" + round;
    project.create(user);
    boolean roles = name.equals("roles");
    if (roles) {
      project.setRoles(user, List.of("admin"));
    }
    String path = roles ? "/auth?role=admin" : "/auth";
    String token = project.accessToken(user);
    services.forEach(service -> awaitStatus(service, token, path, 200));
    change.accept(user);
    long start = System.nanoTime();
    services.forEach(service -> awaitStatus(service, token, path, roles ? 403 : 401));
    return (System.nanoTime() - start) / 1_000_000;
  }

  @Test
  @SuppressWarnings("try") // its end is what is tried
  void redis_killed_eachTokenIsConfirmedAfterTheBound() throws Exception {
    try (RedisServer redis = new RedisServer().start()) {
      String url = "AUTHGEAR_REDIS_URL=" + redis.url();
      Service service = service(url, "AUTHGEAR_FRESHNESS=5s");
      FollowCommand _ = follower(url);
      awaitFollowed(service, true);
      String token = project.accessToken("alice");
      assertThat(auth(service, token)).isEqualTo(200);
      assertThat(resolverCalls()).as("nobody is marked").isZero();

      redis.close();
      project.logout("alice");

      awaitStatus(service, token, "/auth", 401);
      awaitFollowed(service, false);
    }
  }

  @Test
  void markForAll_roleIsDeleted_isSeen() throws Exception {
    Service service = service("AUTHGEAR_FOLLOW_SECRET=" + SECRET, "AUTHGEAR_FRESHNESS=5s");
    FollowCommand _ = follower("AUTHGEAR_FOLLOW_SECRET=" + SECRET, target(service));
    awaitFollowed(service, true);
    String token = project.accessToken("alice");
    assertThat(auth(service, token, "/auth?role=editor")).isEqualTo(200);

    project.deleteRole("editor");

    awaitStatus(service, token, "/auth?role=editor", 403);
  }

  @Test
  void modeJwt_logout_refusesOlderTokensOnly() throws Exception {
    Service service = service("AUTHGEAR_FOLLOW_SECRET=" + SECRET, "AUTHGEAR_MODE=jwt");
    FollowCommand _ = follower("AUTHGEAR_FOLLOW_SECRET=" + SECRET, target(service));
    String token = project.accessToken("alice");
    assertThat(auth(service, token)).isEqualTo(200);

    project.logout("alice");

    awaitStatus(service, token, "/auth", 401);
    Awaitility.await()
        .atMost(BOUND)
        .until(() -> auth(service, project.accessToken("alice")) == 200);
    assertThat(auth(service, token)).isEqualTo(401);
  }

  @Test
  void adminApi_fails_followerSaysSoAndTheServiceConfirms() throws Exception {
    Service service = service("AUTHGEAR_FOLLOW_SECRET=" + SECRET, "AUTHGEAR_FRESHNESS=2s");
    FollowCommand follower = follower("AUTHGEAR_FOLLOW_SECRET=" + SECRET, target(service));
    awaitFollowed(service, true);

    sandbox.suspendAdminApi();

    awaitFollowed(service, false);
    URI ready = URI.create("http://127.0.0.1:" + follower.managementPort() + "/readyz");
    assertThat(http.send(HttpRequest.newBuilder(ready).build(), BodyHandlers.ofString()).body())
        .contains("AUTHGEAR_ADMIN_API_URL");
    String token = project.accessToken("alice");
    assertThat(auth(service, token)).isEqualTo(200);
    assertThat(resolverCalls()).isOne();

    sandbox.resumeAdminApi();
    awaitFollowed(service, true);
  }
}
