package com.authgear.authrequest.mcp;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.Installed;
import com.authgear.authrequest.support.Nginx;
import com.authgear.authrequest.support.Programs;
import com.authgear.authrequest.support.ServiceWithSandbox;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The scopes per tool of {@code nginx/mcp.conf} are decided by headers, and servers act on bodies.
 * Whoever may only read sends each kind of contradiction to each official server, behind a real
 * nginx; nothing may be written.
 */
@TestInstance(Lifecycle.PER_CLASS)
class McpHeadersIT {

  private static final String RESOURCE = "https://mcp.example.com/tools";
  private static final String READ = "openid tools:use";
  private static final String ALL = "openid tools:use tools:write";
  private static final String ENVELOPE =
      """
      "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",\
      "io.modelcontextprotocol/clientInfo":{"name":"x","version":"1"},\
      "io.modelcontextprotocol/clientCapabilities":{}}\
      """;

  /** Each of the servers: a tool that reads and one that writes. */
  enum Behind {
    /** With {@code legacy: 'stateless'}, the SDK's default. */
    TYPESCRIPT("search", "{\"text\":\"\"}", "put_page", "{\"name\":\"MARK\",\"text\":\"x\"}"),
    /** With {@code legacy: 'reject'}. */
    TYPESCRIPT_STRICT(
        "search", "{\"text\":\"\"}", "put_page", "{\"name\":\"MARK\",\"text\":\"x\"}"),
    PYTHON("list_notes", "{}", "add_note", "{\"text\":\"MARK\"}");

    private final String reads;
    private final String readArguments;
    private final String writes;
    private final String writeArguments;

    Behind(String reads, String readArguments, String writes, String writeArguments) {
      this.reads = reads;
      this.readArguments = readArguments;
      this.writes = writes;
      this.writeArguments = writeArguments;
    }

    McpServer start() throws IOException {
      return switch (this) {
        case TYPESCRIPT -> McpServer.typescript("/tools", "stateless");
        case TYPESCRIPT_STRICT -> McpServer.typescript("/tools", "reject");
        case PYTHON -> McpServer.python("/tools");
      };
    }

    private String call(String tool, String arguments, String meta) {
      return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\""
          + tool
          + "\",\"arguments\":"
          + arguments
          + (meta.isEmpty() ? "" : "," + meta)
          + "}}";
    }

    String read() {
      return call(reads, readArguments, ENVELOPE);
    }

    String write(String mark) {
      return call(writes, writeArguments.replace("MARK", mark), ENVELOPE);
    }

    String legacyWrite(String mark) {
      return call(writes, writeArguments.replace("MARK", mark), "");
    }
  }

  private final Map<Behind, McpServer> servers = new EnumMap<>(Behind.class);
  private final Map<Behind, Nginx> proxies = new EnumMap<>(Behind.class);
  private ServiceWithSandbox site;
  private final Map<Behind, List<String>> sessions = new EnumMap<>(Behind.class);
  private String reader;
  private String writer;

  @BeforeAll
  void start() throws IOException {
    site =
        ServiceWithSandbox.start(
            Map.of(
                "AUTHGEAR_POLICY_TOOLS",
                "resource=" + RESOURCE + "&scope=openid&scope=tools:use&scope=tools:write",
                "AUTHGEAR_POLICY_TOOLS_READ",
                "resource=" + RESOURCE + "&scope=openid&scope=tools:use",
                "AUTHGEAR_POLICY_NOTES",
                "resource=https://mcp.example.com/notes&scope=openid&scope=notes:use"));
    for (Behind behind : Behind.values()) {
      servers.put(behind, behind.start());
      proxies.put(behind, start(behind, UnaryOperator.identity()));
    }
    reader = token(READ);
    writer = token(ALL);
    for (Behind behind : Behind.values()) {
      sessions.put(behind, session(behind));
    }
  }

  /** The header of a session of 2025, where the server has such: without, it refuses such calls. */
  private List<String> session(Behind behind) throws IOException {
    String initialize =
        """
        {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",\
        "capabilities":{},"clientInfo":{"name":"x","version":"1"}}}\
        """;
    return post(behind, writer, initialize, List.of()).values("Mcp-Session-Id").stream()
        .map(id -> "Mcp-Session-Id: " + id)
        .toList();
  }

  private Nginx start(Behind behind, UnaryOperator<String> edit) {
    return start(Programs.require("nginx"), behind, edit);
  }

  private Nginx start(Path program, Behind behind, UnaryOperator<String> edit) {
    return Nginx.start(
        program,
        Path.of("nginx/mcp.conf"),
        site.address(),
        requireNonNull(servers.get(behind)).address(),
        conf -> edit.apply(conf.replace("(?:search|get_page)", behind.reads)));
  }

  @AfterAll
  void stop() throws IOException {
    proxies.values().forEach(Nginx::close);
    for (McpServer server : servers.values()) {
      server.close();
    }
    if (site != null) {
      site.close();
    }
  }

  private String token(String scope) {
    return site.project()
        .accessToken(
            "alice",
            TokenOptions.DEFAULTS
                .withAudience(List.of(RESOURCE))
                .withClientId("dcrc_client")
                .withScope(scope));
  }

  private HttpMessage post(Behind behind, String token, String body, List<String> lines)
      throws IOException {
    return post(requireNonNull(proxies.get(behind)), token, body, lines);
  }

  private static HttpMessage post(Nginx nginx, String token, String body, List<String> lines)
      throws IOException {
    List<String> all = new ArrayList<>(lines);
    all.add("Authorization: Bearer " + token);
    all.add("Accept: application/json, text/event-stream");
    if (lines.stream().noneMatch(line -> line.startsWith("Content-Type"))) {
      all.add("Content-Type: application/json");
    }
    all.add("Content-Length: " + body.length());
    all.add("Connection: close");
    try (RawClient client = new RawClient(nginx.port())) {
      return client.sendWithBody(body, "POST", "/tools", all.toArray(String[]::new));
    }
  }

  private static List<String> headers(String version, String method, String name) {
    return List.of(
        "Mcp-Protocol-Version: " + version, "Mcp-Method: " + method, "Mcp-Name: " + name);
  }

  private static List<String> honest(String tool) {
    return headers("2026-07-28", "tools/call", tool);
  }

  /** Without these two nothing is proved by what is refused. */
  @ParameterizedTest
  @EnumSource
  void readerReads_andWriterWrites(Behind behind) throws IOException {
    assertThat(post(behind, reader, behind.read(), honest(behind.reads)).status()).isEqualTo(200);
    HttpMessage written =
        post(behind, writer, behind.write("honest-" + behind), honest(behind.writes));
    assertThat(written.status()).isEqualTo(200);
    assertThat(everything(behind)).contains("honest-" + behind);
    HttpMessage refused = post(behind, reader, behind.write("refused"), honest(behind.writes));
    assertThat(refused.status()).isEqualTo(403);
  }

  /** All that a server has, by the tool that reads. */
  private String everything(Behind behind) throws IOException {
    return post(behind, writer, behind.read(), honest(behind.reads)).body();
  }

  /** What a request of somebody who may only read looks like. */
  private record Forgery(String what, List<String> headers, String body) {}

  private static Stream<Forgery> forgeries(Behind behind) {
    String reads = behind.reads;
    String writes = behind.writes;
    String encoded =
        "=?base64?" + Base64.getEncoder().encodeToString(writes.getBytes(US_ASCII)) + "?=";
    List<Forgery> forgeries = new ArrayList<>();
    // Names, in the newest version.
    for (String name :
        List.of(
            reads,
            encoded,
            writes,
            reads + "," + writes,
            writes + "," + reads,
            reads.toUpperCase(Locale.ROOT),
            "\"" + reads + "\"",
            reads + "\t",
            reads + ";" + writes,
            "")) {
      forgeries.add(
          new Forgery(
              "name " + name,
              headers("2026-07-28", "tools/call", name),
              behind.write("forged-name")));
    }
    // Methods, of the listed ones too.
    for (String method :
        List.of(
            "tools/list", "server/discover", "TOOLS/CALL", "initialize", "resources/read", "")) {
      for (String name : List.of("", reads, writes)) {
        forgeries.add(
            new Forgery(
                "method " + method + " " + name,
                headers("2026-07-28", method, name),
                behind.write("forged-method")));
        forgeries.add(
            new Forgery(
                "2025 body, method " + method + " " + name,
                headers("2026-07-28", method, name),
                behind.legacyWrite("forged-legacy-method")));
      }
    }
    // A body of another version than the headers, alone and in a batch.
    for (String version :
        List.of("2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "", "x")) {
      for (String body :
          List.of(
              behind.legacyWrite("forged-legacy"),
              "[" + behind.legacyWrite("forged-batch") + "]",
              "[" + behind.read() + "," + behind.legacyWrite("forged-batch") + "]",
              behind.write("forged-version"))) {
        forgeries.add(
            new Forgery("version " + version, headers(version, "tools/call", reads), body));
      }
    }
    // Twice, in either order; and in a spelling that CGI would take for the same.
    for (List<String> doubled :
        List.of(
            List.of("Mcp-Name: " + reads, "Mcp-Name: " + writes),
            List.of("Mcp-Name: " + writes, "Mcp-Name: " + reads),
            List.of("Mcp-Name: " + reads, "Mcp_Name: " + writes),
            List.of("Mcp_Name: " + reads, "Mcp-Name: " + writes),
            List.of("mcp-name: " + reads, "MCP-NAME: " + writes))) {
      List<String> lines = new ArrayList<>(doubled);
      lines.add("Mcp-Protocol-Version: 2026-07-28");
      lines.add("Mcp-Method: tools/call");
      forgeries.add(new Forgery("doubled " + doubled, lines, behind.write("forged-doubled")));
      forgeries.add(
          new Forgery("2025, doubled " + doubled, lines, behind.legacyWrite("forged-doubled")));
    }
    for (List<String> versions :
        List.of(List.of("2026-07-28", "2025-11-25"), List.of("2025-11-25", "2026-07-28"))) {
      List<String> lines = new ArrayList<>();
      versions.forEach(version -> lines.add("Mcp-Protocol-Version: " + version));
      lines.add("Mcp-Method: tools/call");
      lines.add("Mcp-Name: " + reads);
      forgeries.add(new Forgery("versions " + versions, lines, behind.legacyWrite("forged-two")));
      forgeries.add(new Forgery("versions " + versions, lines, behind.write("forged-two")));
    }
    // Which of two members of a name counts, may be another one for whoever compares.
    String twice =
        behind
            .write("forged-member")
            .replace("\"name\":\"" + writes, "\"name\":\"" + reads + "\",\"name\":\"" + writes);
    forgeries.add(new Forgery("member twice", honest(reads), twice));
    forgeries.add(
        new Forgery(
            "method twice",
            headers("2026-07-28", "tools/list", ""),
            behind
                .write("forged-member")
                .replace(
                    "\"method\":\"tools/call\"",
                    "\"method\":\"tools/list\",\"method\":\"tools/call\"")));
    forgeries.add(
        new Forgery(
            "method escaped",
            headers("2026-07-28", "tools/list", ""),
            behind.write("forged-member").replace("tools/call", "tools\\/call")));
    forgeries.add(
        new Forgery(
            "params twice",
            honest(reads),
            behind
                .write("forged-member")
                .replace("\"params\":", "\"params\":{\"name\":\"" + reads + "\"},\"params\":")));
    // The server must not take it for something else either.
    List<String> plain = new ArrayList<>(honest(reads));
    plain.add("Content-Type: text/plain");
    forgeries.add(new Forgery("text/plain", plain, behind.write("forged-type")));
    return forgeries.stream();
  }

  @ParameterizedTest
  @EnumSource
  void forgery_ofWhoMayOnlyRead_writesNothing(Behind behind) throws IOException {
    assertThat(written(behind, requireNonNull(proxies.get(behind)))).isEmpty();
  }

  /** Each forgery through which somebody who may only read has written. */
  private List<String> written(Behind behind, Nginx nginx) throws IOException {
    List<String> written = new ArrayList<>();
    String before = everything(behind);
    for (Forgery forgery : forgeries(behind).toList()) {
      List<String> lines = new ArrayList<>(forgery.headers());
      lines.addAll(requireNonNull(sessions.get(behind)));
      HttpMessage response = post(nginx, reader, forgery.body(), lines);
      String after = everything(behind);
      if (!after.equals(before)) {
        written.add(forgery.what() + " -> " + response.startLine());
      }
      before = after;
    }
    return written;
  }

  /** Since 1.23 nginx joins what comes twice; since 1.29.7 it keeps connections alive by itself. */
  @ParameterizedTest
  @EnumSource
  void forgery_throughTheCurrentNginx_writesNothing(Behind behind) throws IOException {
    try (Nginx nginx = start(Installed.currentNginx(), behind, UnaryOperator.identity())) {
      assertThat(post(nginx, reader, behind.read(), honest(behind.reads)).status()).isEqualTo(200);
      assertThat(written(behind, nginx)).isEmpty();
    }
  }

  /**
   * Why the version is part of the list, and what the setting is for where it is not: servers look
   * at these headers in the newest version only, and serve older ones too unless told otherwise.
   */
  @ParameterizedTest
  @EnumSource
  void listWithoutTheVersion_isAHole_whereOlderVersionsAreServed(Behind behind) throws IOException {
    try (Nginx nginx = start(behind, conf -> conf.replace("~^2026-07-28\\|", "~^[^|]*\\|"))) {
      List<String> written = written(behind, nginx);
      switch (behind) {
        case TYPESCRIPT, PYTHON -> assertThat(written).isNotEmpty();
        case TYPESCRIPT_STRICT -> assertThat(written).isEmpty();
      }
    }
  }

  /** The same bodies, from somebody who may write, are served: the forgeries are no nonsense. */
  @Test
  void bodiesOfTheForgeries_areServedToWhoMayWrite() throws IOException {
    for (Behind behind : List.of(Behind.TYPESCRIPT, Behind.PYTHON)) {
      List<String> lines = new ArrayList<>(requireNonNull(sessions.get(behind)));
      lines.addAll(headers("2025-11-25", "tools/call", behind.reads));
      HttpMessage legacy = post(behind, writer, behind.legacyWrite("legacy"), lines);
      assertThat(legacy.status()).as(legacy.body()).isEqualTo(200);
      assertThat(everything(behind)).contains("legacy");
    }
  }
}
