package com.authgear.authrequest.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.X509ExtendedTrustManager;
import mockwebserver3.MockWebServer;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Certificates of real servers, each good but for one thing. */
class ConnectionChecksTlsTest {

  private final Instant now = InstantSource.system().instant();
  private final MockWebServer server = new MockWebServer();
  private final HeldCertificate authority =
      new HeldCertificate.Builder()
          .certificateAuthority(0)
          .commonName("Our Authority")
          .duration(3650, TimeUnit.DAYS)
          .build();
  private final X509ExtendedTrustManager trust =
      (X509ExtendedTrustManager)
          new HandshakeCertificates.Builder()
              .addTrustedCertificate(authority.certificate())
              .build()
              .trustManager();

  @AfterEach
  void stop() {
    server.close();
  }

  private HeldCertificate.Builder certificate() {
    return new HeldCertificate.Builder()
        .signedBy(authority)
        .commonName("localhost")
        .addSubjectAlternativeName("localhost");
  }

  private void show(HeldCertificate certificate) throws Exception {
    server.useHttps(
        new HandshakeCertificates.Builder()
            .heldCertificate(certificate)
            .build()
            .sslSocketFactory());
    server.start(InetAddress.getLoopbackAddress(), 0);
  }

  private List<CheckResult> check(X509ExtendedTrustManager whom) {
    return check(whom, server.getPort());
  }

  private List<CheckResult> check(X509ExtendedTrustManager whom, int port) {
    List<CheckResult> lines = new ArrayList<>();
    new ConnectionChecks(
            "",
            URI.create("https://localhost:" + port),
            "AUTHGEAR_ENDPOINT",
            Duration.ofSeconds(2),
            whom,
            InstantSource.fixed(now))
        .check(lines);
    assertThat(lines).extracting(CheckResult::id).containsExactly("name", "connection", "tls");
    return lines;
  }

  private static long millis(Instant time) {
    return time.toEpochMilli();
  }

  @Test
  void check_goodCertificate_isOk() throws Exception {
    Instant end = Instant.ofEpochSecond(now.getEpochSecond()).plus(Duration.ofDays(80));
    show(certificate().validityInterval(millis(now) - 60_000, millis(end)).build());

    assertThat(check(trust).getLast())
        .isEqualTo(
            CheckResult.ok("tls", "TLSv1.3, the certificate of localhost is good until " + end));
  }

  @Test
  void check_certificateNearItsEnd_isAWarning() throws Exception {
    Instant end = Instant.ofEpochSecond(now.getEpochSecond()).plus(Duration.ofDays(4));
    show(certificate().validityInterval(millis(now) - 60_000, millis(end)).build());

    assertThat(check(trust).getLast())
        .isEqualTo(
            CheckResult.warning(
                "tls",
                "TLSv1.3, the certificate of localhost is good until " + end + ", in 3 days",
                "see that it is renewed in time; without it no request can be decided"));
  }

  @Test
  void check_expiredCertificate_isSaid() throws Exception {
    Instant end = Instant.ofEpochSecond(now.getEpochSecond()).minus(Duration.ofDays(3));
    show(certificate().validityInterval(millis(end) - 60_000, millis(end)).build());

    assertThat(check(trust).getLast())
        .isEqualTo(
            CheckResult.failed(
                "tls",
                "the certificate of localhost expired 3 days ago, at " + end,
                "renew it at that server; if it is good there, check this machine's clock"));
  }

  @Test
  void check_certificateOfTheFuture_isSaid() throws Exception {
    Instant start =
        Instant.ofEpochSecond(now.getEpochSecond()).plus(Duration.ofDays(3)).plusSeconds(5);
    show(certificate().validityInterval(millis(start), millis(start) + 60_000).build());

    assertThat(check(trust).getLast())
        .isEqualTo(
            CheckResult.failed(
                "tls",
                "the certificate of localhost is not valid before " + start + ", in 3 days",
                "check this machine's clock, then the certificate"));
  }

  @Test
  void check_certificateOfAnotherHost_isSaid() throws Exception {
    show(
        new HeldCertificate.Builder()
            .signedBy(authority)
            .addSubjectAlternativeName("portal.example.test")
            .build());

    assertThat(check(trust).getLast())
        .isEqualTo(
            CheckResult.failed(
                "tls",
                "the certificate that localhost shows is for portal.example.test",
                "set AUTHGEAR_ENDPOINT to a name that the certificate has, or have a certificate"
                    + " made for localhost; a proxy or another site may answer in its place"));
  }

  @Test
  void check_unknownAuthority_isSaid() throws Exception {
    show(certificate().build());

    assertThat(check(ConnectionChecks.platformTrust()).getLast())
        .isEqualTo(
            CheckResult.failed(
                "tls",
                "the certificate of localhost is from \"CN=Our Authority\", whom this Java does not"
                    + " trust",
                "have the server send its whole chain; if it is a private authority, give Java a"
                    + " truststore with it:"
                    + " JAVA_TOOL_OPTIONS=\"-Djavax.net.ssl.trustStore=/path/truststore.p12"
                    + " -Djavax.net.ssl.trustStorePassword=...\""));
  }

  @Test
  void check_serverWithoutTls_isSaid() {
    try (Sandbox plain =
        Sandbox.start(SandboxOptions.loopback(InstantSource.system()).withEdge())) {
      assertThat(check(trust, plain.port()).getLast())
          .isEqualTo(
              CheckResult.failed(
                  "tls",
                  "localhost port " + plain.port() + " does not speak TLS",
                  "check the port in AUTHGEAR_ENDPOINT, or write http:// if it is meant to be"
                      + " without TLS"));
    }
  }

  @Test
  void check_serverThatHangsUp_isSaid() throws Exception {
    try (ServerSocket hangsUp = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.startVirtualThread(() -> hangUp(hangsUp));

      assertThat(check(trust, hangsUp.getLocalPort()).getLast())
          .isEqualTo(
              CheckResult.failed(
                  "tls",
                  "localhost port "
                      + hangsUp.getLocalPort()
                      + " breaks off the TLS handshake: Remote host terminated the handshake",
                  "check that it speaks TLS (1.2 or 1.3) on this port and has a certificate for"
                      + " localhost (SNI), and what is in between"));
    }
  }

  /** Ends each connection without an answer, and reads what comes, so that it is no reset. */
  private static void hangUp(ServerSocket server) {
    while (!server.isClosed()) {
      try (Socket connection = server.accept()) {
        connection.shutdownOutput();
        connection.getInputStream().transferTo(OutputStream.nullOutputStream());
      } catch (IOException e) {
        // The test ended, or the client closed first.
      }
    }
  }

  @Test
  void check_silentServer_isSaid() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      assertThat(check(trust, silent.getLocalPort()).getLast())
          .isEqualTo(
              CheckResult.failed(
                  "tls",
                  "localhost port "
                      + silent.getLocalPort()
                      + " takes connections but does not answer the TLS handshake within 2000 ms",
                  "check that it speaks TLS on this port, and what is in between"));
    }
  }
}
