package com.authgear.authrequest.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.verify.changes.FollowMessage;
import com.authgear.authrequest.verify.changes.Heartbeat;
import com.authgear.authrequest.verify.changes.UserEvent;
import io.javalin.Javalin;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FollowHandlerTest {

  private static final String SECRET = "a-secret-of-followers";
  private static final String ME = "this-process";

  private final HttpClient http = HttpClient.newHttpClient();
  private final SettableClock clock = new SettableClock();
  private final Queue<FollowResult> results = new ConcurrentLinkedQueue<>();
  private final Queue<FollowMessage> taken = new ConcurrentLinkedQueue<>();
  private volatile boolean bug;
  private final Javalin server =
      Servers.auth(
          new FollowHandler(SECRET, ME, this::take, results::add, clock, new Elsewhere()),
          "127.0.0.1",
          0,
          null,
          null);

  /** Answers what is for no hook. */
  private static final class Elsewhere extends Handler.Wrapper {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      response.setStatus(204);
      callback.succeeded();
      return true;
    }
  }

  private void take(FollowMessage message) {
    if (bug) {
      throw new IllegalStateException("a bug");
    }
    taken.add(message);
  }

  @BeforeEach
  void start() {
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop();
    http.close();
  }

  private static FollowMessage message(String instance) {
    return new FollowMessage(
        instance,
        List.of(UserEvent.signedOut("alice", 3, 1_000)),
        new Heartbeat("f", SettableClock.START_SECONDS * 1000, 0, 900));
  }

  private static String sign(String time, byte[] body, String secret) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
    mac.update((time + ".").getBytes(UTF_8));
    return HexFormat.of().formatHex(mac.doFinal(body));
  }

  private HttpRequest.Builder request() {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/hooks/follow"))
        .timeout(Duration.ofSeconds(20));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String text, String time, String secret) throws Exception {
    byte[] body = text.getBytes(UTF_8);
    return send(
        request()
            .header(FollowHandler.TIME, time)
            .header(FollowHandler.SIGNATURE, sign(time, body, secret))
            .POST(BodyPublishers.ofByteArray(body)));
  }

  private HttpResponse<String> post(String text) throws Exception {
    return post(text, Long.toString(clock.millis()), SECRET);
  }

  private void assertRefused(HttpResponse<String> response, int status, FollowResult result) {
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.headers().firstValue(FollowHandler.INSTANCE)).isEmpty();
    assertThat(results).containsExactly(result);
    assertThat(taken).isEmpty();
  }

  @Test
  void post_signed_isTakenIn() throws Exception {
    HttpResponse<String> response = post(message(ME).text());

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue(FollowHandler.INSTANCE)).hasValue(ME);
    assertThat(response.body()).isEmpty();
    assertThat(taken).containsExactly(message(ME));
    assertThat(results).containsExactly(FollowResult.ACCEPTED);
  }

  @Test
  void post_forAnotherProcess_itsHeartbeatDoesNotCount() throws Exception {
    HttpResponse<String> response = post(message("another-process").text());

    assertThat(response.headers().firstValue(FollowHandler.INSTANCE)).hasValue(ME);
    assertThat(taken).containsExactly(message("another-process").withoutHeartbeat());
    assertThat(results).containsExactly(FollowResult.OTHER_INSTANCE);
  }

  @Test
  void post_signedWithAnotherSecret_isRefused() throws Exception {
    assertRefused(
        post(message(ME).text(), Long.toString(clock.millis()), "another-secret"),
        401,
        FollowResult.BAD_SIGNATURE);
  }

  @Test
  void post_signedForAnotherTime_isRefused() throws Exception {
    byte[] body = message(ME).text().getBytes(UTF_8);
    String signature = sign(Long.toString(clock.millis() - 1), body, SECRET);
    assertRefused(
        send(
            request()
                .header(FollowHandler.TIME, Long.toString(clock.millis()))
                .header(FollowHandler.SIGNATURE, signature)
                .POST(BodyPublishers.ofByteArray(body))),
        401,
        FollowResult.BAD_SIGNATURE);
  }

  @Test
  void post_oneByteOfTheBodyIsAnother_isRefused() throws Exception {
    String time = Long.toString(clock.millis());
    String text = message(ME).text();
    String signature = sign(time, text.getBytes(UTF_8), SECRET);
    assertRefused(
        send(
            request()
                .header(FollowHandler.TIME, time)
                .header(FollowHandler.SIGNATURE, signature)
                .POST(BodyPublishers.ofString(text.replace("alice", "alicf")))),
        401,
        FollowResult.BAD_SIGNATURE);
  }

  @ParameterizedTest
  @ValueSource(longs = {-300_001, 300_001})
  void post_ofAnOldOrALaterTime_isRefused(long away) throws Exception {
    assertRefused(
        post(message(ME).text(), Long.toString(clock.millis() + away), SECRET),
        401,
        FollowResult.WRONG_TIME);
  }

  @ParameterizedTest
  @ValueSource(longs = {-300_000, 300_000})
  void post_withinFiveMinutes_isTakenIn(long away) throws Exception {
    assertThat(post(message(ME).text(), Long.toString(clock.millis() + away), SECRET).statusCode())
        .isEqualTo(200);
  }

  @Test
  void post_again_isTakenInAgain_asNothingInItIsNewThen() throws Exception {
    for (int i = 0; i < 3; i++) {
      assertThat(post(message(ME).text()).statusCode()).isEqualTo(200);
    }
    assertThat(taken).containsOnly(message(ME));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "1.5", " 1", "1e3", "1795886994000000", "none"})
  void post_timeOfAnotherForm_isRefused(String time) throws Exception {
    byte[] body = message(ME).text().getBytes(UTF_8);
    assertRefused(
        send(
            request()
                .header(FollowHandler.TIME, time)
                .header(FollowHandler.SIGNATURE, sign(time, body, SECRET))
                .POST(BodyPublishers.ofByteArray(body))),
        401,
        FollowResult.BAD_SIGNATURE);
  }

  @Test
  void post_withoutSignature_orWithTwo_isRefused() throws Exception {
    String time = Long.toString(clock.millis());
    byte[] body = message(ME).text().getBytes(UTF_8);
    String good = sign(time, body, SECRET);
    BodyPublisher publisher = BodyPublishers.ofByteArray(body);
    List<HttpRequest.Builder> requests =
        List.of(
            request().header(FollowHandler.TIME, time),
            request().header(FollowHandler.SIGNATURE, good),
            request()
                .header(FollowHandler.TIME, time)
                .header(FollowHandler.SIGNATURE, good)
                .header(FollowHandler.SIGNATURE, good),
            request()
                .header(FollowHandler.TIME, time)
                .header(FollowHandler.TIME, time)
                .header(FollowHandler.SIGNATURE, good),
            request().header(FollowHandler.TIME, time).header(FollowHandler.SIGNATURE, "0000"));
    for (HttpRequest.Builder one : requests) {
      assertThat(send(one.POST(publisher)).statusCode()).isEqualTo(401);
    }
    assertThat(results).containsOnly(FollowResult.BAD_SIGNATURE).hasSize(requests.size());
    assertThat(taken).isEmpty();
  }

  @Test
  void post_tooLarge_isRefusedByItsLengthAndByWhatComes() throws Exception {
    String text = message(ME).text() + "x".repeat(FollowHandler.MAX_BODY);
    assertRefused(post(text), 413, FollowResult.TOO_LARGE);
    results.clear();
    String time = Long.toString(clock.millis());
    byte[] body = text.getBytes(UTF_8);
    assertRefused(
        send(
            request()
                .header(FollowHandler.TIME, time)
                .header(FollowHandler.SIGNATURE, sign(time, body, SECRET))
                .POST(BodyPublishers.fromPublisher(BodyPublishers.ofByteArray(body)))),
        413,
        FollowResult.TOO_LARGE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "to 2 x\n", "to 1 this-process\nnonsense\n", "{}"})
  void post_signedButOfAnotherForm_isMalformed(String text) throws Exception {
    assertRefused(post(text), 400, FollowResult.MALFORMED);
  }

  @Test
  void otherMethods_areNotAllowed() throws Exception {
    HttpResponse<String> response = send(request().GET());
    assertRefused(response, 405, FollowResult.NOT_POST);
    assertThat(response.headers().firstValue("Allow")).hasValue("POST");
  }

  @Test
  void post_bug_isNoSuccess() throws Exception {
    bug = true;
    assertRefused(post(message(ME).text()), 500, FollowResult.FAILED);
  }

  @Test
  void otherPaths_goOn() throws Exception {
    URI elsewhere = URI.create("http://127.0.0.1:" + server.port() + "/hooks/follow/more");
    assertThat(send(HttpRequest.newBuilder(elsewhere)).statusCode()).isEqualTo(204);
    assertThat(results).isEmpty();
  }
}
