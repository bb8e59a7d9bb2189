package com.authgear.authrequest.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class FreePortTest {

  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  @Test
  void find_untilAProgramListens_refusesConnections() {
    int port = FreePort.find();

    assertThatThrownBy(() -> new Socket(LOOPBACK, port).close())
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void find_programListensThere_endsAndListensAgain() throws IOException {
    int port = FreePort.find();

    for (int time = 1; time <= 2; time++) {
      try (ServerSocket server = new ServerSocket()) {
        server.setReuseAddress(true);
        server.bind(new InetSocketAddress(LOOPBACK, port));
        try (Socket client = new Socket(LOOPBACK, port);
            Socket accepted = server.accept()) {
          accepted.getOutputStream().write(time);
          assertThat(client.getInputStream().read()).isEqualTo(time);
        }
      }
    }
  }

  /** What a server that asks for port 0 does before it listens, without the reuse of addresses. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void find_aSocketWithoutReuse_cannotTakeIt() throws IOException {
    int port = FreePort.find();

    try (ServerSocket other = new ServerSocket()) {
      other.setReuseAddress(false);
      assertThatThrownBy(() -> other.bind(new InetSocketAddress(LOOPBACK, port)))
          .isInstanceOf(IOException.class);
    }
  }
}
