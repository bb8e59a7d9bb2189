package com.authgear.authrequest.verify.resolver;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.support.PrincipalBuilder;
import com.authgear.authrequest.trace.TraceContext;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.Dns;
import okhttp3.Headers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResolverTest {

  private static final URI ORIGIN = URI.create("https://project.authgear.cloud");
  private static final Duration PLENTY = Duration.ofSeconds(20);
  private static final Duration LITTLE = Duration.ofMillis(200);
  private static final Caller NOBODY = new Caller(null, null, null);
  private static final String TOKEN = "s3cretT0ken";
  private static final String COOKIES = "session=s3cretC00kie";
  private static final SentCredential BOTH = new SentCredential(TOKEN, COOKIES);

  private final RecordedWarnings warnings = new RecordedWarnings();
  private final List<ResolverResult> results = new CopyOnWriteArrayList<>();
  private final List<Long> durations = new CopyOnWriteArrayList<>();
  private final List<Resolver> opened = new ArrayList<>();
  private MockWebServer server = new MockWebServer();

  @BeforeEach
  void start() throws IOException {
    server.start(InetAddress.getLoopbackAddress(), 0);
  }

  @AfterEach
  void stop() {
    opened.forEach(Resolver::close);
    server.close();
  }

  private URI resolverUrl() {
    return URI.create("http://127.0.0.1:" + server.getPort() + "/_resolver/resolve");
  }

  private Resolver resolver() {
    return resolver(resolverUrl(), PLENTY);
  }

  private Resolver resolver(URI url, Duration timeout) {
    return resolver(url, ORIGIN, timeout, 8, System::nanoTime, Dns.SYSTEM);
  }

  private Resolver resolver(
      URI url, URI origin, Duration timeout, int maxCalls, LongSupplier nanoTime, Dns dns) {
    Resolver resolver =
        new Resolver(
            url,
            origin,
            timeout,
            maxCalls,
            (answer, nanos) -> {
              results.add(answer.result());
              durations.add(nanos);
            },
            Tracing.OFF,
            nanoTime,
            warnings,
            dns);
    opened.add(resolver);
    return resolver;
  }

  private static MockResponse.Builder valid() {
    return new MockResponse.Builder()
        .addHeader("x-authgear-session-valid", "true")
        .addHeader("x-authgear-user-id", "user-1")
        .addHeader("x-authgear-user-anonymous", "false")
        .addHeader("x-authgear-user-verified", "true")
        .addHeader("x-authgear-user-can-reauthenticate", "true")
        .addHeader("x-authgear-session-amr", "");
  }

  private static Unavailable unavailable(Reason reason) {
    return new Unavailable(VerifiedBy.RESOLVER, reason);
  }

  private static Verification resolve(Resolver resolver, SentCredential presented, Caller caller) {
    return resolver.ask(presented, caller).verification();
  }

  private Principal principalOf(MockResponse.Builder answer) {
    server.enqueue(answer.build());
    Verification verification = resolve(resolver(), BOTH, NOBODY);
    assertThat(verification).isInstanceOf(Verified.class);
    return ((Verified) verification).principal();
  }

  @Nested
  class Question {

    private List<String> headersSentFor(SentCredential presented, Caller caller) throws Exception {
      return headersSentFor(resolver(), presented, caller);
    }

    private List<String> headersSentFor(Resolver resolver, SentCredential presented, Caller caller)
        throws Exception {
      server.enqueue(valid().build());
      assertThat(resolve(resolver, presented, caller)).isInstanceOf(Verified.class);
      Headers headers = server.takeRequest().getHeaders();
      return IntStream.range(0, headers.size())
          .mapToObj(i -> headers.name(i) + ": " + headers.value(i))
          .toList();
    }

    @Test
    void resolve_anyCredentials_isAGetWithoutBody() throws Exception {
      server.enqueue(valid().build());

      resolve(resolver(), BOTH, NOBODY);

      RecordedRequest request = server.takeRequest();
      assertThat(request.getRequestLine()).isEqualTo("GET /_resolver/resolve HTTP/1.1");
      assertThat(request.getBodySize()).isZero();
    }

    @Test
    void resolve_everythingKnown_sendsExactlyTheseHeaders() throws Exception {
      Caller caller = new Caller("203.0.113.7, 10.0.0.1", "203.0.113.7", "Mozilla/5.0 (X11)");

      assertThat(headersSentFor(BOTH, caller))
          .containsExactlyInAnyOrder(
              "Host: project.authgear.cloud",
              "X-Forwarded-Host: project.authgear.cloud",
              "X-Forwarded-Proto: https",
              "Authorization: Bearer s3cretT0ken",
              "Cookie: session=s3cretC00kie",
              "X-Forwarded-For: 203.0.113.7, 10.0.0.1",
              "X-Real-IP: 203.0.113.7",
              "User-Agent: Mozilla/5.0 (X11)",
              "Connection: Keep-Alive");
    }

    @Test
    void resolve_tokenOfAnUnknownCaller_sendsNothingElse() throws Exception {
      assertThat(headersSentFor(new SentCredential(TOKEN, null), NOBODY))
          .containsExactlyInAnyOrder(
              "Host: project.authgear.cloud",
              "X-Forwarded-Host: project.authgear.cloud",
              "X-Forwarded-Proto: https",
              "Authorization: Bearer s3cretT0ken",
              "Connection: Keep-Alive");
    }

    @Test
    void resolve_cookiesOfAnUnknownCaller_sendsNothingElse() throws Exception {
      assertThat(headersSentFor(new SentCredential(null, COOKIES), NOBODY))
          .containsExactlyInAnyOrder(
              "Host: project.authgear.cloud",
              "X-Forwarded-Host: project.authgear.cloud",
              "X-Forwarded-Proto: https",
              "Cookie: session=s3cretC00kie",
              "Connection: Keep-Alive");
    }

    @Test
    void resolve_afterASetCookie_doesNotSendItBack() throws Exception {
      Resolver resolver = resolver();
      server.enqueue(valid().addHeader("Set-Cookie", "session=other; Path=/").build());
      resolve(resolver, new SentCredential(TOKEN, null), NOBODY);
      server.takeRequest();

      assertThat(headersSentFor(resolver, new SentCredential(TOKEN, null), NOBODY))
          .noneMatch(line -> line.startsWith("Cookie"));
    }

    @Test
    void resolve_callerValuesThatCannotBeSent_areLeftOut() throws Exception {
      Caller caller = new Caller("203.0.113.7\r\nX-Evil: 1", "203.0.113.\u00e9", "Br\u00f6wser");

      assertThat(headersSentFor(new SentCredential(TOKEN, null), caller))
          .hasSize(5)
          .noneMatch(line -> line.startsWith("X-Evil") || line.startsWith("User-Agent"));
    }

    @Test
    void resolve_requestInATrace_tellsWhichOne() throws Exception {
      String traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
      SentCredential presented = new SentCredential(TOKEN, null);

      assertThat(
              headersSentFor(
                  presented,
                  new Caller(null, null, null, new TraceContext(traceparent, "a=1,b=2"))))
          .contains("traceparent: " + traceparent, "tracestate: a=1,b=2");
      assertThat(
              headersSentFor(
                  presented, new Caller(null, null, null, new TraceContext(traceparent, ""))))
          .contains("traceparent: " + traceparent)
          .noneMatch(line -> line.startsWith("tracestate"));
    }

    @Test
    void resolve_emptyUserAgent_isSentAsItCame() throws Exception {
      assertThat(headersSentFor(new SentCredential(TOKEN, null), new Caller(null, null, "")))
          .contains("User-Agent: ");
    }

    @ParameterizedTest
    @CsvSource({
      "https://project.example,       project.example,      https",
      "https://project.example:443,   project.example,      https",
      "https://project.example:8443,  project.example:8443, https",
      "http://127.0.0.1:3100,         127.0.0.1:3100,       http",
      "http://localhost:80/,          localhost,            http",
      "https://[2001:db8::1]:8443,    [2001:db8::1]:8443,   https",
      "HTTPS://Project.Example,       project.example,      https",
    })
    void resolve_publicOrigin_isToldAsAuthgearComparesIt(URI origin, String host, String scheme)
        throws Exception {
      Resolver resolver = resolver(resolverUrl(), origin, PLENTY, 8, System::nanoTime, Dns.SYSTEM);

      assertThat(headersSentFor(resolver, new SentCredential(TOKEN, null), NOBODY))
          .contains("Host: " + host, "X-Forwarded-Host: " + host, "X-Forwarded-Proto: " + scheme);
    }

    @Test
    void resolve_severalTimes_reusesTheConnection() throws Exception {
      Resolver resolver = resolver();
      for (MockResponse answer :
          List.of(
              valid().build(),
              new MockResponse.Builder().build(),
              new MockResponse.Builder().code(404).build(),
              valid().build())) {
        server.enqueue(answer);
        resolve(resolver, BOTH, NOBODY);
      }

      for (int i = 0; i < 4; i++) {
        RecordedRequest request = server.takeRequest();
        assertThat(request.getConnectionIndex()).isZero();
        assertThat(request.getExchangeIndex()).isEqualTo(i);
      }
    }
  }

  @Nested
  class Verdict {

    @Test
    void resolve_validWithEverything_isVerified() {
      server.enqueue(
          valid()
              .setHeader("x-authgear-session-amr", "pwd otp x_biometric")
              .addHeader("x-authgear-user-roles", "admin,store:editor_1")
              .addHeader("x-authgear-session-authenticated-at", "1696430000")
              .build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .isEqualTo(
              new Verified(
                  VerifiedBy.RESOLVER,
                  PrincipalBuilder.user("user-1")
                      .anonymous(false)
                      .verified(true)
                      .canReauthenticate(true)
                      .roles(List.of("admin", "store:editor_1"))
                      .amr(List.of("pwd", "otp", "x_biometric"))
                      .authTime(OptionalLong.of(1696430000))
                      .proof(Principal.Proof.OPAQUE)
                      .build(),
                  Long.MIN_VALUE,
                  Long.MAX_VALUE,
                  Verified.NEVER_CACHED,
                  List.of()));
      assertThat(results).containsExactly(ResolverResult.VALID);
      assertThat(warnings.lines()).isEmpty();
    }

    @Test
    void resolve_validWithTheLeast_leavesTheRestUnknown() {
      Principal principal =
          principalOf(
              new MockResponse.Builder()
                  .addHeader("X-Authgear-Session-Valid", "true")
                  .addHeader("X-Authgear-User-Id", "user-1"));

      assertThat(principal)
          .isEqualTo(PrincipalBuilder.user("user-1").proof(Principal.Proof.OPAQUE).build());
    }

    @Test
    void resolve_flags_areNotMixedUp() {
      Principal principal =
          principalOf(
              valid()
                  .setHeader("x-authgear-user-anonymous", "true")
                  .setHeader("x-authgear-user-verified", "false")
                  .setHeader("x-authgear-user-can-reauthenticate", "false"));

      assertThat(principal.anonymous()).isTrue();
      assertThat(principal.verified()).isFalse();
      assertThat(principal.canReauthenticate()).isFalse();
    }

    @Test
    void resolve_emptyRolesHeader_isNoRole() {
      assertThat(principalOf(valid().addHeader("x-authgear-user-roles", "")).roles()).isEmpty();
    }

    @Test
    void resolve_validWithSetCookie_passesItOn() {
      server.enqueue(valid().addHeader("Set-Cookie", "session=; Max-Age=0").build());

      assertThat(((Verified) resolve(resolver(), BOTH, NOBODY)).setCookie())
          .containsExactly("session=; Max-Age=0");
    }

    @Test
    void resolve_invalid_isRejectedWithEverySetCookie() {
      String clear = "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure";
      server.enqueue(
          new MockResponse.Builder()
              .addHeader("x-authgear-session-valid", "false")
              .addHeader("Set-Cookie", clear)
              .addHeader("Set-Cookie", "app_session=; Path=/; Max-Age=0")
              .build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .isEqualTo(
              new Rejected(
                  VerifiedBy.RESOLVER,
                  Reason.SESSION_INVALID,
                  List.of(clear, "app_session=; Path=/; Max-Age=0"),
                  true));
      assertThat(results).containsExactly(ResolverResult.INVALID);
    }

    @Test
    void resolve_absent_isRejected() {
      server.enqueue(new MockResponse.Builder().build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .isEqualTo(new Rejected(VerifiedBy.RESOLVER, Reason.SESSION_INVALID));
      assertThat(results).containsExactly(ResolverResult.ABSENT);
      assertThat(warnings.lines()).isEmpty();
    }

    @Test
    void resolve_absentWithSetCookie_passesItOn() {
      server.enqueue(
          new MockResponse.Builder().addHeader("Set-Cookie", "session=; Max-Age=0").build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .isEqualTo(
              new Rejected(
                  VerifiedBy.RESOLVER, Reason.SESSION_INVALID, List.of("session=; Max-Age=0")));
    }

    @Test
    void resolve_absentInAnEmptyChunkedBody_isRejected() {
      server.enqueue(new MockResponse.Builder().chunkedBody("", 10).build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .isEqualTo(new Rejected(VerifiedBy.RESOLVER, Reason.SESSION_INVALID));
    }

    @Test
    void resolve_setCookieWithControlCharacters_isNotPassedOn() {
      server.enqueue(
          new MockResponse.Builder()
              .addHeader("x-authgear-session-valid", "false")
              .addHeaderLenient("Set-Cookie", "session=a\u0001b")
              .addHeader("Set-Cookie", "session=; Max-Age=0")
              .build());

      assertThat(((Rejected) resolve(resolver(), BOTH, NOBODY)).setCookie())
          .containsExactly("session=; Max-Age=0");
    }
  }

  @Nested
  class Misconfiguration {

    @Test
    void resolve_redirect_isNotFollowedAndNamesTheOrigin() throws Exception {
      try (MockWebServer other = new MockWebServer()) {
        other.start(InetAddress.getLoopbackAddress(), 0);
        String origin = "http://127.0.0.1:" + other.getPort();
        server.enqueue(
            new MockResponse.Builder()
                .code(307)
                .addHeader("Location", origin + "/_resolver/resolve?token=s3cretQuery")
                .build());

        assertThat(resolve(resolver(), BOTH, NOBODY))
            .isEqualTo(unavailable(Reason.RESOLVER_ORIGIN_MISMATCH));
        assertThat(other.getRequestCount()).isZero();
        assertThat(results).containsExactly(ResolverResult.ORIGIN_MISMATCH);
        assertThat(warnings.lines())
            .singleElement()
            .asString()
            .startsWith("WARN resolver_origin_mismatch: AUTHGEAR_ENDPOINT is " + ORIGIN)
            .contains(" to " + origin + ": set AUTHGEAR_ENDPOINT")
            .doesNotContain("s3cret");
      }
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 301, 302, 303, 304, 307, 308})
    void resolve_anyRedirectStatus_isOriginMismatch(int status) {
      server.enqueue(
          new MockResponse.Builder().code(status).addHeader("Location", "/login?next=%2F").build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .isEqualTo(unavailable(Reason.RESOLVER_ORIGIN_MISMATCH));
      assertThat(server.getRequestCount()).isOne();
      assertThat(warnings.lines()).singleElement().asString().contains("AUTHGEAR_RESOLVER_URL");
    }

    @Test
    void resolve_redirectToThePublicOrigin_pointsAtTheProxyInBetween() {
      server.enqueue(
          new MockResponse.Builder().code(307).addHeader("Location", ORIGIN + "/x").build());

      resolve(resolver(), BOTH, NOBODY);

      assertThat(warnings.lines()).singleElement().asString().contains("must keep Host");
    }

    @Test
    void resolve_redirectWithoutLocation_isOriginMismatch() {
      server.enqueue(new MockResponse.Builder().code(307).build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .isEqualTo(unavailable(Reason.RESOLVER_ORIGIN_MISMATCH));
    }

    @Test
    void resolve_notFound_isUnknownProject() {
      server.enqueue(new MockResponse.Builder().code(404).body("404 page not found").build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .isEqualTo(unavailable(Reason.RESOLVER_UNKNOWN_PROJECT));
      assertThat(results).containsExactly(ResolverResult.UNKNOWN_PROJECT);
      assertThat(warnings.lines())
          .singleElement()
          .asString()
          .startsWith("WARN resolver_unknown_project: " + resolverUrl() + " answers 404")
          .contains("AUTHGEAR_RESOLVER_URL", "http://authgear-resolver:3001/resolve")
          .contains("AUTHGEAR_ENDPOINT");
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 504, 599})
    void resolve_serverError_isResolverError(int status) {
      server.enqueue(valid().code(status).build());

      assertThat(resolve(resolver(), BOTH, NOBODY)).isEqualTo(unavailable(Reason.RESOLVER_ERROR));
      assertThat(results).containsExactly(ResolverResult.ERROR);
      assertThat(warnings.lines()).singleElement().asString().contains("answers " + status);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "99999999999999999999"})
    void resolve_serverErrorWithRetryAfter_isOneCall(String retryAfter) {
      server.enqueue(
          new MockResponse.Builder().code(503).addHeader("Retry-After", retryAfter).build());
      server.enqueue(valid().build());

      assertThat(resolve(resolver(), BOTH, NOBODY)).isEqualTo(unavailable(Reason.RESOLVER_ERROR));
      assertThat(server.getRequestCount()).isOne();
    }

    @ParameterizedTest
    @ValueSource(ints = {201, 202, 204, 206, 400, 401, 403, 405, 407, 408, 421, 429, 431, 600})
    void resolve_otherStatus_isBadAnswer(int status) {
      server.enqueue(valid().code(status).build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .isEqualTo(unavailable(Reason.RESOLVER_BAD_ANSWER));
      assertThat(server.getRequestCount()).isOne();
      assertThat(results).containsExactly(ResolverResult.BAD_ANSWER);
    }

    static Stream<Arguments> badAnswers() {
      String userId = "x-authgear-user-id";
      String roles = "x-authgear-user-roles";
      String amr = "x-authgear-session-amr";
      String authenticatedAt = "x-authgear-session-authenticated-at";
      return Stream.of(
          Arguments.of("valid without user id", valid().removeHeader(userId)),
          Arguments.of("valid with empty user id", valid().setHeader(userId, "")),
          Arguments.of("user id twice", valid().addHeader(userId, "user-1")),
          Arguments.of("verdict twice", valid().addHeader("X-Authgear-Session-Valid", "true")),
          Arguments.of(
              "verdicts differ",
              new MockResponse.Builder()
                  .addHeader("x-authgear-session-valid", "false")
                  .addHeader("x-authgear-session-valid", "true")
                  .addHeader(userId, "user-1")),
          Arguments.of("roles twice", valid().addHeader(roles, "reader").addHeader(roles, "admin")),
          Arguments.of("verdict TRUE", valid().setHeader("x-authgear-session-valid", "TRUE")),
          Arguments.of("verdict empty", valid().setHeader("x-authgear-session-valid", "")),
          Arguments.of("verdict 1", valid().setHeader("x-authgear-session-valid", "1")),
          Arguments.of("no verdict", valid().removeHeader("x-authgear-session-valid")),
          Arguments.of("anonymous True", valid().setHeader("x-authgear-user-anonymous", "True")),
          Arguments.of("verified empty", valid().setHeader("x-authgear-user-verified", "")),
          Arguments.of(
              "can-reauthenticate yes",
              valid().setHeader("x-authgear-user-can-reauthenticate", "yes")),
          Arguments.of("time empty", valid().addHeader(authenticatedAt, "")),
          Arguments.of("time in words", valid().addHeader(authenticatedAt, "yesterday")),
          Arguments.of("time with fraction", valid().addHeader(authenticatedAt, "1696430000.5")),
          Arguments.of("time with sign", valid().addHeader(authenticatedAt, "+1696430000")),
          Arguments.of(
              "time with zero in front", valid().addHeader(authenticatedAt, "01696430000")),
          Arguments.of(
              "time beyond a long", valid().addHeader(authenticatedAt, "9223372036854775808")),
          Arguments.of(
              "time in other digits", valid().addHeaderLenient(authenticatedAt, "\u0661\u0662")),
          Arguments.of("user id with a space", valid().setHeader(userId, "user 1")),
          Arguments.of(
              "user id beyond ASCII",
              valid().removeHeader(userId).addHeaderLenient(userId, "us\u00e9r")),
          Arguments.of(
              "user id with a control character",
              valid().removeHeader(userId).addHeaderLenient(userId, "user\u00011")),
          Arguments.of(
              "user id with a carriage return",
              valid().removeHeader(userId).addHeaderLenient(userId, "user\r1")),
          Arguments.of("role with a space", valid().addHeader(roles, "admin, editor")),
          Arguments.of("empty role", valid().addHeader(roles, "admin,")),
          Arguments.of("role beyond ASCII", valid().addHeaderLenient(roles, "adm\u00edn")),
          Arguments.of(
              "amr beyond ASCII", valid().removeHeader(amr).addHeaderLenient(amr, "pwd \u00f6tp")),
          Arguments.of("amr with two spaces", valid().setHeader(amr, "pwd  otp")),
          Arguments.of(
              "login page",
              new MockResponse.Builder()
                  .addHeader("Content-Type", "text/html")
                  .body("<html><form>")),
          Arguments.of(
              "chunked login page", new MockResponse.Builder().chunkedBody("<html><form>", 4)),
          Arguments.of("another service", new MockResponse.Builder().body("{}")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badAnswers")
    void resolve_whatAuthgearWouldNotSay_isBadAnswer(String name, MockResponse.Builder answer) {
      server.enqueue(answer.build());

      assertThat(resolve(resolver(), BOTH, NOBODY))
          .as(name)
          .isEqualTo(unavailable(Reason.RESOLVER_BAD_ANSWER));
      assertThat(results).containsExactly(ResolverResult.BAD_ANSWER);
      assertThat(warnings.lines())
          .singleElement()
          .asString()
          .startsWith("WARN resolver_bad_answer: " + resolverUrl())
          .contains("AUTHGEAR_RESOLVER_URL");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"SSH-2.0-OpenSSH_9.2\r\n", "220 smtp ready\r\n", "HTTP/1.1 abc\r\n\r\n"})
    void resolve_noHttp_isBadAnswer(String bytes) throws Exception {
      try (RawServer raw = RawServer.answering(bytes)) {
        assertThat(resolve(resolver(raw.url(), PLENTY), BOTH, NOBODY))
            .isEqualTo(unavailable(Reason.RESOLVER_BAD_ANSWER));
        assertThat(raw.connections()).isOne();
      }
    }
  }

  @Nested
  class Outage {

    private void assertUnavailable(Resolver resolver, String advice) {
      assertThat(resolve(resolver, BOTH, NOBODY))
          .isEqualTo(unavailable(Reason.RESOLVER_UNAVAILABLE));
      assertThat(results).containsExactly(ResolverResult.UNAVAILABLE);
      assertThat(warnings.lines())
          .singleElement()
          .asString()
          .startsWith("WARN resolver_unavailable: ")
          .contains(advice);
    }

    @Test
    void resolve_noOneListens_isUnavailable() throws Exception {
      URI nowhere;
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        nowhere = URI.create("http://127.0.0.1:" + free.getLocalPort() + "/_resolver/resolve");
      }
      assertUnavailable(resolver(nowhere, PLENTY), "no connection to " + nowhere);
    }

    @Test
    void resolve_serverNeverAnswers_isUnavailable() {
      server.enqueue(
          new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build());

      assertUnavailable(resolver(resolverUrl(), LITTLE), "no answer within 200 ms");
    }

    @Test
    void resolve_bodyNeverComes_isUnavailable() {
      server.enqueue(new MockResponse.Builder().setHeader("Content-Length", "10").build());

      assertUnavailable(resolver(resolverUrl(), LITTLE), "no answer within 200 ms");
    }

    @Test
    void resolve_bodyNeverComesButTheVerdictDid_isVerified() {
      server.enqueue(valid().body("x").onResponseBody(SocketEffect.Stall.INSTANCE).build());

      assertThat(resolve(resolver(), BOTH, NOBODY)).isInstanceOf(Verified.class);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "HTTP/1.1 20",
          "HTTP/1.1 200 OK\r\nx-authgear-session-valid: true\r\nx-authgear-user-id: us",
          "HTTP/1.1 200 OK\r\nx-authgear-session-valid: true\r\nx-authgear-user-id: user-1\r\n"
        })
    void resolve_halfAnAnswer_isUnavailable(String half) throws Exception {
      try (RawServer raw = RawServer.answering(half)) {
        assertUnavailable(resolver(raw.url(), PLENTY), "broke");
        assertThat(raw.connections()).isOne();
      }
    }

    @Test
    void resolve_connectionReset_isUnavailable() throws Exception {
      try (RawServer raw = RawServer.resetting()) {
        assertUnavailable(resolver(raw.url(), PLENTY), "broke");
        assertThat(raw.connections()).isOne();
      }
    }

    @Test
    void resolve_plainServerBehindHttpsUrl_isUnavailable() throws Exception {
      try (RawServer raw = RawServer.greeting("HTTP/1.1 400 Bad Request\r\n\r\n")) {
        URI https = URI.create(raw.url().toString().replace("http:", "https:"));

        assertUnavailable(resolver(https, PLENTY), "no TLS connection to " + https);
      }
    }

    @Test
    void resolve_nameUnknown_isUnavailable() {
      Dns dns =
          host -> {
            throw new UnknownHostException(host);
          };
      URI url = URI.create("http://authgear-resolver.internal:3001/resolve");

      assertUnavailable(
          resolver(url, ORIGIN, PLENTY, 8, System::nanoTime, dns),
          "the name authgear-resolver.internal does not resolve");
    }

    @Test
    void resolve_nameServiceHangs_isUnavailable() {
      CountDownLatch never = new CountDownLatch(1);
      Dns dns =
          _ -> {
            try {
              never.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            return List.of();
          };
      URI url = URI.create("http://authgear-resolver.internal:3001/resolve");

      assertUnavailable(resolver(url, ORIGIN, LITTLE, 8, System::nanoTime, dns), "");
      never.countDown();
    }
  }

  @Nested
  class CallsInFlight {

    private final CountDownLatch answer = new CountDownLatch(1);

    private void answerWhenTold() {
      server.setDispatcher(
          new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) throws InterruptedException {
              answer.await();
              return valid().build();
            }
          });
    }

    @Test
    void resolve_allSlotsTaken_isOverloadedWithoutACall() throws Exception {
      answerWhenTold();
      Resolver resolver = resolver(resolverUrl(), ORIGIN, PLENTY, 3, System::nanoTime, Dns.SYSTEM);
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Callable<Verification> call = () -> resolve(resolver, BOTH, NOBODY);
        List<Future<Verification>> blocked =
            List.of(threads.submit(call), threads.submit(call), threads.submit(call));
        await().until(() -> server.getRequestCount() == 3);

        Verification refused = resolve(resolver, BOTH, NOBODY);
        answer.countDown();

        assertThat(refused).isEqualTo(unavailable(Reason.OVERLOADED));
        for (Future<Verification> each : blocked) {
          assertThat(each.get(20, SECONDS)).isInstanceOf(Verified.class);
        }
        assertThat(server.getRequestCount()).isEqualTo(3);
      }
      assertThat(results.getFirst()).isEqualTo(ResolverResult.OVERLOADED);
      assertThat(warnings.lines())
          .singleElement()
          .asString()
          .startsWith("WARN overloaded: 3 resolver calls are in flight already");
      assertThat(resolve(resolver, BOTH, NOBODY)).isInstanceOf(Verified.class);
    }

    @Test
    void resolve_afterTimeoutsAndFailures_theSlotIsFreeAgain() {
      Resolver resolver =
          resolver(resolverUrl(), ORIGIN, Duration.ofSeconds(2), 1, System::nanoTime, Dns.SYSTEM);
      List<MockResponse> failing =
          List.of(
              new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build(),
              new MockResponse.Builder()
                  .onResponseStart(new SocketEffect.CloseSocket(false, false, false))
                  .build(),
              new MockResponse.Builder().code(500).build(),
              new MockResponse.Builder().code(307).build(),
              new MockResponse.Builder().body("{}").build());
      for (MockResponse answer : failing) {
        server.enqueue(answer);
        resolve(resolver, BOTH, NOBODY);
      }
      server.enqueue(valid().build());

      assertThat(resolve(resolver, BOTH, NOBODY)).isInstanceOf(Verified.class);
      assertThat(results)
          .containsExactly(
              ResolverResult.UNAVAILABLE,
              ResolverResult.UNAVAILABLE,
              ResolverResult.ERROR,
              ResolverResult.ORIGIN_MISMATCH,
              ResolverResult.BAD_ANSWER,
              ResolverResult.VALID);
    }

    @Test
    void close_callInFlight_endsItAsUnavailable() throws Exception {
      answerWhenTold();
      Resolver resolver = resolver();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<Verification> blocked = threads.submit(() -> resolve(resolver, BOTH, NOBODY));
        await().until(() -> server.getRequestCount() == 1);

        resolver.close();

        assertThat(blocked.get(10, SECONDS)).isEqualTo(unavailable(Reason.RESOLVER_UNAVAILABLE));
        answer.countDown();
      }
    }
  }

  @Nested
  class Told {

    @Test
    void resolve_slowServer_listenerGetsTheWholeDuration() {
      server.enqueue(valid().headersDelay(150, MILLISECONDS).build());

      long start = System.nanoTime();
      resolve(resolver(), BOTH, NOBODY);
      long elapsed = System.nanoTime() - start;

      assertThat(durations)
          .singleElement()
          .satisfies(
              nanos ->
                  assertThat(nanos)
                      .isGreaterThanOrEqualTo(MILLISECONDS.toNanos(150))
                      .isLessThanOrEqualTo(elapsed));
    }

    @Test
    void resolve_sameFailureAgain_isLoggedOncePerTenSeconds() {
      AtomicLong nanos = new AtomicLong(-5);
      Resolver resolver = resolver(resolverUrl(), ORIGIN, PLENTY, 8, nanos::get, Dns.SYSTEM);
      for (int i = 0; i < 4; i++) {
        server.enqueue(new MockResponse.Builder().code(500).build());
      }

      resolve(resolver, BOTH, NOBODY);
      nanos.addAndGet(SECONDS.toNanos(10) - 1);
      resolve(resolver, BOTH, NOBODY);
      assertThat(warnings.lines()).hasSize(1);

      nanos.addAndGet(1);
      resolve(resolver, BOTH, NOBODY);
      assertThat(warnings.lines()).hasSize(2);

      nanos.addAndGet(1);
      resolve(resolver, BOTH, NOBODY);
      assertThat(warnings.lines()).hasSize(2);
      assertThat(results).hasSize(4);
    }

    @Test
    void resolve_anotherFailure_isLoggedOfItsOwn() {
      Resolver resolver = resolver();
      server.enqueue(new MockResponse.Builder().code(500).build());
      server.enqueue(new MockResponse.Builder().code(404).build());

      resolve(resolver, BOTH, NOBODY);
      resolve(resolver, BOTH, NOBODY);

      assertThat(warnings.lines())
          .satisfiesExactly(
              line -> assertThat(line).startsWith("WARN resolver_error: "),
              line -> assertThat(line).startsWith("WARN resolver_unknown_project: "));
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "s3cretT0ken s3cretC00kie||",
          "HTTP/1.1 s3cretT0ken||",
          "HTTP/1.1 500 s3cretT0ken||",
          "HTTP/1.1 302 s3cretT0ken|Location: /s3cretT0ken||",
          "HTTP/1.1 302 Found|Location: https://s3cretT0ken:s3cretC00kie@x.example/s3cret||",
          "HTTP/1.1 200 OK|x-authgear-session-valid: s3cretT0ken||",
          "HTTP/1.1 200 OK|x-authgear-session-valid: true|x-authgear-user-id: s3cret \u0001||",
          "HTTP/1.1 200 OK|Content-Length: 11||s3cretT0ken",
          "HTTP/1.1 200 OK|s3cretT0ken",
        })
    void resolve_serverEchoesTheCredentials_theyAreNotLogged(String answer) throws Exception {
      try (RawServer raw = RawServer.answering(answer.replace("|", "\r\n"))) {
        Verification verification = resolve(resolver(raw.url(), PLENTY), BOTH, NOBODY);

        assertThat(verification).isInstanceOf(Unavailable.class);
        assertThat(warnings.lines())
            .singleElement()
            .asString()
            .doesNotContainIgnoringCase("s3cret");
      }
    }

    @Test
    void resolve_resolverUrlWithUserAndQuery_isNotLoggedInFull() {
      server.enqueue(new MockResponse.Builder().code(500).build());
      URI url =
          URI.create(
              "http://admin:s3cret@127.0.0.1:" + server.getPort() + "/resolve?key=s3cret#s3cret");

      resolve(resolver(url, PLENTY), BOTH, NOBODY);

      assertThat(warnings.lines()).singleElement().asString().doesNotContain("s3cret");
    }
  }

  @Nested
  class Retry {

    private static final String ABSENT = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    @Test
    void ask_pooledConnectionGone_isAskedOnceMore() throws Exception {
      try (RawServer raw = RawServer.answeringInTurn(ABSENT)) {
        Resolver resolver = resolver(raw.url(), PLENTY);
        resolve(resolver, BOTH, NOBODY);
        resolve(resolver, BOTH, NOBODY);

        assertThat(results).containsExactly(ResolverResult.ABSENT, ResolverResult.ABSENT);
        assertThat(raw.connections()).isEqualTo(2);
        assertThat(warnings.lines()).isEmpty();
      }
    }

    @Test
    void ask_goneTwice_isUnavailable() throws Exception {
      try (RawServer raw = RawServer.answeringOnce(ABSENT)) {
        Resolver resolver = resolver(raw.url(), PLENTY);
        resolve(resolver, BOTH, NOBODY);

        assertThat(resolve(resolver, BOTH, NOBODY))
            .isEqualTo(unavailable(Reason.RESOLVER_UNAVAILABLE));
        assertThat(raw.connections()).isEqualTo(2);
      }
    }

    @Test
    void ask_newConnectionGone_isNotAskedAgain() throws Exception {
      try (RawServer raw = RawServer.resetting()) {
        Resolver resolver = resolver(raw.url(), PLENTY);
        resolve(resolver, BOTH, NOBODY);
        assertThat(raw.connections()).isOne();
      }
    }

    @Test
    void ask_halfAnAnswerOnAPooledConnection_isNotAskedAgain() throws Exception {
      try (RawServer raw = RawServer.answeringInTurn(ABSENT, "HTTP/1.1 200 OK\r\nx-auth")) {
        Resolver resolver = resolver(raw.url(), PLENTY);
        resolve(resolver, BOTH, NOBODY);

        assertThat(resolve(resolver, BOTH, NOBODY))
            .isEqualTo(unavailable(Reason.RESOLVER_UNAVAILABLE));
        assertThat(raw.connections()).isOne();
      }
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 503, 404, 307, 200})
    void ask_anyAnswer_isNotAskedAgain(int status) {
      Resolver resolver = resolver();
      server.enqueue(valid().build());
      resolve(resolver, BOTH, NOBODY);
      server.enqueue(new MockResponse.Builder().code(status).body("x").build());
      resolve(resolver, BOTH, NOBODY);

      assertThat(server.getRequestCount()).isEqualTo(2);
    }
  }

  @Nested
  class DeadResolver {

    private final AtomicLong nanos = new AtomicLong(17);
    private volatile MockResponse answer = new MockResponse.Builder().code(500).build();

    private Resolver dying() {
      return resolver(resolverUrl(), ORIGIN, PLENTY, 8, nanos::get, Dns.SYSTEM);
    }

    @BeforeEach
    void answerAlike() {
      server.setDispatcher(
          new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
              return answer;
            }
          });
    }

    private void ask(Resolver resolver, int times) {
      for (int i = 0; i < times; i++) {
        resolve(resolver, BOTH, NOBODY);
      }
    }

    @Test
    void ask_afterTwentyFailures_isRefusedWithoutACall() {
      Resolver resolver = dying();
      ask(resolver, 19);
      assertThat(resolver.breakerState()).isEqualTo(BreakerState.CLOSED);
      ask(resolver, 1);
      assertThat(resolver.breakerState()).isEqualTo(BreakerState.OPEN);

      assertThat(resolve(resolver, BOTH, NOBODY))
          .isEqualTo(unavailable(Reason.RESOLVER_UNAVAILABLE));
      assertThat(server.getRequestCount()).isEqualTo(20);
      assertThat(results).last().isEqualTo(ResolverResult.BREAKER_OPEN);
    }

    @Test
    void ask_backAfterThePause_closesAfterThreeTrials() {
      Resolver resolver = dying();
      ask(resolver, 20);
      answer = valid().build();
      nanos.addAndGet(Breaker.PAUSE.toNanos());
      ask(resolver, 1);
      assertThat(server.getRequestCount()).isEqualTo(20);

      nanos.addAndGet(1);
      ask(resolver, 1);
      assertThat(resolver.breakerState()).isEqualTo(BreakerState.HALF_OPEN);
      ask(resolver, 2);
      assertThat(resolver.breakerState()).isEqualTo(BreakerState.CLOSED);
      assertThat(server.getRequestCount()).isEqualTo(23);
    }

    @Test
    void ask_stillDeadAfterThePause_opensAgainAfterThreeTrials() {
      Resolver resolver = dying();
      ask(resolver, 20);
      nanos.addAndGet(Breaker.PAUSE.toNanos() + 1);
      ask(resolver, 10);

      assertThat(resolver.breakerState()).isEqualTo(BreakerState.OPEN);
      assertThat(server.getRequestCount()).isEqualTo(23);
    }

    @Test
    void ask_oddAnswersThatAClientMayProvoke_neverOpen() {
      Resolver resolver = dying();
      answer = new MockResponse.Builder().code(418).build();
      ask(resolver, 200);
      answer = new MockResponse.Builder().code(404).build();
      ask(resolver, 200);

      assertThat(resolver.breakerState()).isEqualTo(BreakerState.CLOSED);
      assertThat(server.getRequestCount()).isEqualTo(400);
    }

    @Test
    void ask_threeOfFourFail_doesNotOpen() {
      Resolver resolver = dying();
      for (int i = 0; i < 50; i++) {
        answer = new MockResponse.Builder().code(500).build();
        ask(resolver, 3);
        answer = valid().build();
        ask(resolver, 1);
      }

      assertThat(resolver.breakerState()).isEqualTo(BreakerState.CLOSED);
      assertThat(server.getRequestCount()).isEqualTo(200);
    }

    @Test
    void ask_oddAnswerToATrial_leavesRoomForAnother() {
      Resolver resolver = dying();
      ask(resolver, 20);
      nanos.addAndGet(Breaker.PAUSE.toNanos() + 1);
      answer = new MockResponse.Builder().code(418).build();
      ask(resolver, 10);
      answer = valid().build();
      ask(resolver, 3);

      assertThat(resolver.breakerState()).isEqualTo(BreakerState.CLOSED);
    }
  }
}
