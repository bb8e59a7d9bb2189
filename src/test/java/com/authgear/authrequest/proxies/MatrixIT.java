package com.authgear.authrequest.proxies;

import static com.authgear.authrequest.wire.RecordingServer.answer;
import static com.authgear.authrequest.wire.RecordingServer.answerWithBody;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.proxies.Backends.Area;
import com.authgear.authrequest.support.Programs;
import com.authgear.authrequest.support.ServiceWithSandbox;
import com.authgear.authrequest.wire.Http2Client;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import com.authgear.authrequest.wire.RecordingServer;
import com.authgear.authrequest.wire.Spoofed;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What was decided on is what the backend gets: paths × users × headers × proxies, with the shipped
 * files. The proxy's backend records what arrives; the same request line is then given to backends
 * that read paths in different ways. Two questions to each cell: did one of them serve what the
 * policy forbids, and did a header of the client arrive that only the proxy may write?
 */
@TestInstance(Lifecycle.PER_CLASS)
class MatrixIT {

  private final Map<ShippedProxy, RunningProxy> running = new EnumMap<>(ShippedProxy.class);
  private Backends backends;
  private ServiceWithSandbox site;
  private RecordingServer recorder;
  private String bob;

  @BeforeAll
  void start() throws IOException {
    backends = Backends.start();
    site = ServiceWithSandbox.start(ProxyContract.POLICIES);
    recorder = RecordingServer.start(MatrixIT::serve);
    bob = "Authorization: Bearer " + site.project().accessToken("bob");
  }

  @AfterAll
  void stop() throws IOException {
    running.values().forEach(RunningProxy::close);
    if (recorder != null) {
      recorder.close();
    }
    if (site != null) {
      site.close();
    }
    if (backends != null) {
      backends.close();
    }
  }

  private static String serve(HttpMessage request) {
    if (request.values("Upgrade").stream().anyMatch("websocket"::equalsIgnoreCase)) {
      return answer(
          101,
          "Upgrade: websocket",
          "Connection: Upgrade",
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
    return request.startLine().startsWith("HEAD ") ? answer(200) : answerWithBody(200, "backend");
  }

  private RunningProxy proxy(ShippedProxy shipped) {
    return running.computeIfAbsent(
        shipped, absent -> absent.start(site.address(), recorder.address()));
  }

  /** What the client got; null if the proxy hung up on it. */
  private @Nullable HttpMessage send(
      RunningProxy proxy, String method, String target, String... lines) throws IOException {
    recorder.reset(MatrixIT::serve);
    try (RawClient client = new RawClient(proxy.port())) {
      return client.send(method, target, lines);
    } catch (EOFException | SocketException hungUp) {
      return null;
    }
  }

  // ---- Paths

  @ParameterizedTest
  @EnumSource
  void noPath_leadsWhereTheUserMayNotBe(ShippedProxy shipped) throws IOException {
    RunningProxy proxy = proxy(shipped);
    List<String> holes = new ArrayList<>();
    for (String target : Paths.confusing()) {
      send(proxy, "GET", target);
      holes.addAll(holes(shipped, null, target));
      send(proxy, "GET", target, bob);
      holes.addAll(holes(shipped, "bob", target));
    }
    assertThat(holes).as(proxy::log).isEmpty();
  }

  private List<String> holes(ShippedProxy shipped, @Nullable String user, String target) {
    List<String> holes = new ArrayList<>();
    for (HttpMessage arrived : recorder.requests()) {
      Map<String, Area> served = backends.served(arrived.startLine());
      served.forEach(
          (backend, area) -> {
            if (!shipped.allows(user, area)) {
              holes.add(
                  String.format(
                      Locale.ROOT,
                      "%s by %s: %s, given \"%s\", serves %s",
                      target,
                      user == null ? "anonymous" : user,
                      backend,
                      arrived.startLine(),
                      area));
            }
          });
    }
    return holes;
  }

  @ParameterizedTest
  @EnumSource
  void legitimatePath_reachesTheBackendAsItCame(ShippedProxy shipped) throws IOException {
    List<String> wrong = new ArrayList<>();
    for (String target : Paths.legitimate().stream().filter(shipped::passesEncoded).toList()) {
      HttpMessage response = send(proxy(shipped), "GET", target, bob);
      List<String> arrived = recorder.requests().stream().map(HttpMessage::startLine).toList();
      if (response == null
          || response.status() != 200
          || !arrived.equals(List.of("GET " + shipped.passedOn(target) + " HTTP/1.1"))) {
        wrong.add(target + ": " + (response == null ? "-" : response.startLine()) + arrived);
      }
    }
    assertThat(wrong).isEmpty();
  }

  // ---- Headers

  private static final List<String> FACTS =
      List.of(
          "Forwarded",
          "X-Forwarded-For",
          "X-Forwarded-Host",
          "X-Forwarded-Method",
          "X-Forwarded-Path",
          "X-Forwarded-Port",
          "X-Forwarded-Prefix",
          "X-Forwarded-Proto",
          "X-Forwarded-Scheme",
          "X-Forwarded-Server",
          "X-Forwarded-Ssl",
          "X-Forwarded-Uri",
          "X-Original-Host",
          "X-Original-Method",
          "X-Original-URI",
          "X-Original-URL",
          "X-Real-IP",
          "X-Rewrite-URL");

  /** Where everyone comes in, and where users do. */
  private static final Map<String, Boolean> PLACES =
      Map.of("/public/x", false, "/x", true, "/catalog/x", true);

  @ParameterizedTest
  @EnumSource
  void noHeaderOfTheClient_arrivesInPlaceOfTheProxys(ShippedProxy shipped) throws IOException {
    List<String> arrived = new ArrayList<>();
    int passed = 0;
    for (UnaryOperator<String> spelling : Spoofed.spellings().toList()) {
      for (Map.Entry<String, Boolean> place : PLACES.entrySet()) {
        List<String> lines = new ArrayList<>();
        if (place.getValue()) {
          lines.add(bob);
        }
        FACTS.forEach(
            name -> lines.add(spelling.apply(name.toLowerCase(Locale.ROOT)) + ": spoofed"));
        lines.addAll(List.of(Spoofed.lines(spelling)));
        send(proxy(shipped), "GET", place.getKey(), lines.toArray(String[]::new));
        for (HttpMessage request : recorder.requests()) {
          passed++;
          request.fields().stream()
              .filter(field -> field.value().startsWith("spoofed"))
              .forEach(field -> arrived.add(place.getKey() + ": " + field));
        }
      }
    }
    assertThat(arrived).isEmpty();
    assertThat(passed).isGreaterThan(3);
  }

  /** What Connection names is removed by each hop that sees it, after the proxy has set it. */
  @ParameterizedTest
  @EnumSource
  void identityHeaderNamedInConnection_arrivesAllTheSame_orNothingDoes(ShippedProxy shipped)
      throws IOException {
    String every =
        Arrays.stream(IdentityHeader.values())
            .map(IdentityHeader::headerName)
            .collect(Collectors.joining(", "));
    for (String line : List.of("Connection: " + every, "Connection: keep-alive, " + every)) {
      HttpMessage response = send(proxy(shipped), "GET", "/x", bob, line);

      assertThat(response).isNotNull();
      assertThat(requireNonNull(response).status()).isIn(200, 400);
      if (response.status() == 400) {
        assertThat(recorder.requests()).isEmpty();
        continue;
      }
      assertThat(recorder.request().values("x-authgear-user-id"))
          .containsExactly(site.project().user("bob").id());
      assertThat(recorder.request().values("x-authgear-session-valid")).containsExactly("true");
      assertThat(recorder.request().values("Connection").toString()).doesNotContain("authgear");
    }
  }

  // ---- Upgrades

  private static final List<List<String>> UPGRADES =
      List.of(
          List.of("Upgrade: h2c"),
          List.of("Upgrade: H2C"),
          List.of("Upgrade: h2c, websocket"),
          List.of("Upgrade: websocket, h2c"),
          List.of("Upgrade: websocket,h2c"),
          List.of("Upgrade: websocket", "Upgrade: h2c"),
          List.of("Upgrade: h2c", "Upgrade: websocket"),
          List.of("Upgrade: websocket;h2c"),
          List.of("Upgrade: websocket/13"),
          List.of("Upgrade: TLS/1.0"),
          List.of("Upgrade: connect-udp"),
          List.of("Upgrade:\th2c"),
          List.of("Upgrade: \"h2c\""));

  /** Whoever gets another one through to a backend that takes it has a tunnel past the proxy. */
  @ParameterizedTest
  @EnumSource
  void noUpgradeButOneToWebSocket_arrives(ShippedProxy shipped) throws IOException {
    List<String> arrived = new ArrayList<>();
    for (List<String> upgrade : UPGRADES) {
      for (Map.Entry<String, Boolean> place : PLACES.entrySet()) {
        List<String> lines = new ArrayList<>(upgrade);
        lines.add("Connection: Upgrade, HTTP2-Settings");
        lines.add("HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA");
        lines.add("Sec-WebSocket-Version: 13");
        lines.add("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
        if (place.getValue()) {
          lines.add(bob);
        }
        send(proxy(shipped), "GET", place.getKey(), lines.toArray(String[]::new));
        for (HttpMessage request : recorder.requests()) {
          List<String> values = request.values("Upgrade");
          if (!values.isEmpty() && !values.equals(List.of("websocket"))) {
            arrived.add(upgrade + ": " + values);
          }
          if (!request.values("HTTP2-Settings").isEmpty()
              && request.values("Connection").toString().contains("HTTP2-Settings")) {
            arrived.add(upgrade + ": HTTP2-Settings");
          }
        }
      }
    }
    assertThat(arrived).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void webSocket_isATunnelForUsers_andOnlyForThem(ShippedProxy shipped) throws IOException {
    List<String> lines =
        List.of(
            "Connection: keep-alive, Upgrade",
            "Upgrade: WebSocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
    HttpMessage refused = send(proxy(shipped), "GET", "/x", lines.toArray(String[]::new));
    assertThat(refused).isNotNull().extracting(HttpMessage::status).isEqualTo(401);
    assertThat(recorder.requests()).isEmpty();

    List<String> user = new ArrayList<>(lines);
    user.add(bob);
    try (RawClient client = new RawClient(proxy(shipped).port())) {
      HttpMessage response = client.send("GET", "/x", user.toArray(String[]::new));
      assertThat(response.status()).as(response.toString()).isEqualTo(101);
      assertThat(client.echo("through the tunnel")).isEqualTo("through the tunnel");
    }
    assertThat(recorder.request().values("Upgrade").toString())
        .isEqualToIgnoringCase("[websocket]");
    assertThat(recorder.request().values("x-authgear-user-id"))
        .containsExactly(site.project().user("bob").id());
  }

  // ---- Bodies, HTTP/2

  @ParameterizedTest
  @EnumSource
  void fiveMegabytes_arrive(ShippedProxy shipped) throws IOException {
    String content = "0123456789abcdef".repeat(5 * 64 * 1024);
    recorder.reset(MatrixIT::serve);
    try (RawClient client = new RawClient(proxy(shipped).port())) {
      HttpMessage response =
          client.sendWithBody(content, "POST", "/x", bob, "Content-Length: " + content.length());
      assertThat(response.status()).isEqualTo(200);
    }
    assertThat(recorder.request().body()).isEqualTo(content);
  }

  @ParameterizedTest
  @EnumSource
  void overHttp2_legitimatePathsArrive_andNoneLeadsElsewhere(ShippedProxy shipped)
      throws IOException {
    assumeTrue(shipped.speaksHttp2(), "needs certificates");
    int port = proxy(shipped).port();
    List<String> holes = new ArrayList<>();
    for (String target : Paths.confusing()) {
      recorder.reset(MatrixIT::serve);
      Http2Client.get(port, target);
      holes.addAll(holes(shipped, null, target));
      recorder.reset(MatrixIT::serve);
      Http2Client.get(port, target, bob);
      holes.addAll(holes(shipped, "bob", target));
    }
    assertThat(holes).isEmpty();

    recorder.reset(MatrixIT::serve);
    List<String> legitimate = Paths.legitimate().stream().filter(shipped::passesEncoded).toList();
    for (String target : legitimate) {
      Http2Client.get(port, target, bob, "X_Authgear_User_Id: spoofed", "X-Real-IP: spoofed");
    }
    assertThat(recorder.requests())
        .extracting(HttpMessage::startLine)
        .containsExactlyElementsOf(
            legitimate.stream()
                .map(path -> "GET " + shipped.passedOn(path) + " HTTP/1.1")
                .toList());
    assertThat(recorder.requests().toString()).doesNotContain("spoofed");
  }

  // ---- The page for those who copied older files

  /** Each curl line of docs/copied-files.md prints what it says, and nothing evil arrives. */
  @Test
  void copiedFilesPage_linesPrintWhatTheySay() throws IOException, InterruptedException {
    Programs.require("curl");
    RunningProxy proxy = proxy(ShippedProxy.NGINX_POLICIES);
    List<String> lines =
        Files.readAllLines(Path.of("docs/copied-files.md")).stream()
            .filter(line -> line.startsWith("    "))
            .toList();
    assertThat(lines).hasSizeGreaterThan(10);
    recorder.reset(MatrixIT::serve);
    for (String line : lines) {
      ProcessBuilder shell = new ProcessBuilder("bash", "-c", line).redirectErrorStream(true);
      shell.environment().put("SITE", "http://127.0.0.1:" + proxy.port());
      shell.environment().put("TOKEN", bob.substring(bob.lastIndexOf(' ') + 1));
      Process process = shell.start();
      String printed = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
      process.waitFor();
      assertThat(printed).as(line).isEqualTo(line.substring(line.lastIndexOf('#') + 1).strip());
    }
    assertThat(recorder.requests().toString()).doesNotContain("evil");
    assertThat(
            recorder.requests().stream()
                .filter(request -> request.startLine().equals("GET /x HTTP/1.1"))
                .flatMap(request -> request.values("x-authgear-user-id").stream()))
        .containsExactly(site.project().user("bob").id());
  }
}
