package com.authgear.authrequest.mcp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.mcp.McpClient.Outcome;
import com.authgear.authrequest.mcp.McpClient.Sdk;
import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.AuthorizationServer;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.ServiceWithSandbox;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The official clients with their own OAuth providers, which know the URL of an MCP server and
 * nothing else, through {@code nginx/mcp.conf} and the real service, with the sandbox as their
 * authorization server. The servers are those of {@code examples/mcp}.
 */
@TestInstance(Lifecycle.PER_CLASS)
class McpClientsIT {

  /** After a logout a token is good for so long at most. */
  private static final Duration RECHECK = Duration.ofSeconds(30);

  private static final Duration TOKEN_LIFETIME = Duration.ofMinutes(30);

  private final SettableClock clock = new SettableClock();
  private final int port = FreePort.find();
  private final String tools = "http://127.0.0.1:" + port + "/tools";
  private final String notes = "http://127.0.0.1:" + port + "/notes";
  private McpServer pages;
  private McpServer notebook;
  private ServiceWithSandbox site;
  private Nginx nginx;

  @BeforeAll
  void start() throws IOException {
    pages = McpServer.typescript("/tools", "stateless");
    notebook = McpServer.python("/notes");
    site =
        ServiceWithSandbox.start(
            Map.of(
                "AUTHGEAR_POLICY_TOOLS",
                "resource=" + tools + "&scope=openid&scope=tools:use&scope=tools:write",
                "AUTHGEAR_POLICY_TOOLS_READ",
                "resource=" + tools + "&scope=openid&scope=tools:use",
                "AUTHGEAR_POLICY_NOTES",
                "resource="
                    + notes
                    + "&scope=openid&scope=offline_access&scope=notes:use&role=admin",
                "AUTHGEAR_RECHECK",
                RECHECK.toSeconds() + "s",
                "AUTHGEAR_RESOLVER_CACHE_TTL",
                "0s"),
            clock);
    AuthorizationServer authgear = site.sandbox().authorizationServer();
    authgear.resources().register(tools, List.of("tools:use", "tools:write"));
    authgear.resources().register(notes, List.of("notes:use"));
    authgear.registrationRate().allow(1000);
    nginx =
        Nginx.startAt(
            port,
            Path.of("nginx/mcp.conf"),
            site.address(),
            pages.address(),
            conf -> conf.replace("127.0.0.1:9001", "127.0.0.1:" + notebook.address().getPort()));
  }

  @AfterAll
  void stop() throws IOException {
    String errors = nginx == null ? "" : nginx.errorLog();
    if (nginx != null) {
      nginx.close();
    }
    if (site != null) {
      site.close();
    }
    if (notebook != null) {
      notebook.close();
    }
    if (pages != null) {
      pages.close();
    }
    assertThat(errors).doesNotContain("[alert]", "[emerg]", "[crit]");
  }

  /**
   * A browser with its cookies, whose user says yes to everything, at once. It ends where the
   * client waits for it.
   */
  private static Function<URI, Optional<URI>> browserOf(String user) {
    HttpClient http = HttpClient.newBuilder().cookieHandler(new CookieManager()).build();
    return page -> {
      URI next = URI.create(page + "&sandbox_user=" + user);
      while (!"localhost".equals(next.getHost())) {
        try {
          HttpResponse<String> answer =
              http.send(HttpRequest.newBuilder(next).build(), BodyHandlers.ofString());
          Optional<String> location = answer.headers().firstValue("Location");
          assertThat(location)
              .as("%s: %s %s", next, answer.statusCode(), answer.body())
              .isPresent();
          next = next.resolve(location.orElseThrow());
        } catch (IOException | InterruptedException e) {
          throw new AssertionError(e);
        }
      }
      return Optional.of(next);
    };
  }

  private McpClient client(Sdk sdk, String url, String user) throws IOException {
    return new McpClient(sdk, url, browserOf(user));
  }

  private static Map<String, String> query(URI page) {
    return Arrays.stream(page.getRawQuery().split("&", -1))
        .map(parameter -> parameter.split("=", 2))
        .collect(Collectors.toMap(pair -> pair[0], pair -> URLDecoder.decode(pair[1], UTF_8)));
  }

  private static List<String> scope(URI page) {
    return List.of(query(page).getOrDefault("scope", "").split(" ", -1));
  }

  private HttpMessage post(String path, String token) throws IOException {
    try (RawClient raw = new RawClient(port)) {
      String body = "{}";
      return raw.sendWithBody(
          body,
          "POST",
          path,
          "Authorization: Bearer " + token,
          "Content-Type: application/json",
          "Content-Length: " + body.length());
    }
  }

  private String id(String user) {
    return site.project().user(user).id();
  }

  /** Challenged, discovered, registered, authorized, connected; and stepped up where it can. */
  @ParameterizedTest
  @EnumSource
  void client_thatKnowsTheUrl_connectsAndCallsTools(Sdk sdk) throws IOException {
    try (McpClient client = client(sdk, tools, "alice")) {
      assertThat(client.connect().failure()).isEmpty();

      assertThat(client.opened()).hasSize(1);
      URI page = client.opened().getFirst();
      assertThat(page.toString())
          .startsWith(site.sandbox().origin() + "/oauth2/authorize?")
          .contains("client_id=dcrc_", "code_challenge_method=S256");
      assertThat(query(page)).containsEntry("resource", tools);
      // Who speaks an older version is asked for everything at once.
      if (sdk == Sdk.TYPESCRIPT_1) {
        assertThat(scope(page)).containsExactly("openid", "tools:use", "tools:write");
      } else {
        assertThat(scope(page)).containsExactly("openid", "tools:use", "offline_access");
      }

      assertThat(client.tools())
          .containsExactlyInAnyOrder(
              "search", "get_page", "put_page", "delete_page", "check_pages");
      assertThat(client.call("search", Map.of("text", "coffee")).text()).isEqualTo("prices");
      assertThat(client.opened()).hasSize(1);

      Map<String, Object> written = Map.of("name", "by " + sdk, "text", "x".repeat(3_000_000));
      assertThat(client.call("put_page", written).text()).isEqualTo("written by " + id("alice"));
      if (sdk == Sdk.TYPESCRIPT_1) {
        assertThat(client.opened()).hasSize(1);
      } else {
        assertThat(client.opened()).hasSize(2);
        assertThat(scope(client.opened().getLast()))
            .containsExactlyInAnyOrder("openid", "tools:use", "tools:write", "offline_access");
      }
      assertThat(client.call("get_page", Map.of("name", "by " + sdk)).text()).hasSize(3_000_000);
      assertThat(client.call("delete_page", Map.of("name", "by " + sdk)).text())
          .isEqualTo("deleted");

      // What it got is kept: nobody is asked again.
      Outcome checked = client.call("check_pages", Map.of());
      assertThat(checked.text()).isEqualTo("3 pages");
      assertThat(checked.progress()).containsExactly(1, 2, 3);
      assertThat(client.opened()).hasSize(sdk == Sdk.TYPESCRIPT_1 ? 1 : 2);
    }
  }

  /** Streams and, where the version has them, sessions; the user is the one who logged in. */
  @ParameterizedTest
  @EnumSource
  void client_ofAServerInPython_isItsUser(Sdk sdk) throws IOException {
    try (McpClient client = client(sdk, notes, "alice")) {
      Outcome connected = client.connect();
      assertThat(connected.failure()).isEmpty();
      assertThat(connected.result().path("session").isTextual()).isEqualTo(sdk == Sdk.TYPESCRIPT_1);
      client.call("add_note", Map.of("text", "by " + sdk)).text();
      assertThat(client.call("list_notes", Map.of()).text().lines()).contains("by " + sdk);
      assertThat(client.call("count_slowly", Map.of("up_to", 4)).progress())
          .containsExactly(1, 2, 3, 4);
      assertThat(client.opened()).hasSize(1);
      if (sdk == Sdk.TYPESCRIPT_1) {
        client.succeed("end");
        assertThat(client.call("list_notes", Map.of()).failure()).isPresent();
        assertThat(client.opened()).hasSize(1);
      }
    }
  }

  /** What one client does reaches the open stream of another at once. */
  @Test
  void event_reachesAClientThatListens() throws IOException {
    try (McpClient listener = client(Sdk.TYPESCRIPT_2, notes, "alice");
        McpClient other = client(Sdk.TYPESCRIPT_1, notes, "alice")) {
      assertThat(listener.connect().failure()).isEmpty();
      assertThat(listener.command("listen", Map.of("uri", "notes://mine")).failure()).isEmpty();
      assertThat(other.connect().failure()).isEmpty();
      for (int i = 0; i < 3; i++) {
        other.call("add_note", Map.of("text", "note " + i)).text();
        assertThat(listener.succeed("nextEvent").asText()).isEqualTo("notes://mine");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void tokenExpired_isRefreshed_withoutTheBrowser(Sdk sdk) throws IOException {
    try (McpClient client = client(sdk, notes, "alice")) {
      assertThat(client.connect().failure()).isEmpty();
      String token = client.token();
      pass(TOKEN_LIFETIME.plusMinutes(1), client, sdk);
      assertThat(post("/notes", token).status()).isEqualTo(401);

      assertThat(client.call("list_notes", Map.of()).failure()).isEmpty();

      assertThat(client.token()).isNotEqualTo(token);
      assertThat(client.opened()).hasSize(1);
    }
  }

  /**
   * Authgear gives none without {@code offline_access}, and this client asks for what it is told.
   */
  @Test
  void tokenExpired_withoutARefreshToken_opensTheBrowserAgain() throws IOException {
    try (McpClient client = client(Sdk.TYPESCRIPT_1, tools, "alice")) {
      assertThat(client.connect().failure()).isEmpty();
      clock.advance(TOKEN_LIFETIME.plusMinutes(1));
      assertThat(client.call("search", Map.of("text", "tea")).failure()).isEmpty();
      assertThat(client.opened()).hasSize(2);
    }
  }

  /** The Python client goes by its own clock: at a 401 it would open the browser. */
  private void pass(Duration time, McpClient client, Sdk sdk) {
    clock.advance(time);
    if (sdk == Sdk.PYTHON) {
      client.command("later", Map.of("seconds", time.toSeconds()));
    }
  }

  /** By AUTHGEAR_RECHECK alone: no webhook tells of a logout. */
  @ParameterizedTest
  @EnumSource
  void afterALogout_clientIsRefusedWithinTheBound(Sdk sdk) throws IOException {
    Function<URI, Optional<URI>> alice = browserOf("alice");
    boolean[] closed = new boolean[1];
    try (McpClient client =
        new McpClient(sdk, notes, page -> closed[0] ? Optional.empty() : alice.apply(page))) {
      assertThat(client.connect().failure()).isEmpty();
      String token = client.token();
      assertThat(client.call("list_notes", Map.of()).failure()).isEmpty();

      site.project().logout("alice");
      closed[0] = true;
      clock.advance(RECHECK);

      assertThat(post("/notes", token).status()).isEqualTo(401);
      assertThat(client.call("list_notes", Map.of()).failure()).isPresent();
      // Its refresh token is of no use either: it asked for its user, who did not come.
      assertThat(client.opened()).hasSize(2);

      closed[0] = false;
      client.connect();
      assertThat(client.call("list_notes", Map.of()).failure()).isEmpty();
    }
  }

  /** A login gives nobody a role. */
  @ParameterizedTest
  @EnumSource
  void roleMissing_opensNoBrowser(Sdk sdk) throws IOException {
    try (McpClient client = client(sdk, notes, "bob")) {
      assertThat(client.connect().failure()).isPresent();
      // The one with which it came by its token.
      assertThat(client.opened()).hasSize(1);
      HttpMessage refused = post("/notes", client.token());
      assertThat(refused.status()).isEqualTo(403);
      assertThat(refused.values("WWW-Authenticate").toString()).doesNotContain("error");
    }
  }

  /** Nobody could decide: that is no reason to log in. */
  @ParameterizedTest
  @EnumSource
  void serviceThatCannotDecide_opensNoBrowser(Sdk sdk) throws IOException {
    try (McpClient client = client(sdk, notes, "alice")) {
      assertThat(client.connect().failure()).isEmpty();
      site.sandbox().breakDown(AuthgearEndpoint.RESOLVER, Malfunction.status(500));
      clock.advance(RECHECK);
      try {
        assertThat(client.call("list_notes", Map.of()).failure()).isPresent();
        assertThat(post("/notes", client.token()).status()).isEqualTo(503);
      } finally {
        site.sandbox().repair(AuthgearEndpoint.RESOLVER);
        clock.advance(Duration.ofMinutes(1));
      }
      assertThat(client.connect().failure()).isEmpty();
      assertThat(client.call("list_notes", Map.of()).failure()).isEmpty();
      assertThat(client.opened()).hasSize(1);
    }
  }

  @Test
  void token_ofOneServer_isNoneForTheOtherOrForThePlainApi() throws IOException {
    try (McpClient ofTools = client(Sdk.TYPESCRIPT_1, tools, "alice");
        McpClient ofNotes = client(Sdk.TYPESCRIPT_1, notes, "alice")) {
      assertThat(ofTools.connect().failure()).isEmpty();
      assertThat(ofNotes.connect().failure()).isEmpty();
      assertRefused(post("/notes", ofTools.token()));
      assertRefused(post("/tools", ofNotes.token()));
      for (McpClient client : List.of(ofTools, ofNotes)) {
        try (RawClient api = new RawClient(site.address().getPort())) {
          HttpMessage plain = api.send("GET", "/auth", "Authorization: Bearer " + client.token());
          assertThat(plain.status()).isEqualTo(401);
          assertThat(plain.values("x-auth-reason")).containsExactly("wrong_audience");
        }
      }
      // And those that are of no resource.
      assertRefused(post("/tools", site.project().accessToken("alice")));
      assertRefused(post("/tools", site.project().opaqueToken("alice")));
      assertRefused(post("/tools", site.project().idToken("alice")));
    }
  }

  private static void assertRefused(HttpMessage answer) {
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.values("WWW-Authenticate"))
        .singleElement()
        .asString()
        .startsWith("Bearer error=\"invalid_token\"");
  }

  @Test
  void preflight_ofAnUnlistedOrigin_isRefused() throws IOException {
    try (RawClient raw = new RawClient(port)) {
      HttpMessage answer =
          raw.send(
              "OPTIONS",
              "/tools",
              "Origin: https://elsewhere.example",
              "Access-Control-Request-Method: POST",
              "Access-Control-Request-Headers: authorization");
      assertThat(answer.status()).isEqualTo(401);
      assertThat(answer.values("Access-Control-Allow-Origin")).isEmpty();
    }
  }
}
