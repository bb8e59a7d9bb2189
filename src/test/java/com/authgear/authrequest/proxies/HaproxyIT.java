package com.authgear.authrequest.proxies;

import com.authgear.authrequest.Programs;
import com.authgear.authrequest.proxies.ProxyProcess.Setup;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** {@code examples/haproxy} in a real HAProxy. */
class HaproxyIT extends ProxyContract {

  @Override
  RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
    Path program = Programs.require("haproxy");
    return ProxyProcess.start(
        (folder, port) -> {
          Path script = folder.resolve("authgear.lua");
          Files.writeString(
              script,
              ShippedFile.read("examples/haproxy/authgear.lua")
                  .with("127.0.0.1:8080", auth)
                  .text());
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
}
