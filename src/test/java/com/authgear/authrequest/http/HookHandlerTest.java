package com.authgear.authrequest.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.Verification.Anonymous;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.Interval;
import com.authgear.authrequest.verify.changes.UserEvent;
import io.javalin.Javalin;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HookHandlerTest {

  private static final String SECRET = "a-secret-of-the-project";
  private static final String OTHER_SECRET = "another-secret-of-the-project";
  private static final String RECORDED_SECRET = "throwaway-webhook-secret-0123456";
  private static final String EVENT =
      """
      {"id": "0123456789abcdef", "seq": 42, "type": "user.disabled",
       "payload": {"user": {"id": "a11ce000", "is_disabled": true}},
       "context": {"timestamp": 1795521600}}
      """;

  /** As in production, but with few places and little patience. */
  private static final HookBodies.BodyLimits LIMITS =
      new HookBodies.BodyLimits(
          16, Duration.ofMillis(500), HookHandler.LIMITS.bytesPerSecond(), Duration.ofSeconds(60));

  private final HttpClient http = HttpClient.newHttpClient();
  private final Queue<HookResult> results = new ConcurrentLinkedQueue<>();
  private final Queue<UserEvent> events = new ConcurrentLinkedQueue<>();
  private final Queue<Long> passed = new ConcurrentLinkedQueue<>();
  private volatile boolean bug;
  private volatile ChangeMarks.Effect effect = ChangeMarks.Effect.MARKED;
  private final Javalin server =
      Servers.auth(
          new HookHandler(
              List.of(SECRET, OTHER_SECRET, RECORDED_SECRET),
              new HookHandler.Sink() {
                @Override
                public ChangeMarks.Effect learn(UserEvent event) {
                  if (bug) {
                    throw new IllegalStateException("a bug");
                  }
                  events.add(event);
                  return effect;
                }

                @Override
                public void pass(long seq, long at) {
                  passed.add(seq);
                }
              },
              results::add,
              nobody(),
              LIMITS),
          "127.0.0.1",
          0,
          null,
          null);

  private static AuthHandler nobody() {
    return new AuthHandler(
        new CredentialExtractor("", TokenCarriers.NONE),
        OriginalUri.UNTOLD,
        new Requirements(Map.of(), List.of("aud"), Set.of(), "aud"),
        new AuthHandlerTest.Answering(Anonymous::new, Anonymous::new),
        new AuthResponder(List.of(), 600),
        new AuthHandler.ResponseOptions(ProtectionSpace.UNNAMED, Duration.ZERO),
        InstantSource.system(),
        AuthHandlerTest.UNHEARD,
        Tracing.OFF);
  }

  @BeforeEach
  void start() {
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop();
  }

  private static String sign(byte[] body, String secret) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
    return HexFormat.of().formatHex(mac.doFinal(body));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
        .timeout(Duration.ofSeconds(20));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> post(byte[] body, String... signatures) throws Exception {
    HttpRequest.Builder request = request("/hooks/authgear").POST(BodyPublishers.ofByteArray(body));
    for (String signature : signatures) {
      request.header("x-authgear-body-signature", signature);
    }
    return send(request);
  }

  private void assertThatAnswered(HttpResponse<String> answer, int status, HookResult result) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).isEmpty();
    assertThat(results).containsExactly(result);
  }

  @Test
  void signedEvent_isTakenIn() throws Exception {
    byte[] body = EVENT.getBytes(UTF_8);
    assertThatAnswered(post(body, sign(body, SECRET)), 200, HookResult.ACCEPTED);
    assertThat(events)
        .containsExactly(new UserEvent("a11ce000", 42, 1_795_521_600, List.of(Interval.always())));
  }

  @Test
  void eventSignedWithTheOtherSecret_isTakenInToo() throws Exception {
    byte[] body = EVENT.getBytes(UTF_8);
    assertThatAnswered(post(body, sign(body, OTHER_SECRET)), 200, HookResult.ACCEPTED);
  }

  @Test
  void signedEventThatCameBefore_isADuplicate() throws Exception {
    effect = ChangeMarks.Effect.KNOWN;
    byte[] body = EVENT.getBytes(UTF_8);
    assertThatAnswered(post(body, sign(body, SECRET)), 200, HookResult.DUPLICATE);
  }

  @Test
  void signedEventOfLongAgo_isTooOld() throws Exception {
    effect = ChangeMarks.Effect.TOO_OLD;
    byte[] body = EVENT.getBytes(UTF_8);
    assertThatAnswered(post(body, sign(body, SECRET)), 200, HookResult.TOO_OLD);
  }

  @Test
  void signedUnknownEvent_isIgnored() throws Exception {
    byte[] body = EVENT.replace("user.disabled", "user.sneezed").getBytes(UTF_8);
    assertThatAnswered(post(body, sign(body, SECRET)), 200, HookResult.IGNORED);
    assertThat(events).isEmpty();
  }

  @Test
  void signedGarbage_is400() throws Exception {
    byte[] body = "not JSON".getBytes(UTF_8);
    assertThatAnswered(post(body, sign(body, SECRET)), 400, HookResult.MALFORMED);
  }

  @Test
  void signedEventWithoutAField_is400() throws Exception {
    byte[] body = EVENT.replace("\"seq\": 42,", "").getBytes(UTF_8);
    assertThatAnswered(post(body, sign(body, SECRET)), 400, HookResult.MALFORMED);
  }

  @Test
  void garbageWithoutAGoodSignature_is401AndNot400() throws Exception {
    byte[] body = "not JSON".getBytes(UTF_8);
    assertThatAnswered(post(body, sign(body, "another secret")), 401, HookResult.BAD_SIGNATURE);
  }

  @Test
  void signatureOfAnotherBody_is401() throws Exception {
    byte[] body = EVENT.getBytes(UTF_8);
    byte[] other = EVENT.replace("42", "43").getBytes(UTF_8);
    assertThatAnswered(post(body, sign(other, SECRET)), 401, HookResult.BAD_SIGNATURE);
    assertThat(events).isEmpty();
  }

  @Test
  void noSignature_is401() throws Exception {
    assertThatAnswered(post(EVENT.getBytes(UTF_8)), 401, HookResult.BAD_SIGNATURE);
  }

  @Test
  void signatureTwice_is401() throws Exception {
    byte[] body = EVENT.getBytes(UTF_8);
    String good = sign(body, SECRET);
    assertThatAnswered(post(body, good, good), 401, HookResult.BAD_SIGNATURE);
  }

  @Test
  void signatureInUpperCase_is401() throws Exception {
    byte[] body = EVENT.getBytes(UTF_8);
    assertThatAnswered(
        post(body, sign(body, SECRET).toUpperCase(Locale.ROOT)), 401, HookResult.BAD_SIGNATURE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
  void otherMethod_is405(String method) throws Exception {
    HttpResponse<String> answer =
        send(request("/hooks/authgear").method(method, BodyPublishers.noBody()));
    assertThatAnswered(answer, 405, HookResult.NOT_POST);
    assertThat(answer.headers().firstValue("allow")).hasValue("POST");
  }

  @Test
  void largestBody_isTakenInAndOneByteMoreIsNot() throws Exception {
    String padding = " ".repeat(HookHandler.MAX_BODY - EVENT.length());
    byte[] largest = (EVENT + padding).getBytes(UTF_8);
    assertThatAnswered(post(largest, sign(largest, SECRET)), 200, HookResult.ACCEPTED);
    results.clear();
    byte[] larger = (EVENT + padding + " ").getBytes(UTF_8);
    assertThat(raw(head(larger.length, sign(larger, SECRET)))).startsWith("HTTP/1.1 413 ");
    assertThat(results).containsExactly(HookResult.TOO_LARGE);
  }

  @Test
  void bodyOfUnknownLengthThatIsTooLarge_is413() throws Exception {
    String chunk = "10000\r\n" + " ".repeat(0x10000) + "\r\n";
    String answer =
        raw(
            "POST /hooks/authgear HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                + "x-authgear-body-signature: "
                + "0".repeat(64)
                + "\r\n\r\n"
                + chunk.repeat(HookHandler.MAX_BODY / 0x10000)
                + "1\r\n \r\n");
    assertThat(answer).startsWith("HTTP/1.1 413 ");
    assertThat(results).containsExactly(HookResult.TOO_LARGE);
  }

  @Test
  void bodyThatDoesNotCome_is408() throws Exception {
    assertThat(raw(head(100, "0".repeat(64)) + "{")).startsWith("HTTP/1.1 408 ");
    assertThat(results).containsExactly(HookResult.TIMEOUT);
  }

  @Test
  void bodyThatBreaksOff_isAborted() throws Exception {
    try (Socket socket = connect()) {
      socket.getOutputStream().write((head(100, "0".repeat(64)) + "{").getBytes(ISO_8859_1));
      socket.shutdownOutput();
      Awaitility.await().until(() -> !results.isEmpty());
    }
    assertThat(results).containsExactly(HookResult.ABORTED);
  }

  @Test
  void stalledBodies_delayNeitherDecisionsNorGenuineEvents() throws Exception {
    int stalled = 300;
    byte[] body = EVENT.getBytes(UTF_8);
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < stalled; i++) {
        Socket socket = connect();
        sockets.add(socket);
        // Nearly all of it, or nothing.
        int sent = i % 2 == 0 ? 200_000 : 0;
        socket
            .getOutputStream()
            .write((head(200_001, "0".repeat(64)) + " ".repeat(sent)).getBytes(ISO_8859_1));
        if (i % 100 == 99) {
          assertThat(send(request("/auth").GET()).statusCode()).isEqualTo(401);
          // In one piece, as Authgear and nginx send it.
          String genuine =
              head(body.length, sign(body, SECRET))
                      .replaceFirst("x\r\n", "x\r\nConnection: close\r\n")
                  + EVENT;
          assertThat(raw(genuine)).startsWith("HTTP/1.1 200 ");
        }
      }
      Awaitility.await().until(() -> results.size() == stalled + 3);
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    assertThat(results)
        .containsOnly(HookResult.ACCEPTED, HookResult.OVERLOADED, HookResult.TIMEOUT);
    assertThat(results.stream().filter(HookResult.ACCEPTED::equals)).hasSize(3);
    assertThat(events).hasSize(3);
    assertThat(results.stream().filter(HookResult.OVERLOADED::equals))
        .as("whoever did not fit made room")
        .hasSizeGreaterThanOrEqualTo(1);
  }

  @Test
  void bodyThatComesSteadily_isWaitedForLongerThanTheGrace() throws Exception {
    // Its first part allows it ten more seconds.
    int first = (int) (10 * LIMITS.bytesPerSecond());
    byte[] body = (EVENT + " ".repeat(first)).getBytes(UTF_8);
    try (Socket socket = connect()) {
      socket.setSoTimeout(20_000);
      OutputStream out = socket.getOutputStream();
      out.write(head(body.length, sign(body, SECRET)).getBytes(ISO_8859_1));
      out.write(body, 0, first);
      out.flush();
      // Another one that does not come is given up meanwhile.
      assertThat(raw(head(100, "0".repeat(64)) + "{")).startsWith("HTTP/1.1 408 ");
      out.write(body, first, body.length - first);
      out.flush();
      Awaitility.await().until(() -> results.size() == 2);
    }
    assertThat(results).containsExactly(HookResult.TIMEOUT, HookResult.ACCEPTED);
  }

  @Test
  void userWithAVeryLongAttribute_isDisabledAllTheSame() throws Exception {
    String nickname = "n".repeat(24 * 1024 * 1024);
    byte[] body =
        EVENT
            .replace(
                "\"is_disabled\"",
                "\"standard_attributes\": {\"nickname\": \"" + nickname + "\"}, \"is_disabled\"")
            .getBytes(UTF_8);
    assertThatAnswered(post(body, sign(body, SECRET)), 200, HookResult.ACCEPTED);
    assertThat(events).hasSize(1);
    results.clear();
    body[body.length / 2] = 'm';
    assertThatAnswered(
        post(body, sign(EVENT.getBytes(UTF_8), SECRET)), 401, HookResult.BAD_SIGNATURE);
    assertThat(events).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "identity.email.verified",
        "user.anonymization_scheduled",
        "user.anonymization_unscheduled",
        "user.anonymized",
        "user.deleted",
        "user.deletion_scheduled",
        "user.deletion_unscheduled",
        "user.disabled-temporary",
        "user.disabled",
        "user.profile.updated",
        "user.reenabled"
      })
  void recordedEvent_isTakenInAsItWasSent(String name) throws Exception {
    String answer = raw(recorded(name));
    assertThat(answer).startsWith("HTTP/1.1 200 ");
    assertThat(results).containsExactly(HookResult.ACCEPTED);
    assertThat(events).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"user.authenticated", "user.created"})
  void recordedEventThatChangesNothing_isIgnored(String name) throws Exception {
    assertThat(raw(recorded(name))).startsWith("HTTP/1.1 200 ");
    assertThat(results).containsExactly(HookResult.IGNORED);
    assertThat(passed).hasSize(1);
  }

  private static String recorded(String name) throws IOException {
    String[] parts =
        Files.readString(
                Path.of("src/test/resources/recorded/webhook-" + name + ".http"), ISO_8859_1)
            .split("\n\n", 2);
    return parts[0].replace("POST /hook ", "POST /hooks/authgear ").replace("\n", "\r\n")
        + "\r\nConnection: close\r\n\r\n"
        + parts[1];
  }

  @Test
  void otherPaths_goOn() throws Exception {
    assertThat(send(request("/auth").GET()).statusCode()).isEqualTo(401);
    assertThat(send(request("/hooks/other").GET()).statusCode()).isEqualTo(404);
    assertThat(results).isEmpty();
  }

  @Test
  void bug_is500AndTheNextCallIsAnswered() throws Exception {
    bug = true;
    byte[] body = EVENT.getBytes(UTF_8);
    assertThat(post(body, sign(body, SECRET)).statusCode()).isEqualTo(500);
    bug = false;
    assertThat(post(body, sign(body, SECRET)).statusCode()).isEqualTo(200);
    assertThat(results).containsExactly(HookResult.FAILED, HookResult.ACCEPTED);
  }

  private static String head(int length, String signature) {
    return "POST /hooks/authgear HTTP/1.1\r\nHost: x\r\nContent-Length: "
        + length
        + "\r\nx-authgear-body-signature: "
        + signature
        + "\r\n\r\n";
  }

  private Socket connect() throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), server.port());
  }

  /** Sends bytes, then reads until the server closes the connection. */
  private String raw(String request) throws IOException {
    try (Socket socket = connect()) {
      socket.setSoTimeout(20_000);
      OutputStream out = socket.getOutputStream();
      out.write(request.getBytes(ISO_8859_1));
      out.flush();
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }
}
