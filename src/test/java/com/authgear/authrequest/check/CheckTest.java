package com.authgear.authrequest.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.tls.Authority;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code check} says about the settings and what they lead to. */
class CheckTest {

  private static final String SECRET = "0123456789abcdefghijABCDEFGHIJ42";

  private final Sandbox sandbox =
      Sandbox.start(SandboxOptions.loopback(InstantSource.system()).withEdge());
  private final String origin = sandbox.origin();
  private final Authority authority = new Authority();
  private final Checked.Run run = Checked.Run.of(origin);

  @AfterEach
  void stop() {
    sandbox.close();
  }

  @Test
  void check_everythingGood_saysSoLineByLine() {
    Checked checked = run.with("AUTHGEAR_WEBHOOK_SECRET", SECRET).check();

    String key = checked.about("keys").getFirst().replaceFirst(".* key: ([0-9a-f-]{36}) .*", "$1");
    assertThat(checked)
        .isEqualTo(
            new Checked(
                0,
                """
                ✓ settings: AUTHGEAR_ENDPOINT is %ORIGIN%, mode auto
                ✓ name: 127.0.0.1 is an address
                ✓ connection: 127.0.0.1 port %PORT% answers
                ✓ discovery: %ORIGIN%/.well-known/openid-configuration
                ✓ issuer: %ORIGIN%
                ✓ keys: 1 key: %KEY% (RS256)
                %CLOCK%
                ✓ resolver: %ORIGIN%/_resolver/resolve answers as a resolver: no such session
                – redis: not used: AUTHGEAR_REDIS_URL is not set
                ✓ webhook_secret: 32 characters

                nothing failed
                """
                    .replace("%ORIGIN%", origin)
                    .replace("%PORT%", Integer.toString(sandbox.port()))
                    .replace("%KEY%", key)
                    .replace("%CLOCK%", checked.about("clock").getFirst()),
                ""));
    assertThat(checked.about("clock").getFirst())
        .matches("✓ clock: this clock is [0-5] s (ahead of|behind) Authgear's");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "POLICY_A | resource=https://a.example/mcp | ",
        "POLICY_A | resource=https://a.example/mcp/ | slash at the end",
        "POLICY_A | resource=http://localhost/mcp | takes https only",
        "POLICY_A | resource=https://a.example/mcp&max_age=9 | know no max_age",
        "POLICY_A | max_age=9 | ",
        "POLICY_A | audience=orders | no token of Authgear has",
        "POLICY_A | audience=http://a.example | no token of Authgear has",
        "POLICY_A | audience=https://a.example/x | ",
        "POLICY_A | audience=https://a.example&audience=https://b.example | a token of Authgear"
            + " names one",
        "POLICY_A | audience=https://a.example,https://c.example&audience=https://a.example | ",
        "AUDIENCE | https://a.example,orders | no token of Authgear has",
        "AUDIENCE | %ORIGIN%/ | without the slash",
        "AUDIENCE | %ORIGIN% | ",
        "RESOURCE | https://a.example/mcp | ",
        "RESOURCE | https://a.example/mcp/ | slash at the end",
        "RESOURCE | http://localhost/mcp | takes https only"
      })
  void check_resourcesAndAudiences_areWarnedOf(String key, String value, String warning) {
    Checked checked = run.with("AUTHGEAR_" + key, value.replace("%ORIGIN%", origin)).check();
    assertThat(checked.status()).isZero();
    if (warning == null) {
      assertThat(checked.troubles()).isEmpty();
    } else {
      assertThat(checked.troubles().getFirst()).startsWith("\u26a0").contains(warning);
    }
  }

  @Test
  void check_resourceThatIsNoAudience_isWarnedOf() {
    assertThat(
            run.with("AUTHGEAR_RESOURCE", "https://a.example")
                .with("AUTHGEAR_AUDIENCE", origin)
                .check()
                .troubles()
                .getFirst())
        .contains("AUTHGEAR_AUDIENCE does not name AUTHGEAR_RESOURCE");
  }

  @Test
  void check_json_hasTheSameForMachines() throws Exception {
    Checked checked = run.with("AUTHGEAR_ALGORITHMS", "ES256").check("--json");

    assertThat(checked.status()).isEqualTo(1);
    assertThat(checked.out().lines()).hasSize(1);
    JsonNode json = new ObjectMapper().readTree(checked.out());
    assertThat(json.get("ok").booleanValue()).isFalse();
    assertThat(json.has("decision")).isFalse();
    assertThat(
            StreamSupport.stream(json.get("checks").spliterator(), false)
                .map(line -> line.get("id").textValue() + " " + line.get("status").textValue()))
        .containsExactly(
            "settings ok",
            "name ok",
            "connection ok",
            "discovery ok",
            "issuer ok",
            "keys failed",
            "clock ok",
            "resolver ok",
            "redis skipped",
            "webhook_secret skipped");
    assertThat(json.get("checks").get(5).get("fix").textValue())
        .startsWith("add the algorithm that the project signs with");
  }

  @Test
  void settings_withProblems_namesEachAndTriesNothingElse() {
    Checked checked =
        new Checked.Run(
                Map.of("AUTHGEAR_MODE", "fast", "AUTHGEAR_WEBHOOK_SECRET", " 0123456789abcdef"),
                ConnectionChecks.platformTrust(),
                Duration.ofSeconds(1),
                InstantSource.system())
            .checkWith("x", "--token");

    assertThat(checked)
        .isEqualTo(
            new Checked(
                1,
                """
                ✗ settings: AUTHGEAR_ENDPOINT: is missing
                    fix: accepted: https origin without a path; http on loopback or with AUTHGEAR_ALLOW_HTTP; for example https://my-project.authgear.cloud
                ✗ settings: AUTHGEAR_MODE: "fast" is none of them
                    fix: accepted: one of auto, jwt, resolver; for example resolver
                ✗ settings: AUTHGEAR_WEBHOOK_SECRET: the value (not shown) has a space or a character outside visible ASCII
                    fix: accepted: 16 or more visible ASCII characters; for example webhook-secret-of-the-project
                – connection: not tried because settings failed
                – discovery: not tried because settings failed
                – keys: not tried because settings failed
                – clock: not tried because settings failed
                – resolver: not tried because settings failed
                – redis: not tried because settings failed
                – webhook_secret: not tried because settings failed
                – decision: not tried because settings failed

                3 failed
                """,
                ""));
  }

  @Test
  void settings_httpOutsideLoopback_isAWarning() {
    Checked checked =
        Checked.Run.of("http://auth.example.test")
            .with("AUTHGEAR_ALLOW_HTTP", "true")
            .with("AUTHGEAR_INTERNAL_URL", origin)
            .check();

    assertThat(checked.about("settings"))
        .containsExactly(
            "⚠ settings: AUTHGEAR_ENDPOINT is http://auth.example.test, mode auto, without TLS");
  }

  @Test
  void name_unknown_isSaid() {
    Checked checked = Checked.Run.of("https://authgear.invalid").check();

    assertThat(checked.status()).isEqualTo(1);
    assertThat(checked.troubles())
        .containsExactly(
            "✗ name: no address is known for authgear.invalid",
            "    fix: check the spelling in AUTHGEAR_ENDPOINT, and the name server that is used"
                + " here");
    assertThat(checked.out())
        .contains(
            """
            – discovery: not tried because name failed
            – keys: not tried because name failed
            – clock: not tried because name failed
            – resolver: not tried because name failed
            """);
  }

  @Test
  void connection_refused_isSaid() {
    int port = FreePort.find();
    Checked checked = run.with("AUTHGEAR_INTERNAL_URL", "http://127.0.0.1:" + port).check();

    assertThat(checked.troubles())
        .containsExactly(
            "✗ connection: 127.0.0.1 port " + port + " refuses the connection",
            "    fix: nothing listens there: check host and port in AUTHGEAR_INTERNAL_URL, and that"
                + " Authgear runs");
  }

  @Test
  void connection_withoutAnswer_isSaid() throws Exception {
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket _ = new Socket(full.getInetAddress(), full.getLocalPort());
        Socket _ = new Socket(full.getInetAddress(), full.getLocalPort())) {
      Checked checked =
          Checked.Run.of("http://127.0.0.1:" + full.getLocalPort())
              .with(Duration.ofMillis(300))
              .check();

      assertThat(checked.troubles())
          .containsExactly(
              "✗ connection: 127.0.0.1 port "
                  + full.getLocalPort()
                  + " does not answer within 300 ms",
              "    fix: look for a firewall, network policy or security group that drops this"
                  + " connection; check host and port in AUTHGEAR_ENDPOINT");
    }
  }

  @Test
  void discovery_localhostInPlaceOf127001_saysWhichOriginToSet() {
    String localhost = "http://localhost:" + sandbox.port();
    Checked checked = Checked.Run.of(localhost).check();

    assertThat(checked.troubles())
        .containsExactly(
            "✗ discovery: "
                + localhost
                + "/.well-known/openid-configuration redirects (307) to "
                + origin,
            "    fix: set AUTHGEAR_ENDPOINT="
                + origin
                + " if that is the project's origin; localhost and 127.0.0.1 are two different"
                + " origins");
    assertThat(checked.out()).contains("– keys: not tried because discovery failed\n");
  }

  @Test
  void discovery_proxyThatChangesTheHost_isSaid() {
    try (Sandbox behind =
        Sandbox.start(
            SandboxOptions.loopback(InstantSource.system())
                .withEdge()
                .withPublicOrigin("https://auth.example.test"))) {
      behind.breakDown(
          AuthgearEndpoint.DISCOVERY,
          new Malfunction.CannedAnswer(307, Map.of("Location", "https://auth.example.test/x"), ""));
      Checked checked =
          Checked.Run.of("https://auth.example.test")
              .with("AUTHGEAR_INTERNAL_URL", behind.address())
              .check();

      assertThat(checked.troubles())
          .containsExactly(
              "✗ discovery: "
                  + behind.address()
                  + "/.well-known/openid-configuration redirects (307) to"
                  + " https://auth.example.test",
              "    fix: a proxy between here and Authgear changes Host, X-Forwarded-Host or"
                  + " X-Forwarded-Proto: it must pass them on as they are");
    }
  }

  /** Where the project hosts Authgear itself, its origin has no resolver. */
  @Test
  void resolver_notAtTheOrigin_namesTheSettingThatSaysWhere() {
    try (Sandbox selfHosted = Sandbox.start(SandboxOptions.loopback(InstantSource.system()))) {
      Checked.Run there = Checked.Run.of(selfHosted.origin());

      assertThat(there.check().troubles())
          .satisfiesExactly(
              line ->
                  assertThat(line)
                      .isEqualTo(
                          String.format(
                              Locale.ROOT,
                              "✗ resolver: %1$s/_resolver/resolve answers 404 for the host of %1$s",
                              selfHosted.origin())),
              fix ->
                  assertThat(fix)
                      .startsWith("    fix: set AUTHGEAR_RESOLVER_URL to the resolver")
                      .contains("http://authgear-resolver:3001/resolve"));
      assertThat(there.with("AUTHGEAR_RESOLVER_URL", selfHosted.resolverUrl()).check().troubles())
          .isEmpty();
    }
  }

  @Test
  void amrInAPolicy_isAMistakeWhereNoCredentialCanMeetIt() {
    Checked.Run asking = run.with("AUTHGEAR_POLICY_OTP", "amr=otp,mfa&max_age=60");

    assertThat(asking.with("AUTHGEAR_MODE", "resolver").check())
        .satisfies(
            checked -> {
              assertThat(checked.status()).isEqualTo(1);
              assertThat(checked.troubles())
                  .containsExactly(
                      "✗ policy: AUTHGEAR_POLICY_OTP asks for amr=otp,mfa, which no principal meets"
                          + " in mode resolver: Authgear's resolver tells no method",
                      "    fix: ask for max_age instead, or set AUTHGEAR_MODE=auto");
            });
    for (String mode : new String[] {"auto", "jwt"}) {
      Checked checked = asking.with("AUTHGEAR_MODE", mode).check();
      assertThat(checked.status()).isZero();
      assertThat(checked.troubles())
          .containsExactly(
              "⚠ policy: AUTHGEAR_POLICY_OTP asks for amr=otp,mfa, which only a bearer JWT meets"
                  + " that comes straight from a login: no cookie, no opaque token, and no JWT"
                  + " after its first refresh",
              "    fix: ask for max_age instead, unless that is meant");
    }
    assertThat(run.with("AUTHGEAR_POLICY_RECENT", "max_age=60").check().about("policy")).isEmpty();
  }

  @Test
  void discovery_unknownProject_isSaidTwice() {
    Checked checked =
        Checked.Run.of("https://other.example.test").with("AUTHGEAR_INTERNAL_URL", origin).check();

    assertThat(checked.troubles())
        .containsExactly(
            "✗ discovery: "
                + origin
                + "/.well-known/openid-configuration answers 404 for the host of"
                + " https://other.example.test",
            "    fix: no Authgear project has the origin AUTHGEAR_ENDPOINT, or"
                + " AUTHGEAR_INTERNAL_URL leads to another server",
            "✗ resolver: "
                + origin
                + "/_resolver/resolve answers 404 for the host of https://other.example.test",
            "    fix: set AUTHGEAR_RESOLVER_URL to the resolver, which listens on a port of its own"
                + " (such as http://authgear-resolver:3001/resolve); only Authgear's SaaS answers"
                + " at the project's own origin. If this is the resolver, no project has this"
                + " origin: check AUTHGEAR_ENDPOINT");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          200 | text/html | <html>Log in</html> | answers with a web page (text/html) | a login page, a gateway or another site answers there: AUTHGEAR_ENDPOINT must lead to Authgear itself
          200 | text/plain | hello | answers with something that is no JSON object (text/plain) | a login page, a gateway or another site answers there: AUTHGEAR_ENDPOINT must lead to Authgear itself
          503 | text/plain | sorry | answers 503 | Authgear, or a proxy in front of it, has failed: look at its logs
          401 | text/plain | no | answers 401 | something in front of Authgear refuses this: let this service through without login
          """)
  void discovery_somethingElse_isSaid(
      int status, String type, String body, String found, String fix) {
    sandbox.breakDown(
        AuthgearEndpoint.DISCOVERY,
        new Malfunction.CannedAnswer(status, Map.of("Content-Type", type), body));

    assertThat(run.check().troubles())
        .containsExactly(
            "✗ discovery: " + origin + "/.well-known/openid-configuration " + found,
            "    fix: " + fix);
  }

  @Test
  void discovery_connectionThatBreaks_isSaid() {
    sandbox.breakDown(AuthgearEndpoint.DISCOVERY, new Malfunction.Down());

    assertThat(run.check().troubles())
        .hasSize(2)
        .first()
        .asString()
        .startsWith(
            "✗ discovery: "
                + origin
                + "/.well-known/openid-configuration gave no answer: java.io.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"issuer":"https://auth.example.test"} | the project calls itself https://auth.example.test, not %ORIGIN% | set AUTHGEAR_ENDPOINT=https://auth.example.test if that is your project
          {"issuer":"%ORIGIN%/"} | the project calls itself %ORIGIN%/, not %ORIGIN% | an Authgear project calls itself by its origin, without a path or slash: something else answers there, or its public origin is not set well
          {"issuer":"a\\u001b[2Jb"} | the project calls itself a\\u001b[2Jb, not %ORIGIN% | an Authgear project calls itself by its origin, without a path or slash: something else answers there, or its public origin is not set well
          {"keys":[]} | the discovery document names no issuer | AUTHGEAR_ENDPOINT leads to something that is no Authgear
          """)
  void issuer_wrong_isSaid(String document, String found, String fix) {
    sandbox.breakDown(
        AuthgearEndpoint.DISCOVERY,
        new Malfunction.CannedAnswer(
            200, Map.of("Content-Type", "application/json"), document.replace("%ORIGIN%", origin)));
    Checked checked = run.check();

    assertThat(checked.troubles())
        .containsExactly("✗ issuer: " + found.replace("%ORIGIN%", origin), "    fix: " + fix);
    assertThat(checked.out()).contains("– keys: not tried because issuer failed\n");
  }

  @Test
  void keys_thatCannotBeFetched_isSaid() {
    sandbox.breakDown(AuthgearEndpoint.KEYS, Malfunction.status(500));

    assertThat(run.check().troubles())
        .containsExactly(
            "✗ keys: " + origin + "/oauth2/jwks answered 500",
            "    fix: correct what this says; until then no JWT can be verified");
  }

  @Test
  void keys_forNoneOfTheAlgorithms_isSaid() {
    Checked checked = run.with("AUTHGEAR_ALGORITHMS", "ES256").check();

    assertThat(checked.troubles()).hasSize(2);
    assertThat(checked.troubles().get(0))
        .matches(
            "✗ keys: 1 key: [0-9a-f-]{36} \\(RS256, not allowed\\); AUTHGEAR_ALGORITHMS is ES256");
    assertThat(checked.troubles().get(1))
        .isEqualTo(
            "    fix: add the algorithm that the project signs with to AUTHGEAR_ALGORITHMS, one of"
                + " RS256");
  }

  @Test
  void keys_algorithmThatNoKeyHas_isAWarning() {
    Checked checked = run.with("AUTHGEAR_ALGORITHMS", "RS256,ES256").check();

    assertThat(checked.status()).isZero();
    assertThat(checked.troubles().get(0))
        .matches(
            "⚠ keys: 1 key: [0-9a-f-]{36} \\(RS256\\); AUTHGEAR_ALGORITHMS is ES256,RS256, and no"
                + " key is for ES256");
    assertThat(checked.troubles().get(1))
        .isEqualTo("    fix: leave out of AUTHGEAR_ALGORITHMS what the project does not use");
    assertThat(checked.out()).endsWith("\nnothing failed, 1 warning\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          -95 | ✗ clock: this clock is 95 s behind Authgear's; AUTHGEAR_CLOCK_SKEW is 30 s | new tokens are refused as not yet valid: let NTP set the clocks of both machines
          600 | ✗ clock: this clock is 10 min ahead of Authgear's; AUTHGEAR_CLOCK_SKEW is 30 s | tokens expire too early: let NTP set the clocks of both machines
          20  | ⚠ clock: this clock is 20 s ahead of Authgear's; AUTHGEAR_CLOCK_SKEW is 30 s | let NTP set the clocks of both machines
          """)
  void clock_thatDiffers_isSaid(int seconds, String line, String fix) throws Exception {
    try (MockWebServer server = new MockWebServer()) {
      server.start(InetAddress.getLoopbackAddress(), 0);
      for (int i = 0; i < 3; i++) {
        server.enqueue(
            new MockResponse.Builder()
                .code(500)
                .addHeader("Date", "Tue, 24 Nov 2026 12:00:00 GMT")
                .build());
      }
      Instant now = Instant.parse("2026-11-24T12:00:00.500Z").plusSeconds(seconds);
      Checked checked =
          Checked.Run.of("http://127.0.0.1:" + server.getPort())
              .with(InstantSource.fixed(now))
              .check();

      assertThat(checked.troubles()).containsSequence(line, "    fix: " + fix);
    }
  }

  @Test
  void clock_withoutDate_isNotCompared() throws Exception {
    try (MockWebServer server = new MockWebServer()) {
      server.start(InetAddress.getLoopbackAddress(), 0);
      for (int i = 0; i < 3; i++) {
        server.enqueue(new MockResponse.Builder().code(500).build());
      }
      assertThat(Checked.Run.of("http://127.0.0.1:" + server.getPort()).check().about("clock"))
          .containsExactly("– clock: not compared because the answer has no Date");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          500 | ~~ | ~~ | answers 500 | Authgear, or a proxy in front of it, has failed; look at its logs
          404 | ~~ | ~~ | answers 404 for the host of %ORIGIN% | set AUTHGEAR_RESOLVER_URL to the resolver, which listens on a port of its own (such as http://authgear-resolver:3001/resolve); only Authgear's SaaS answers at the project's own origin. If this is the resolver, no project has this origin: check AUTHGEAR_ENDPOINT
          403 | ~~ | ~~ | does not answer as Authgear's resolver does (status 403) | check that AUTHGEAR_RESOLVER_URL leads there and that no login page, gateway or cache is in between
          200 | ~~ | <html>Log in</html> | does not answer as Authgear's resolver does (a body instead of x-authgear headers) | check that AUTHGEAR_RESOLVER_URL leads there and that no login page, gateway or cache is in between
          200 | x-authgear-session-valid=true x-authgear-user-id=u | ~~ | says that a session is valid that does not exist | this is no Authgear, and would let everyone in: check AUTHGEAR_RESOLVER_URL and AUTHGEAR_INTERNAL_URL, and any cache in between
          302 | ~~ | ~~ | redirects (302) | it takes the request for one to another origin than %ORIGIN% (a proxy in front of it must keep Host, X-Forwarded-Host and X-Forwarded-Proto; check AUTHGEAR_ENDPOINT), or it is not the resolver (check AUTHGEAR_RESOLVER_URL)
          """)
  void resolver_thatIsNone_isSaid(
      int status, String headers, String body, String found, String fix) {
    sandbox.breakDown(
        AuthgearEndpoint.RESOLVER, new Malfunction.CannedAnswer(status, headers(headers), body));

    assertThat(run.check().troubles())
        .containsExactly(
            "✗ resolver: " + origin + "/_resolver/resolve " + found.replace("%ORIGIN%", origin),
            "    fix: " + fix.replace("%ORIGIN%", origin));
  }

  private static Map<String, String> headers(String text) {
    return text.isEmpty()
        ? Map.of()
        : java.util.Arrays.stream(text.split(" "))
            .map(pair -> pair.split("="))
            .collect(java.util.stream.Collectors.toMap(pair -> pair[0], pair -> pair[1]));
  }

  @Test
  void resolver_thatSaysNothing_isAWarning() {
    Checked checked = run.with("AUTHGEAR_COOKIE_PREFIX", "other_").check();

    assertThat(checked.status()).isZero();
    assertThat(checked.troubles())
        .containsExactly(
            "⚠ resolver: "
                + origin
                + "/_resolver/resolve says nothing about a session that does not exist, where"
                + " Authgear says no",
            "    fix: check AUTHGEAR_COOKIE_PREFIX (the project's http.cookie_prefix; now the"
                + " cookie is other_session); or something else than the resolver answers with an"
                + " empty 200");
  }

  @Test
  void resolver_thatHangs_isSaid() {
    sandbox.breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Hang(Duration.ofSeconds(60)));

    assertThat(run.with("AUTHGEAR_RESOLVER_TIMEOUT", "200ms").check().troubles())
        .containsExactly(
            "✗ resolver: " + origin + "/_resolver/resolve gave no answer within 200 ms",
            "    fix: check that Authgear is up and near, or raise AUTHGEAR_RESOLVER_TIMEOUT");
  }

  @Test
  void resolver_elsewhere_hasItsOwnWay() {
    int port = FreePort.find();
    Checked checked =
        run.with("AUTHGEAR_RESOLVER_URL", "http://127.0.0.1:" + port + "/resolve").check();

    assertThat(checked.troubles())
        .containsExactly(
            "✗ resolver_connection: 127.0.0.1 port " + port + " refuses the connection",
            "    fix: nothing listens there: check host and port in AUTHGEAR_RESOLVER_URL, and that"
                + " Authgear runs");
    assertThat(checked.out())
        .contains("– resolver: not tried because resolver_connection failed\n");
  }

  @Test
  void mode_saysWhatIsNotNeeded() {
    sandbox.breakDown(AuthgearEndpoint.RESOLVER, Malfunction.status(500));
    Checked jwt = run.with("AUTHGEAR_MODE", "jwt").check();
    assertThat(jwt.status()).isZero();
    assertThat(jwt.about("resolver"))
        .containsExactly("– resolver: not needed: mode jwt asks nobody");

    sandbox.repair(AuthgearEndpoint.RESOLVER);
    sandbox.breakDown(AuthgearEndpoint.DISCOVERY, Malfunction.status(500));
    Checked resolver = run.with("AUTHGEAR_MODE", "resolver").check();
    assertThat(resolver.status()).isZero();
    assertThat(resolver.about("keys"))
        .containsExactly("– keys: not needed: mode resolver verifies nothing here");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          0123456789abcdefgh | 18 characters; Authgear's own secrets have 32 | see that it was copied whole; a short one can be guessed
          "0123456789abcdefghijABCDEFGHIJ42" | 34 characters, in quotes | leave the quotes out if they are not part of the secret
          ${AUTHGEAR_WEBHOOK_KEY_OF_PROJECT} | 34 characters, which look like a placeholder | put the real secret in its place
          <the-secret-of-my-webhook-of-authgear> | 38 characters, which look like a placeholder | put the real secret in its place
          MDEyMzQ1Njc4OWFiY2RlZmdoaWpBQkNERUZHSElKNDI= | 44 characters, which look like the Base64 form of a secret | give the decoded value, as Authgear's portal shows it
          """)
  void webhookSecret_thatLooksWrong_isAWarningThatDoesNotShowIt(
      String secret, String found, String fix) {
    Checked checked = run.with("AUTHGEAR_WEBHOOK_SECRET", secret).check();

    assertThat(checked.status()).isZero();
    assertThat(checked.troubles()).containsExactly("⚠ webhook_secret: " + found, "    fix: " + fix);
    assertThat(checked.out()).doesNotContain(secret);
  }

  @Test
  void listenerTls_good_isOk(@TempDir Path folder) throws Exception {
    assertThat(withCertificate(folder, authority.sign()).about("listener_tls"))
        .containsExactly(
            "✓ listener_tls: the certificate for proxies is good until 2120-01-01T00:00:00Z");
  }

  @Test
  void listenerTls_nearItsEnd_isAWarning(@TempDir Path folder) throws Exception {
    Instant begin = Instant.ofEpochSecond(InstantSource.system().instant().getEpochSecond() - 10);
    Checked checked = withCertificate(folder, authority.signFrom(begin));

    assertThat(checked.status()).isZero();
    assertThat(checked.troubles())
        .containsExactly(
            "⚠ listener_tls: the certificate for proxies is good until "
                + begin.plus(Duration.ofHours(1))
                + ", in 59 min",
            "    fix: see that it is renewed in time; the service takes the new files by itself");
  }

  @Test
  void listenerTls_expired_isSaid(@TempDir Path folder) throws Exception {
    Checked checked =
        withCertificate(folder, authority.signFrom(Instant.parse("2026-01-01T00:00:00Z")));

    assertThat(checked.status()).isEqualTo(1);
    assertThat(checked.about("listener_tls").getFirst())
        .startsWith("✗ listener_tls: the certificate for proxies ");
  }

  @Test
  void listenerTls_missingFile_isSaid(@TempDir Path folder) throws Exception {
    Path key = folder.resolve("none.pem");
    Path certificate =
        Files.writeString(folder.resolve("tls.crt"), authority.chainPem(authority.sign()));
    Checked checked =
        run.with("AUTHGEAR_TLS_CERTIFICATE", certificate.toString())
            .with("AUTHGEAR_TLS_KEY", key.toString())
            .check();

    assertThat(checked.troubles())
        .containsExactly(
            "✗ listener_tls: " + key + " cannot be read: no such file",
            "    fix: accepted: a PEM file that this process may read");
  }

  private Checked withCertificate(Path folder, HeldCertificate certificate) throws Exception {
    Path chain = Files.writeString(folder.resolve("tls.crt"), authority.chainPem(certificate));
    Path key = Files.writeString(folder.resolve("tls.key"), certificate.privateKeyPkcs8Pem());
    return run.with("AUTHGEAR_TLS_CERTIFICATE", chain.toString())
        .with("AUTHGEAR_TLS_KEY", key.toString())
        .check();
  }
}
