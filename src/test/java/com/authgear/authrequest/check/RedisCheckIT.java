package com.authgear.authrequest.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.RedisServer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.InstantSource;
import mockwebserver3.MockWebServer;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What {@code check} says about Redis, with a real one. */
class RedisCheckIT {

  private static final String PASSWORD = "sesame-open-now";

  private final Sandbox sandbox =
      Sandbox.start(SandboxOptions.loopback(InstantSource.system()).withEdge());
  private final Checked.Run run =
      Checked.Run.of(sandbox.origin())
          .with("AUTHGEAR_WEBHOOK_SECRET", "0123456789abcdefghijABCDEFGHIJ42");

  @AfterEach
  void stop() {
    sandbox.close();
  }

  private Checked check(String url) {
    Checked checked = run.with("AUTHGEAR_REDIS_URL", url).check();
    assertThat(checked.out()).doesNotContain(PASSWORD);
    return checked;
  }

  @Test
  void redis_good_isOkWithItsVersion() {
    try (RedisServer redis = new RedisServer("--requirepass", PASSWORD).start()) {
      Checked checked = check("redis://:" + PASSWORD + "@127.0.0.1:" + redis.port());

      assertThat(checked.status()).isZero();
      assertThat(checked.about("redis").getFirst())
          .matches("✓ redis: 127\\.0\\.0\\.1:" + redis.port() + " is Redis [0-9.]+");
    }
  }

  @Test
  void redis_withoutWebhooks_isAWarning() {
    try (RedisServer redis = new RedisServer().start()) {
      Checked checked =
          Checked.Run.of(sandbox.origin()).with("AUTHGEAR_REDIS_URL", redis.url()).check();

      assertThat(checked.status()).isZero();
      assertThat(checked.about("redis").getFirst()).endsWith(", but there is nothing to share");
    }
  }

  @Test
  void redis_wrongPassword_isSaid() {
    try (RedisServer redis = new RedisServer("--requirepass", PASSWORD + "!").start()) {
      Checked checked = check("redis://:" + PASSWORD + "@127.0.0.1:" + redis.port());

      assertThat(checked.status()).isEqualTo(1);
      assertThat(checked.troubles())
          .containsExactly(
              "✗ redis: 127.0.0.1:"
                  + redis.port()
                  + " does not accept the user and password: WRONGPASS invalid username-password"
                  + " pair or user is disabled.",
              "    fix: check both in AUTHGEAR_REDIS_URL; special characters must be"
                  + " percent-encoded");
    }
  }

  @Test
  void redis_passwordMissing_isSaid() {
    try (RedisServer redis = new RedisServer("--requirepass", PASSWORD).start()) {
      assertThat(check(redis.url()).troubles().getFirst())
          .startsWith(
              "✗ redis: 127.0.0.1:"
                  + redis.port()
                  + " does not accept the user and password: NOAUTH ");
    }
  }

  @Test
  void redis_replica_isSaid() {
    try (RedisServer primary = new RedisServer().start();
        RedisServer replica =
            new RedisServer("--replicaof", "127.0.0.1 " + primary.port()).start()) {
      assertThat(check(replica.url()).about("redis").getFirst())
          .endsWith(", but a replica that takes no writes")
          .startsWith("✗ redis: ");
    }
  }

  @Test
  void redis_refused_isSaid() {
    int port = FreePort.find();
    assertThat(check("redis://:" + PASSWORD + "@127.0.0.1:" + port).troubles())
        .containsExactly(
            "✗ redis: 127.0.0.1:" + port + " refuses the connection",
            "    fix: check host and port in AUTHGEAR_REDIS_URL, and that Redis runs");
  }

  @Test
  void redis_unknownName_isSaid() {
    assertThat(check("redis://:" + PASSWORD + "@redis.invalid").troubles())
        .containsExactly(
            "✗ redis: no address is known for the host of redis.invalid:6379",
            "    fix: check the host in AUTHGEAR_REDIS_URL");
  }

  @Test
  void redis_silent_isSaid() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      assertThat(check("redis://127.0.0.1:" + silent.getLocalPort()).troubles())
          .containsExactly(
              "✗ redis: 127.0.0.1:" + silent.getLocalPort() + " does not answer in time",
              "    fix: look for a firewall or network policy in between; a Redis that wants TLS"
                  + " needs rediss:// in AUTHGEAR_REDIS_URL");
    }
  }

  @Test
  void redis_withoutTls_isSaid() {
    try (RedisServer redis = new RedisServer().start()) {
      assertThat(check("rediss://127.0.0.1:" + redis.port()).troubles())
          .containsExactly(
              "✗ redis: 127.0.0.1:" + redis.port() + " does not answer in time",
              "    fix: look for a firewall or network policy in between; a Redis without TLS needs"
                  + " redis:// in AUTHGEAR_REDIS_URL");
    }
  }

  @Test
  void redis_unknownCertificate_isSaid() throws Exception {
    HeldCertificate certificate =
        new HeldCertificate.Builder().addSubjectAlternativeName("127.0.0.1").build();
    try (MockWebServer tls = new MockWebServer()) {
      tls.useHttps(
          new HandshakeCertificates.Builder()
              .heldCertificate(certificate)
              .build()
              .sslSocketFactory());
      tls.start(InetAddress.getLoopbackAddress(), 0);
      assertThat(check("rediss://127.0.0.1:" + tls.getPort()).troubles().getFirst())
          .startsWith("✗ redis: no TLS connection to 127.0.0.1:" + tls.getPort() + ": ");
    }
  }

  @Test
  void version_older_isNotEnough() {
    assertThat(DependencyChecks.isAtLeast62("6.2.0")).isTrue();
    assertThat(DependencyChecks.isAtLeast62("8.0.2")).isTrue();
    assertThat(DependencyChecks.isAtLeast62("10.0.0")).isTrue();
    assertThat(DependencyChecks.isAtLeast62("6.0.16")).isFalse();
    assertThat(DependencyChecks.isAtLeast62("5.9.9")).isFalse();
    assertThat(DependencyChecks.isAtLeast62("x")).isFalse();
  }
}
