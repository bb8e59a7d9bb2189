package com.authgear.authrequest.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import com.authgear.authrequest.wire.RecordingServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real nginx with the shipped files asks through a Unix domain socket. */
class SocketFileIT {

  @TempDir private Path folder;

  @Test
  void nginxAsksThroughTheFile() throws Exception {
    Path socket = folder.resolve("auth.sock");
    InetSocketAddress replaced = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    try (Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(Clock.systemUTC()));
        RecordingServer backend = RecordingServer.start(_ -> RecordingServer.answer(200));
        Service _ = serve(sandbox, socket);
        Nginx nginx =
            Nginx.start(
                replaced,
                backend.address(),
                conf -> conf.replace("server 127.0.0.1:1 ", "server unix:" + socket + " "));
        RawClient client = new RawClient(nginx.port())) {
      String token = "Authorization: Bearer " + sandbox.project().accessToken("alice");
      Awaitility.await().until(() -> client.send("GET", "/orders", token).status() == 200);
      for (int i = 0; i < 100; i++) {
        HttpMessage allowed = client.send("GET", "/orders", token);
        assertThat(allowed.status()).isEqualTo(200);
        HttpMessage denied = client.send("GET", "/orders");
        assertThat(denied.status()).isEqualTo(401);
      }
      assertThat(nginx.errorLog()).doesNotContain("[error]");
    }
  }

  private static Service serve(Sandbox sandbox, Path socket) throws Exception {
    Map<String, String> environment =
        Map.of(
            "AUTHGEAR_ENDPOINT",
            sandbox.origin(),
            "AUTHGEAR_RESOLVER_URL",
            sandbox.resolverUrl(),
            "AUTHGEAR_LISTEN",
            "unix:" + socket,
            "AUTHGEAR_MANAGEMENT_LISTEN",
            "127.0.0.1:0",
            "AUTHGEAR_DRAIN",
            "0s");
    return Service.start(
        ((Accepted) SettingsReader.read(environment)).settings(), Clock.systemUTC(), "test");
  }
}
