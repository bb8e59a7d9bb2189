package com.authgear.authrequest.nginx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.authgear.authrequest.support.Site;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import com.nimbusds.jose.util.Base64URL;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The table of docs/reasons.md: each cause is brought about, and the service, asked directly and
 * through a real nginx with the shipped files, does what its row says.
 */
class StatusTableIT {

  private static final TokenOptions USUAL = TokenOptions.DEFAULTS;
  private static final String WEBHOOK_SECRET = "the-secret-of-the-webhook";

  /** Past the time for which the key set is not fetched again. */
  private static final Duration A_WHILE = Duration.ofSeconds(11);

  /** What locations require; each has one of its own in nginx, {@code /at/<name>/}. */
  private static final Map<String, String> POLICIES =
      Map.of(
          "admin", "role=admin",
          "orders", "scope=read:orders",
          "app", "client_id=other",
          "worker", "principal=client&audience=https://api.example.com",
          "recent", "max_age=60",
          "otp", "amr=otp",
          "verified", "verified=true",
          "known", "anonymous=false");

  /** A location whose policy the service does not have. */
  private static final String NO_POLICY = "nobody";

  /** A location whose requirement, in the query as ingress-nginx has it, is a mistake. */
  private static final String MISTAKE = "mistake";

  private static final String MISTAKEN_QUERY = "?rolle=admin";

  /**
   * What the causes of all but a few rows share. A named policy with a mistake would stop the
   * start.
   */
  private static Map<String, String> settings() {
    Map<String, String> settings = new HashMap<>();
    POLICIES.forEach(
        (name, requirement) ->
            settings.put("AUTHGEAR_POLICY_" + name.toUpperCase(Locale.ROOT), requirement));
    settings.put("AUTHGEAR_TOKEN_HEADER", "x-access-token");
    return settings;
  }

  private static String nginxConf(String shipped) {
    String locations =
        Stream.concat(POLICIES.keySet().stream(), Stream.of(NO_POLICY, MISTAKE))
            .map(
                name ->
                    """
                    location /at/%s/ {
                        auth_request /_authgear/auth/%s;
                        include authgear/identity.conf;
                        include authgear/proxy.conf;
                        proxy_pass http://backend;
                    }
                    """
                        .replace("%s", name))
            .collect(Collectors.joining());
    String byQuery =
        """
        location = /_authgear/auth/NAME {
            internal;
            proxy_pass http://authgear_auth/authQUERY;
        }
        """
            .replace("NAME", MISTAKE)
            .replace("QUERY", MISTAKEN_QUERY);
    String server = "include authgear/server.conf;\n";
    assertThat(shipped).containsOnlyOnce(server);
    return shipped.replace(server, server + locations + byQuery);
  }

  // ---- Rows

  private record Row(String cause, int status, int throughNginx, List<String> reasons) {}

  private static List<Row> rows() throws IOException {
    return Files.readAllLines(Path.of("docs/reasons.md")).stream()
        .dropWhile(line -> !line.equals("# Why was a request refused?"))
        .dropWhile(line -> !line.startsWith("|"))
        .takeWhile(line -> line.startsWith("|"))
        .skip(2)
        .map(
            line -> {
              List<String> cells = Arrays.stream(line.split("\\|", -1)).map(String::strip).toList();
              return new Row(
                  cells.get(1),
                  Integer.parseInt(cells.get(2)),
                  Integer.parseInt(cells.get(3)),
                  Arrays.stream(cells.get(4).split(" · ", -1))
                      .map(code -> code.replace("`", ""))
                      .toList());
            })
        .toList();
  }

  @Test
  void everyReason_isInOneRow() throws IOException {
    assertThat(rows().stream().flatMap(row -> row.reasons.stream()))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(Reason.values()).map(Reason::code).toList());
  }

  @TestFactory
  Stream<DynamicTest> cause_isAnsweredAsItsRowSays() throws IOException {
    return rows().stream()
        .flatMap(row -> row.reasons.stream().flatMap(reason -> tests(row, reason)));
  }

  private static Stream<DynamicTest> tests(Row row, String reason) {
    if (reason.equals(Reason.INTERNAL_ERROR.code())) {
      // No request brings a bug about; AuthHandlerTest makes one and gets this status.
      return Stream.of(dynamicTest(reason, () -> assertThat(row.status).isEqualTo(503)));
    }
    List<Cause> causes =
        CAUSES.stream().filter(cause -> cause.reason.code().equals(reason)).toList();
    return causes.isEmpty()
        ? Stream.of(dynamicTest(reason, () -> fail("no one knows how to bring this about")))
        : causes.stream()
            .map(cause -> dynamicTest(reason + ": " + cause.what, () -> check(row, cause)));
  }

  // ---- Causes

  /**
   * A request.
   *
   * @param location the policy of the location that it goes to; empty for one that asks for a user
   */
  private record Request(String location, List<String> headerLines) {
    private Request(String location, String... headerLines) {
      this(location, List.of(headerLines));
    }
  }

  @FunctionalInterface
  private interface Way {
    /** Brings the cause about. */
    Request provoke(Site site) throws Exception;
  }

  /**
   * Why a request is refused.
   *
   * @param settings further ones; null if the cause leaves no trace in the site that most share
   */
  private record Cause(
      Reason reason, String what, @Nullable Map<String, String> settings, Way way) {}

  private static Cause cause(Reason reason, String what, Way way) {
    return new Cause(reason, what, null, way);
  }

  private static Cause alone(Reason reason, String what, Map<String, String> settings, Way way) {
    return new Cause(reason, what, settings, way);
  }

  private static final List<Cause> CAUSES =
      List.of(
          cause(Reason.NO_CREDENTIALS, "nothing", _ -> new Request("")),
          cause(Reason.NO_CREDENTIALS, "Basic", _ -> new Request("", "Authorization: Basic dTpw")),
          cause(Reason.MALFORMED_CREDENTIALS, "empty token", _ -> bearer("")),
          cause(Reason.MALFORMED_CREDENTIALS, "broken token", _ -> bearer("a b")),
          cause(
              Reason.MALFORMED_CREDENTIALS,
              "two different tokens",
              site ->
                  new Request(
                      "",
                      "Authorization: Bearer " + project(site).accessToken("alice"),
                      "X-Access-Token: " + project(site).accessToken("alice"))),
          cause(Reason.TOKEN_TOO_LARGE, "token", _ -> bearer("x".repeat(16 * 1024 + 1))),
          cause(Reason.MALFORMED_TOKEN, "two parts", _ -> bearer("a.b")),
          cause(Reason.MALFORMED_TOKEN, "broken base64", _ -> bearer("a+.b.c")),
          cause(Reason.MALFORMED_TOKEN, "broken JSON", site -> header(site, "{\"alg\":")),
          cause(
              Reason.MALFORMED_TOKEN,
              "typ twice",
              site -> header(site, "{\"typ\":\"JWT\",\"typ\":\"at+jwt\"}")),
          cause(Reason.WRONG_TYPE, "ID token", site -> bearer(project(site).idToken("alice"))),
          cause(Reason.WRONG_TYPE, "no typ", site -> header(site, "{\"alg\":\"RS256\"}")),
          cause(
              Reason.ALGORITHM_NOT_ALLOWED,
              "none",
              site -> header(site, "{\"alg\":\"none\",\"typ\":\"at+jwt\"}")),
          cause(
              Reason.ALGORITHM_NOT_ALLOWED,
              "HS256",
              site -> header(site, "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}")),
          cause(
              Reason.ALGORITHM_NOT_ALLOWED,
              "not listed",
              site -> header(site, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}")),
          cause(
              Reason.CRITICAL_HEADER,
              "crit",
              site -> header(site, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"]}")),
          cause(
              Reason.UNKNOWN_KEY,
              "unknown kid",
              site -> header(site, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"other\"}")),
          cause(
              Reason.BAD_SIGNATURE,
              "another token's",
              site -> {
                String one = project(site).accessToken("bob");
                String other = project(site).accessToken("alice");
                return bearer(
                    one.substring(0, one.lastIndexOf('.'))
                        + other.substring(other.lastIndexOf('.')));
              }),
          cause(
              Reason.WRONG_ISSUER,
              "another project's",
              site -> token(site, USUAL.withClaim("iss", "https://other.authgear.cloud"))),
          cause(
              Reason.WRONG_AUDIENCE,
              "another audience",
              site -> token(site, USUAL.withAudience(List.of("https://api.example.com")))),
          cause(
              Reason.EXPIRED,
              "expired",
              site -> token(site, USUAL.withExpiresIn(Duration.ofHours(-1)))),
          cause(
              Reason.NOT_YET_VALID,
              "not yet valid",
              site ->
                  token(
                      site, USUAL.withClaim("nbf", site.clock().instant().getEpochSecond() + 60))),
          cause(Reason.MISSING_CLAIM, "no sub", site -> token(site, USUAL.withClaim("sub", null))),
          cause(
              Reason.SENDER_CONSTRAINED,
              "cnf",
              site -> token(site, USUAL.withClaim("cnf", Map.of("jkt", "x")))),
          cause(
              Reason.UNSAFE_VALUE,
              "a role with a space",
              site -> token(site, USUAL.withRoles(List.of("a b")))),
          cause(
              Reason.HEADER_BUDGET,
              "3 KiB of roles",
              site -> token(site, USUAL.withRoles(Collections.nCopies(384, "1234567")))),
          cause(
              Reason.SESSION_INVALID,
              "ended",
              site -> {
                String cookie = project(site).sessionCookie("bob");
                project(site).endSession(cookie);
                return cookie(cookie);
              }),
          cause(Reason.SESSION_INVALID, "unknown", _ -> bearer("AnOpaqueTokenThatNobodyGaveOut00")),
          cause(
              Reason.SESSION_INVALID,
              "of a disabled user",
              site -> cookie(project(site).sessionCookie("dave"))),
          alone(
              Reason.USER_CHANGED,
              "disabled, says a webhook",
              Map.of("AUTHGEAR_MODE", "jwt", "AUTHGEAR_WEBHOOK_SECRET", WEBHOOK_SECRET),
              site -> {
                Request request = token(site, USUAL);
                String hook = "http://127.0.0.1:" + site.service().port() + "/hooks/authgear";
                project(site).hooks().configure(hook, WEBHOOK_SECRET);
                project(site).disable("alice");
                Awaitility.await("the webhook")
                    .until(
                        () ->
                            site.metric("authgear_auth_webhooks_total", "result=\"accepted\"")
                                == 1);
                return request;
              }),
          cause(
              Reason.PRINCIPAL_NOT_ALLOWED,
              "a machine",
              site -> bearer(project(site).m2mToken("https://api.example.com", "read:orders"))),
          cause(
              Reason.PRINCIPAL_NOT_ALLOWED,
              "a user, where machines are asked for",
              site -> user(site, "alice", "worker")),
          alone(
              Reason.CLIENT_NOT_ALLOWED,
              "not in AUTHGEAR_CLIENT_IDS",
              Map.of("AUTHGEAR_CLIENT_IDS", "other"),
              site -> token(site, USUAL)),
          cause(Reason.CLIENT_NOT_ALLOWED, "not in client_id", site -> user(site, "alice", "app")),
          cause(
              Reason.STALE_AUTHENTICATION,
              "max_age",
              site -> {
                Request request = user(site, "alice", "recent");
                site.clock().advance(Duration.ofSeconds(61));
                return request;
              }),
          alone(
              Reason.AMBIGUOUS_PATH,
              "no original URI",
              Map.of("AUTHGEAR_ORIGINAL_URI_HEADER", "x-original-url"),
              site -> token(site, USUAL)),
          cause(Reason.AMR_MISSING, "amr", site -> user(site, "alice", "otp")),
          cause(Reason.ROLE_MISSING, "role", site -> user(site, "bob", "admin")),
          cause(Reason.SCOPE_MISSING, "scope", site -> user(site, "alice", "orders")),
          cause(Reason.NOT_VERIFIED, "not verified", site -> user(site, "bob", "verified")),
          cause(Reason.ANONYMOUS_USER, "anonymous", site -> user(site, "carol", "known")),
          cause(Reason.BAD_REQUIREMENT, "rolle=admin", site -> user(site, "alice", MISTAKE)),
          cause(Reason.UNKNOWN_POLICY, "no such policy", site -> user(site, "alice", NO_POLICY)),
          alone(
              Reason.KEYS_UNAVAILABLE,
              "too old",
              Map.of(),
              site -> {
                site.sandbox().breakDown(AuthgearEndpoint.KEYS, new Malfunction.Down());
                site.clock().advance(Duration.ofHours(5));
                return token(site, USUAL);
              }),
          cause(
              Reason.KEYS_UNAVAILABLE,
              "a new key, and no answer about it",
              site -> {
                site.sandbox().breakDown(AuthgearEndpoint.KEYS, new Malfunction.Down());
                project(site).rotateKeys();
                return token(site, USUAL);
              }),
          cause(
              Reason.RESOLVER_UNAVAILABLE,
              "no connection",
              site -> asked(site, new Malfunction.Down())),
          cause(
              Reason.RESOLVER_UNAVAILABLE,
              "too slow",
              site -> asked(site, new Malfunction.Hang(Duration.ofMinutes(1)))),
          cause(
              Reason.RESOLVER_ORIGIN_MISMATCH,
              "redirect",
              site ->
                  asked(
                      site,
                      new Malfunction.CannedAnswer(
                          307,
                          Map.of("Location", "https://auth.example.com/_resolver/resolve"),
                          ""))),
          cause(
              Reason.RESOLVER_UNKNOWN_PROJECT, "404", site -> asked(site, Malfunction.status(404))),
          cause(Reason.RESOLVER_ERROR, "500", site -> asked(site, Malfunction.status(500))),
          cause(
              Reason.RESOLVER_BAD_ANSWER,
              "a web page",
              site -> asked(site, new Malfunction.Garbage())),
          alone(
              Reason.OVERLOADED,
              "one call too many",
              Map.of("AUTHGEAR_RESOLVER_MAX_CALLS", "1", "AUTHGEAR_RESOLVER_TIMEOUT", "60s"),
              site -> {
                hang(site);
                return cookie(project(site).sessionCookie("alice"));
              }),
          alone(
              Reason.DRAINING,
              "stopping",
              Map.of("AUTHGEAR_DRAIN", "60s", "AUTHGEAR_RESOLVER_TIMEOUT", "60s"),
              site -> {
                Request request = token(site, USUAL);
                hang(site);
                site.beginToClose();
                return request;
              }));

  private static Project project(Site site) {
    return site.sandbox().project();
  }

  private static Request bearer(String token) {
    return new Request("", "Authorization: Bearer " + token);
  }

  private static Request cookie(String cookie) {
    return new Request("", "Cookie: " + cookie);
  }

  private static Request token(Site site, TokenOptions options) {
    return bearer(project(site).accessToken("alice", options));
  }

  /** A token of which nothing but the header (RFC 7515) is wrong, which is judged first. */
  private static Request header(Site site, String json) {
    String token = project(site).accessToken("alice");
    return bearer(Base64URL.encode(json) + token.substring(token.indexOf('.')));
  }

  private static Request user(Site site, String name, String location) {
    return new Request(location, "Authorization: Bearer " + project(site).accessToken(name));
  }

  /** A session that only the resolver can judge, which fails. */
  private static Request asked(Site site, Malfunction fault) {
    site.sandbox().breakDown(AuthgearEndpoint.RESOLVER, fault);
    return cookie(project(site).sessionCookie("bob"));
  }

  /** A request that waits for the resolver until the site is reset. */
  private static void hang(Site site) {
    site.sandbox()
        .breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Hang(Duration.ofMinutes(1)));
    var _ = site.sendAsync("Cookie", project(site).sessionCookie("bob"));
    Awaitility.await("the call").until(() -> site.sandbox().calls(AuthgearEndpoint.RESOLVER) == 1);
  }

  // ---- Checks

  private static Site shared;
  private static int checks;

  @BeforeAll
  static void start() throws IOException {
    shared = site(Map.of());
  }

  @AfterAll
  static void stop() {
    if (shared != null) {
      shared.close();
    }
  }

  private static Site site(Map<String, String> more) throws IOException {
    Map<String, String> all = settings();
    all.putAll(more);
    return new Site(all, StatusTableIT::nginxConf);
  }

  private static void check(Row row, Cause cause) throws Exception {
    if (cause.settings == null) {
      shared.reset();
      shared.clock().advance(A_WHILE);
      check(row, cause, shared);
    } else {
      try (Site own = site(cause.settings)) {
        check(row, cause, own);
      }
    }
  }

  private static void check(Row row, Cause cause, Site site) throws Exception {
    String reason = cause.reason.code();
    Request request = cause.way.provoke(site);
    String target =
        switch (request.location) {
          case "" -> "/auth";
          case MISTAKE -> "/auth" + MISTAKEN_QUERY;
          default -> "/auth/" + request.location;
        };
    HttpMessage direct = send(site.service().port(), target, request);
    assertThat(direct.values("x-auth-reason")).containsExactly(reason);
    assertThat(direct.status()).as("status").isEqualTo(row.status);

    String path =
        (request.location.isEmpty() ? "" : "/at/" + request.location) + "/orders/" + ++checks;
    HttpMessage throughNginx = send(site.nginxPort(), path, request);
    assertThat(throughNginx.status()).as("through nginx").isEqualTo(row.throughNginx);
    assertThat(throughNginx.values("x-auth-reason")).isEmpty();
    assertThat(site.backend().requests()).isEmpty();
    Awaitility.await("the line in nginx's log")
        .untilAsserted(
            () ->
                assertThat(site.nginxLog().lines())
                    .filteredOn(line -> line.contains(" " + path + " "))
                    .singleElement()
                    .asString()
                    .contains("HTTP/1.1\" " + row.throughNginx + " ")
                    .endsWith(" reason=" + reason));
  }

  private static HttpMessage send(int port, String target, Request request) throws IOException {
    try (RawClient client = new RawClient(port)) {
      return client.send("GET", target, request.headerLines.toArray(String[]::new));
    }
  }
}
