package com.authgear.authrequest.commands;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.JavaProgram;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged program as a process: how it starts and how it stops. */
class ProcessIT {

  private final HttpClient http = HttpClient.newHttpClient();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()));
  private final int port = FreePort.find();
  private final int managementPort = FreePort.find();
  private @Nullable Process process;

  private Process run(Map<String, String> settings) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(JavaProgram.service(List.of()));
    builder.environment().keySet().removeIf(key -> key.startsWith("AUTHGEAR_"));
    builder.environment().putAll(settings);
    return builder.redirectErrorStream(true).start();
  }

  private Process serve() throws IOException {
    return serve("");
  }

  private Process serve(String jvmOption) throws IOException {
    Process started = run(settings(Map.of("JAVA_TOOL_OPTIONS", jvmOption)));
    process = started;
    return started;
  }

  private Map<String, String> settings(Map<String, String> further) {
    Map<String, String> settings = new HashMap<>(further);
    settings.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    settings.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    settings.put("AUTHGEAR_LISTEN", "127.0.0.1:" + port);
    settings.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:" + managementPort);
    settings.put("AUTHGEAR_RESOLVER_TIMEOUT", "20s");
    settings.put("AUTHGEAR_DRAIN", "20s");
    return settings;
  }

  /** What systemd waits for in a unit with {@code Type=notify}; Java cannot receive it. */
  @Test
  void start_underSystemd_saysThatItListens(@TempDir Path folder) throws Exception {
    Path socket = folder.resolve("notify");
    String receive =
        """
        import socket, sys
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind(sys.argv[1])
        s.settimeout(60)
        print("bound", flush=True)
        print(s.recv(100).decode(), flush=True)
        """;
    Process systemd =
        new ProcessBuilder("python3", "-c", receive, socket.toString())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader received = systemd.inputReader()) {
      assertThat(received.readLine()).isEqualTo("bound");
      process = run(settings(Map.of("NOTIFY_SOCKET", socket.toString())));

      assertThat(received.readLine()).isEqualTo("READY=1");
    } finally {
      systemd.destroyForcibly();
    }
  }

  @AfterEach
  void stop() {
    if (process != null) {
      process.destroyForcibly();
    }
    sandbox.close();
  }

  private HttpRequest auth(String token) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/auth"))
        .header("Authorization", "Bearer " + token)
        .build();
  }

  private HttpResponse<String> ready() throws Exception {
    return management("/readyz");
  }

  private HttpResponse<String> management(String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort + path)).build(),
        BodyHandlers.ofString());
  }

  private void awaitReady(int status) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .ignoreException(ConnectException.class)
        .until(() -> ready().statusCode() == status);
  }

  @Test
  void authgearUnreachable_startsUnreadyAndBecomesReadyByItself() throws Exception {
    String token = sandbox.project().accessToken("alice", TokenOptions.DEFAULTS);
    sandbox.suspend();
    var _ = serve();
    awaitReady(503);
    assertThat(ready().body()).startsWith("not ready: cannot reach " + sandbox.origin());
    Awaitility.await()
        .ignoreException(ConnectException.class)
        .until(() -> http.send(auth(token), BodyHandlers.ofString()) != null);
    HttpResponse<String> answer = http.send(auth(token), BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("x-auth-reason")).hasValue("keys_unavailable");
    sandbox.resume();
    awaitReady(200);
    assertThat(http.send(auth(token), BodyHandlers.ofString()).statusCode()).isEqualTo(200);
  }

  @Test
  void trustStoreThatCannotBeRead_isSaidWithoutAStackTraceAndExitsWithOne(@TempDir Path folder)
      throws Exception {
    Path store = Files.writeString(folder.resolve("store"), "no key store");
    Process service = serve("-Djavax.net.ssl.trustStore=" + store);

    assertThat(problemsOf(service))
        .singleElement()
        .asString()
        .matches("TLS cannot be set up: .*; check javax.net.ssl.trustStore");
  }

  @Test
  void sigterm_finishesWhatIsInFlightAndExitsWithZero() throws Exception {
    Process service = serve();
    awaitReady(200);
    String opaque = sandbox.project().opaqueToken("alice", TokenOptions.DEFAULTS);
    sandbox.breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Hang(Duration.ofSeconds(60)));
    CompletableFuture<HttpResponse<String>> inFlight =
        http.sendAsync(auth(opaque), BodyHandlers.ofString());
    Awaitility.await().until(() -> sandbox.calls(AuthgearEndpoint.RESOLVER) == 1);
    assertThat(management("/metrics").body())
        .contains("\nauthgear_auth_resolver_calls_in_flight 1.0\n")
        .contains("\nauthgear_auth_requests_waiting 1.0\n");
    service.destroy();
    awaitReady(503);
    assertThat(ready().body()).contains("draining");
    sandbox.repair(AuthgearEndpoint.RESOLVER);
    assertThat(inFlight.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    assertThat(service.waitFor(15, TimeUnit.SECONDS)).isTrue();
    assertThat(service.exitValue()).isZero();
  }

  @Test
  void occupiedPort_isOneLineOfTheLogWithAddressAndSetting_andExitsWithOne() throws Exception {
    try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      assertThat(problemsOf(serve()))
          .containsExactly(
              "cannot listen on 127.0.0.1:" + port + " (AUTHGEAR_LISTEN): Address already in use");
    }
  }

  @Test
  void occupiedManagementPort_namesItsOwnSetting() throws Exception {
    try (ServerSocket _ = new ServerSocket(managementPort, 1, InetAddress.getLoopbackAddress())) {
      assertThat(problemsOf(serve()))
          .containsExactly(
              "cannot listen on 127.0.0.1:"
                  + managementPort
                  + " (AUTHGEAR_MANAGEMENT_LISTEN): Address already in use");
    }
  }

  @Test
  void occupiedPort_isALineOfTextInALogOfText() throws Exception {
    try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      Process service =
          run(
              Map.of(
                  "AUTHGEAR_ENDPOINT",
                  sandbox.origin(),
                  "AUTHGEAR_LISTEN",
                  "127.0.0.1:" + port,
                  "AUTHGEAR_LOG_FORMAT",
                  "text"));
      process = service;
      String output = new String(service.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(service.waitFor()).isEqualTo(1);
      assertThat(output).doesNotContain("Javalin", "{");
      assertThat(output.lines().filter(line -> line.contains(" ERROR ")))
          .singleElement()
          .asString()
          .contains(" cannot start ", "127.0.0.1:" + port + " (AUTHGEAR_LISTEN)");
    }
  }

  /** What a start that must fail says at level ERROR, if all of its output is JSON. */
  private static List<String> problemsOf(Process service) throws Exception {
    String output = new String(service.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(service.waitFor()).isEqualTo(1);
    assertThat(output).doesNotContain("Javalin", "\\tat ");
    List<String> problems = new ArrayList<>();
    for (String line : output.lines().filter(each -> !each.startsWith("Picked up")).toList()) {
      JsonNode event = new ObjectMapper().readTree(line);
      if (event.path("level").textValue().equals("ERROR")) {
        assertThat(event.path("message").textValue()).isEqualTo("cannot start");
        problems.add(event.path("problem").textValue());
      }
    }
    return problems;
  }

  @Test
  void badSettings_areReportedTogetherAndExitWithOne() throws Exception {
    Process service = run(Map.of("AUTHGEAR_MODE", "fast", "AUTHGEAR_ENDPIONT", "https://x"));
    String output = new String(service.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(service.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(service.exitValue()).isEqualTo(1);
    assertThat(output).contains("AUTHGEAR_MODE", "AUTHGEAR_ENDPIONT", "AUTHGEAR_ENDPOINT");
  }
}
