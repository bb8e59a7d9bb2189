package com.authgear.authrequest.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.check.nginx.CheckNginx;
import com.authgear.authrequest.docs.Page.Block;
import com.authgear.authrequest.sandbox.EchoBackend;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.Programs;
import com.authgear.authrequest.support.ServiceWithSandbox;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pages that lead somebody from nothing, or from another service, to a protected site: their nginx
 * blocks in a real nginx, their settings in the service, their lines in a shell.
 */
class StartPagesIT {

  private static final Pattern POLICY = Pattern.compile("(AUTHGEAR_POLICY_[A-Z_]+)='([^']+)'");

  /** What needs what is not here, such as a project. */
  private static boolean isDoneByTheTest(String line) {
    return line.contains("java -jar ")
        || line.startsWith("AUTHGEAR_")
        || line.startsWith("oauth2-proxy ");
  }

  @TempDir private Path folder;

  /** One nginx block. */
  private static boolean isForHttp(String block) {
    return block.startsWith("map ") || block.startsWith("upstream ");
  }

  private static List<String> blocks(Path page, Predicate<String> wanted) {
    return Page.read(page).blocks().stream()
        .filter(block -> block.language().equals("nginx"))
        .map(Block::lines)
        .map(lines -> String.join("\n", lines) + "\n")
        .filter(wanted)
        .toList();
  }

  /** The shipped nginx.conf with a page's blocks in the place of its locations. */
  private Path configuration(List<String> blocks) throws IOException {
    String shipped = Files.readString(Path.of("nginx/nginx.conf"));
    String http = String.join("", blocks.stream().filter(StartPagesIT::isForHttp).toList());
    String server = String.join("", blocks.stream().filter(block -> !isForHttp(block)).toList());
    int locations = shipped.indexOf("        # Protected, and the default");
    assertThat(locations).isPositive();
    String head = shipped.substring(0, locations);
    if (!server.contains("include authgear/")) {
      // Who comes from elsewhere has none of our files.
      head = head.replace("include authgear/server.conf;", "").replace("$authgear_reason", "");
    }
    return Files.writeString(
        folder.resolve("page.conf"),
        head.replace("    server {\n", http + "    server {\n") + server + "}\n}\n");
  }

  private static Map<String, String> policies(Path page) {
    Map<String, String> policies = new LinkedHashMap<>();
    POLICY
        .matcher(Page.read(page).lines().toString())
        .results()
        .forEach(found -> policies.put(found.group(1), found.group(2)));
    return policies;
  }

  /** A site as a page says. */
  private final class Started implements AutoCloseable {
    private final ServiceWithSandbox service;
    private final EchoBackend backend;
    private final Nginx nginx;

    Started(Path page, Predicate<String> wanted, UnaryOperator<String> edit) throws IOException {
      service = ServiceWithSandbox.start(policies(page));
      backend = EchoBackend.start(0);
      nginx =
          Nginx.start(
              configuration(blocks(page, wanted)),
              service.address(),
              new InetSocketAddress(InetAddress.getLoopbackAddress(), backend.port()),
              text -> edit.apply(text).replace("%RESOLVER%", service.sandbox().resolverUrl()));
    }

    HttpResponse<String> get(String path, String... header) throws Exception {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + nginx.port() + path));
      if (header.length > 0) {
        request.headers(header);
      }
      try (HttpClient http = HttpClient.newHttpClient()) {
        return http.send(request.build(), BodyHandlers.ofString());
      }
    }

    @Override
    public void close() {
      nginx.close();
      backend.close();
      service.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docs/start-api.md", "docs/start-machine.md"})
  void startPage_everyLine_printsWhatItSays(String name) throws Exception {
    Programs.require("curl");
    Path page = Path.of(name);
    // The demo's location for everyone, which the second page refers to.
    String more =
        """
        location / {
          include authgear/protect.conf;
          include authgear/proxy.conf;
          proxy_pass http://backend;
        }
        """;
    try (Started site =
        new Started(
            page,
            _ -> true,
            text -> text.substring(0, text.lastIndexOf("}\n}")) + more + "}\n}\n")) {
      PageCommands.of(page)
          .run(
              StartPagesIT::isDoneByTheTest,
              line ->
                  line.replace("127.0.0.1:8000", "127.0.0.1:" + site.nginx.port())
                      .replace("127.0.0.1:8090", "127.0.0.1:" + site.service.sandbox().port()),
              Map.of());
    }
  }

  // ---- From elsewhere

  private static boolean isBefore(String block) {
    return block.startsWith("# before\n");
  }

  private static boolean isAfter(String block) {
    return block.startsWith("# after\n");
  }

  private List<String> findings(Path page, Predicate<String> wanted) throws IOException {
    Path main = configuration(blocks(page, wanted));
    String dump = Nginx.dump(_ -> read(main));
    assertThat(dump).contains("test is successful");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CheckNginx.run(
        List.of("--json"),
        new ByteArrayInputStream(dump.getBytes(StandardCharsets.UTF_8)),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(out, true, StandardCharsets.UTF_8));
    return new ObjectMapper()
        .readTree(out.toString(StandardCharsets.UTF_8))
        .at("/findings")
        .findValuesAsText("id");
  }

  private String read(Path main) {
    try {
      return Files.readString(main)
          .replace("/var/log/nginx/", folder + "/")
          .replace("https://my-project.authgear.cloud", "https://127.0.0.1:1");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void fromTheResolver_checkNginxRecognisesIt_andNothingIsLeftAfterwards() throws Exception {
    Path page = Path.of("docs/migrate-from-resolver.md");

    assertThat(findings(page, StartPagesIT::isBefore)).contains("resolver-asked", "header-not-set");
    assertThat(findings(page, StartPagesIT::isAfter))
        .doesNotContain("resolver-asked", "header-not-set");
  }

  @Test
  void fromTheResolver_nobodyIsRefusedBefore_andAfterwardsIs() throws Exception {
    Path page = Path.of("docs/migrate-from-resolver.md");
    try (Started site =
        new Started(
            page,
            StartPagesIT::isBefore,
            text ->
                text.replace(
                    "https://my-project.authgear.cloud/_resolver/resolve", "%RESOLVER%"))) {
      assertThat(site.get("/api/x").statusCode()).isEqualTo(200);
      assertThat(
              site.get(
                      "/api/x",
                      "Authorization",
                      "Bearer " + site.service.project().accessToken("bob"))
                  .body())
          .contains("x-authgear-user-id");
    }
    try (Started site = new Started(page, StartPagesIT::isAfter, UnaryOperator.identity())) {
      assertThat(site.get("/api/x").statusCode()).isEqualTo(401);
      assertThat(
              site.get(
                      "/api/x",
                      "Authorization",
                      "Bearer " + site.service.project().accessToken("bob"))
                  .body())
          .contains("x-authgear-user-id", "x-authgear-session-valid");
    }
  }

  @Test
  void fromOauth2Proxy_theBackendGetsBothNames() throws Exception {
    Path page = Path.of("docs/migrate-from-oauth2-proxy.md");
    assertThat(findings(page, StartPagesIT::isAfter)).doesNotContain("header-not-set");
    try (Started site = new Started(page, StartPagesIT::isAfter, UnaryOperator.identity())) {
      assertThat(site.get("/api/x", "X-User", "evil").statusCode()).isEqualTo(401);
      String token = site.service.project().accessToken("bob");
      var seen =
          new ObjectMapper()
              .readTree(
                  site.get("/api/x", "Authorization", "Bearer " + token, "X-User", "evil").body())
              .at("/headers");
      assertThat(seen.at("/x-user")).isEqualTo(seen.at("/x-authgear-user-id")).hasSize(1);
      assertThat(
              site.get("/api/x", "Authorization", "Bearer " + site.service.project().idToken("bob"))
                  .statusCode())
          .isEqualTo(401);
    }
  }

  @Test
  void fromNginxAuthJwt_theGroupIsARole() throws Exception {
    Path page = Path.of("docs/migrate-from-nginx-auth-jwt.md");
    assertThat(findings(page, StartPagesIT::isAfter)).doesNotContain("header-not-set");
    try (Started site = new Started(page, StartPagesIT::isAfter, UnaryOperator.identity())) {
      var project = site.service.project();
      String role =
          project.accessToken("bob", TokenOptions.DEFAULTS.withRoles(List.of("administrators")));
      assertThat(site.get("/admin/x").statusCode()).isEqualTo(401);
      assertThat(
              site.get("/admin/x", "Authorization", "Bearer " + project.accessToken("bob"))
                  .statusCode())
          .isEqualTo(403);
      assertThat(site.get("/admin/x", "Authorization", "Bearer " + role).statusCode())
          .isEqualTo(200);
    }
  }
}
