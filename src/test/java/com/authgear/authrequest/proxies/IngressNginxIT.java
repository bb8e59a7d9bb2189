package com.authgear.authrequest.proxies;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RecordingServer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * What ingress-nginx makes of the annotations of {@code k8s/examples/ingress-nginx}, in a real
 * nginx. Only {@code /}, {@code /admin/} and {@code /catalog/} have Ingresses; an Ingress without
 * annotations would be open, and would pass a client's identity headers.
 */
class IngressNginxIT extends ProxyContract {

  private static final Path RENDERED = Path.of("src/test/resources/ingress-nginx/nginx.conf");
  private static final Path LOCATION = Path.of("src/test/resources/ingress-nginx/location.conf");
  private static final Path INGRESS = Path.of("k8s/examples/ingress-nginx/ingress.yaml");

  @Override
  boolean hasPublicPaths() {
    return false;
  }

  @Override
  RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
    try {
      String location = Files.readString(LOCATION);
      String headers = responseHeaders();
      String service = auth.getAddress().getHostAddress() + ":" + auth.getPort();
      UnaryOperator<String> render =
          text ->
              text.replace("@RESPONSE_HEADERS@\n", headers)
                  .replace("@LOCATION@\n", location)
                  .replace("authgear.example", service);
      return new NginxProxy(Nginx.start(RENDERED, auth, backend, render));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As the controller does it: one variable and one header line for each name of the list. */
  private static String responseHeaders() throws IOException {
    JsonNode ingress = new YAMLMapper().readTree(INGRESS.toFile());
    List<String> names =
        Arrays.stream(
                ingress
                    .at("/metadata/annotations")
                    .path("nginx.ingress.kubernetes.io/auth-response-headers")
                    .asText()
                    .split(","))
            .map(String::strip)
            .toList();
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      lines.append(
          "            auth_request_set $authHeader"
              + i
              + " $upstream_http_"
              + name.replace('-', '_')
              + ";\n");
      lines.append("            proxy_set_header '" + name + "' $authHeader" + i + ";\n");
    }
    return lines.toString();
  }

  /** Not tried: the controller waits for 60 s, which no annotation changes, and then denies. */
  @Override
  void serviceNeverAnswers_clientIsDeniedInTime() {}

  /** Not kept: the controller has no way to refuse a path. The example says what to do instead. */
  @Override
  void pathWithParameters_isDeniedToUsers(String target) {}

  /** The service says "no-store", and the controller's cache obeys. */
  @Test
  void cacheKeyThatMissesACookie_givesNobodyAnothersIdentity() throws IOException {
    for (String user : List.of("alice", "bob", "alice")) {
      backend().reset(_ -> answer(200));
      String cookie = site().project().appAccessTokenCookie(user);
      assertThat(send("GET", "/catalog/1", "Cookie: " + cookie).status()).isEqualTo(200);
      assertThat(backend().request().values("x-authgear-user-id"))
          .containsExactly(site().project().user(user).id());
    }
  }

  @Test
  void question_carriesTheAnnotationsQueryAndNothingOfTheClients() throws IOException {
    try (RecordingServer auth = RecordingServer.start(_ -> answer(200));
        RunningProxy proxy = start(auth.address(), backend().address())) {
      sendTo(proxy, "POST", "/admin/1?optional=true", "Content-Length: 0");
      HttpMessage asked = auth.request();
      assertThat(asked.startLine()).isEqualTo("GET /auth?role=admin HTTP/1.1");
      assertThat(asked.values("Content-Length")).isEmpty();
      assertThat(asked.values("X-Original-Method")).containsExactly("POST");
    }
  }
}
