package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Source;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;

class DecisionLogTest {

  private static final String NAME = DecisionLog.class.getName();

  private final CapturedLog captured = new CapturedLog(Logging.Format.TEXT, Level.INFO);
  private volatile Instant now = Instant.parse("2026-11-24T10:00:00Z");
  private final InstantSource clock = () -> now;
  private final DecisionLog log = new DecisionLog(captured.logger(NAME), clock);

  private static String line(String rest) {
    return "TIME WARN " + NAME + " request not decided " + rest;
  }

  private void keysUnavailable() {
    log.unavailable(Reason.KEYS_UNAVAILABLE, Source.JWT, "no keys yet");
  }

  @Test
  void unavailable_json_isOneRecord() {
    CapturedLog json = new CapturedLog(Logging.Format.JSON, Level.INFO);
    new DecisionLog(json.logger(NAME), clock)
        .unavailable(
            Reason.RESOLVER_ORIGIN_MISMATCH,
            Source.RESOLVER,
            "307 from http://authgear:3001\r\nset \"AUTHGEAR_ENDPOINT\"");

    assertThat(json.lines())
        .containsExactly(
            """
            {"time":"TIME","level":"WARN","logger":"NAME","message":"request not decided","reason":"resolver_origin_mismatch","verifier":"resolver","detail":"307 from http://authgear:3001\\r\\nset \\"AUTHGEAR_ENDPOINT\\"","left_out":0}\
            """
                .replace("NAME", NAME));
  }

  @Test
  void unavailable_text_isOneLine() {
    log.unavailable(
        Reason.BAD_REQUIREMENT, Source.NONE, "unknown key rol\r\n2026-11-24 INFO all is well");

    assertThat(captured.lines())
        .containsExactly(
            line(
                "reason=bad_requirement verifier=none"
                    + " detail=\"unknown key rol\\r\\n2026-11-24 INFO all is well\" left_out=0"));
  }

  @Test
  void unavailable_repeated_isLeftOutUntilTenSecondsHavePassed() {
    keysUnavailable();
    keysUnavailable();
    now = now.plusMillis(9_999);
    keysUnavailable();
    assertThat(captured.lines())
        .containsExactly(
            line("reason=keys_unavailable verifier=jwt detail=\"no keys yet\" left_out=0"));

    now = now.plusMillis(1);
    keysUnavailable();
    keysUnavailable();
    now = now.plus(DecisionLog.INTERVAL);
    keysUnavailable();
    assertThat(captured.lines())
        .containsExactly(
            line("reason=keys_unavailable verifier=jwt detail=\"no keys yet\" left_out=0"),
            line("reason=keys_unavailable verifier=jwt detail=\"no keys yet\" left_out=2"),
            line("reason=keys_unavailable verifier=jwt detail=\"no keys yet\" left_out=1"));
  }

  @Test
  void unavailable_otherReason_isNotLeftOut() {
    keysUnavailable();
    log.unavailable(Reason.OVERLOADED, Source.RESOLVER, "64 waiting");

    assertThat(captured.lines())
        .containsExactly(
            line("reason=keys_unavailable verifier=jwt detail=\"no keys yet\" left_out=0"),
            line("reason=overloaded verifier=resolver detail=\"64 waiting\" left_out=0"));
  }

  @Test
  void unavailable_clockSetBack_isNotSilenced() {
    keysUnavailable();
    now = now.minus(Duration.ofHours(1));
    keysUnavailable();

    assertThat(captured.lines()).hasSize(2);
  }

  @Test
  void unavailable_atEpoch_firstIsLogged() {
    now = Instant.EPOCH;
    keysUnavailable();

    assertThat(captured.lines()).hasSize(1);
  }

  @Test
  void unavailable_fromManyThreads_logsOneAndCountsTheOthers() throws Exception {
    int threads = 50;
    CountDownLatch start = new CountDownLatch(1);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < threads; i++) {
        var _ =
            executor.submit(
                () -> {
                  start.await();
                  keysUnavailable();
                  return true;
                });
      }
      start.countDown();
    }
    now = now.plus(DecisionLog.INTERVAL);
    keysUnavailable();

    assertThat(captured.lines())
        .containsExactly(
            line("reason=keys_unavailable verifier=jwt detail=\"no keys yet\" left_out=0"),
            line("reason=keys_unavailable verifier=jwt detail=\"no keys yet\" left_out=49"));
  }

  @Test
  void unavailable_detailWithTokens_namesNone() {
    log.unavailable(
        Reason.RESOLVER_BAD_ANSWER,
        Source.RESOLVER,
        "for eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl and"
            + " Bearer=AbCdEfGhIjKlMnOpQrStUvWxYz012345 of keyJars at"
            + " https://my-project-with-a-long-name.authgear.cloud/oauth2/jwks,"
            + " user e3079029-f123-4c56-80c1-c2cd63a5b6af");

    assertThat(captured.lines())
        .containsExactly(
            line(
                "reason=resolver_bad_answer verifier=resolver detail=\"for [token] and"
                    + " Bearer=[token] of keyJars at"
                    + " https://my-project-with-a-long-name.authgear.cloud/oauth2/jwks,"
                    + " user e3079029-f123-4c56-80c1-c2cd63a5b6af\" left_out=0"));
  }

  @Test
  void unavailable_longDetail_isCut() {
    log.unavailable(Reason.RESOLVER_ERROR, Source.RESOLVER, "ab ".repeat(1000));

    assertThat(captured.lines())
        .containsExactly(
            line(
                "reason=resolver_error verifier=resolver detail=\""
                    + "ab ".repeat(100)
                    + "...\" left_out=0"));
  }
}
