package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.settings.LogFormat;
import com.authgear.authrequest.settings.LogLevel;
import com.authgear.authrequest.telemetry.DecisionLog.Context;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class DecisionLogTest {

  private static final String NAME = DecisionLog.class.getName();
  private static final Context CONTEXT = new Context("r-1", "", "192.0.2.7", "", "", "");

  private final CapturedLog captured = new CapturedLog(LogFormat.TEXT, LogLevel.INFO);
  private volatile Instant now = Instant.parse("2026-11-24T10:00:00Z");
  private final InstantSource clock = () -> now;
  private final DecisionLog log = new DecisionLog(captured.logger(NAME), clock, false);

  private void expired(int times) {
    for (int i = 0; i < times; i++) {
      log.decided(Reason.EXPIRED, VerifiedBy.JWT, () -> CONTEXT);
    }
  }

  private static String expiredLine(int leftOut) {
    return "TIME INFO "
        + NAME
        + " request denied reason=expired verifier=jwt request_id=r-1 client=192.0.2.7 left_out="
        + leftOut;
  }

  @Test
  void decided_denialInJson_isOneWholeRecord() {
    CapturedLog json = new CapturedLog(LogFormat.JSON, LogLevel.INFO);
    new DecisionLog(json.logger(NAME), clock, false)
        .decided(
            Reason.ROLE_MISSING,
            VerifiedBy.RESOLVER,
            () ->
                new Context(
                    "r-1",
                    "0af7651916cd43dd8448eb211c80319c",
                    "192.0.2.7",
                    "admin",
                    "u-1",
                    "a\r\nb \"c\""));

    assertThat(json.lines())
        .containsExactly(
            """
            {"time":"TIME","level":"INFO","logger":"NAME","message":"request denied","reason":"role_missing","verifier":"resolver","policy":"admin","request_id":"r-1","trace_id":"0af7651916cd43dd8448eb211c80319c","client":"192.0.2.7","user_id":"u-1","detail":"a\\r\\nb \\"c\\"","left_out":0}\
            """
                .replace("NAME", NAME));
  }

  @Test
  void decided_unavailableInText_isOneLineAtWarn() {
    log.decided(
        Reason.BAD_REQUIREMENT,
        VerifiedBy.NONE,
        () ->
            new Context(
                "r-1", "", "::1", "", "", "unknown key rol\r\n2026-11-24 INFO all is well"));

    assertThat(captured.lines())
        .containsExactly(
            "TIME WARN "
                + NAME
                + " request not decided reason=bad_requirement verifier=none request_id=r-1"
                + " client=::1 detail=\"unknown key rol\\r\\n2026-11-24 INFO all is well\""
                + " left_out=0");
  }

  @Test
  void decided_allowed_hasALineOnlyIfAskedFor() {
    log.decided(null, VerifiedBy.JWT, () -> CONTEXT);
    assertThat(captured.lines()).isEmpty();

    DecisionLog whole = new DecisionLog(captured.logger(NAME), clock, true);
    for (int i = 0; i < DecisionLog.LINES + 1; i++) {
      whole.decided(null, VerifiedBy.JWT, () -> CONTEXT);
    }
    assertThat(captured.lines())
        .isEqualTo(
            Collections.nCopies(
                DecisionLog.LINES + 1,
                "TIME INFO "
                    + NAME
                    + " request allowed verifier=jwt request_id=r-1 client=192.0.2.7"));
  }

  @Test
  void decided_tooMany_areLeftOutAndCountedInTheNextLine() {
    expired(DecisionLog.LINES + 2);
    now = now.plus(DecisionLog.INTERVAL).minusMillis(1);
    expired(1);
    assertThat(captured.lines()).isEqualTo(Collections.nCopies(DecisionLog.LINES, expiredLine(0)));

    now = now.plusMillis(1);
    expired(2);
    List<String> lines = captured.lines();
    assertThat(lines.subList(DecisionLog.LINES, lines.size()))
        .containsExactly(expiredLine(3), expiredLine(0));
  }

  @Test
  void decided_otherReason_hasItsOwnLines() {
    expired(DecisionLog.LINES);
    log.decided(Reason.OVERLOADED, VerifiedBy.RESOLVER, () -> CONTEXT);

    assertThat(captured.lines())
        .hasSize(DecisionLog.LINES + 1)
        .last()
        .asString()
        .contains("reason=overloaded", "left_out=0");
  }

  @Test
  void decided_clockSetBack_isNotSilenced() {
    expired(DecisionLog.LINES + 1);
    now = now.minus(Duration.ofHours(1));
    expired(1);

    assertThat(captured.lines()).hasSize(DecisionLog.LINES + 1).last().isEqualTo(expiredLine(1));
  }

  @Test
  void decided_leftOut_isNotEvenPutTogether() {
    expired(DecisionLog.LINES);
    log.decided(
        Reason.EXPIRED,
        VerifiedBy.JWT,
        () -> {
          throw new AssertionError("asked for");
        });
    assertThat(captured.lines()).hasSize(DecisionLog.LINES);
  }

  @Test
  void decided_fromManyThreads_losesNone() throws Exception {
    int threads = 50;
    CountDownLatch start = new CountDownLatch(1);
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < threads; i++) {
        var _ =
            executor.submit(
                () -> {
                  start.await();
                  expired(1);
                  return true;
                });
      }
      start.countDown();
    }
    now = now.plus(DecisionLog.INTERVAL);
    expired(1);

    assertThat(captured.lines())
        .hasSize(DecisionLog.LINES + 1)
        .last()
        .isEqualTo(expiredLine(threads - DecisionLog.LINES));
  }

  @Test
  void decided_detailWithTokens_namesNone() {
    log.decided(
        Reason.RESOLVER_BAD_ANSWER,
        VerifiedBy.RESOLVER,
        () ->
            new Context(
                "",
                "",
                "",
                "",
                "",
                "for eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl and"
                    + " Bearer=AbCdEfGhIjKlMnOpQrStUvWxYz012345 of keyJars, user"
                    + " e3079029-f123-4c56-80c1-c2cd63a5b6af"));

    assertThat(captured.lines())
        .singleElement()
        .asString()
        .endsWith(
            "verifier=resolver detail=\"for [token] and Bearer=[token] of keyJars, user"
                + " e3079029-f123-4c56-80c1-c2cd63a5b6af\" left_out=0");
  }

  @Test
  void decided_longDetail_isCut() {
    log.decided(
        Reason.RESOLVER_ERROR,
        VerifiedBy.RESOLVER,
        () -> new Context("", "", "", "", "", "ab ".repeat(1000)));

    assertThat(captured.lines())
        .singleElement()
        .asString()
        .endsWith("detail=\"" + "ab ".repeat(100) + "...\" left_out=0");
  }
}
