package com.authgear.authrequest.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.ServiceProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers that never end, more than a small heap bears, sent to a process of the service. */
@Timeout(120)
class UnfinishedHeadersIT {

  private static final int CONNECTIONS = 1_600;
  private static final int BYTES = 90_000;
  private static final int BETWEEN = 100;

  private final HttpClient http = HttpClient.newHttpClient();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));

  private ServiceProcess serve() throws IOException {
    return new ServiceProcess(
            List.of("-Xmx256m", "-XX:+ExitOnOutOfMemoryError"),
            Map.of(
                "AUTHGEAR_ENDPOINT",
                sandbox.origin(),
                "AUTHGEAR_RESOLVER_URL",
                sandbox.resolverUrl()))
        .awaitReady();
  }

  private int status(ServiceProcess service, String authorization) throws Exception {
    URI url = URI.create("http://127.0.0.1:" + service.address().getPort() + "/auth");
    HttpRequest request =
        HttpRequest.newBuilder(url).header("Authorization", authorization).build();
    return http.send(request, BodyHandlers.discarding()).statusCode();
  }

  /** Sends as much as the service takes; it may have ended the connection already. */
  private static Socket open(ServiceProcess service, byte[] bytes) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), service.address().getPort());
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException _) {
      socket.close();
    }
    return socket;
  }

  /** Jetty's parser keeps room for the longest value that a connection has seen. */
  @Test
  void finishedRequestsWhoseConnectionsAreKept_leaveTheProcessAlive() throws Exception {
    String begin = "GET /auth HTTP/1.1\r\nHost: a\r\nX: ";
    String end = "\r\n\r\n";
    holdsOut((begin + "x".repeat(BYTES - begin.length() - end.length()) + end));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /auth HTTP/1.1\r\nHost: a\r\nX: ",
        "GET /auth HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ",
        "GET /auth?"
      })
  void headersThatNeverEnd_leaveTheProcessAliveAndGenuineRequestsAnswered(String begin)
      throws Exception {
    holdsOut(begin + "x".repeat(BYTES - begin.length()));
  }

  private void holdsOut(String sent) throws Exception {
    byte[] bytes = sent.getBytes(StandardCharsets.US_ASCII);
    String token = "Bearer " + sandbox.project().accessToken("alice", TokenOptions.DEFAULTS);
    List<Socket> sockets = new ArrayList<>();
    List<Integer> genuine = new ArrayList<>();
    List<Integer> forged = new ArrayList<>();
    try (ServiceProcess service = serve()) {
      for (int i = 0; i < CONNECTIONS; i++) {
        sockets.add(open(service, bytes));
        if (i % BETWEEN == BETWEEN - 1) {
          genuine.add(status(service, token));
          forged.add(status(service, token + "A"));
        }
      }
      assertThat(service.management("/healthz").statusCode()).isEqualTo(200);
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
      sandbox.close();
      http.close();
    }
    assertThat(genuine).hasSize(CONNECTIONS / BETWEEN).containsOnly(200);
    assertThat(forged).hasSize(CONNECTIONS / BETWEEN).containsOnly(401);
  }
}
