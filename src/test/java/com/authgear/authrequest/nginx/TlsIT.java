package com.authgear.authrequest.nginx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.Programs;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.support.Site;
import com.authgear.authrequest.tls.Authority;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLSocket;
import okhttp3.tls.HeldCertificate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real nginx asks the service over TLS, by the files that are shipped for it. */
@Timeout(120)
class TlsIT {

  private static final Path SHIPPED = Path.of("nginx/authgear");

  private final Authority authority = new Authority();
  private final HeldCertificate server = authority.sign();
  private final HeldCertificate client = authority.sign();

  @TempDir private Path folder;

  private Path serverFolder;
  private Path nginxFolder;

  @BeforeEach
  void write() throws IOException {
    Programs.require("nginx");
    serverFolder = Files.createDirectory(folder.resolve("service"));
    nginxFolder = Files.createDirectory(folder.resolve("nginx"));
    authority.write(serverFolder, server);
    authority.write(nginxFolder, authority.sign());
  }

  private Map<String, String> settings() {
    return Map.of(
        "AUTHGEAR_TLS_CERTIFICATE", serverFolder.resolve("tls.crt").toString(),
        "AUTHGEAR_TLS_KEY", serverFolder.resolve("tls.key").toString(),
        "AUTHGEAR_TLS_CLIENT_CA", serverFolder.resolve("ca.crt").toString());
  }

  private static String shipped(String name) {
    try {
      return Files.readString(SHIPPED.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String replaceOnce(String text, String shipped, String replacement) {
    assertThat(text).containsOnlyOnce(shipped);
    return text.replace(shipped, replacement);
  }

  /** What the comments in the shipped files tell a user to do. */
  private UnaryOperator<String> nginxWithTls(UnaryOperator<String> edit) {
    String tls = shipped("ask-tls.conf").replace("/etc/nginx/authgear-tls", nginxFolder.toString());
    String ask = replaceOnce(shipped("ask.conf"), "proxy_pass http:", "proxy_pass https:");
    ask = replaceOnce(ask, "# include authgear/ask-tls.conf;", edit.apply(tls));
    String serverConf = replaceOnce(shipped("server.conf"), "include authgear/ask.conf;", ask);
    return conf -> replaceOnce(conf, "include authgear/server.conf;", serverConf);
  }

  private Site site(UnaryOperator<String> edit) throws IOException {
    return new Site(settings(), nginxWithTls(edit));
  }

  private static String without(String directive, String conf) {
    List<String> lines = new ArrayList<>(conf.lines().toList());
    assertThat(lines.removeIf(line -> line.startsWith(directive + " "))).isTrue();
    return String.join("\n", lines);
  }

  private static String token(Site site) {
    return site.sandbox().project().accessToken("alice");
  }

  private static double handshakes(Site site, String result) {
    return site.metric("authgear_auth_tls_handshakes_total", "result=\"" + result + "\"");
  }

  private SSLSocket connect(Site site) throws IOException {
    Socket plain = new Socket(InetAddress.getLoopbackAddress(), site.service().port());
    plain.setSoTimeout(20_000);
    return (SSLSocket)
        authority
            .client(client)
            .sslSocketFactory()
            .createSocket(plain, "127.0.0.1", site.service().port(), true);
  }

  private static String ask(Socket socket) throws IOException {
    socket
        .getOutputStream()
        .write("GET /auth HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int c = socket.getInputStream().read();
      if (c < 0) {
        throw new IOException("closed after '" + head + "'");
      }
      head.append((char) c);
    }
    return head.toString();
  }

  private static X509Certificate certificate(SSLSocket socket) throws IOException {
    return (X509Certificate) socket.getSession().getPeerCertificates()[0];
  }

  @Test
  void mutualTls_allowsAndDeniesByTheUser_overKeptConnections() throws IOException {
    try (Site site = site(UnaryOperator.identity())) {
      String token = token(site);
      for (int i = 0; i < 100; i++) {
        assertThat(site.statusWith(token)).isEqualTo(200);
        assertThat(site.statusWith(token + "x")).isEqualTo(401);
      }
      assertThat(handshakes(site, "failure")).isZero();
      assertThat(handshakes(site, "success")).isBetween(1.0, 32.0);
      assertThat(site.management("/metrics"))
          .contains("authgear_auth_tls_reloads_total{result=\"success\"} 0.0")
          .contains("authgear_auth_tls_reloads_total{result=\"failure\"} 0.0")
          .containsPattern("authgear_auth_tls_certificate_expiry_timestamp_seconds 4\\.73\\d*E9");
    }
  }

  @Test
  void tlsWithoutClientCa_asksNoCertificate() throws IOException {
    Map<String, String> settings = new HashMap<>(settings());
    settings.remove("AUTHGEAR_TLS_CLIENT_CA");
    UnaryOperator<String> conf =
        nginxWithTls(
            tls -> without("proxy_ssl_certificate", without("proxy_ssl_certificate_key", tls)));
    try (Site site = new Site(settings, conf)) {
      assertThat(site.statusWith(token(site))).isEqualTo(200);
      assertThat(site.status("X-Nothing", "1")).isEqualTo(401);
    }
  }

  @Test
  void nginxWithoutCertificate_isRefusedAndLetsNobodyIn() throws IOException {
    try (Site site =
        site(tls -> without("proxy_ssl_certificate", without("proxy_ssl_certificate_key", tls)))) {
      assertThat(site.statusWith(token(site))).isEqualTo(500);
      assertThat(handshakes(site, "failure")).isPositive();
      assertThat(handshakes(site, "success")).isZero();
      assertThat(site.backend().requests()).isEmpty();
    }
  }

  @Test
  void nginxWithACertificateOfAnotherAuthority_isRefusedAndLetsNobodyIn() throws IOException {
    Authority another = new Authority();
    HeldCertificate stranger = another.sign();
    Files.writeString(nginxFolder.resolve("tls.crt"), another.chainPem(stranger));
    Files.writeString(nginxFolder.resolve("tls.key"), stranger.privateKeyPkcs8Pem());
    try (Site site = site(UnaryOperator.identity())) {
      assertThat(site.statusWith(token(site))).isEqualTo(500);
      assertThat(handshakes(site, "failure")).isPositive();
      assertThat(site.backend().requests()).isEmpty();
    }
  }

  @Test
  void nginxThatTrustsAnotherAuthority_orExpectsAnotherName_asksNobody() throws IOException {
    try (Site site =
        site(tls -> tls.replace("proxy_ssl_name authgear-auth-request", "proxy_ssl_name other"))) {
      assertThat(site.statusWith(token(site))).isEqualTo(500);
    }
    Files.writeString(nginxFolder.resolve("ca.crt"), new Authority().rootPem());
    try (Site site = site(UnaryOperator.identity())) {
      assertThat(site.statusWith(token(site))).isEqualTo(500);
      assertThat(site.backend().requests()).isEmpty();
    }
  }

  @Test
  void nginxWithOldProtocols_isRefused() throws IOException {
    try (Site site =
        site(
            tls ->
                tls.replace("TLSv1.2 TLSv1.3;", "TLSv1 TLSv1.1;")
                    + "proxy_ssl_ciphers ALL:@SECLEVEL=0;\n")) {
      assertThat(site.statusWith(token(site))).isEqualTo(500);
      assertThat(handshakes(site, "failure")).isPositive();
      assertThat(handshakes(site, "success")).isZero();
    }
  }

  @Test
  void rotation_underRequests_failsNone() throws Exception {
    HeldCertificate next = authority.sign();
    try (Site site = site(UnaryOperator.identity());
        SSLSocket kept = connect(site)) {
      String token = token(site);
      assertThat(ask(kept)).startsWith("HTTP/1.1 401 ");
      assertThat(certificate(kept)).isEqualTo(server.certificate());
      AtomicBoolean stop = new AtomicBoolean();
      Queue<String> wrong = new ConcurrentLinkedQueue<>();
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        clients.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      while (!stop.get()) {
                        int allowed = site.statusWith(token);
                        int denied = site.statusWith(token + "x");
                        if (allowed != 200 || denied != 401) {
                          wrong.add(allowed + " " + denied);
                        }
                      }
                    }));
      }
      // A client that opens connections all the time, so that some are opened during the change.
      clients.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (!stop.get()) {
                      try (SSLSocket socket = connect(site)) {
                        ask(socket);
                      } catch (IOException e) {
                        wrong.add(e.toString());
                      }
                    }
                  }));
      // As certbot does: one after the other.
      Files.writeString(serverFolder.resolve("tls.crt"), authority.chainPem(next));
      Files.writeString(serverFolder.resolve("tls.key"), next.privateKeyPkcs8Pem());
      Awaitility.await("the new certificate")
          .atMost(40, TimeUnit.SECONDS)
          .until(() -> site.metric("authgear_auth_tls_reloads_total", "result=\"success\"") == 1);
      try (SSLSocket fresh = connect(site)) {
        assertThat(ask(fresh)).startsWith("HTTP/1.1 401 ");
        assertThat(certificate(fresh)).isEqualTo(next.certificate());
      }
      assertThat(ask(kept)).startsWith("HTTP/1.1 401 ");
      long changed = System.nanoTime();
      Awaitility.await().until(() -> System.nanoTime() - changed > 1_000_000_000L);
      stop.set(true);
      for (Thread client : clients) {
        client.join();
      }
      assertThat(wrong).isEmpty();
      assertThat(handshakes(site, "failure")).isZero();
    }
  }

  @Test
  void halfAFile_keepsTheOldOne_andIsSeenByOperators() throws IOException {
    try (Site site = site(UnaryOperator.identity())) {
      String chain = authority.chainPem(authority.sign());
      Files.writeString(serverFolder.resolve("tls.crt"), chain.substring(0, 500));
      Awaitility.await("the refusal")
          .atMost(40, TimeUnit.SECONDS)
          .until(() -> site.metric("authgear_auth_tls_reloads_total", "result=\"failure\"") > 0);
      assertThat(site.management("/readyz"))
          .startsWith("ready\ndegraded: changed TLS files are not in use: ")
          .contains("tls.crt is cut off or damaged");
      try (SSLSocket fresh = connect(site)) {
        assertThat(ask(fresh)).startsWith("HTTP/1.1 401 ");
        assertThat(certificate(fresh)).isEqualTo(server.certificate());
      }
      assertThat(site.statusWith(token(site))).isEqualTo(200);
    }
  }

  @Test
  void certificateThatExpires_isSeenByOperators() throws IOException {
    Instant begin = new SettableClock().instant();
    authority.write(serverFolder, authority.signFrom(begin));
    try (Site site = site(UnaryOperator.identity())) {
      assertThat(site.management("/readyz")).isEqualTo("ready\n");
      site.clock().advance(Duration.ofHours(2));
      assertThat(site.management("/readyz"))
          .isEqualTo(
              "ready\ndegraded: the TLS certificate has expired at "
                  + begin.plus(Duration.ofHours(1))
                  + "\n");
    }
  }

  @Test
  void filesThatCannotBeUsed_keepTheServiceFromStarting_withAllThatIsWrong() throws IOException {
    Files.writeString(serverFolder.resolve("tls.key"), authority.sign().privateKeyPkcs8Pem());
    Files.delete(serverFolder.resolve("ca.crt"));
    assertThatThrownBy(() -> new Site(settings()))
        .isInstanceOf(IOException.class)
        .message()
        .startsWith("2 problems in the settings:\n")
        .contains(
            "AUTHGEAR_TLS_KEY: \""
                + serverFolder.resolve("tls.key")
                + "\" is not the key of the certificate\n",
            "AUTHGEAR_TLS_CLIENT_CA: \""
                + serverFolder.resolve("ca.crt")
                + "\" cannot be read: no such file\n");
  }

  @Test
  void shippedFile_isValidForNginx() {
    assertThat(Nginx.check(nginxWithTls(UnaryOperator.identity()))).contains("test is successful");
  }
}
