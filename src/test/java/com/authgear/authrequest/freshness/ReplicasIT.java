package com.authgear.authrequest.freshness;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.Webhooks.Delivery;
import com.authgear.authrequest.support.RedisServer;
import com.authgear.authrequest.support.ServiceProcess;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpResponse;
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

  private final RedisServer redis = new RedisServer();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));
  private final List<Replica> replicas = new ArrayList<>();

  private final class Replica {
    private final ServiceProcess process;

    Replica() throws IOException {
      process =
          new ServiceProcess(
              Map.of(
                  "AUTHGEAR_ENDPOINT",
                  sandbox.origin(),
                  "AUTHGEAR_RESOLVER_URL",
                  sandbox.resolverUrl(),
                  "AUTHGEAR_WEBHOOK_SECRET",
                  SECRET,
                  "AUTHGEAR_REDIS_URL",
                  redis.url()));
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
                HttpResponse<String> answer = process.management("/readyz");
                return answer.statusCode() == 200 && answer.body().matches(body);
              });
      return this;
    }

    double metric(String series) throws Exception {
      return process
          .management("/metrics")
          .body()
          .lines()
          .filter(line -> line.startsWith(series + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
          .sum();
    }

    int ask(String token) throws Exception {
      return process.ask(token);
    }

    double marks() throws Exception {
      return metric("authgear_auth_marks");
    }

    void getsWebhooks() {
      sandbox.project().hooks().configure(process.hooks(), SECRET);
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
    replicas.forEach(replica -> replica.process.close());
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

    one.process.close();
    Replica late = new Replica().ready();
    assertThat(late.marks()).isEqualTo(2);
    late.getsWebhooks();
    sandbox.project().delete("erin");
    Awaitility.await().until(() -> other.marks() == 3);
    load.end();
  }
}
