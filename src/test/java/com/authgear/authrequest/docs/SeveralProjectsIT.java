package com.authgear.authrequest.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.docs.Page.Block;
import com.authgear.authrequest.sandbox.EchoBackend;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.ServiceWithSandbox;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What docs/nginx.md says about several projects, with two of them behind one real nginx. */
class SeveralProjectsIT {

  private static final Pattern FOLDER =
      Pattern.compile("client_body_temp_path (\\S+)/client_body;");

  private static List<Block> blocks(String part) {
    return Page.read(Path.of("docs/nginx.md")).blocks().stream()
        .filter(block -> String.join("\n", block.lines()).contains(part))
        .toList();
  }

  @Test
  void token_isGoodAtTheServerOfItsProject_andNowhereElse() throws Exception {
    String second = String.join("\n", blocks("upstream authgear_shop").getFirst().lines());
    String copies = String.join("\n", blocks("ask-shop.conf").getFirst().lines());
    int secondPort = FreePort.find();
    try (ServiceWithSandbox site = ServiceWithSandbox.start(Map.of());
        ServiceWithSandbox shop = ServiceWithSandbox.start(Map.of());
        EchoBackend backend = EchoBackend.start(0);
        Nginx nginx =
            Nginx.start(
                site.address(),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), backend.port()),
                text -> {
                  copy(text, copies);
                  return text.substring(0, text.lastIndexOf('}'))
                      + second
                          .replace("listen 8001;", "listen 127.0.0.1:" + secondPort + ";")
                          .replace("127.0.0.1:8180", "127.0.0.1:" + shop.address().getPort())
                      + "\n}\n";
                })) {
      String ofSite = site.project().accessToken("bob");
      String ofShop = shop.project().accessToken("bob");

      assertThat(status(nginx.port(), ofSite)).isEqualTo(200);
      assertThat(status(nginx.port(), ofShop)).isEqualTo(401);
      assertThat(status(secondPort, ofShop)).isEqualTo(200);
      assertThat(status(secondPort, ofSite)).isEqualTo(401);
    }
  }

  /** Runs the page's lines in the folder of nginx.conf. */
  private static void copy(String text, String lines) {
    Matcher folder = FOLDER.matcher(text);
    assertThat(folder.find()).isTrue();
    try {
      Process shell =
          new ProcessBuilder("sh", "-ec", lines)
              .directory(Path.of(folder.group(1)).toFile())
              .redirectErrorStream(true)
              .start();
      assertThat(shell.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(shell.exitValue()).isZero();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static int status(int port, String token) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                  .header("Authorization", "Bearer " + token)
                  .build(),
              BodyHandlers.discarding())
          .statusCode();
    }
  }
}
