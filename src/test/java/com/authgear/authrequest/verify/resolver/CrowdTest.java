package com.authgear.authrequest.verify.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.Caller;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What many requests of one client cost the resolver, and those of all others. */
class CrowdTest {

  private static final Caller NOBODY = new Caller(null, null, null);
  private static final String SESSION = "a7d2f1c0b94e4c1d8d6f5b3a2c1e0f9d";

  /** As many as fill the breaker's window. */
  private static final int MANY = 60;

  private final MockWebServer server = new MockWebServer();
  private final AtomicInteger calls = new AtomicInteger();
  private final CountDownLatch slow = new CountDownLatch(1);
  private Resolver resolver;

  /**
   * Gives up each session named "locked", the first time that named "busy", and waits for "slow".
   */
  @BeforeEach
  void start() throws IOException {
    server.setDispatcher(
        new Dispatcher() {
          private final AtomicInteger busy = new AtomicInteger();

          @Override
          public MockResponse dispatch(RecordedRequest request) throws InterruptedException {
            calls.incrementAndGet();
            String said =
                request.getHeaders().get("Cookie") + request.getHeaders().get("Authorization");
            if (said.contains("locked") || (said.contains("busy") && busy.getAndIncrement() == 0)) {
              return new MockResponse.Builder().code(500).build();
            }
            if (said.contains("slow")) {
              slow.await();
            }
            return said.contains("made-up") ? new MockResponse.Builder().build() : valid();
          }
        });
    server.start(InetAddress.getLoopbackAddress(), 0);
    resolver =
        new Resolver(
            URI.create("http://127.0.0.1:" + server.getPort() + "/resolve"),
            URI.create("https://project.authgear.cloud"),
            Duration.ofSeconds(20),
            16,
            (_, _) -> {},
            Tracing.OFF,
            () -> 17,
            LoggerFactory.getLogger(CrowdTest.class),
            Dns.SYSTEM);
  }

  @AfterEach
  void stop() {
    slow.countDown();
    resolver.close();
    server.close();
  }

  private static MockResponse valid() {
    return new MockResponse.Builder()
        .code(200)
        .addHeader("x-authgear-session-valid", "true")
        .addHeader("x-authgear-user-id", "user-1")
        .build();
  }

  private ResolverResult ask(@Nullable String token, @Nullable String cookies) {
    return resolver.askUnchecked(new SentCredential(token, cookies), NOBODY).result();
  }

  @Test
  void ask_oneSessionWithOtherJunkEachTime_isAHandfulOfCalls() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<ResolverResult>> first = new ArrayList<>();
      for (int i = 0; i < SessionCalls.MOST_CALLS; i++) {
        String cookies = "app_session=slow-junk-of-this-request-" + i + "; session=" + SESSION;
        first.add(threads.submit(() -> ask(null, cookies)));
      }
      await().until(() -> calls.get() == SessionCalls.MOST_CALLS);
      for (int i = 0; i < MANY; i++) {
        assertThat(ask("junk-of-this-request-" + i, "session=" + SESSION))
            .isEqualTo(ResolverResult.OVERLOADED);
        assertThat(ask(SESSION, "session=another-junk-cookie-" + i))
            .as("the same wherever it stands")
            .isEqualTo(ResolverResult.OVERLOADED);
        assertThat(ask(null, "session=\"" + SESSION + '"')).isEqualTo(ResolverResult.OVERLOADED);
      }
      assertThat(calls).hasValue(SessionCalls.MOST_CALLS);
      assertThat(ask(null, "session=someone-else-altogether")).isEqualTo(ResolverResult.VALID);
      slow.countDown();
      for (Future<ResolverResult> one : first) {
        assertThat(one.get(10, TimeUnit.SECONDS)).isEqualTo(ResolverResult.VALID);
      }
    }
    assertThat(ask(null, "session=" + SESSION)).isEqualTo(ResolverResult.VALID);
  }

  @Test
  void ask_whatManyUsersShare_isNoSession() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<ResolverResult>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String cookies = "app_session=; session=slow-session-of-user-" + i;
        all.add(threads.submit(() -> ask("null", cookies)));
      }
      await().until(() -> calls.get() == 8);
      slow.countDown();
      for (Future<ResolverResult> one : all) {
        assertThat(one.get(10, TimeUnit.SECONDS)).isEqualTo(ResolverResult.VALID);
      }
    }
  }

  @Test
  void ask_sessionWhoseLockWasGivenUpOnce_isAskedAboutOnceMore() {
    assertThat(ask(null, "session=busy-session-of-somebody")).isEqualTo(ResolverResult.VALID);
    assertThat(calls).hasValue(2);
  }

  @Test
  void ask_sessionThatAlwaysFails_isNotHeldAgainstTheResolver() {
    for (int i = 0; i < MANY / 2; i++) {
      assertThat(ask("junk-of-this-request-" + i, "session=locked-session-of-somebody"))
          .isEqualTo(ResolverResult.ERROR);
    }
    assertThat(resolver.breakerState()).isEqualTo(BreakerState.CLOSED);
    assertThat(ask(null, "session=" + SESSION)).isEqualTo(ResolverResult.VALID);
  }

  @Test
  void ask_allSessionsFail_opensTheBreaker() {
    for (int i = 0; i < MANY / 2; i++) {
      ask(null, "session=locked-session-of-user-" + i);
    }
    assertThat(resolver.breakerState()).isEqualTo(BreakerState.OPEN);
  }

  @Test
  void ask_madeUpTokensTakeTheirPlaces_thoseWhoWereValidAMomentAgoGetIn() throws Exception {
    List<String> known = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      known.add("session=known-session-of-user-" + i);
    }
    known.forEach(cookies -> assertThat(ask(null, cookies)).isEqualTo(ResolverResult.VALID));
    int before = calls.get();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<ResolverResult>> madeUp = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        String token = "slow-made-up-token-" + i;
        madeUp.add(threads.submit(() -> ask(token, null)));
      }
      await().until(() -> calls.get() == before + 8);
      await().until(() -> madeUp.stream().filter(Future::isDone).count() == 300 - 8);
      known.forEach(cookies -> assertThat(ask(null, cookies)).isEqualTo(ResolverResult.VALID));
      assertThat(ask(null, "session=good-but-never-seen")).isEqualTo(ResolverResult.OVERLOADED);
      slow.countDown();
      for (Future<ResolverResult> one : madeUp) {
        assertThat(one.get(10, TimeUnit.SECONDS))
            .isIn(ResolverResult.ABSENT, ResolverResult.OVERLOADED);
      }
    }
    assertThat(calls).hasValue(before + 8 + MANY);
  }

  @Test
  void ask_junkThatOnceStoodNextToAGoodSession_isNotKnownByItself() {
    String junk = "slow-junk-beside-a-session";
    SessionCalls sessions = new SessionCalls(() -> 17);
    sessions.answered(new SentCredential(junk, "session=" + SESSION), ResolverResult.VALID);
    assertThat(sessions.wereValid(new SentCredential(junk, "session=" + SESSION))).isTrue();
    assertThat(sessions.wereValid(new SentCredential(junk, null))).isFalse();
    assertThat(sessions.wereValid(new SentCredential(null, "session=" + SESSION))).isFalse();
    sessions.answered(new SentCredential(junk, "session=" + SESSION), ResolverResult.INVALID);
    assertThat(sessions.wereValid(new SentCredential(junk, "session=" + SESSION))).isFalse();
  }

  @Test
  void leave_all_remembersNoSession() {
    SessionCalls sessions = new SessionCalls(() -> 17);
    var meant = SessionCalls.of(new SentCredential(SESSION, "session=another-session-of-this"));
    for (int i = 0; i < 2 * SessionCalls.MOST_CALLS; i++) {
      assertThat(sessions.enter(meant)).isEqualTo(i < SessionCalls.MOST_CALLS);
    }
    for (int i = 0; i < SessionCalls.MOST_CALLS; i++) {
      sessions.leave(meant);
    }
    assertThat(sessions.inFlight()).isZero();
  }
}
