package com.authgear.authrequest.nginx;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.ServiceWithSandbox;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import com.authgear.authrequest.wire.RecordingServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code nginx/mcp.conf} in a real nginx, with the real service and two MCP servers. */
class McpIT {

  private static final Path SHIPPED = Path.of("nginx/mcp.conf");
  private static final String TOOLS = "https://mcp.example.com/tools";
  private static final String NOTES = "https://mcp.example.com/notes";
  private static final String ALL = "openid tools:use tools:write";
  private static final String METADATA =
      "https://mcp.example.com/.well-known/oauth-protected-resource/";
  private static final String ORIGIN = "https://inspector.example.com";

  private static ServiceWithSandbox site;
  private static RecordingServer tools;
  private static RecordingServer notes;
  private static Nginx nginx;

  @BeforeAll
  static void start() throws IOException {
    site =
        ServiceWithSandbox.start(
            Map.of(
                "AUTHGEAR_POLICY_TOOLS",
                "resource=" + TOOLS + "&scope=openid&scope=tools:use&scope=tools:write",
                "AUTHGEAR_POLICY_TOOLS_READ",
                "resource=" + TOOLS + "&scope=openid&scope=tools:use",
                "AUTHGEAR_POLICY_NOTES",
                "resource=" + NOTES + "&scope=notes:use&role=admin&resource_name=Notes"));
    tools = RecordingServer.start(_ -> answer(200));
    notes = RecordingServer.start(_ -> answer(200));
    nginx =
        Nginx.start(
            SHIPPED,
            site.address(),
            tools.address(),
            conf -> conf.replace("127.0.0.1:9001", "127.0.0.1:" + notes.address().getPort()));
  }

  @AfterAll
  static void stop() throws IOException {
    String errors = nginx.errorLog();
    nginx.close();
    notes.close();
    tools.close();
    site.close();
    assertThat(errors).doesNotContain("[alert]", "[emerg]", "[crit]", "[warn]");
  }

  @BeforeEach
  void forget() {
    tools.reset(_ -> answer(200, "Mcp-Session-Id: s1", "Access-Control-Allow-Origin: *"));
    notes.reset(_ -> answer(200));
  }

  private static HttpMessage send(String method, String target, String... headerLines)
      throws IOException {
    try (RawClient client = new RawClient(nginx.port())) {
      return client.send(method, target, headerLines);
    }
  }

  private static HttpMessage post(String target, String token, String... headerLines)
      throws IOException {
    String body = "{\"jsonrpc\":\"2.0\"}";
    List<String> lines = new ArrayList<>(Arrays.asList(headerLines));
    lines.add("Content-Length: " + body.length());
    if (!token.isEmpty()) {
      lines.add("Authorization: Bearer " + token);
    }
    try (RawClient client = new RawClient(nginx.port())) {
      return client.sendWithBody(body, "POST", target, lines.toArray(String[]::new));
    }
  }

  private static String token(String user, String resource, String scope) {
    return site.project()
        .accessToken(
            user,
            TokenOptions.DEFAULTS
                .withAudience(List.of(resource))
                .withClientId("dcrc_client")
                .withScope(scope));
  }

  private static String[] call(String version, String method, String name) {
    return new String[] {
      "Mcp-Protocol-Version: " + version, "Mcp-Method: " + method, "Mcp-Name: " + name
    };
  }

  private static String challenge(String error, String scope, String resource) {
    return "Bearer "
        + (error.isEmpty() ? "" : "error=\"" + error + "\", ")
        + "scope=\""
        + scope
        + "\", resource_metadata=\""
        + METADATA
        + resource
        + "\"";
  }

  private static void assertRefused(HttpMessage response, int status, String challenge) {
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.values("WWW-Authenticate")).containsExactly(challenge);
    assertThat(tools.requests()).isEmpty();
    assertThat(notes.requests()).isEmpty();
  }

  @Test
  void shippedFiles_haveNeitherErrorsNorWarnings() throws IOException {
    String main = Files.readString(SHIPPED);
    assertThat(Nginx.check(_ -> main.replace("/var/log/nginx/", "")))
        .contains("syntax is ok", "test is successful")
        .doesNotContain("[warn]", "[emerg]");
  }

  @Test
  void nobody_isToldWhereToBegin() throws IOException {
    assertRefused(post("/tools", ""), 401, challenge("", ALL, "tools"));
    assertRefused(
        post("/tools", "", call("2026-07-28", "tools/call", "search")),
        401,
        challenge("", "openid tools:use", "tools"));
    assertRefused(post("/notes", ""), 401, challenge("", "openid notes:use", "notes"));
  }

  @Test
  void metadata_isOpenToEveryoneAndEachResourcesOwn() throws IOException {
    HttpMessage ofTools = send("GET", "/.well-known/oauth-protected-resource/tools");
    assertThat(ofTools.status()).isEqualTo(200);
    assertThat(ofTools.values("Access-Control-Allow-Origin")).containsExactly("*");
    assertThat(ofTools.body())
        .contains(
            "\"resource\":\"" + TOOLS + "\"",
            "\"scopes_supported\":[\"openid\",\"tools:use\",\"tools:write\"]",
            "\"authorization_servers\":[\"http://127.0.0.1:");
    HttpMessage ofNotes =
        send("GET", "/.well-known/oauth-protected-resource/notes", "Origin: " + ORIGIN);
    assertThat(ofNotes.values("Access-Control-Allow-Origin")).containsExactly("*");
    assertThat(ofNotes.body())
        .contains("\"resource\":\"" + NOTES + "\"", "\"resource_name\":\"Notes\"");
    assertThat(send("GET", "/.well-known/oauth-protected-resource").status()).isEqualTo(404);
  }

  @Test
  void metadata_preflightOfAnyOrigin_isAnswered() throws IOException {
    HttpMessage answer =
        send(
            "OPTIONS",
            "/.well-known/oauth-protected-resource/tools",
            "Origin: https://elsewhere.example",
            "Access-Control-Request-Method: GET",
            "Access-Control-Request-Headers: mcp-protocol-version");
    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.values("Access-Control-Allow-Origin")).containsExactly("*");
    assertThat(answer.values("Access-Control-Allow-Headers")).containsExactly("*");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/.well-known/oauth-protected-resource/../../auth",
        "/.well-known/oauth-protected-resource/..%2f..%2fauth",
        "/.well-known/oauth-protected-resource/;/auth",
        "/.well-known/oauth-protected-resourcex",
        "/auth",
        "/hooks/authgear",
        "/Tools",
        "/tools/",
        "/tools/x",
        "/tools;x",
        "/%74ools/../tools",
        "//tools"
      })
  void otherPaths_leadNowhere(String path) throws IOException {
    String token = token("alice", TOOLS, ALL);
    assertThat(send("GET", path, "Authorization: Bearer " + token).status()).isIn(400, 404);
    assertThat(tools.requests()).isEmpty();
  }

  @Test
  void token_ofTheResource_passesWithoutBeingPassedOn() throws IOException {
    HttpMessage response =
        post(
            "/tools",
            token("alice", TOOLS, "openid tools:use"),
            "Mcp-Protocol-Version: 2026-07-28",
            "Mcp-Method: tools/call",
            "Mcp-Name: search",
            "Mcp-Session-Id: s1",
            "Cookie: session=c00kie");
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.values("Mcp-Session-Id")).containsExactly("s1");
    HttpMessage seen = tools.request();
    assertThat(seen.startLine()).isEqualTo("POST /tools HTTP/1.1");
    assertThat(seen.body()).isEqualTo("{\"jsonrpc\":\"2.0\"}");
    assertThat(seen.values("Mcp-Session-Id")).containsExactly("s1");
    assertThat(seen.values("Mcp-Protocol-Version")).containsExactly("2026-07-28");
    assertThat(seen.values("Mcp-Method")).containsExactly("tools/call");
    assertThat(seen.values("Mcp-Name")).containsExactly("search");
    assertThat(seen.values("x-authgear-client-id")).containsExactly("dcrc_client");
    assertThat(seen.values("Authorization")).isEmpty();
    assertThat(seen.values("Cookie")).isEmpty();
  }

  private static Stream<String> credentialsThatAreNotForTheTools() {
    return Stream.of(
        token("alice", NOTES, ALL),
        token("alice", TOOLS + "/", ALL),
        token("alice", "https://mcp.example.com", ALL),
        site.project().accessToken("alice", TokenOptions.DEFAULTS.withScope(ALL)),
        site.project().opaqueToken("alice"),
        site.project().idToken("alice"),
        site.project()
            .idToken("alice", TokenOptions.DEFAULTS.withAudience(List.of(TOOLS)).withScope(ALL)));
  }

  @ParameterizedTest
  @MethodSource("credentialsThatAreNotForTheTools")
  void token_notForTheResource_isRefused(String token) throws IOException {
    assertRefused(post("/tools", token), 401, challenge("invalid_token", ALL, "tools"));
  }

  @Test
  void sessionCookie_isNoTokenForTheResource() throws IOException {
    String cookie = "Cookie: session=" + site.project().sessionCookie("alice");
    assertRefused(post("/tools", "", cookie), 401, challenge("invalid_token", ALL, "tools"));
  }

  @Test
  void token_ofTheResource_isNoneForThePlainApi() throws IOException {
    try (RawClient api = new RawClient(site.address().getPort())) {
      String bearer = "Authorization: Bearer " + token("alice", TOOLS, ALL);
      HttpMessage response = api.send("GET", "/auth", bearer);
      assertThat(response.status()).isEqualTo(401);
      assertThat(response.values("x-auth-reason")).containsExactly("wrong_audience");
    }
  }

  @Test
  void scopeMissing_namesAllThatTheLocationRequires() throws IOException {
    assertRefused(
        post("/tools", token("alice", TOOLS, "openid tools:use")),
        403,
        challenge("insufficient_scope", ALL, "tools"));
    assertRefused(
        post(
            "/tools",
            token("alice", TOOLS, "openid tools:write"),
            call("2026-07-28", "tools/list", "")),
        403,
        challenge("insufficient_scope", "openid tools:use", "tools"));
  }

  /** No client may open a browser for it. */
  @Test
  void roleMissing_isNoInsufficientScope() throws IOException {
    assertRefused(
        post("/notes", token("bob", NOTES, "openid")),
        403,
        "Bearer resource_metadata=\"" + METADATA + "notes\"");
    assertThat(post("/notes", token("alice", NOTES, "openid notes:use")).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-07-28, server/discover, ''",
    "2026-07-28, tools/list, ''",
    "2026-07-28, tools/call, search",
    "2026-07-28, tools/call, get_page"
  })
  void listedCall_needsLess(String version, String method, String name) throws IOException {
    String token = token("alice", TOOLS, "openid tools:use");
    assertThat(post("/tools", token, call(version, method, name)).status()).isEqualTo(200);
    assertThat(tools.requests()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-07-28, tools/call, delete",
    "2026-07-28, tools/call, Search",
    "2026-07-28, tools/call, searches",
    "2026-07-28, tools/call, xsearch",
    "2026-07-28, tools/call, search delete",
    "2026-07-28, tools/call, 'search,delete'",
    "2026-07-28, tools/call, =?base64?c2VhcmNo?=",
    "2026-07-28, tools/call, %73earch",
    "2026-07-28, tools/call, 's|earch'",
    "2026-07-28, tools/call, ''",
    "2026-07-28, Tools/Call, search",
    "2026-07-28, tools/list, search",
    "2026-07-28, resources/read, search",
    "2026-07-28, '', search",
    "2026-07-28, 'tools/call|search', ''",
    "2025-11-25, tools/call, search",
    "2026-07-29, tools/call, search",
    "DRAFT-2026-07-28, tools/call, search",
    "'', tools/call, search"
  })
  void unlistedCall_takesTheStrictestPolicy(String version, String method, String name)
      throws IOException {
    assertRefused(
        post("/tools", token("alice", TOOLS, "openid tools:use"), call(version, method, name)),
        403,
        challenge("insufficient_scope", ALL, "tools"));
    assertThat(post("/tools", token("alice", TOOLS, ALL), call(version, method, name)).status())
        .isEqualTo(200);
  }

  /** A server with an older protocol does not look at these headers. */
  @Test
  void callWithoutHeaders_takesTheStrictestPolicy() throws IOException {
    String token = token("alice", TOOLS, "openid tools:use");
    assertThat(post("/tools", token).status()).isEqualTo(403);
    assertThat(post("/tools", token, "Mcp-Name: search", "Mcp-Method: tools/call").status())
        .isEqualTo(403);
    assertThat(send("GET", "/tools", "Authorization: Bearer " + token).status()).isEqualTo(403);
    assertThat(send("DELETE", "/tools", "Authorization: Bearer " + token).status()).isEqualTo(403);
    assertThat(tools.requests()).isEmpty();
  }

  /** Whatever nginx looked at is all that the server gets. */
  @ParameterizedTest
  @CsvSource({
    "Mcp-Name: search, Mcp-Name: delete",
    "Mcp-Name: delete, Mcp-Name: search",
    "mcp-name: search, MCP-NAME: delete",
    "Mcp-Name: search, Mcp_Name: delete"
  })
  void doubledName_neverReachesTheServerTwice(String first, String second) throws IOException {
    HttpMessage response =
        post(
            "/tools",
            token("alice", TOOLS, "openid tools:use"),
            "Mcp-Protocol-Version: 2026-07-28",
            "Mcp-Method: tools/call",
            first,
            second);
    if (response.status() == 403) {
      assertThat(tools.requests()).isEmpty();
    } else {
      assertThat(tools.request().values("Mcp-Name")).containsExactly("search");
      assertThat(tools.request().values("Mcp_Name")).isEmpty();
    }
  }

  @Test
  void preflight_ofAListedOrigin_isAnswered() throws IOException {
    HttpMessage answer =
        send(
            "OPTIONS",
            "/tools",
            "Origin: " + ORIGIN,
            "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: authorization,mcp-name");
    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.values("Access-Control-Allow-Origin")).containsExactly(ORIGIN);
    assertThat(answer.values("Access-Control-Allow-Methods").getFirst()).contains("POST", "DELETE");
    assertThat(answer.values("Access-Control-Allow-Headers"))
        .containsExactly("authorization,mcp-name");
    assertThat(tools.requests()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://elsewhere.example",
        "https://inspector.example.com.evil.example",
        "https://xinspector.example.com",
        "http://inspector.example.com",
        "https://INSPECTOR.example.com",
        "https://inspectorxexample.com",
        "null"
      })
  void preflight_ofAnotherOrigin_isNotAllowed(String origin) throws IOException {
    HttpMessage answer =
        send("OPTIONS", "/tools", "Origin: " + origin, "Access-Control-Request-Method: POST");
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.values("Access-Control-Allow-Origin")).isEmpty();
    assertThat(answer.values("Access-Control-Allow-Methods")).isEmpty();
    assertThat(tools.requests()).isEmpty();
  }

  @Test
  void options_thatIsNoPreflight_isChecked() throws IOException {
    assertThat(send("OPTIONS", "/tools", "Origin: " + ORIGIN).status()).isEqualTo(401);
  }

  @ParameterizedTest
  @CsvSource({"'', 401", "openid, 403", "openid tools:use tools:write, 200"})
  void answer_isReadableForAPageOfAListedOrigin(String scope, int status) throws IOException {
    String token = scope.isEmpty() ? "" : token("alice", TOOLS, scope);
    HttpMessage answer = post("/tools", token, "Origin: " + ORIGIN);
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.values("Access-Control-Allow-Origin")).containsExactly(ORIGIN);
    assertThat(answer.values("Access-Control-Expose-Headers"))
        .containsExactly("WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version");
    assertThat(answer.values("Vary")).contains("Origin");
    assertThat(
            post("/tools", token, "Origin: https://x.example")
                .values("Access-Control-Allow-Origin"))
        .isEmpty();
  }

  @Test
  void serviceCannotDecide_is503AndNoChallenge() throws IOException {
    InetSocketAddress nobody;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
    }
    try (Nginx alone = Nginx.start(SHIPPED, nobody, tools.address(), conf -> conf)) {
      for (String path : List.of("/tools", "/notes")) {
        try (RawClient client = new RawClient(alone.port())) {
          HttpMessage answer = client.send("GET", path, "Origin: " + ORIGIN);
          assertThat(answer.status()).as(path).isEqualTo(503);
          assertThat(answer.values("WWW-Authenticate")).isEmpty();
          assertThat(answer.values("Retry-After")).containsExactly("5");
          assertThat(answer.values("Access-Control-Allow-Origin")).containsExactly(ORIGIN);
        }
      }
    }
    assertThat(tools.requests()).isEmpty();
  }

  /** The second event is not sent before the first one has arrived. */
  @Test
  void stream_isNotHeldBack() throws IOException, InterruptedException {
    String first = "data: 1\n\n";
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Nginx streaming =
            Nginx.start(
                SHIPPED,
                site.address(),
                new InetSocketAddress(server.getInetAddress(), server.getLocalPort()),
                conf -> conf);
        Socket client = new Socket(InetAddress.getLoopbackAddress(), streaming.port())) {
      client.setSoTimeout(20_000);
      String request =
          "GET /tools HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
              + token("alice", TOOLS, ALL)
              + "\r\n\r\n";
      client.getOutputStream().write(request.getBytes(ISO_8859_1));
      try (Socket backend = server.accept()) {
        String head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        backend.getOutputStream().write((head + first).getBytes(ISO_8859_1));
        assertThat(readUntil(client.getInputStream(), first)).contains("200 OK");
        backend.getOutputStream().write("data: 2\n\n".getBytes(ISO_8859_1));
        readUntil(client.getInputStream(), "data: 2\n\n");
      }
    }
  }

  private static String readUntil(InputStream in, String end) throws IOException {
    StringBuilder read = new StringBuilder();
    while (read.indexOf(end) < 0) {
      int octet = in.read();
      assertThat(octet).as(read.toString()).isNotNegative();
      read.append((char) octet);
    }
    return read.toString();
  }
}
