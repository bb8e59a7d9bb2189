package com.authgear.authrequest.nginx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketFileTest {

  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(Clock.systemUTC()));

  @TempDir private Path folder;

  @AfterEach
  void stop() {
    sandbox.close();
  }

  private Path socket() {
    return folder.resolve("auth.sock");
  }

  private Service serve() throws IOException {
    Map<String, String> environment =
        Map.of(
            "AUTHGEAR_ENDPOINT",
            sandbox.origin(),
            "AUTHGEAR_RESOLVER_URL",
            sandbox.resolverUrl(),
            "AUTHGEAR_LISTEN",
            "unix:" + socket(),
            "AUTHGEAR_SOCKET_MODE",
            "0600",
            "AUTHGEAR_MANAGEMENT_LISTEN",
            "127.0.0.1:0",
            "AUTHGEAR_DRAIN",
            "0s");
    return switch (SettingsReader.read(environment)) {
      case Accepted accepted -> Service.start(accepted.settings(), Clock.systemUTC(), "test");
      case Refused refused -> throw new AssertionError(refused.report());
    };
  }

  private String ask(String target) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket()))) {
      String request = "GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
      ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  private void assertAnswers() throws IOException {
    assertThat(ask("/auth")).startsWith("HTTP/1.1 401 ");
  }

  /** What a killed process leaves: the file stays, no one listens. */
  private void leaveSocketBehind() throws IOException {
    try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.bind(UnixDomainSocketAddress.of(socket()));
    }
    assertThat(socket()).exists();
  }

  @Test
  void start_answersThroughAFileWithTheModeAndRemovesItAtTheEnd() throws IOException {
    try (Service _ = serve()) {
      assertAnswers();
      assertThat(Files.getPosixFilePermissions(socket()))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }
    assertThat(socket()).doesNotExist();
  }

  @Test
  void extAuthz_clientsPathThatJettyWouldRefuse_isCutOffHereToo() throws IOException {
    try (Service _ = serve()) {
      assertThat(ask("/ext-authz/unheard/%2e%2e/..%2f"))
          .startsWith("HTTP/1.1 503 ")
          .contains("x-auth-reason: unknown_policy");
    }
  }

  @Test
  void start_socketLeftBehind_isReplaced() throws IOException {
    leaveSocketBehind();
    try (Service _ = serve()) {
      assertAnswers();
    }
  }

  @Test
  void start_anotherProcessListens_isRefusedAndLeavesItAlone() throws IOException {
    try (Service _ = serve()) {
      assertThatThrownBy(this::serve)
          .isInstanceOf(IOException.class)
          .hasMessage(
              "cannot listen on unix:"
                  + socket()
                  + " (AUTHGEAR_LISTEN): another process listens there");
      assertAnswers();
    }
  }

  @Test
  void start_fileThatIsNoSocket_isRefusedAndKept() throws IOException {
    Files.writeString(socket(), "precious");
    assertThatThrownBy(this::serve)
        .isInstanceOf(IOException.class)
        .hasMessage(
            "cannot listen on unix:"
                + socket()
                + " (AUTHGEAR_LISTEN): there is a file that is no socket");
    assertThat(socket()).hasContent("precious");
  }

  @Test
  void start_linkToAFile_isRefusedAndKept() throws IOException {
    Path precious = Files.writeString(folder.resolve("precious"), "precious");
    Files.createSymbolicLink(socket(), precious);
    assertThatThrownBy(this::serve).hasMessageEndingWith("there is a file that is no socket");
    assertThat(precious).hasContent("precious");
    assertThat(socket()).isSymbolicLink();
  }
}
