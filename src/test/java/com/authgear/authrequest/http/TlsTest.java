package com.authgear.authrequest.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.http.jetty.PolicyPathConnectionFactory;
import com.authgear.authrequest.http.jetty.UnfinishedHeaders;
import com.authgear.authrequest.tls.Authority;
import com.authgear.authrequest.tls.Contents;
import com.authgear.authrequest.tls.Material;
import com.authgear.authrequest.tls.Material.Bad;
import com.authgear.authrequest.tls.Material.Good;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.awaitility.Awaitility;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class TlsTest {

  private static final Duration SHORT = Duration.ofMillis(700);
  private static final String REQUEST = "GET /auth HTTP/1.1\r\nHost: a\r\n\r\n";
  private static final String GOOD = "good";
  private static final Authority AUTHORITY = new Authority();
  private static final HeldCertificate SERVER = AUTHORITY.sign();
  private static final HeldCertificate CLIENT = AUTHORITY.sign();

  private final Queue<String> handshakes = new ConcurrentLinkedQueue<>();
  private final Server server = new Server();

  @TempDir private Path folder;

  private Tls tls;
  private ServerConnector connector;

  @BeforeEach
  void start() throws Exception {
    tls =
        new Tls(
            material(SERVER).context(),
            true,
            SHORT,
            (failure, _) ->
                handshakes.add(
                    switch (failure) {
                      case null -> GOOD;
                      case TimeoutException _ -> "slow";
                      case SSLException _ -> "refused";
                      default -> failure.toString();
                    }));
    connector =
        new ServerConnector(
            server,
            tls.around(
                new PolicyPathConnectionFactory(
                    new HttpConfiguration(),
                    "/ext-authz/",
                    SHORT,
                    UnfinishedHeaders.within(Long.MAX_VALUE, 1))));
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    server.setHandler(
        new Handler.Abstract.NonBlocking() {
          @Override
          public boolean handle(Request request, Response response, Callback callback) {
            response.setStatus(200);
            response.write(true, BufferUtil.EMPTY_BUFFER, callback);
            return true;
          }
        });
    server.start();
  }

  @AfterEach
  void stop() throws Exception {
    server.stop();
  }

  private Material material(HeldCertificate certificate) {
    return switch (Material.of(Contents.read(AUTHORITY.write(folder, certificate)))) {
      case Good(Material material) -> material;
      case Bad bad -> throw new AssertionError(bad);
    };
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(20_000);
    return socket;
  }

  private SSLSocket handshake(HeldCertificate... own) throws IOException {
    Socket plain = connect();
    return (SSLSocket)
        AUTHORITY.client(own).sslSocketFactory().createSocket(plain, "127.0.0.1", 1, true);
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String ask(Socket socket) throws IOException {
    send(socket, REQUEST);
    StringBuilder head = new StringBuilder();
    InputStream in = socket.getInputStream();
    while (head.indexOf("\r\n\r\n") < 0) {
      int c = in.read();
      if (c < 0) {
        throw new SocketException("closed after '" + head + "'");
      }
      head.append((char) c);
    }
    return head.toString();
  }

  private void assertHandshakes(String... ends) {
    Awaitility.await().untilAsserted(() -> assertThat(handshakes).containsExactly(ends));
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void clientWithACertificate_isAnswered_alsoByAddress(String protocol) throws IOException {
    try (SSLSocket socket = handshake(CLIENT)) {
      socket.setEnabledProtocols(new String[] {protocol});
      assertThat(ask(socket)).startsWith("HTTP/1.1 200 ");
      assertThat(ask(socket)).startsWith("HTTP/1.1 200 ");
      assertThat(socket.getSession().getProtocol()).isEqualTo(protocol);
      assertHandshakes(GOOD);
    }
  }

  @Test
  void unknownServerName_isAnswered() throws IOException {
    try (SSLSocket socket = handshake(CLIENT)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName("unknown.test")));
      socket.setSSLParameters(parameters);
      assertThat(ask(socket)).startsWith("HTTP/1.1 200 ");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void clientWithoutCertificate_isRefused(String protocol) throws IOException {
    try (SSLSocket socket = handshake()) {
      socket.setEnabledProtocols(new String[] {protocol});
      assertThatThrownBy(() -> ask(socket)).isInstanceOf(IOException.class);
      assertHandshakes("refused");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void clientOfAnotherAuthority_isRefused(String protocol) throws IOException {
    // Of the same names, so that the client believes that it is asked for.
    Authority another = new Authority();
    try (SSLSocket socket =
        (SSLSocket)
            new HandshakeCertificates.Builder()
                .addTrustedCertificate(AUTHORITY.root().certificate())
                .heldCertificate(another.sign(), another.intermediate())
                .build()
                .sslSocketFactory()
                .createSocket(connect(), "127.0.0.1", 1, true)) {
      socket.setEnabledProtocols(new String[] {protocol});
      assertThatThrownBy(() -> ask(socket)).isInstanceOf(IOException.class);
      assertHandshakes("refused");
    }
  }

  @Test
  void clientWhoseCertificateHasExpired_isRefused() throws IOException {
    HeldCertificate expired = AUTHORITY.signFrom(Instant.now().minus(Duration.ofDays(2)));
    try (SSLSocket socket = handshake(expired)) {
      assertThatThrownBy(() -> ask(socket)).isInstanceOf(IOException.class);
      assertHandshakes("refused");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
      })
  void weakerCipherSuite_isRefused(String suite) throws IOException {
    try (SSLSocket socket = handshake(CLIENT)) {
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      socket.setEnabledCipherSuites(new String[] {suite});
      assertThatThrownBy(socket::startHandshake)
          .isInstanceOf(SSLException.class)
          .hasMessageContaining("handshake_failure");
      assertHandshakes("refused");
    }
  }

  @Test
  void plainHttp_isRefused() throws IOException {
    try (Socket socket = connect()) {
      assertThatThrownBy(() -> assertThat(ask(socket)).startsWith("HTTP/"))
          .isInstanceOfAny(SocketException.class, AssertionError.class);
      assertHandshakes("refused");
    }
  }

  @Test
  void clientThatSaysNothing_isCutOff() throws IOException {
    try (Socket socket = connect()) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
      assertHandshakes("slow");
    }
  }

  @Test
  void handshakeByteByByte_isCutOff() throws IOException {
    try (Socket socket = connect()) {
      socket.setSoTimeout(50);
      long begin = System.nanoTime();
      // A record of a handshake with 16 KiB, which never come.
      socket.getOutputStream().write(new byte[] {22, 3, 1, 0x40, 0, 1, 0, 0x3f, (byte) 0xfc});
      boolean open = true;
      while (open) {
        try {
          send(socket, "x");
          open = socket.getInputStream().read() >= 0;
        } catch (SocketTimeoutException _) {
          assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(30));
        } catch (SocketException _) {
          open = false;
        }
      }
      assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(SHORT.toNanos());
      assertHandshakes("slow");
    }
  }

  @Test
  void headerThatNeverEnds_isCutOffThoughBytesArrive() throws IOException {
    try (SSLSocket socket = handshake(CLIENT)) {
      socket.startHandshake();
      socket.setSoTimeout(50);
      long begin = System.nanoTime();
      send(socket, "GET /auth HTTP/1.1\r\nX-Slow: ");
      boolean open = true;
      while (open) {
        try {
          send(socket, "x");
          open = socket.getInputStream().read() >= 0;
        } catch (SocketTimeoutException _) {
          assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(30));
        } catch (IOException _) {
          open = false;
        }
      }
    }
  }

  @Test
  void idleConnection_outlivesBothTimeouts() throws IOException {
    try (SSLSocket socket = handshake(CLIENT)) {
      socket.startHandshake();
      long begin = System.nanoTime();
      Awaitility.await().until(() -> System.nanoTime() - begin > 3 * SHORT.toNanos());
      assertThat(ask(socket)).startsWith("HTTP/1.1 200 ");
      assertHandshakes(GOOD);
    }
  }

  @Test
  void replace_newConnectionsSeeTheNewCertificate_oldOnesGoOn() throws IOException {
    HeldCertificate next = AUTHORITY.sign();
    try (SSLSocket old = handshake(CLIENT)) {
      assertThat(ask(old)).startsWith("HTTP/1.1 200 ");
      assertThat(certificate(old)).isEqualTo(SERVER.certificate());

      tls.replace(material(next).context());

      assertThat(ask(old)).startsWith("HTTP/1.1 200 ");
      try (SSLSocket fresh = handshake(CLIENT)) {
        assertThat(ask(fresh)).startsWith("HTTP/1.1 200 ");
        assertThat(certificate(fresh)).isEqualTo(next.certificate());
      }
      assertThat(ask(old)).startsWith("HTTP/1.1 200 ");
    }
  }

  private static X509Certificate certificate(SSLSocket socket) throws IOException {
    return (X509Certificate) socket.getSession().getPeerCertificates()[0];
  }
}
