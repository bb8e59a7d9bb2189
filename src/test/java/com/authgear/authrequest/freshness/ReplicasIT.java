package com.authgear.authrequest.freshness;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.Webhooks.Delivery;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.RedisServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Service processes, a real Redis and the sandbox's webhooks. */
@Timeout(180) // three JVMs start one after the other
class ReplicasIT {

  private static final String SECRET = "a-secret-of-the-project";
  private static final String WEBHOOKS = "authgear_auth_webhooks_total{result=\"%s\"}";

  private final HttpClient http = HttpClient.newHttpClient();
  private final RedisServer redis = new RedisServer();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));
  private final List<Replica> replicas = new ArrayList<>();

  private final class Replica {
    private final int port = FreePort.find();
    private final int managementPort = FreePort.find();
    private final Process process;

    Replica() throws IOException {
      ProcessBuilder builder =
          new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-jar",
              System.getProperty("service.jar"));
      builder.environment().keySet().removeIf(key -> key.startsWith("AUTHGEAR_"));
      builder.environment().put("AUTHGEAR_ENDPOINT", sandbox.origin());
      builder.environment().put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
      builder.environment().put("AUTHGEAR_LISTEN", "127.0.0.1:" + port);
      builder.environment().put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:" + managementPort);
      builder.environment().put("AUTHGEAR_WEBHOOK_SECRET", SECRET);
      builder.environment().put("AUTHGEAR_REDIS_URL", redis.url());
      process =
          builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
      replicas.add(this);
    }

    Replica ready() {
      return awaitReady("ready\n"); // and not degraded
    }

    Replica awaitReady(String body) {
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .ignoreException(ConnectException.class)
          .until(
              () -> {
                HttpResponse<String> answer = get("/readyz");
                return answer.statusCode() == 200 && answer.body().matches(body);
              });
      return this;
    }

    HttpResponse<String> get(String path) throws Exception {
      URI url = URI.create("http://127.0.0.1:" + managementPort + path);
      return http.send(HttpRequest.newBuilder(url).build(), BodyHandlers.ofString());
    }

    double metric(String series) throws Exception {
      return get("/metrics")
          .body()
          .lines()
          .filter(line -> line.startsWith(series + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
          .sum();
    }

    /** The status of a request with a token. */
    int ask(String token) throws Exception {
      URI url = URI.create("http://127.0.0.1:" + port + "/auth");
      return http.send(
              HttpRequest.newBuilder(url).header("Authorization", "Bearer " + token).build(),
              BodyHandlers.discarding())
          .statusCode();
    }

    double marks() throws Exception {
      return metric("authgear_auth_marks");
    }

    void getsWebhooks() {
      sandbox.project().hooks().configure("http://127.0.0.1:" + port + "/hooks/authgear", SECRET);
    }
  }

  /** Requests of a user to whom nothing happens; whatever else happens, each one passes. */
  private final class Load {
    private final String token = sandbox.project().accessToken("carol");
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Map<Integer, Long> statuses = new ConcurrentHashMap<>();
    private final Thread thread;

    Load(Replica replica) {
      thread =
          Thread.startVirtualThread(
              () -> {
                while (!ended.get()) {
                  int status;
                  try {
                    status = replica.ask(token);
                  } catch (Exception e) {
                    status = -1;
                  }
                  statuses.merge(status, 1L, Long::sum);
                }
              });
    }

    void end() throws InterruptedException {
      ended.set(true);
      thread.join();
      assertThat(statuses).containsOnlyKeys(200);
      assertThat(statuses.getOrDefault(200, 0L)).isGreaterThan(1000);
    }
  }

  @AfterEach
  void stop() {
    replicas.forEach(replica -> replica.process.destroyForcibly());
    sandbox.close();
    redis.close();
  }

  @Test
  void webhookToOneReplica_isKnownToAllThroughOutagesOfRedisAndReplicas() throws Exception {
    redis.start();
    Replica one = new Replica();
    Replica other = new Replica();
    one.ready();
    other.ready();

    Load load = new Load(other);
    String alice = sandbox.project().accessToken("alice");
    assertThat(one.ask(alice)).isEqualTo(200);
    assertThat(other.ask(alice)).isEqualTo(200);
    one.getsWebhooks();
    sandbox.project().hooks().deliver(Delivery.DOUBLE, Duration.ZERO);
    sandbox.project().disable("alice");
    Awaitility.await().until(() -> other.marks() == 1);
    assertThat(other.ask(alice)).as("refused where no webhook came").isEqualTo(401);
    assertThat(one.ask(alice)).isEqualTo(401);
    Awaitility.await().until(() -> one.metric(WEBHOOKS.replace("%s", "duplicate")) == 1);
    assertThat(one.metric(WEBHOOKS.replace("%s", "accepted"))).isOne();
    sandbox.project().hooks().deliver(Delivery.NORMAL, Duration.ZERO);

    redis.kill();
    one.awaitReady("ready\ndegraded: no connection to Redis.*\n");
    other.awaitReady("ready\ndegraded: no connection to Redis.*\n");
    assertThat(one.metric("authgear_auth_redis_up")).isZero();
    String bob = sandbox.project().accessToken("bob");
    assertThat(other.ask(bob)).isEqualTo(200);
    sandbox.project().disable("bob");
    Awaitility.await().until(() -> one.marks() == 2);
    assertThat(one.ask(bob)).isEqualTo(401);
    assertThat(other.marks()).isOne();
    redis.start();
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> other.marks() == 2);
    assertThat(other.ask(bob)).as("missed and caught up").isEqualTo(401);

    one.process.destroyForcibly().waitFor();
    Replica late = new Replica().ready();
    assertThat(late.marks()).isEqualTo(2);
    late.getsWebhooks();
    sandbox.project().delete("erin");
    Awaitility.await().until(() -> other.marks() == 3);
    load.end();
  }
}
