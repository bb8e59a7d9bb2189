package com.authgear.authrequest.verify.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.redis.RedisUrl;
import com.authgear.authrequest.support.RedisServer;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.verify.changes.ChangeMarks.Effect;
import com.authgear.authrequest.verify.changes.RedisNodes.Link;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import okhttp3.tls.HeldCertificate;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** Marks through real servers with TLS, behind Sentinels, and in a Cluster. */
class RedisTopologiesIT {

  private static final String PROJECT = "https://my-project.authgear.cloud";
  private static final String KEY = "authgear-auth-request:{" + PROJECT + "}:marks";
  private static final String PASSWORD = "sesame-open-now";
  private static final List<Interval> DISABLED = List.of(Interval.always());

  private final SettableClock clock = new SettableClock();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final List<Service> services = new ArrayList<>();

  @TempDir private Path folder;

  private final class Service implements AutoCloseable {
    private final ChangeMarks marks = new ChangeMarks(clock, System::nanoTime, Duration.ZERO);
    private final RedisMarks shared;

    Service(String url) {
      shared = RedisMarks.start(url, PROJECT, marks, transit -> {});
      services.add(this);
    }

    Service up() {
      await(shared::isUp);
      return this;
    }

    void learn(String user, long seq) {
      assertThat(shared.learn(new UserEvent(user, seq, clock.seconds(), DISABLED)))
          .isEqualTo(Effect.MARKED);
    }

    boolean knows(String user) {
      return marks.latest(user) != null;
    }

    @Override
    public void close() {
      shared.close();
    }
  }

  @AfterEach
  void stop() throws Exception {
    services.forEach(Service::close);
    for (AutoCloseable one : opened.reversed()) {
      one.close();
    }
  }

  private RedisServer start(RedisServer server) {
    opened.add(server);
    return server.start();
  }

  private static void await(Callable<Boolean> condition) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(10))
        // A server that starts, or that Sentinels make a replica, cuts off who asks it.
        .ignoreExceptionsMatching(JedisConnectionException.class::isInstance)
        .until(condition);
  }

  private static void assertShared(String user, Service one, Service other) {
    one.learn(user, 1);
    await(() -> other.knows(user));
  }

  private static RedisProbe.Failure failure(String url) {
    RedisProbe.RedisProbeResult result = RedisProbe.ask(url, PROJECT);
    assertThat(result).isInstanceOf(RedisProbe.Failed.class);
    assertThat(result.toString()).doesNotContain(PASSWORD);
    return ((RedisProbe.Failed) result).failure();
  }

  @Test
  void connectionThatIsClosed_isNotMadeAgain() {
    RedisServer redis = start(new RedisServer());
    RedisUrl url = RedisUrl.parse(redis.url());
    RedisNodes nodes = new RedisNodes(url, KEY, Duration.ofSeconds(2));
    Link one = nodes.connect(nodes.locate());
    Link other = nodes.connect(nodes.locate());
    assertThat(one.ping()).isTrue();

    one.close();

    assertThatThrownBy(one::ping).isInstanceOf(JedisConnectionException.class);
    assertThat(other.ping()).isTrue();
    nodes.close();
    assertThatThrownBy(other::ping).isInstanceOf(JedisConnectionException.class);
    assertThatThrownBy(() -> nodes.connect(nodes.locate()))
        .isInstanceOf(JedisConnectionException.class);
  }

  /** Redis with a certificate of an authority that only the JVM's trust store knows. */
  @Nested
  class Tls {
    private final HeldCertificate authority =
        new HeldCertificate.Builder().certificateAuthority(0).commonName("Our CA").build();
    private final List<@Nullable String> before = new ArrayList<>();

    @BeforeEach
    void trust() throws Exception {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setCertificateEntry("ours", authority.certificate());
      Path file = folder.resolve("trust.p12");
      try (OutputStream out = Files.newOutputStream(file)) {
        store.store(out, "changeit".toCharArray());
      }
      before.add(System.setProperty("javax.net.ssl.trustStore", file.toString()));
      before.add(System.setProperty("javax.net.ssl.trustStorePassword", "changeit"));
    }

    @AfterEach
    void trustAsBefore() {
      restore("javax.net.ssl.trustStore", before.get(0));
      restore("javax.net.ssl.trustStorePassword", before.get(1));
    }

    private static void restore(String property, @Nullable String value) {
      if (value == null) {
        System.clearProperty(property);
      } else {
        System.setProperty(property, value);
      }
    }

    private RedisServer serverOf(HeldCertificate signer, String name, String... options)
        throws IOException {
      HeldCertificate certificate =
          new HeldCertificate.Builder().signedBy(signer).addSubjectAlternativeName(name).build();
      Path pem = Files.writeString(folder.resolve("redis.pem"), certificate.certificatePem());
      Path key = Files.writeString(folder.resolve("redis.key"), certificate.privateKeyPkcs8Pem());
      return start(RedisServer.tls(pem, key, options));
    }

    @Test
    void userOfAnAccessControlList_sharesMarks() throws Exception {
      RedisServer redis =
          serverOf(
              authority,
              "localhost",
              ("--user authgear on >"
                      + PASSWORD
                      + " ~authgear-auth-request:* &authgear-auth-request:* +ping +select"
                      + " +subscribe +eval +zadd +time +zremrangebyscore +zremrangebyrank +zrange"
                      + " +pexpireat +publish +zscan +zcard +info --user default off")
                  .split(" ", -1));
      String url = "rediss://authgear:" + PASSWORD + "@localhost:" + redis.port() + "/1";

      assertShared("alice", new Service(url).up(), new Service(url).up());

      assertThat(RedisProbe.ask(url, PROJECT))
          .isInstanceOfSatisfying(
              RedisProbe.Answered.class, answered -> assertThat(answered.mayUse()).isTrue());
      assertThat(failure("rediss://localhost:" + redis.port()))
          .isEqualTo(RedisProbe.Failure.REFUSED_PASSWORD);
    }

    @Test
    void certificateForAnotherName_isNotTaken() throws Exception {
      RedisServer redis = serverOf(authority, "redis.example");

      assertThat(failure("rediss://:" + PASSWORD + "@localhost:" + redis.port()))
          .isEqualTo(RedisProbe.Failure.TLS);
    }

    @Test
    void certificateOfAnotherAuthority_isNotTaken() throws Exception {
      HeldCertificate other = new HeldCertificate.Builder().certificateAuthority(0).build();
      RedisServer redis = serverOf(other, "localhost");

      assertThat(failure("rediss://:" + PASSWORD + "@localhost:" + redis.port()))
          .isEqualTo(RedisProbe.Failure.TLS);
    }

    @Test
    void close_whileRedisHangs_doesNotHang() throws Exception {
      RedisServer redis = serverOf(authority, "localhost");
      Service one = new Service("rediss://localhost:" + redis.port()).up();
      redis.hang();
      one.learn("alice", 1);
      long start = System.nanoTime();
      one.close();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
    }
  }

  /** A primary, a replica of it, and three Sentinels. */
  @Nested
  class Sentinels {
    private static final String NAME = "my-primary";
    private final List<RedisServer> sentinels = new ArrayList<>();

    private RedisServer primary = new RedisServer();
    private RedisServer replica = primary;

    private void start(String... ofSentinels) {
      String[] options = {"--requirepass", PASSWORD, "--masterauth", PASSWORD};
      primary = RedisTopologiesIT.this.start(new RedisServer(options));
      replica =
          RedisTopologiesIT.this.start(
              new RedisServer(
                  "--requirepass",
                  PASSWORD,
                  "--masterauth",
                  PASSWORD,
                  "--repl-diskless-sync-delay",
                  "0",
                  "--replicaof",
                  "127.0.0.1 " + primary.port()));
      await(() -> info(replica).contains("master_link_status:up"));
      List<String> lines = new ArrayList<>();
      lines.add("sentinel monitor " + NAME + " 127.0.0.1 " + primary.port() + " 2");
      lines.add("sentinel auth-pass " + NAME + " " + PASSWORD);
      lines.add("sentinel down-after-milliseconds " + NAME + " 500");
      lines.add("sentinel failover-timeout " + NAME + " 2000");
      lines.addAll(List.of(ofSentinels));
      for (int i = 0; i < 3; i++) {
        sentinels.add(
            RedisTopologiesIT.this.start(
                RedisServer.sentinel(folder, lines.toArray(String[]::new))));
      }
    }

    private void awaitSentinelsKnowAll(String password) {
      for (RedisServer sentinel : sentinels) {
        await(
            () -> {
              String about =
                  String.valueOf(sentinel.commandWith(password, "SENTINEL", "MASTER", NAME));
              return about.contains("num-slaves, 1") && about.contains("num-other-sentinels, 2");
            });
      }
    }

    private static String info(RedisServer server) {
      return String.valueOf(server.commandWith(PASSWORD, "INFO", "replication"));
    }

    private String url() {
      List<String> hosts = new ArrayList<>();
      sentinels.forEach(sentinel -> hosts.add("127.0.0.1:" + sentinel.port()));
      return "redis-sentinel://:" + PASSWORD + "@" + String.join(",", hosts) + "#" + NAME;
    }

    private static String address(String url) {
      return RedisProbe.ask(url, PROJECT) instanceof RedisProbe.Answered answered
          ? answered.address()
          : "";
    }

    @Test
    void primaryThatDies_losesNoMark() {
      start();
      awaitSentinelsKnowAll("");
      Service one = new Service(url()).up();
      Service other = new Service(url()).up();
      assertShared("before", one, other);
      assertThat(address(url())).isEqualTo("127.0.0.1:" + primary.port());

      primary.kill();
      sentinels.getFirst().kill();
      await(() -> !one.shared.isUp() && !other.shared.isUp());
      one.learn("at-one", 2);
      other.learn("at-other", 3);
      assertThat(one.knows("at-one")).isTrue();
      assertThat(other.knows("at-other")).isTrue();

      await(() -> one.knows("at-other") && other.knows("at-one"));
      assertThat(address(url())).isEqualTo("127.0.0.1:" + replica.port());
      Service late = new Service(url()).up();
      assertThat(List.of("before", "at-one", "at-other")).allMatch(late::knows);

      // The old one comes back empty, as a primary, until the Sentinels make it a replica.
      primary.start();
      await(() -> info(primary).contains("master_link_status:up"));
      assertShared("after", other, late);
      assertThat(List.of("before", "at-one", "at-other")).allMatch(late::knows);
    }

    @Test
    void primaryThatIsReplacedAndLives_isLeft() {
      start();
      awaitSentinelsKnowAll("");
      Service one = new Service(url()).up();
      Service other = new Service(url()).up();
      assertShared("before", one, other);

      assertThat(sentinels.getFirst().command("SENTINEL", "FAILOVER", NAME)).isEqualTo("OK");
      await(() -> info(primary).contains("master_link_status:up"));
      await(() -> address(url()).equals("127.0.0.1:" + replica.port()));

      assertShared("after", one, other);
      assertThat(replica.commandWith(PASSWORD, "ZCARD", KEY)).isEqualTo(2L);
    }

    @Test
    void primaryThatSentinelsLeaveBehind_isLeftToo() {
      start();
      Service one = new Service(url()).up();
      one.learn("before", 1);
      // Cut off from the Sentinels, it goes on as a primary, and no connection is lost.
      for (RedisServer sentinel : sentinels) {
        sentinel.command("SENTINEL", "REMOVE", NAME);
      }
      replica.commandWith(PASSWORD, "REPLICAOF", "NO", "ONE");
      replica.commandWith(PASSWORD, "DEL", KEY);
      for (RedisServer sentinel : sentinels) {
        sentinel.command(
            "SENTINEL", "MONITOR", NAME, "127.0.0.1", Integer.toString(replica.port()), "2");
      }

      await(() -> replica.commandWith(PASSWORD, "ZCARD", KEY).equals(1L));
      one.up();
      assertShared("after", one, new Service(url()).up());
    }

    @Test
    void sentinelsWithAPassword_areGivenThatOfTheUrl() {
      start("requirepass " + PASSWORD);
      Service one = new Service(url()).up();
      assertShared("alice", one, new Service(url()).up());
      assertThat(failure(url().replace(":" + PASSWORD + "@", "")))
          .isEqualTo(RedisProbe.Failure.REFUSED_PASSWORD);
    }

    @Test
    void mistakesInTheUrl_haveTheirOwnAnswers() {
      start();
      assertThat(failure(url() + "s")).isEqualTo(RedisProbe.Failure.UNKNOWN_PRIMARY);
      assertThat(failure("redis://127.0.0.1:" + sentinels.getFirst().port()))
          .isEqualTo(RedisProbe.Failure.NEEDS_SENTINEL_URL);
      assertThat(failure(url().replace(PASSWORD, PASSWORD + "!")))
          .isEqualTo(RedisProbe.Failure.REFUSED_PASSWORD);
      assertThat(
              failure(
                  "redis-sentinel://:" + PASSWORD + "@127.0.0.1:" + replica.port() + "#" + NAME))
          .isEqualTo(RedisProbe.Failure.OTHER);
      sentinels.forEach(RedisServer::kill);
      assertThat(failure(url())).isEqualTo(RedisProbe.Failure.NO_CONNECTION);
    }
  }

  /** Three primaries, each with a third of the slots. */
  @Nested
  class Cluster {
    private final List<RedisServer> nodes = new ArrayList<>();

    private void start() {
      int[] firsts = {0, 5461, 10923, 16384};
      for (int i = 0; i < 3; i++) {
        RedisServer node =
            RedisTopologiesIT.this.start(
                RedisServer.ofCluster(folder, "--cluster-node-timeout", "1000"));
        nodes.add(node);
        node.command(
            "CLUSTER",
            "ADDSLOTSRANGE",
            Integer.toString(firsts[i]),
            Integer.toString(firsts[i + 1] - 1));
        node.command("CLUSTER", "SET-CONFIG-EPOCH", Integer.toString(i + 1));
      }
      for (RedisServer node : nodes.subList(1, 3)) {
        node.command(
            "CLUSTER",
            "MEET",
            "127.0.0.1",
            Integer.toString(nodes.getFirst().port()),
            busPort(nodes.getFirst()));
      }
      for (RedisServer node : nodes) {
        await(
            () -> {
              String about = String.valueOf(node.command("CLUSTER", "INFO"));
              return about.contains("cluster_state:ok") && about.contains("cluster_known_nodes:3");
            });
      }
    }

    private static String busPort(RedisServer node) {
      String myself = String.valueOf(node.command("CLUSTER", "NODES"));
      return myself.substring(myself.indexOf('@') + 1).split("[ ,]", 2)[0];
    }

    private RedisServer owner() {
      long slot = (long) nodes.getFirst().command("CLUSTER", "KEYSLOT", KEY);
      return nodes.get(slot < 5461 ? 0 : slot < 10923 ? 1 : 2);
    }

    private RedisServer another() {
      return nodes.get((nodes.indexOf(owner()) + 1) % 3);
    }

    private static String url(RedisServer... seeds) {
      List<String> hosts = new ArrayList<>();
      for (RedisServer seed : seeds) {
        hosts.add("127.0.0.1:" + seed.port());
      }
      return "redis-cluster://" + String.join(",", hosts);
    }

    @Test
    void key_isOnOneNodeAndFoundByAnyOther() {
      start();
      Service one = new Service(url(another())).up();
      Service other = new Service(url(owner())).up();
      assertShared("alice", one, other);
      assertThat(owner().command("ZCARD", KEY)).isEqualTo(1L);
      assertThat(RedisProbe.ask(url(another()), PROJECT))
          .isInstanceOfSatisfying(
              RedisProbe.Answered.class,
              answered -> assertThat(answered.address()).isEqualTo("127.0.0.1:" + owner().port()));
      assertThat(failure(another().url())).isEqualTo(RedisProbe.Failure.NEEDS_CLUSTER_URL);
    }

    @Test
    void seedThatIsGone_isPassedOver() {
      start();
      RedisServer gone = another();
      gone.command("CONFIG", "SET", "cluster-require-full-coverage", "no");
      nodes.forEach(node -> node.command("CONFIG", "SET", "cluster-require-full-coverage", "no"));
      String url = url(gone, owner());
      gone.kill();
      assertShared("alice", new Service(url).up(), new Service(url).up());
    }

    @Test
    void slotThatMoves_isFollowed() {
      start();
      RedisServer from = owner();
      RedisServer to = another();
      Service one = new Service(url(from, to)).up();
      Service other = new Service(url(to)).up();
      assertShared("before", one, other);

      String slot = String.valueOf(from.command("CLUSTER", "KEYSLOT", KEY));
      String fromId = String.valueOf(from.command("CLUSTER", "MYID"));
      String toId = String.valueOf(to.command("CLUSTER", "MYID"));
      to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
      from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
      from.command("MIGRATE", "127.0.0.1", Integer.toString(to.port()), KEY, "0", "2000");
      to.command("CLUSTER", "SETSLOT", slot, "NODE", toId);
      from.command("CLUSTER", "SETSLOT", slot, "NODE", toId);

      assertShared("after", one, other);
      await(() -> to.command("ZCARD", KEY).equals(2L));
    }

    @Test
    void nodeThatDies_isWaitedForAsAnyRedis() {
      start();
      Service one = new Service(url(another(), owner())).up();
      Service other = new Service(url(another(), owner())).up();
      assertShared("before", one, other);
      RedisServer owner = owner();

      owner.kill();
      await(() -> !one.shared.isUp() && !other.shared.isUp());
      one.learn("meanwhile", 2);
      assertThat(one.knows("meanwhile")).isTrue();
      owner.start();

      await(() -> other.knows("meanwhile"));
      assertThat(new Service(url(another())).up().knows("before")).isTrue();
    }
  }
}
