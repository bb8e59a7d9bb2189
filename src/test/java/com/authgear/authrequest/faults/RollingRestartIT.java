package com.authgear.authrequest.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.EchoBackend;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.Programs;
import com.authgear.authrequest.support.ServiceProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two replicas behind a real nginx are restarted in turn, and no client notices. */
@Timeout(300) // six JVMs start one after the other
class RollingRestartIT {

  private static final String FORMER = "the-former-webhook-secret";
  private static final String LATTER = "the-latter-webhook-secret";
  private static final String DECISIONS = "authgear_auth_decision_seconds_count";
  private static final String WEBHOOKS = "authgear_auth_webhooks_total";

  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));
  private final EchoBackend backend = EchoBackend.start(0);
  private final List<ServiceProcess> replicas = new ArrayList<>();
  private boolean disabled;

  @BeforeEach
  void needNginx() {
    Programs.require("nginx");
  }

  @AfterEach
  void stop() {
    replicas.forEach(ServiceProcess::close);
    backend.close();
    sandbox.close();
  }

  private Map<String, String> settings(String... more) {
    Map<String, String> settings = new HashMap<>();
    settings.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    settings.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    settings.put("AUTHGEAR_LOG_LEVEL", "warn");
    for (int i = 0; i < more.length; i += 2) {
      settings.put(more[i], more[i + 1]);
    }
    return settings;
  }

  private ServiceProcess replica(Map<String, String> settings) throws IOException {
    ServiceProcess replica = new ServiceProcess(settings);
    replicas.add(replica);
    return replica;
  }

  private InetSocketAddress backendAddress() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), backend.port());
  }

  /** The shipped configuration, with a second replica as its comment says. */
  private Nginx nginx(ServiceProcess one, ServiceProcess other) {
    return nginx(one, other, " max_fails=0;");
  }

  private Nginx nginx(ServiceProcess one, ServiceProcess other, String parameters) {
    String shipped = "server 127.0.0.1:" + one.address().getPort() + " max_fails=0;";
    String first = "server 127.0.0.1:" + one.address().getPort() + parameters;
    String second = "server 127.0.0.1:" + other.address().getPort() + parameters;
    return Nginx.start(
        one.address(),
        backendAddress(),
        conf -> {
          assertThat(conf).containsOnlyOnce(shipped);
          return conf.replace(shipped, first + "\n        " + second)
              .replace("worker_processes auto;", "worker_processes 1;")
              .replace(
                  "location /public/ {",
                  "location = /hooks/authgear { proxy_pass http://authgear_auth; }\n"
                      + "        location /public/ {");
        });
  }

  /** Clients that never pause: one token is good, the other one is not. */
  private static final class Load {

    private final AtomicBoolean ended = new AtomicBoolean();
    private final Map<String, Long> statuses = new ConcurrentHashMap<>();
    private final List<Thread> clients;

    Load(int port, String good, String bad) {
      clients =
          IntStream.range(0, 3)
              .mapToObj(_ -> Thread.startVirtualThread(() -> client(port, good, bad)))
              .toList();
    }

    private void client(int port, String good, String bad) {
      try (HttpClient http = HttpClient.newHttpClient()) {
        while (!ended.get()) {
          ask(http, port, "good", good);
          ask(http, port, "bad", bad);
        }
      }
    }

    private void ask(HttpClient http, int port, String kind, String token) {
      URI url = URI.create("http://127.0.0.1:" + port + "/orders");
      String status;
      try {
        status =
            Integer.toString(
                http.send(
                        HttpRequest.newBuilder(url)
                            .header("Authorization", "Bearer " + token)
                            .build(),
                        BodyHandlers.discarding())
                    .statusCode());
      } catch (IOException | InterruptedException e) {
        status = e.toString();
      }
      statuses.merge(kind + " " + status, 1L, Long::sum);
    }

    void end() throws InterruptedException {
      ended.set(true);
      for (Thread client : clients) {
        client.join();
      }
      assertThat(statuses).containsOnlyKeys("good 200", "bad 401");
      assertThat(statuses.values()).allSatisfy(count -> assertThat(count).isGreaterThan(100));
    }
  }

  private Load load(Nginx nginx) {
    String good = sandbox.project().accessToken("carol");
    return new Load(nginx.port(), good, good.substring(0, good.length() - 6) + "AAAAAA");
  }

  private static void restart(ServiceProcess replica, Map<String, String> settings)
      throws Exception {
    replica.terminate();
    replica.awaitExit();
    replica.start(settings);
    replica.awaitReady();
    awaitTraffic(replica);
  }

  private static void awaitTraffic(ServiceProcess replica) {
    Awaitility.await("the replica to take its share again")
        .until(() -> replica.metric(DECISIONS, "outcome=\"allow\"") > 10);
  }

  @Test
  void replicasRestartedInTurn_whileTheWebhookSecretChanges_loseNoRequestAndNoWebhook()
      throws Exception {
    ServiceProcess one = replica(settings("AUTHGEAR_WEBHOOK_SECRET", FORMER));
    ServiceProcess other = replica(settings("AUTHGEAR_WEBHOOK_SECRET", FORMER));
    one.awaitReady();
    other.awaitReady();
    try (Nginx nginx = nginx(one, other)) {
      String hooks = "http://127.0.0.1:" + nginx.port() + "/hooks/authgear";
      sandbox.project().hooks().configure(hooks, FORMER);
      Load load = load(nginx);
      assertWebhookArrives();

      Map<String, String> both =
          settings("AUTHGEAR_WEBHOOK_SECRET", LATTER, "AUTHGEAR_WEBHOOK_SECRET_PREVIOUS", FORMER);
      restart(one, both);
      assertWebhookArrives();
      restart(other, both);
      assertWebhookArrives();

      sandbox.project().hooks().configure(hooks, LATTER);
      assertWebhookArrives();

      Map<String, String> latter = settings("AUTHGEAR_WEBHOOK_SECRET", LATTER);
      restart(one, latter);
      assertWebhookArrives();
      restart(other, latter);
      assertWebhookArrives();
      load.end();
    }
  }

  /** Signed as Authgear signs now, it is taken by whichever replica it reaches. */
  private void assertWebhookArrives() throws Exception {
    double before = webhooks("result=\"accepted\"");
    if (disabled) {
      sandbox.project().enable("alice");
    } else {
      sandbox.project().disable("alice");
    }
    disabled = !disabled;
    Awaitility.await("the webhook").until(() -> webhooks("result=\"accepted\"") == before + 1);
    assertThat(webhooks("result=\"bad_signature\"")).isZero();
  }

  private double webhooks(String label) throws Exception {
    double sum = 0;
    for (ServiceProcess replica : replicas) {
      sum += replica.metric(WEBHOOKS, label);
    }
    return sum;
  }

  /** Stands in front of the replicas as a Service of Kubernetes does: it sees connections only. */
  private static final class Balancer implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<InetSocketAddress> ready = new CopyOnWriteArrayList<>();
    private final AtomicInteger next = new AtomicInteger();

    Balancer() throws IOException {
      Thread.startVirtualThread(this::accept);
    }

    InetSocketAddress address() {
      return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
    }

    void add(ServiceProcess replica) {
      ready.add(replica.address());
    }

    void remove(ServiceProcess replica) {
      ready.remove(replica.address());
    }

    private void accept() {
      while (!listener.isClosed()) {
        try {
          Socket near = listener.accept();
          InetSocketAddress target = ready.get(next.getAndIncrement() % ready.size());
          Thread.startVirtualThread(() -> connect(near, target));
        } catch (IOException e) {
          return; // closed
        }
      }
    }

    private static void connect(Socket near, InetSocketAddress target) {
      try (near;
          Socket far = new Socket(target.getAddress(), target.getPort())) {
        Thread back = Thread.startVirtualThread(() -> pass(far, near));
        pass(near, far);
        back.join();
      } catch (IOException | InterruptedException e) {
        // One of the two hung up.
      }
    }

    private static void pass(Socket from, Socket to) {
      try {
        from.getInputStream().transferTo(to.getOutputStream());
        to.shutdownOutput();
      } catch (IOException e) {
        // One of the two hung up.
      }
    }

    @Override
    public void close() {
      try {
        listener.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Test
  void replicasBehindABalancerOfConnections_withADelay_loseNoRequest() throws Exception {
    Map<String, String> settings = settings("AUTHGEAR_SHUTDOWN_DELAY", "2s");
    ServiceProcess one = replica(settings).awaitReady();
    ServiceProcess other = replica(settings).awaitReady();
    try (Balancer balancer = new Balancer()) {
      balancer.add(one);
      balancer.add(other);
      try (Nginx nginx = Nginx.start(balancer.address(), backendAddress())) {
        Load load = load(nginx);
        for (ServiceProcess replica : replicas) {
          awaitTraffic(replica);
          replica.terminate();
          replica.awaitReadiness(503);
          balancer.remove(replica);
          replica.awaitExit();
          replica.start(settings);
          replica.awaitReady();
          balancer.add(replica);
        }
        load.end();
      }
    }
  }

  @Test
  void resolverDown_takesNoReplicaAwayFromThoseWhoDoNotNeedIt() throws Exception {
    ServiceProcess one = replica(settings()).awaitReady();
    ServiceProcess other = replica(settings()).awaitReady();
    try (Nginx nginx = nginx(one, other)) {
      Load load = load(nginx);
      awaitTraffic(one);
      awaitTraffic(other);
      sandbox.breakDown(AuthgearEndpoint.RESOLVER, Malfunction.status(500));
      for (int i = 0; i < 20; i++) {
        assertThat(status(nginx, sandbox.project().opaqueToken("alice"))).isEqualTo(500);
      }
      load.end();
    }
    // What it would be like with nginx's default.
    try (Nginx nginx = nginx(one, other, ";")) {
      assertThat(status(nginx, sandbox.project().accessToken("alice"))).isEqualTo(200);
      assertThat(status(nginx, sandbox.project().opaqueToken("alice"))).isEqualTo(500);
      assertThat(status(nginx, sandbox.project().opaqueToken("alice"))).isEqualTo(500);
      assertThat(status(nginx, sandbox.project().accessToken("alice"))).isEqualTo(500);
    }
  }

  private static int status(Nginx nginx, String token) throws Exception {
    URI url = URI.create("http://127.0.0.1:" + nginx.port() + "/orders");
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(url).header("Authorization", "Bearer " + token).build();
      return http.send(request, BodyHandlers.discarding()).statusCode();
    }
  }
}
