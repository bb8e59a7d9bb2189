package com.authgear.authrequest.proxies;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.proxies.ProxyProcess.Setup;
import com.authgear.authrequest.support.Installed;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** {@code examples/envoy} in a real Envoy. */
class EnvoyIT extends ProxyContract {

  @Override
  RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
    return startShipped(auth, backend);
  }

  @Override
  boolean cleansPaths() {
    return true;
  }

  /** In place of a loopback address Envoy tells one of the machine's own. */
  @Override
  String forwardedFor() throws IOException {
    send("GET", "/x", bearer("bob"));
    String own = String.join(",", backend().request().values("X-Forwarded-For"));
    backend().reset(_ -> answer(200));
    assertThat(own).matches("[0-9a-f.:]+");
    return own;
  }

  static RunningProxy startShipped(InetSocketAddress auth, InetSocketAddress backend) {
    Path program = Installed.envoy();
    return ProxyProcess.start(
        (folder, port) -> {
          Path file = folder.resolve("envoy.yaml");
          Files.writeString(
              file,
              ShippedFile.read("examples/envoy/envoy.yaml")
                  .with(
                      "address: 0.0.0.0, port_value: 8000",
                      "address: 127.0.0.1, port_value: " + port)
                  .with("address: authgear-auth-request, port_value: 8080", place(auth))
                  .with("address: backend, port_value: 9000", place(backend))
                  .text());
          return new Setup(
              List.of(
                  program.toString(),
                  "--config-path",
                  file.toString(),
                  "--use-dynamic-base-id",
                  "--concurrency",
                  "1",
                  "--log-level",
                  "warn"),
              Map.of());
        });
  }

  private static String place(InetSocketAddress address) {
    return "address: "
        + address.getAddress().getHostAddress()
        + ", port_value: "
        + address.getPort();
  }
}
