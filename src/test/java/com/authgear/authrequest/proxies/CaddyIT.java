package com.authgear.authrequest.proxies;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.proxies.ProxyProcess.Setup;
import com.authgear.authrequest.support.Programs;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** {@code examples/caddy} in a real Caddy. */
class CaddyIT extends ProxyContract {

  @Override
  RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
    return start(auth, backend, UnaryOperator.identity());
  }

  static RunningProxy start(
      InetSocketAddress auth, InetSocketAddress backend, UnaryOperator<String> edit) {
    Path program = Programs.require("caddy");
    return ProxyProcess.start(
        (folder, port) -> {
          String shipped =
              ShippedFile.read("examples/caddy/Caddyfile")
                  .with("127.0.0.1:8080", auth)
                  .with("127.0.0.1:9000", backend)
                  .with(":8000 {", "http://:" + port + " {\n\tbind 127.0.0.1")
                  .text();
          // The administration's own port is the same for every Caddy of a machine.
          String global = "{\n\tadmin off\n}\n";
          Path file = folder.resolve("Caddyfile");
          Files.writeString(file, global + edit.apply(shipped));
          return new Setup(
              List.of(
                  program.toString(), "run", "--adapter", "caddyfile", "--config", file.toString()),
              Map.of("XDG_DATA_HOME", folder + "/data", "XDG_CONFIG_HOME", folder + "/config"));
        });
  }

  /** Why the file asks for a named policy and ends the address with "?". */
  @Test
  void addressWithoutPolicy_wouldTakeTheClientsQuery() throws IOException {
    UnaryOperator<String> careless =
        shipped -> new ShippedFile(shipped).with("uri /auth/{args.0}?", "uri /auth").text();
    try (RunningProxy proxy = start(site().address(), backend().address(), careless)) {
      assertThat(sendTo(proxy, "GET", "/").status()).isEqualTo(401);
      assertThat(sendTo(proxy, "GET", "/?optional=true").status()).isEqualTo(200);
    }
  }
}
