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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code examples/haproxy} in a real HAProxy. */
class HaproxyIT extends ProxyContract {

  @Override
  RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
    return start(auth, backend, UnaryOperator.identity());
  }

  static RunningProxy start(
      InetSocketAddress auth, InetSocketAddress backend, UnaryOperator<String> edit) {
    Path program = Programs.require("haproxy");
    return ProxyProcess.start(
        (folder, port) -> {
          Path script = folder.resolve("authgear.lua");
          Files.writeString(
              script,
              edit.apply(
                  ShippedFile.read("examples/haproxy/authgear.lua")
                      .with("127.0.0.1:8080", auth)
                      .text()));
          Path file = folder.resolve("haproxy.cfg");
          Files.writeString(
              file,
              ShippedFile.read("examples/haproxy/haproxy.cfg")
                  .with("/etc/haproxy/authgear.lua", script.toString())
                  .with("127.0.0.1:9000", backend)
                  .with("bind :8000", "bind 127.0.0.1:" + port)
                  .text());
          return new Setup(List.of(program.toString(), "-db", "-f", file.toString()), Map.of());
        });
  }

  /** HAProxy goes on with the next rule when a script fails. */
  @ParameterizedTest
  @ValueSource(strings = {"error('broken')", "core.msleep(10000)"})
  void scriptFailsOrTakesTooLong_backendIsNotAsked(String fault) throws IOException {
    UnaryOperator<String> broken =
        script -> script.replace("local answer = ask(txn, path)", fault + "; local answer = nil");
    try (RunningProxy proxy = start(site().address(), backend().address(), broken)) {
      assertThat(sendTo(proxy, "GET", "/", bearer("alice")).status()).isEqualTo(500);
    }
    assertThat(backend().requests()).isEmpty();
  }
}
