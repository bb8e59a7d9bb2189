package com.authgear.authrequest.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Malfunction;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The decision as people read it, and how the command is called for it. */
class DecisionTest {

  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-11-24T12:00:00Z"));

  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(CLOCK).withEdge());
  private final Checked.Run run = Checked.Run.of(sandbox.origin()).with(CLOCK);

  @AfterEach
  void stop() {
    sandbox.close();
  }

  private String decision(Checked checked) {
    int start = checked.out().indexOf("\nThe decision");
    return checked
        .out()
        .substring(start + 1)
        .replaceAll("kid: [0-9a-f-]{36} ", "kid: KEY ")
        .replace(sandbox.origin(), "ORIGIN")
        .replaceAll("token of \\d+ char", "token of N char");
  }

  /** The clock of the tests is not that of the sandbox's Date, and that is told above. */
  private List<String> troubles(Checked checked) {
    return new Checked(checked.status(), decision(checked), "").troubles();
  }

  @Test
  void token_thatExpired_isExplainedStepByStep() {
    String token =
        sandbox
            .project()
            .accessToken("alice", TokenOptions.DEFAULTS.withExpiresIn(Duration.ofMinutes(-12)));
    Checked checked = run.checkWith("Authorization: Bearer " + token + "\n", "--token");

    assertThat(checked.status()).isEqualTo(1);
    assertThat(decision(checked))
        .isEqualTo(
            """
            The decision about the token where nothing more than a user is required:

            ✓ requirement: principal=user
            ✓ credential: a bearer token of N characters, with dots as a JWT has: verified here
            ✓ form: a JWT
            ✓ typ: at+jwt
            ✓ alg: RS256
            ✓ kid: KEY is a key of the project
            ✓ signature: fits the key
            ✓ iss: ORIGIN
            ✗ exp: 1795520880, 2026-11-24T11:48:00Z, 12 min ago; AUTHGEAR_CLOCK_SKEW allows 30 s
                fix: let the client refresh its access token; if it just has, compare the clocks
            %IAT%
            ✓ sub: a11ce000-0000-4000-8000-000000000001
            ✓ client_id: sandbox-app
            ✓ is_anonymous: false
            ✓ is_verified: true
            ✓ can_reauthenticate: true
            ✓ roles: ["admin","editor"]
            ✓ amr: ["pwd","x_primary_password"]
            %AUTH_TIME%
            ✓ scope: openid offline_access https://authgear.com/scopes/full-access
            ✓ aud: ["ORIGIN"]
            – principal: not tried because nobody is known

            denied: 401 expired
              x-auth-reason: expired
              WWW-Authenticate: Bearer error="invalid_token"
            """
                .replace("%IAT%", checked.about("iat").getFirst())
                .replace("%AUTH_TIME%", checked.about("auth_time").getFirst()));
    assertThat(checked.out()).doesNotContain(token.substring(token.lastIndexOf('.') + 1));
  }

  @Test
  void token_withoutTheRole_isExplained() {
    String token = sandbox.project().accessToken("alice", TokenOptions.DEFAULTS);
    Checked checked =
        run.checkWith(
            token, "--token", "--require", "role=owner,boss&scope=read:orders&role=admin");

    assertThat(checked.status()).isEqualTo(1);
    assertThat(decision(checked))
        .startsWith(
            "The decision about the token where role=owner,boss&scope=read:orders&role=admin is"
                + " required:\n")
        .endsWith(
            """
            – resolver: not asked: with AUTHGEAR_RECHECK=off a JWT is good until it expires
            ✓ principal: principal=user is met by a user
            ✓ audience: AUTHGEAR_AUDIENCE=ORIGIN is met by ORIGIN
            ✗ role: role=owner,boss is not met by admin, editor
                fix: give the user one of these roles; a JWT has it when it is refreshed
            ✓ role: role=admin is met by admin, editor
            ✗ scope: scope=read:orders is not met by openid, offline_access, https://authgear.com/scopes/full-access
                fix: have the client ask for one of these scopes; only a JWT has any
            ✓ header_budget: %BYTES% bytes of headers; AUTHGEAR_HEADER_BUDGET is 3072

            denied: 403 role_missing
              x-auth-reason: role_missing
              WWW-Authenticate: Bearer
            """
                .replace(
                    "%BYTES%",
                    checked
                        .about("header_budget")
                        .getFirst()
                        .replaceAll("\\D*(\\d+) bytes.*", "$1")));
  }

  @Test
  void token_ofAnotherProject_saysBothTheKeyAndTheIssuer() {
    try (Sandbox other = Sandbox.start(SandboxOptions.loopback(CLOCK).withEdge())) {
      String token = other.project().accessToken("alice", TokenOptions.DEFAULTS);
      Checked checked = run.checkWith(token, "--token");

      assertThat(checked.about("kid").getFirst()).contains(" is none of the project's keys: ");
      assertThat(checked.about("iss"))
          .containsExactly("✗ iss: " + other.origin() + ", not " + sandbox.origin());
      assertThat(checked.about("signature"))
          .containsExactly(
              "– signature: not tried because what is above failed; what is below is what the token"
                  + " claims, unproven");
      assertThat(checked.out()).contains("\ndenied: 401 unknown_key\n");
    }
  }

  @Test
  void token_whileThereAreNoKeys_cannotBeDecided() {
    String token = sandbox.project().accessToken("alice", TokenOptions.DEFAULTS);
    sandbox.breakDown(AuthgearEndpoint.KEYS, Malfunction.status(500));
    Checked checked = run.checkWith(token, "--token");

    assertThat(checked.about("kid").getFirst()).endsWith(": there are no keys to hold it against");
    assertThat(checked.out()).contains("\ndenied: 503 keys_unavailable\n");
  }

  @Test
  void idToken_isToldApart() {
    String token = sandbox.project().idToken("alice", TokenOptions.DEFAULTS);
    Checked checked = run.checkWith(token, "--token");

    assertThat(troubles(checked))
        .startsWith(
            "✗ typ: JWT, not at+jwt",
            "    fix: this looks like an ID token: send the access token");
    assertThat(checked.out()).contains("\ndenied: 401 wrong_type\n");
  }

  @Test
  void token_recheckedAndLoggedOut_namesTheResolver() {
    String token = sandbox.project().accessToken("alice", TokenOptions.DEFAULTS);
    sandbox.project().logout("alice");
    Checked checked = run.with("AUTHGEAR_RECHECK", "30s").checkWith(token, "--token");

    assertThat(troubles(checked))
        .containsExactly(
            "✗ resolver: does not know this credential",
            "    fix: it has expired, was revoked, or is of another project; a machine's token it"
                + " never knows");
    assertThat(checked.out()).contains("\ndenied: 401 session_invalid\n");
  }

  @Test
  void policy_isFoundByItsName() {
    String token = sandbox.project().accessToken("bob", TokenOptions.DEFAULTS);
    Checked.Run admin = run.with("AUTHGEAR_POLICY_ADMIN", "role=admin");

    assertThat(admin.checkWith(token, "--token", "--policy=admin").about("requirement"))
        .containsExactly("✓ requirement: policy admin: role=admin&principal=user");
    assertThat(admin.checkWith(token, "--token", "--policy", "boss").out())
        .contains("✗ requirement: no policy is named \"boss\"; there are: admin\n")
        .contains("\ndenied: 503 unknown_policy\n");
  }

  @Test
  void cookie_good_isAllowedWithItsHeaders() {
    try (Sandbox now = Sandbox.start(SandboxOptions.loopback(InstantSource.system()).withEdge())) {
      String cookie = now.project().sessionCookie("bob");
      Checked checked =
          Checked.Run.of(now.origin())
              .checkWith("Cookie: theme=dark; " + cookie + "\n", "--cookie");

      assertThat(checked.status()).isZero();
      assertThat(checked.about("resolver").getLast())
          .isEqualTo("✓ resolver: knows the session, and it is valid");
      assertThat(checked.out())
          .contains("\nallowed: 200\n  x-authgear-session-valid: true\n")
          .doesNotContain(cookie);
    }
  }

  @Test
  void cookie_unknown_isRefusedAndClearedWithoutItsValue() {
    Checked checked = run.checkWith("session=what.ever", "--cookie");

    assertThat(decision(checked))
        .isEqualTo(
            """
            The decision about the cookie where nothing more than a user is required:

            ✓ requirement: principal=user
            ✓ credential: the cookie session of 9 characters, opaque: the resolver is asked
            ✗ resolver: says that the session is not valid
                fix: the session has ended, or the user is disabled or deleted: log in again, or look at the user in the portal
            – principal: not tried because nobody is known

            denied: 401 session_invalid
              x-auth-reason: session_invalid
              WWW-Authenticate: Bearer error="invalid_token"
              Set-Cookie: session=(not shown)
            """);
  }

  @Test
  void decision_json_hasStepsAndHeaders() throws Exception {
    String token = sandbox.project().accessToken("alice", TokenOptions.DEFAULTS);
    Checked checked = run.checkWith(token, "--token", "--json", "--require=role=owner");

    JsonNode decision = new ObjectMapper().readTree(checked.out()).get("decision");
    assertThat(decision.get("status").intValue()).isEqualTo(403);
    assertThat(decision.get("reason").textValue()).isEqualTo("role_missing");
    assertThat(
            decision
                .get("steps")
                .valueStream()
                .filter(step -> step.get("status").textValue().equals("failed"))
                .map(JsonNode::toString))
        .containsExactly(
            "{\"id\":\"role\",\"status\":\"failed\",\"text\":\"role=owner is not met by admin,"
                + " editor\",\"fix\":\"give the user one of these roles; a JWT has it when it is"
                + " refreshed\",\"reason\":\"role_missing\"}");
    assertThat(decision.get("headers").toString())
        .isEqualTo("{\"x-auth-reason\":\"role_missing\",\"WWW-Authenticate\":\"Bearer\"}");
  }

  @Test
  void claims_withControlCharacters_areEscaped() {
    String token =
        sandbox
            .project()
            .accessToken(
                "alice", TokenOptions.DEFAULTS.withClaim("client_id", "a\u001b[31m\nb\u202e"));
    Checked checked = run.checkWith(token, "--token");

    assertThat(checked.about("client_id"))
        .containsExactly(
            "✗ client_id: a\\u001b[31m\\u000ab\\u202e has a character that may not be in a header,"
                + " or would split the list");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"--token eyJabc.def.ghi", "--token=eyJabc.def.ghi", "--json --token eyJabc"})
  void token_asArgument_isRefusedWithoutRepeatingIt(String line) {
    Checked checked = run.check(line.split(" "));

    assertThat(checked.status()).isEqualTo(2);
    assertThat(checked.out()).isEmpty();
    assertThat(checked.err())
        .startsWith(
            "check: a token is never an argument, because other users of this machine can read"
                + " arguments and shells remember them; give it on standard input: check --token <"
                + " file-with-the-token\n\n"
                + "java -jar authgear-auth-request.jar check [options]\n")
        .doesNotContain("eyJ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --jsom | the argument "--jsom" is not understood
          eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9 | an argument of 40 characters is not understood
          --token --cookie | --token and --cookie: one of them, once
          --require role=a | a requirement is held against a credential: add --token or --cookie, and give that on standard input
          --token --require | --require needs a requirement, such as 'role=admin'
          --token --policy | --policy needs the name of a policy
          --token --require role=a --policy b | --require and --policy: one of them, once; join requirements with &
          --token | there is no token on standard input; give it there: check --token < file-with-the-token
          """)
  void arguments_thatAreNotUnderstood_areNamed(String line, String complaint) {
    Checked checked = run.check(line.split(" "));

    assertThat(checked).isEqualTo(new Checked(2, "", "check: " + complaint + "\n\n" + Check.USAGE));
  }

  @Test
  void input_ofSeveralLines_isRefused() {
    assertThat(run.checkWith("a\nb", "--cookie").err())
        .startsWith("check: standard input has several lines; a cookie is one\n");
  }

  @Test
  void help_isToldOnRequest() {
    assertThat(run.check("--help")).isEqualTo(new Checked(0, Check.USAGE, ""));
  }
}
