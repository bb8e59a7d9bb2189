package com.authgear.authrequest.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.SandboxClient.Answer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import okhttp3.RequestBody;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EchoBackendTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final EchoBackend backend = EchoBackend.start(0);
  private final SandboxClient client = new SandboxClient(backend.address());

  @AfterEach
  void stop() {
    client.close();
    backend.close();
  }

  private static JsonNode echo(Answer answer) throws IOException {
    assertThat(answer.status()).isEqualTo(200);
    return JSON.readTree(answer.body());
  }

  @Test
  void get_anyPath_listsWhatCame() throws IOException {
    JsonNode echo =
        echo(
            client.get(
                "/orders/7?expand=lines", "Authorization", "Bearer secret", "X-Mixed-Case", "v"));

    assertThat(echo.get("note").textValue()).contains("credentials included");
    assertThat(echo.get("method").textValue()).isEqualTo("GET");
    assertThat(echo.get("path").textValue()).isEqualTo("/orders/7");
    assertThat(echo.get("query").textValue()).isEqualTo("expand=lines");
    assertThat(echo.at("/headers/authorization/0").textValue()).isEqualTo("Bearer secret");
    assertThat(echo.at("/headers/x-mixed-case")).isEqualTo(JSON.readTree("[\"v\"]"));
    assertThat(echo.get("body_bytes").intValue()).isZero();
  }

  @Test
  void get_headerSentTwice_showsTwoValuesInOrder() throws IOException {
    JsonNode echo =
        echo(
            client.get(
                "/",
                "x-authgear-user-id",
                "one",
                "x_authgear_user_id",
                "underscores",
                "x-authgear-user-id",
                "two",
                "x-empty",
                ""));

    assertThat(echo.at("/headers/x-authgear-user-id"))
        .isEqualTo(JSON.readTree("[\"one\",\"two\"]"));
    assertThat(echo.at("/headers/x_authgear_user_id/0").textValue()).isEqualTo("underscores");
    assertThat(echo.at("/headers/x-empty")).isEqualTo(JSON.readTree("[\"\"]"));
  }

  @Test
  void post_oneMebibyte_countsTheBody() throws IOException {
    JsonNode echo = echo(client.send("POST", "/upload", RequestBody.create(new byte[1024 * 1024])));

    assertThat(echo.get("method").textValue()).isEqualTo("POST");
    assertThat(echo.get("body_bytes").intValue()).isEqualTo(1024 * 1024);
  }

  @Test
  void head_answersWithoutABody() throws IOException {
    Answer head = client.send("HEAD", "/x", null);

    assertThat(head.status()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.headers().get("Content-Type")).isEqualTo("application/json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"OPTIONS", "DELETE", "PURGE", "PROPFIND"})
  void anyMethod_isEchoed(String method) throws IOException {
    var body = method.equals("PROPFIND") ? RequestBody.create(new byte[0]) : null;

    assertThat(echo(client.send(method, "/x", body)).get("method").textValue()).isEqualTo(method);
  }

  /** Sent by hand: clients tidy such paths up, and do not shake hands without being asked to. */
  @Test
  void get_ambiguousPathAndWebSocketHandshake_areEchoed() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), backend.port())) {
      String request =
          """
          GET /a%2Fb/x;y/%2e%2e/c HTTP/1.1
          Host: x
          Connection: Upgrade
          Upgrade: websocket
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
          Sec-WebSocket-Version: 13

          """
              .replace("\n", "\r\n");
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      BufferedReader answer =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));

      assertThat(answer.readLine()).isEqualTo("HTTP/1.1 200 OK");
      String line = answer.readLine();
      while (line != null && !line.contains("\"path\"")) {
        line = answer.readLine();
      }
      assertThat(line).contains("\"/a%2Fb/x;y/%2e%2e/c\"");
    }
  }

  @Test
  void get_longHeader_isTaken() throws IOException {
    String token = "a".repeat(20_000);

    assertThat(echo(client.get("/", "Authorization", token)).at("/headers/authorization/0"))
        .isEqualTo(JSON.valueToTree(token));
  }

  @Test
  void connection_staysTheSameWhileKeptAlive() throws IOException {
    JsonNode one = echo(client.get("/")).get("connection");
    JsonNode two = echo(client.get("/")).get("connection");

    assertThat(two).isEqualTo(one);
    try (SandboxClient other = new SandboxClient(backend.address())) {
      assertThat(echo(other.get("/")).get("connection")).isNotEqualTo(one);
    }
  }
}
