package com.authgear.authrequest.proxies;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

/** {@code k8s/examples/istio}, as Istio renders it, in a real Envoy. */
class IstioIT extends ProxyContract {

  @Override
  RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
    return IstioGateway.start(auth, backend);
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

  /** Istio tells X-Forwarded-For, and no X-Real-IP. The client's own is removed. */
  @Test
  @Override
  void spoofedWhereabouts_reachNeitherTheServiceNorTheBackend() throws IOException {
    send("GET", "/x", bearer("bob"), "X-Forwarded-For: 6.6.6.6", "X-Real-IP: 6.6.6.6");
    assertThat(backend().request().values("X-Real-IP")).isEmpty();
    assertThat(backend().request().values("X-Forwarded-For").toString()).doesNotContain("6.6.6.6");
  }
}
