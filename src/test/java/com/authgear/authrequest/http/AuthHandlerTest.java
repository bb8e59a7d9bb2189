package com.authgear.authrequest.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.RequirementParser;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.support.PrincipalBuilder;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Finding;
import com.authgear.authrequest.verify.Pending;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Anonymous;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.Verifier;
import com.authgear.authrequest.wire.RawClient;
import io.javalin.Javalin;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuthHandlerTest {

  private static final int BUDGET = 600;
  private static final Duration EDGE = Duration.ofSeconds(5);
  private static final long NOW_MILLIS = 1_800_000_000_500L;
  static final Verified GOOD = verified("user-1");
  private static final Map<String, Requirement> POLICIES =
      Map.of("user", Requirement.USER, "admin", role("admin"));

  private final HttpClient http = HttpClient.newHttpClient();

  /** Hears nothing. */
  static final AuthHandler.AuthListener UNHEARD =
      new AuthHandler.AuthListener() {
        @Override
        public void decided(DecisionRecord decision) {}

        @Override
        public void emitted(int bytes) {}
      };

  /** Says whatever a test wants: {@code later}, unless {@code now} knows. */
  record Answering(Supplier<@Nullable Verification> now, Supplier<Verification> later)
      implements Verifier {
    @Override
    public Finding verify(Credential credential, Rules here, Supplier<Caller> caller) {
      Verification known = now.get();
      return known != null ? known : (Pending) later::get;
    }
  }

  private static Requirement role(String role) {
    return switch (RequirementParser.parse("role=" + role)) {
      case RequirementParser.Valid valid -> valid.requirement();
      case RequirementParser.Mistake mistake -> throw new AssertionError(mistake.message());
    };
  }

  private static Verified verified(String userId) {
    return new Verified(
        VerifiedBy.JWT,
        PrincipalBuilder.user(userId)
            .verified(true)
            .audiences(List.of("aud"))
            .claims(Map.of("plan", "gold"))
            .build(),
        Long.MAX_VALUE);
  }

  private final Queue<String> decided = new ConcurrentLinkedQueue<>();
  private final Queue<Integer> emitted = new ConcurrentLinkedQueue<>();
  private final Queue<String> mistakes = new ConcurrentLinkedQueue<>();
  private volatile boolean deaf;
  private volatile Supplier<@Nullable Verification> now = () -> GOOD;
  private volatile Supplier<Verification> later = () -> GOOD;
  private final AuthHandler handler =
      new AuthHandler(
          new CredentialExtractor("", TokenCarriers.NONE),
          OriginalUri.UNTOLD,
          new Requirements(POLICIES, List.of("aud"), Set.of(), "aud"),
          new Answering(() -> now.get(), () -> later.get()),
          new AuthResponder(List.of(new ClaimHeader("plan", "x-plan")), BUDGET),
          new AuthHandler.ResponseOptions(ProtectionSpace.UNNAMED, EDGE),
          () -> Instant.ofEpochMilli(NOW_MILLIS),
          new AuthHandler.AuthListener() {
            @Override
            public void decided(DecisionRecord decision) {
              Reason reason = decision.reason();
              decided.add(
                  (reason == null ? "allow" : reason.code()) + (decision.nanos() > 0 ? "" : "?"));
              mistakes.add(decision.detail());
            }

            @Override
            public void emitted(int bytes) {
              if (deaf) {
                throw new IllegalStateException("bug");
              }
              emitted.add(bytes);
            }
          },
          Tracing.OFF);
  private final Javalin server = Servers.auth(handler, "127.0.0.1", 0, null, null);

  @BeforeEach
  void start() {
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop();
  }

  private HttpRequest request(String method, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
        .method(method, BodyPublishers.noBody())
        .build();
  }

  private HttpResponse<String> ask(String method, String path) throws Exception {
    return http.send(request(method, path), BodyHandlers.ofString());
  }

  /** Requests count {@code asked} down and get their 200 once {@code answer} is open. */
  private void answerLater(CountDownLatch asked, CountDownLatch answer) {
    now = () -> null;
    later =
        () -> {
          asked.countDown();
          try {
            answer.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          return GOOD;
        };
  }

  private void assertDenied(HttpResponse<String> answer, int status, Reason reason) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().allValues("x-auth-reason")).containsExactly(reason.code());
    assertThat(answer.headers().allValues("content-length")).containsExactly("0");
    assertThat(answer.headers().map().keySet())
        .noneMatch(name -> IdentityHeader.isIdentityHeader(name));
    assertThat(decided).contains(reason.code());
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD", "POST", "OPTIONS", "DELETE", "PROPFIND", "XYZZY"})
  void allow_anyMethod_carriesEveryIdentityHeader(String method) throws Exception {
    HttpResponse<String> answer = ask(method, "/auth");
    assertThat(answer.statusCode()).isEqualTo(200);
    for (IdentityHeader header : IdentityHeader.values()) {
      assertThat(answer.headers().allValues(header.headerName())).as(header.name()).hasSize(1);
    }
    assertThat(answer.headers().allValues("x-authgear-user-id")).containsExactly("user-1");
    assertThat(answer.headers().allValues("content-length")).containsExactly("0");
    assertThat(decided).containsExactly("allow");
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD", "POST", "OPTIONS", "DELETE", "PROPFIND", "XYZZY"})
  void rejected_anyMethod_is401(String method) throws Exception {
    now = () -> new Rejected(VerifiedBy.JWT, Reason.EXPIRED);
    assertDenied(ask(method, "/auth"), 401, Reason.EXPIRED);
  }

  @Test
  void bugInTheVerifier_is503() throws Exception {
    now =
        () -> {
          throw new IllegalStateException("bug");
        };
    assertDenied(ask("GET", "/auth"), 503, Reason.INTERNAL_ERROR);
  }

  @Test
  void errorInTheVerifier_is503() throws Exception {
    now =
        () -> {
          throw new StackOverflowError();
        };
    assertDenied(ask("GET", "/auth"), 503, Reason.INTERNAL_ERROR);
  }

  @Test
  void bugWhileAnAllowIsWritten_is503WithNothingOfIt() throws Exception {
    deaf = true;
    HttpResponse<String> answer = ask("GET", "/auth");
    assertDenied(answer, 503, Reason.INTERNAL_ERROR);
    assertNotRepeated(answer, 503);
  }

  @Test
  void bugWhileWaiting_is503() throws Exception {
    now = () -> null;
    later =
        () -> {
          throw new IllegalStateException("bug");
        };
    assertDenied(ask("GET", "/auth"), 503, Reason.INTERNAL_ERROR);
  }

  @Test
  void mistakenRequirement_is503AndNeverIgnored() throws Exception {
    assertDenied(ask("GET", "/auth?rolle=admin"), 503, Reason.BAD_REQUIREMENT);
    assertThat(mistakes).singleElement().asString().contains("rolle");
  }

  @Test
  void namedPolicy_ignoresTheQuery() throws Exception {
    assertThat(ask("GET", "/auth/user?role=admin").statusCode()).isEqualTo(200);
    assertDenied(ask("GET", "/auth/admin?optional=true&role=x"), 403, Reason.ROLE_MISSING);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "?optional=true",
        "/a/b?role=x",
        "/../../../etc/passwd",
        "/..%2f..%2F%2e%2e/x",
        "/a;b=c/%00/%5c/%zz//",
        "/user",
        "/auth"
      })
  void extAuthz_suffixNeverMatters(String suffix) throws Exception {
    assertThat(raw("PATCH /ext-authz/user" + suffix)).startsWith("HTTP/1.1 200 ");
    assertThat(raw("PATCH /ext-authz/admin" + suffix)).startsWith("HTTP/1.1 403 ");
  }

  /** Sent as it is, which Java's own client does not do. */
  private String raw(String methodAndTarget) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket
          .getOutputStream()
          .write(
              (methodAndTarget + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  @Test
  void claims_becomeHeaders() throws Exception {
    assertThat(ask("GET", "/auth").headers().allValues("x-plan")).containsExactly("gold");
    now = Anonymous::new;
    assertThat(ask("GET", "/auth?optional=true").headers().allValues("x-plan")).containsExactly("");
  }

  @Test
  void headersWithinTheBudget_areSentAndMeasured() throws Exception {
    HttpResponse<String> answer = ask("GET", "/auth");
    int bytes =
        answer.headers().map().entrySet().stream()
            .filter(field -> field.getKey().matches("x-authgear-.*|x-plan"))
            .mapToInt(field -> field.getKey().length() + field.getValue().getFirst().length() + 4)
            .sum();
    assertThat(emitted).containsExactly(bytes);
    int left = BUDGET - bytes;
    now = () -> verified("u".repeat("user-1".length() + left));
    assertThat(ask("GET", "/auth").statusCode()).isEqualTo(200);
    assertThat(emitted).endsWith(BUDGET);
    now = () -> verified("u".repeat("user-1".length() + left + 1));
    assertDenied(ask("GET", "/auth"), 401, Reason.HEADER_BUDGET);
    assertThat(emitted).hasSize(2);
  }

  @Test
  void headersOverTheBudget_onOptionalAccess_nameNobody() throws Exception {
    now = () -> verified("u".repeat(BUDGET));
    HttpResponse<String> answer = ask("GET", "/auth?optional=true");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().allValues("x-authgear-user-id")).containsExactly("");
    assertThat(answer.headers().allValues("x-authgear-session-valid")).containsExactly("false");
  }

  /** nginx uses an answer for almost a second more than it is told, and must not outlive it. */
  @ParameterizedTest
  @CsvSource({
    "6000, 5",
    "60000, 5",
    "5999, 4",
    "2000, 1",
    "1999, ''",
    "1000, ''",
    "0, ''",
    "-1000, ''",
  })
  void edgeCache_repeatsAnAllowWithinItsTime(long leftMillis, String expires) throws Exception {
    now = () -> GOOD.freshUntil(NOW_MILLIS + leftMillis);
    HttpResponse<String> answer = ask("GET", "/auth");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("x-accel-expires").orElse("")).isEqualTo(expires);
    assertThat(answer.headers().firstValue("cache-control").orElse(""))
        .isEqualTo(expires.isEmpty() ? "no-store" : "");
  }

  /** nginx's $cookie_session may be another cookie than the one that the service believed. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "session=; session=a",
        "Session=x; session=a",
        "session=a; session=a",
        "SESSION=a"
      })
  void edgeCache_neverRepeatsWhatAProxyMayReadOtherwise(String cookie) throws Exception {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/auth"))
                .header("Cookie", cookie)
                .build(),
            BodyHandlers.ofString());
    assertNotRepeated(answer, 200);
  }

  @Test
  void edgeCache_repeatsWhatIsPlain() throws Exception {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/auth"))
                .header("Cookie", "theme=a; session=b; app_session=c; xsession=d")
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.headers().firstValue("x-accel-expires")).isPresent();
  }

  /** A fragment is not sent by sane clients; in a requirement it would hide what follows. */
  @Test
  void requirementWithAFragment_isAMistake() throws Exception {
    assertThat(raw("GET /auth?audience=aud#v1&role=nobody")).startsWith("HTTP/1.1 503 ");
    assertThat(raw("GET /auth#?role=nobody")).startsWith("HTTP/1.1 503 ");
    assertThat(raw("GET /auth?audience=aud%23v1,aud")).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void edgeCache_neverRepeatsARefusalOrACookieOrNobody() throws Exception {
    now = () -> new Rejected(VerifiedBy.JWT, Reason.EXPIRED);
    assertNotRepeated(ask("GET", "/auth"), 401);
    assertNotRepeated(ask("GET", "/auth?optional=true"), 200);
    now = Anonymous::new;
    assertNotRepeated(ask("GET", "/auth?optional=true"), 200);
    now = () -> GOOD;
    assertNotRepeated(ask("GET", "/auth?role=admin"), 403);
    assertNotRepeated(ask("GET", "/auth?x"), 503);
    now = () -> GOOD.freshUntil(Verified.NEVER_CACHED);
    assertNotRepeated(ask("GET", "/auth"), 200);
    now =
        () ->
            new Verified(
                VerifiedBy.RESOLVER,
                GOOD.principal(),
                Long.MIN_VALUE,
                Long.MAX_VALUE,
                Long.MAX_VALUE,
                List.of("a=b"));
    assertNotRepeated(ask("GET", "/auth"), 200);
  }

  private static void assertNotRepeated(HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().allValues("x-accel-expires")).isEmpty();
    assertThat(answer.headers().allValues("cache-control")).containsExactly("no-store");
  }

  @Test
  void setCookie_countsForTheBudget() throws Exception {
    now =
        () ->
            new Verified(
                VerifiedBy.RESOLVER,
                GOOD.principal(),
                Long.MIN_VALUE,
                Long.MAX_VALUE,
                Verified.NEVER_CACHED,
                List.of("s=" + "c".repeat(BUDGET)));
    assertDenied(ask("GET", "/auth"), 401, Reason.HEADER_BUDGET);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/auth/nobody",
        "/auth/",
        "/auth/user/",
        "/auth/USER",
        "/ext-authz/nobody/a/../b?optional=true",
        "/ext-authz//user",
        "/ext-authz/"
      })
  void unknownPolicy_is503(String path) throws Exception {
    assertDenied(ask("GET", path), 503, Reason.UNKNOWN_POLICY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "//auth", "/auth;x=1", "/AUTH", "/%61uth", "/authx"})
  void anyOtherPath_isNeverAllowed(String path) throws Exception {
    assertThat(ask("GET", path).statusCode()).isEqualTo(404);
    assertThat(decided).isEmpty();
  }

  @Test
  void draining_deniesNewRequestsAndLetsThoseInFlightEnd() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch answer = new CountDownLatch(1);
    answerLater(asked, answer);
    CompletableFuture<HttpResponse<String>> inFlight =
        http.sendAsync(request("GET", "/auth"), BodyHandlers.ofString());
    asked.await();
    handler.startDraining();
    assertDenied(ask("GET", "/auth"), 503, Reason.DRAINING);
    answer.countDown();
    assertThat(inFlight.get().statusCode()).isEqualTo(200);
  }

  @Test
  void leaving_stillDecidesAndEndsTheConnection() throws Exception {
    assertThat(ask("GET", "/auth").headers().firstValue("Connection")).isEmpty();
    handler.startLeaving();
    HttpResponse<String> answer = ask("GET", "/auth");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Connection")).hasValue("close");
  }

  /** Whichever thread is first, the one that answers or the one that read the request. */
  @Test
  void answersOfOtherThreads_allGoOverOneConnection() throws Exception {
    now = () -> null;
    try (RawClient client = new RawClient(server.port())) {
      for (int i = 0; i < 5000; i++) {
        assertThat(client.send("GET", "/auth").status()).as("request %d", i).isEqualTo(200);
      }
    }
  }

  @Test
  void tooManyWaiting_areRefusedAtOnce() throws Exception {
    CountDownLatch asked = new CountDownLatch(AuthHandler.MAX_WAITING);
    CountDownLatch answer = new CountDownLatch(1);
    answerLater(asked, answer);
    List<CompletableFuture<HttpResponse<String>>> waiting =
        java.util.stream.IntStream.range(0, AuthHandler.MAX_WAITING)
            .mapToObj(_ -> http.sendAsync(request("GET", "/auth"), BodyHandlers.ofString()))
            .toList();
    asked.await();
    assertDenied(ask("GET", "/auth"), 503, Reason.OVERLOADED);
    answer.countDown();
    for (CompletableFuture<HttpResponse<String>> one : waiting) {
      assertThat(one.get().statusCode()).isEqualTo(200);
    }
    now = () -> GOOD;
    assertThat(ask("GET", "/auth").statusCode()).isEqualTo(200);
  }
}
