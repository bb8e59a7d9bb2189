package com.authgear.authrequest.proxies;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.wire.HttpMessage;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** {@code nginx/policies.conf} in a real nginx. */
class NginxPoliciesIT extends ProxyContract {

  private static final Path SHIPPED = Path.of("nginx/policies.conf");

  @Override
  RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
    return start(auth, backend, UnaryOperator.identity());
  }

  private static RunningProxy start(
      InetSocketAddress auth, InetSocketAddress backend, UnaryOperator<String> edit) {
    return new NginxProxy(Nginx.start(SHIPPED, auth, backend, edit));
  }

  @Test
  void nestedLocation_needsWhatTheOneAroundItNeeds() throws IOException {
    HttpMessage refused = send("GET", "/admin/import/1", bearer("bob"));
    assertThat(refused.status()).isEqualTo(403);
    assertThat(backend().requests()).isEmpty();

    HttpMessage response = send("GET", "/admin/import/1", bearer("alice"));
    assertThat(response.status()).isEqualTo(200);
    assertThat(backend().request().values("x-authgear-user-roles")).containsExactly("admin,editor");
  }

  @Test
  void locationThatForgetsToAsk_isForUsersOnly() throws IOException {
    UnaryOperator<String> forgetful =
        conf -> conf.replace("auth_request /_authgear/auth/guest;", "");
    try (RunningProxy proxy = start(site().address(), backend().address(), forgetful)) {
      assertThat(sendTo(proxy, "GET", "/catalog/1").status()).isEqualTo(401);
      assertThat(backend().requests()).isEmpty();
    }
  }

  @Test
  void unknownPolicy_letsNobodyIn() throws IOException {
    UnaryOperator<String> mistyped =
        conf -> conf.replace("/_authgear/auth/admin", "/_authgear/auth/adnim");
    try (RunningProxy proxy = start(site().address(), backend().address(), mistyped)) {
      assertThat(sendTo(proxy, "GET", "/admin/1", bearer("alice")).status()).isEqualTo(500);
      assertThat(backend().requests()).isEmpty();
    }
  }

  @Test
  void serverWithoutServerFile_letsNobodyIn() throws IOException {
    UnaryOperator<String> elsewhere =
        conf ->
            conf.replace("        include authgear/server.conf;\n", "")
                .replace(
                    " server {",
                    " server { listen unix:unused; include authgear/server.conf; } server {");
    try (RunningProxy proxy = start(site().address(), backend().address(), elsewhere)) {
      assertThat(sendTo(proxy, "GET", "/admin/1", bearer("alice")).status()).isEqualTo(500);
      assertThat(backend().requests()).isEmpty();
    }
  }
}
