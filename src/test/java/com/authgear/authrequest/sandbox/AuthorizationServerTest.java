package com.authgear.authrequest.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.SandboxClient.Answer;
import com.authgear.authrequest.sandbox.oauth.CodeChallenge;
import com.authgear.authrequest.support.SettableClock;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The authorization server, held to authgear-server at pull request 5870: e2e/tests/dcr
 * (register_*.test.yaml, resource_indicator.test.yaml), pkg/lib/dcr/validate.go,
 * pkg/lib/oauth/handler/handler_authz.go and handler_token.go, pkg/lib/oauth/scope.go.
 */
class AuthorizationServerTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RESOURCE = "http://127.0.0.1:1/mcp";
  private static final String REDIRECT = "http://localhost:4000/callback";
  private static final String VERIFIER = "v".repeat(43);

  private final SettableClock clock = new SettableClock();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
  private final SandboxClient http = new SandboxClient(sandbox.address());
  private final SandboxClient resolver = new SandboxClient(sandbox.resolverAddress());

  @BeforeEach
  void registerResource() {
    sandbox.authorizationServer().resources().register(RESOURCE, List.of("mcp:use", "mcp:admin"));
  }

  @AfterEach
  void stop() {
    http.close();
    resolver.close();
    sandbox.close();
  }

  private Answer postJson(String path, String body) throws IOException {
    return http.send("POST", path, RequestBody.create(body, MediaType.get("application/json")));
  }

  private static String encoded(Map<String, String> parameters) {
    return parameters.entrySet().stream()
        .map(
            parameter ->
                URLEncoder.encode(parameter.getKey(), UTF_8)
                    + "="
                    + URLEncoder.encode(parameter.getValue(), UTF_8))
        .collect(Collectors.joining("&"));
  }

  private JsonNode token(Map<String, String> parameters, int status) throws IOException {
    Answer answer =
        http.send(
            "POST",
            "/oauth2/token",
            RequestBody.create(
                encoded(parameters), MediaType.get("application/x-www-form-urlencoded")));
    assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().get("Cache-Control")).isEqualTo("no-store");
    return JSON.readTree(answer.body());
  }

  private String registered() throws IOException {
    Answer answer =
        postJson(
            "/oauth2/register",
            String.format(
                Locale.ROOT,
                """
                {"application_type": "native", "redirect_uris": ["%s"]}\
                """,
                REDIRECT));
    assertThat(answer.status()).as(answer.body()).isEqualTo(201);
    return JSON.readTree(answer.body()).get("client_id").textValue();
  }

  /** A good request of a client for the resource, of which each test breaks one thing. */
  private static Map<String, String> request(String clientId) {
    Map<String, String> request = new LinkedHashMap<>();
    request.put("client_id", clientId);
    request.put("response_type", "code");
    request.put("redirect_uri", REDIRECT);
    request.put("scope", "openid offline_access mcp:use");
    request.put("resource", RESOURCE);
    request.put("code_challenge", CodeChallenge.of(VERIFIER));
    request.put("code_challenge_method", "S256");
    request.put("state", "s&t=1");
    request.put("sandbox_user", "alice");
    return request;
  }

  /** Without the parameter where the value is empty. */
  private static Map<String, String> with(Map<String, String> request, String name, String value) {
    Map<String, String> changed = new LinkedHashMap<>(request);
    if (value.isEmpty()) {
      changed.remove(name);
    } else {
      changed.put(name, value);
    }
    return changed;
  }

  private Answer authorize(Map<String, String> request, String... headers) throws IOException {
    return http.get("/oauth2/authorize?" + encoded(request), headers);
  }

  /** What the answer says at the redirect URI. */
  private static Map<String, String> told(Answer answer, String redirectUri) {
    assertThat(answer.status()).as(answer.body()).isEqualTo(303);
    HttpUrl location = HttpUrl.get(requireNonNull(answer.headers().get("Location")));
    assertThat(location.newBuilder().query(null).build()).isEqualTo(HttpUrl.get(redirectUri));
    Map<String, String> parameters = new TreeMap<>();
    location
        .queryParameterNames()
        .forEach(name -> parameters.put(name, location.queryParameter(name)));
    return parameters;
  }

  private String code(Map<String, String> request, String... headers) throws IOException {
    Map<String, String> told = told(authorize(request, headers), REDIRECT);
    assertThat(told).containsOnlyKeys("code", "state").containsEntry("state", "s&t=1");
    return told.getOrDefault("code", "");
  }

  private static Map<String, String> exchange(String clientId, String code) {
    Map<String, String> exchange = new LinkedHashMap<>();
    exchange.put("grant_type", "authorization_code");
    exchange.put("client_id", clientId);
    exchange.put("code", code);
    exchange.put("redirect_uri", REDIRECT);
    exchange.put("code_verifier", VERIFIER);
    exchange.put("resource", RESOURCE);
    return exchange;
  }

  private static Map<String, String> refresh(String clientId, JsonNode tokens) {
    Map<String, String> refresh = new LinkedHashMap<>();
    refresh.put("grant_type", "refresh_token");
    refresh.put("client_id", clientId);
    refresh.put("refresh_token", tokens.get("refresh_token").textValue());
    return refresh;
  }

  private static JsonNode claims(JsonNode tokens) throws IOException {
    return JSON.readTree(
        Base64.getUrlDecoder().decode(tokens.get("access_token").textValue().split("\\.", -1)[1]));
  }

  private @Nullable String valid(String name, String value) throws IOException {
    return resolver.get("/resolve", name, value).headers().get("x-authgear-session-valid");
  }

  private @Nullable String valid(JsonNode tokens) throws IOException {
    return valid("Authorization", "Bearer " + tokens.get("access_token").textValue());
  }

  @Nested
  class Registration {

    /** The request of the MCP Inspector, register_validation.test.yaml. */
    @Test
    void ofAnMcpClient_isAnsweredAsAuthgearDoes() throws IOException {
      Answer answer =
          postJson(
              "/oauth2/register",
              """
              {
                "redirect_uris": ["http://localhost:6274/oauth/callback"],
                "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "client_name": "MCP Inspector",
                "client_uri": "https://github.com/modelcontextprotocol/inspector",
                "scope": "openid read:tools execute:tools offline_access",
                "application_type": "native"
              }
              """);

      assertThat(answer.status()).isEqualTo(201);
      assertThat(
              answer.body().replaceAll("dcrc_[A-Za-z0-9_-]{22}", "ID").replaceAll("[0-9]{10}", "0"))
          .isEqualTo(
              """
              {"client_id":"ID","client_id_issued_at":0,"client_name":"MCP Inspector",\
              "redirect_uris":["http://localhost:6274/oauth/callback"],\
              "grant_types":["authorization_code","refresh_token"],"response_types":["code"],\
              "application_type":"native",\
              "client_uri":"https://github.com/modelcontextprotocol/inspector"}\
              """);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '\0',
        value = {
          "{\"redirect_uris\":[\"https://a.example/cb\"]}",
          "{\"redirect_uris\":[\"https://localhost/cb\"]}",
          "{\"application_type\":\"native\",\"redirect_uris\":[\"http://localhost/cb\"]}",
          "{\"application_type\":\"native\",\"redirect_uris\":[\"com.example.app:/cb\"]}",
          "{\"redirect_uris\":[\"https://a.example/cb\"],\"grant_types\":null}",
        })
    void thatKeepsTheRules_isDone(String body) throws IOException {
      assertThat(postJson("/oauth2/register", body).status()).isEqualTo(201);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '\0',
        value = {
          "invalid_client_metadata|{}",
          "invalid_client_metadata|null",
          "invalid_client_metadata|[]",
          "invalid_client_metadata|{\"redirect_uris\":\"https://a.example/cb\"}",
          "invalid_client_metadata|{\"redirect_uris\":[\"https://a.example/cb\"",
          "invalid_client_metadata|{\"redirect_uris\":[]}",
          "invalid_client_metadata|{\"redirect_uris\":[\"https://a.example/cb\"],\"application_type\":\"m2m\"}",
          "invalid_client_metadata|{\"redirect_uris\":[\"https://a.example/cb\"],\"grant_types\":[\"implicit\"]}",
          "invalid_client_metadata|{\"redirect_uris\":[\"https://a.example/cb\"],\"grant_types\":[\"refresh_token\"]}",
          "invalid_client_metadata|{\"redirect_uris\":[\"https://a.example/cb\"],\"response_types\":[\"token\"]}",
          "invalid_client_metadata|{\"redirect_uris\":[\"https://a.example/cb\"],\"token_endpoint_auth_method\":\"client_secret_post\"}",
          "invalid_client_metadata|{\"redirect_uris\":[\"https://a.example/cb\"],\"logo_uri\":\"http://a.example/l\"}",
          "invalid_redirect_uri|{\"redirect_uris\":[\"https://a.example/cb#section\"]}",
          "invalid_redirect_uri|{\"redirect_uris\":[\"http://localhost/cb\"]}",
          "invalid_redirect_uri|{\"redirect_uris\":[\"/cb\"]}",
          "invalid_redirect_uri|{\"redirect_uris\":[\"com.example.app:/cb\"]}",
          "invalid_redirect_uri|{\"application_type\":\"native\",\"redirect_uris\":[\"https://a.example/cb\"]}",
          "invalid_redirect_uri|{\"application_type\":\"native\",\"redirect_uris\":[\"http://127.0.0.1/cb\"]}",
          "invalid_redirect_uri|{\"application_type\":\"native\",\"redirect_uris\":[\"http://[::1]/cb\"]}",
          "invalid_redirect_uri|{\"application_type\":\"native\",\"redirect_uris\":[\"http://localhost/cb\",\"http://evil.example/cb\"]}",
        })
    void thatBreaksARule_isRefused(String error, String body) throws IOException {
      Answer answer = postJson("/oauth2/register", body);

      assertThat(answer.status()).isEqualTo(400);
      assertThat(JSON.readTree(answer.body()).path("error").textValue()).isEqualTo(error);
    }

    @Test
    void moreThanTenAMinuteOfAnAddress_areRefusedUntilTimeHasPassed() throws IOException {
      String body = "{\"redirect_uris\":[\"https://a.example/cb\"]}";
      for (int i = 0; i < 10; i++) {
        assertThat(postJson("/oauth2/register", body).status()).isEqualTo(201);
      }

      Answer refused = postJson("/oauth2/register", body);
      assertThat(refused.status()).isEqualTo(429);
      assertThat(JSON.readTree(refused.body()).path("error").textValue())
          .isEqualTo("x_rate_limited");
      clock.advance(Duration.ofSeconds(6));
      assertThat(postJson("/oauth2/register", body).status()).isEqualTo(201);
      assertThat(postJson("/oauth2/register", body).status()).isEqualTo(429);
      assertThat(http.post("/sandbox/registrations?per_minute=100", "").status()).isEqualTo(200);
      assertThat(postJson("/oauth2/register", body).status()).isEqualTo(201);
    }
  }

  @Nested
  class Authorization {

    @ParameterizedTest
    @CsvSource({
      "client_id, dcrc_unknown, unauthorized_client",
      "client_id, '', unauthorized_client",
      "redirect_uri, http://localhost:4001/callback, invalid_request",
      "redirect_uri, http://localhost:4000/callback/, invalid_request",
      "redirect_uri, http://localhost:4000/callback?a=b, invalid_request",
      "redirect_uri, http://127.0.0.1:4000/callback, invalid_request",
      "redirect_uri, //evil.example/, invalid_request",
    })
    void withoutAClientOrItsRedirectUri_redirectsNobody(String name, String value, String error)
        throws IOException {
      Answer answer = authorize(with(request(registered()), name, value));

      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.headers().get("Location")).isNull();
      assertThat(answer.body())
          .startsWith("Invalid OAuth authorization request:\nerror: " + error + "\n");
    }

    @ParameterizedTest
    @CsvSource({
      "response_type, id_token, unauthorized_client",
      "response_type, '', unauthorized_client",
      "response_type, token, unsupported_response_type",
      "scope, '', invalid_request",
      "scope, mcp:use, invalid_scope",
      "scope, openid other:use, invalid_scope",
      "scope, openid device_sso, invalid_scope",
      "scope, openid https://authgear.com/scopes/full-access, invalid_scope",
      "scope, openid https://authgear.com/scopes/pre-authenticated-url, invalid_scope",
      "code_challenge, '', invalid_request",
      "code_challenge_method, plain, invalid_request",
      "code_challenge_method, '', invalid_request",
      "resource, http://127.0.0.1:1/mcp/, invalid_target",
      "resource, https://unknown.example/, invalid_target",
      "resource, '', invalid_scope",
      "prompt, none login, invalid_request",
      "prompt, none, login_required",
    })
    void thatBreaksARule_isToldAtTheRedirectUri(String name, String value, String error)
        throws IOException {
      assertThat(told(authorize(with(request(registered()), name, value)), REDIRECT))
          .containsOnlyKeys("error", "error_description", "state")
          .containsEntry("error", error)
          .containsEntry("state", "s&t=1");
    }

    @Test
    void ofTheProjectItselfAsResource_isRefused() throws IOException {
      assertThat(
              told(
                  authorize(with(request(registered()), "resource", sandbox.origin() + "/mcp")),
                  REDIRECT))
          .containsEntry("error", "invalid_target");
    }

    @ParameterizedTest
    @CsvSource({
      "sandbox-app, http://localhost/callback",
      "sandbox-partner, https://partner.example/callback",
    })
    void ofAStaticClientWithAResource_isRefused(String client, String redirectUri)
        throws IOException {
      Map<String, String> request = with(request(client), "redirect_uri", redirectUri);

      assertThat(told(authorize(request), redirectUri)).containsEntry("error", "invalid_target");
    }

    @Test
    void parametersThatComeTwice_countOnce() throws IOException {
      Answer answer =
          http.get(
              "/oauth2/authorize?"
                  + encoded(request(registered()))
                  + "&redirect_uri=https://evil.example/&sandbox_user=bob&state=other");

      assertThat(told(answer, REDIRECT)).containsEntry("state", "s&t=1");
    }

    @Test
    void withoutAChosenUser_showsThePage() throws IOException {
      Answer answer = authorize(with(request(registered()), "sandbox_user", ""));

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body())
          .contains("<button name=\"sandbox_user\" value=\"alice\">Sign in as alice</button>")
          .contains("<input type=\"hidden\" name=\"state\" value=\"s&amp;t=1\">")
          .doesNotContain("value=\"dave\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cross-site", "same-site", "none"})
    void byAnotherPageOfABrowser_choosesNobody(String site) throws IOException {
      Answer answer = authorize(request(registered()), "Sec-Fetch-Site", site);

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.headers().get("Set-Cookie")).isNull();
    }

    @Test
    void refusedByTheUser_isToldAtTheRedirectUri() throws IOException {
      assertThat(told(authorize(with(request(registered()), "sandbox_refuse", "true")), REDIRECT))
          .containsEntry("error", "access_denied");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dave", "nobody"})
    void byAUserWhoMayNotSignIn_redirectsNobody(String user) throws IOException {
      Answer answer = authorize(with(request(registered()), "sandbox_user", user));

      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.headers().get("Location")).isNull();
    }
  }

  @Nested
  class Tokens {

    /** Its shape is that of "resource-bound jwt of a dynamic client" in recorded/. */
    @Test
    void ofACode_areBoundToTheResource() throws IOException {
      String client = registered();

      JsonNode tokens = token(exchange(client, code(request(client))), 200);

      assertThat(tokens.properties().stream().map(Map.Entry::getKey))
          .containsExactly("access_token", "expires_in", "id_token", "refresh_token", "token_type");
      assertThat(tokens.get("expires_in").intValue()).isEqualTo(1800);
      assertThat(tokens.get("token_type").textValue()).isEqualTo("Bearer");
      JsonNode claims = claims(tokens);
      assertThat(claims.get("aud")).isEqualTo(JSON.valueToTree(List.of(RESOURCE)));
      assertThat(claims.get("scope").textValue()).isEqualTo("openid offline_access mcp:use");
      assertThat(claims.get("client_id").textValue()).isEqualTo(client);
      assertThat(claims.get("sub").textValue()).isEqualTo(sandbox.project().user("alice").id());
      assertThat(claims.get("amr")).isEqualTo(JSON.valueToTree(Project.PASSWORD));
      assertThat(valid(tokens)).isEqualTo("true");
    }

    @ParameterizedTest
    @CsvSource({
      "grant_type, password, unsupported_grant_type",
      "grant_type, '', unsupported_grant_type",
      "client_id, '', invalid_client",
      "client_id, dcrc_unknown, invalid_client",
      "client_id, sandbox-app, invalid_grant",
      "code, '', invalid_request",
      "code, unknown, invalid_grant",
      "redirect_uri, '', invalid_request",
      "redirect_uri, http://localhost:4001/callback, invalid_request",
      "code_verifier, '', invalid_request",
      "code_verifier, short, invalid_grant",
      "code_verifier, wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww, invalid_grant",
      "resource, https://unknown.example/, invalid_target",
    })
    void ofAnExchangeThatBreaksARule_areRefused(String name, String value, String error)
        throws IOException {
      String client = registered();

      JsonNode answer = token(with(exchange(client, code(request(client))), name, value), 400);

      assertThat(answer.get("error").textValue()).isEqualTo(error);
    }

    @Test
    void ofACodeThatWasUsed_areRefused() throws IOException {
      String client = registered();
      String code = code(request(client));
      JsonNode _ = token(exchange(client, code), 200);

      assertThat(token(exchange(client, code), 400).get("error").textValue())
          .isEqualTo("invalid_grant");
    }

    @Test
    void ofAnOldCode_areRefused() throws IOException {
      String client = registered();
      String code = code(request(client));
      clock.advance(AuthorizationServer.CODE_LIFETIME);

      assertThat(token(exchange(client, code), 400).get("error").textValue())
          .isEqualTo("invalid_grant");
    }

    @Test
    void withoutOfflineAccess_haveNoRefreshToken() throws IOException {
      String client = registered();

      JsonNode tokens =
          token(exchange(client, code(with(request(client), "scope", "openid mcp:use"))), 200);

      assertThat(tokens.has("refresh_token")).isFalse();
    }

    /** "opaque of a dynamic client" in recorded/: the resolver refuses it. */
    @Test
    void withoutAResource_areOpaqueAndOfNoWorthAtTheResolver() throws IOException {
      String client = registered();
      Map<String, String> request = with(with(request(client), "resource", ""), "scope", "openid");

      JsonNode tokens = token(with(exchange(client, code(request)), "resource", ""), 200);

      assertThat(tokens.get("access_token").textValue()).matches("[A-Za-z0-9]{32}");
      assertThat(valid(tokens)).isEqualTo("false");
    }

    @Test
    void ofTheProjectsOwnClient_areForTheProject() throws IOException {
      Map<String, String> request =
          with(
              with(with(request(Project.APP_CLIENT_ID), "resource", ""), "scope", "openid"),
              "redirect_uri",
              "http://localhost/callback");
      String code = told(authorize(request), "http://localhost/callback").getOrDefault("code", "");

      JsonNode tokens =
          token(
              with(
                  with(exchange(Project.APP_CLIENT_ID, code), "resource", ""),
                  "redirect_uri",
                  "http://localhost/callback"),
              200);

      assertThat(claims(tokens).get("aud")).isEqualTo(JSON.valueToTree(List.of(sandbox.origin())));
    }

    @Test
    void ofAConfidentialClient_needItsSecret() throws IOException {
      String redirectUri = "https://partner.example/callback";
      Map<String, String> request =
          with(
              with(with(request("sandbox-partner"), "resource", ""), "scope", "openid"),
              "redirect_uri",
              redirectUri);
      String code = told(authorize(request), redirectUri).getOrDefault("code", "");
      Map<String, String> exchange =
          with(
              with(exchange("sandbox-partner", code), "resource", ""), "redirect_uri", redirectUri);

      assertThat(token(exchange, 400).get("error").textValue()).isEqualTo("invalid_client");
      assertThat(token(with(exchange, "client_secret", "wrong"), 400).get("error").textValue())
          .isEqualTo("invalid_client");
      JsonNode _ =
          token(
              with(exchange, "client_secret", AuthorizationServer.THIRD_PARTY_CLIENT_SECRET), 200);
    }

    @Test
    void refreshed_areForTheSameAndTheRefreshTokenStays() throws IOException {
      String client = registered();
      JsonNode tokens = token(exchange(client, code(request(client))), 200);
      clock.advance(Duration.ofMinutes(31));

      for (int i = 0; i < 2; i++) {
        JsonNode refreshed =
            token(with(refresh(client, tokens), "scope", "openid mcp:use mcp:admin"), 200);

        assertThat(refreshed.has("refresh_token")).isFalse();
        assertThat(refreshed.has("scope")).isFalse();
        JsonNode claims = claims(refreshed);
        assertThat(claims.get("scope").textValue()).isEqualTo("openid offline_access mcp:use");
        assertThat(claims.get("aud")).isEqualTo(JSON.valueToTree(List.of(RESOURCE)));
        assertThat(claims.get("auth_time")).isEqualTo(claims(tokens).get("auth_time"));
        assertThat(claims.has("amr")).isFalse();
        assertThat(valid(refreshed)).isEqualTo("true");
      }
      assertThat(valid(tokens)).as("expired").isNull();
    }

    @ParameterizedTest
    @CsvSource({
      "refresh_token, '', invalid_request",
      "refresh_token, unknown, invalid_grant",
      "resource, https://unknown.example/, invalid_target",
      "client_id, sandbox-app, invalid_request",
    })
    void ofARefreshThatBreaksARule_areRefused(String name, String value, String error)
        throws IOException {
      String client = registered();
      JsonNode tokens = token(exchange(client, code(request(client))), 200);

      assertThat(token(with(refresh(client, tokens), name, value), 400).get("error").textValue())
          .isEqualTo(error);
    }

    @ParameterizedTest
    @ValueSource(strings = {"logout", "revoke-sessions", "disable", "delete"})
    void ofSessionsThatEnded_areRefusedAndNotRefreshed(String end) throws IOException {
      String client = registered();
      String pending = code(request(client));
      JsonNode tokens = token(exchange(client, code(request(client))), 200);

      assertThat(http.post("/sandbox/users/alice/" + end, "").status()).isEqualTo(200);

      assertThat(valid(tokens)).isNull();
      assertThat(token(refresh(client, tokens), 400).get("error").textValue())
          .isEqualTo("invalid_grant");
      assertThat(token(exchange(client, pending), 400).get("error").textValue())
          .isEqualTo("invalid_grant");
    }

    @Test
    void refreshToken_isOfNoWorthAtTheResolver() throws IOException {
      String client = registered();
      JsonNode tokens = token(exchange(client, code(request(client))), 200);
      String refreshToken = tokens.get("refresh_token").textValue();

      assertThat(valid("Authorization", "Bearer " + refreshToken)).isNull();
      assertThat(valid("Cookie", "session=" + refreshToken)).isEqualTo("false");
    }
  }

  /** A website's login, and what the browser's session does to later requests. */
  @Nested
  class Browser {

    private static final String BACK = "http://127.0.0.1:2/back";
    private static final String BYE = "http://127.0.0.1:2/bye";

    private Map<String, String> website() {
      sandbox.authorizationServer().addWebsite(BACK, BYE);
      Map<String, String> request = new LinkedHashMap<>();
      request.put("client_id", AuthorizationServer.WEBSITE_CLIENT_ID);
      request.put("response_type", "none");
      request.put("scope", "openid");
      request.put("sandbox_user", "alice");
      return request;
    }

    private static String cookie(Answer answer, String name) {
      return answer.headers().values("Set-Cookie").stream()
          .filter(cookie -> cookie.startsWith(name + "="))
          .map(cookie -> cookie.substring(0, cookie.indexOf(';')))
          .findFirst()
          .orElseThrow();
    }

    @Test
    void login_endsWithASessionCookieAndNoCode() throws IOException {
      Answer answer = authorize(website());

      assertThat(answer.status()).isEqualTo(303);
      assertThat(answer.headers().get("Location")).isEqualTo(BACK);
      assertThat(answer.headers().values("Set-Cookie"))
          .anyMatch(cookie -> cookie.matches("session=[^;]+; Path=/; HttpOnly; SameSite=Lax"));
      assertThat(valid("Cookie", cookie(answer, "session"))).isEqualTo("true");
    }

    @Test
    void silently_withASession_returnsAtOnce() throws IOException {
      String session = cookie(authorize(website()), "session");
      Map<String, String> silent = with(with(website(), "sandbox_user", ""), "prompt", "none");

      assertThat(authorize(silent, "Cookie", session).headers().get("Location")).isEqualTo(BACK);
      assertThat(authorize(silent).headers().get("Location"))
          .startsWith(BACK + "?error=login_required&");
    }

    @Test
    void silently_ofAThirdParty_needsTheConsentOfBefore() throws IOException {
      String session = cookie(authorize(website()), "session");
      String client = registered();
      Map<String, String> silent =
          with(with(request(client), "sandbox_user", ""), "prompt", "none");

      assertThat(told(authorize(silent, "Cookie", session), REDIRECT))
          .containsEntry("error", "access_denied");
      String _ = code(request(client), "Cookie", session);
      assertThat(told(authorize(silent, "Cookie", session), REDIRECT)).containsKey("code");
      assertThat(
              told(
                  authorize(
                      with(silent, "scope", "openid offline_access mcp:use mcp:admin"),
                      "Cookie",
                      session),
                  REDIRECT))
          .containsEntry("error", "access_denied");
    }

    @ParameterizedTest
    @CsvSource({"prompt, login", "max_age, 300"})
    void asksForLogin_authenticatesAgainAndEndsWhatWasBefore(String name, String value)
        throws IOException {
      String session = cookie(authorize(website()), "session");
      String client = registered();
      JsonNode tokens = token(exchange(client, code(request(client), "Cookie", session)), 200);
      clock.advance(Duration.ofMinutes(10));
      assertThat(authorize(website(), "Cookie", session).headers().get("Set-Cookie"))
          .as("goes on")
          .isNull();
      Map<String, String> again = with(website(), name, value);
      assertThat(authorize(with(again, "sandbox_user", ""), "Cookie", session).body())
          .contains("Sign in as alice");

      String fresh = cookie(authorize(again, "Cookie", session), "session");

      assertThat(
              resolver
                  .get("/resolve", "Cookie", fresh)
                  .headers()
                  .get("x-authgear-session-authenticated-at"))
          .isEqualTo(Long.toString(clock.instant().getEpochSecond()));
      assertThat(valid("Cookie", session)).isEqualTo("false");
      assertThat(token(refresh(client, tokens), 400).get("error").textValue())
          .isEqualTo("invalid_grant");
    }

    @Test
    void logout_endsTheSessionWithItsGrantsAndIsInTheAuditLog() throws IOException {
      Answer login = authorize(website());
      String session = cookie(login, "session");
      String client = registered();
      JsonNode tokens = token(exchange(client, code(request(client), "Cookie", session)), 200);

      Answer asked =
          http.get("/oauth2/end_session?post_logout_redirect_uri=" + BYE, "Cookie", session);
      assertThat(asked.status()).as("another site may have sent it").isEqualTo(200);
      assertThat(valid("Cookie", session)).isEqualTo("true");
      Answer done =
          http.get(
              "/oauth2/end_session?state=s&post_logout_redirect_uri=" + BYE,
              "Cookie",
              session + "; " + cookie(login, "same_site_strict"));

      assertThat(done.headers().get("Location")).isEqualTo(BYE + "?state=s");
      assertThat(cookie(done, "session")).isEqualTo("session=");
      assertThat(valid("Cookie", session)).isEqualTo("false");
      assertThat(valid(tokens)).isNull();
      assertThat(token(refresh(client, tokens), 400).get("error").textValue())
          .isEqualTo("invalid_grant");
      assertThat(sandbox.project().auditLog().from(clock.instant()).getLast().type())
          .isEqualTo("user.signed_out");
    }

    @Test
    void logout_goesOnlyToWhereAClientMayGo() throws IOException {
      Map<String, String> _ = website();

      assertThat(
              http.get("/oauth2/end_session?post_logout_redirect_uri=https://evil.example/")
                  .headers()
                  .get("Location"))
          .isEqualTo(sandbox.origin() + "/");
    }
  }

  @Nested
  class OverHttp {
    @Test
    void resources_areRegistered() throws IOException {
      assertThat(
              http.post("/sandbox/resources?uri=http://127.0.0.1:3/m&scope=a:b&scope=c", "")
                  .status())
          .isEqualTo(200);
      assertThat(sandbox.authorizationServer().resources().all())
          .containsEntry("http://127.0.0.1:3/m", List.of("a:b", "c"));
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "uri=ftp://a.example/",
          "uri=https://a.example/?q=1",
          "uri=https:a",
          "uri=/a",
          "uri=https://a.example/%23f",
          "uri=https://u@a.example/",
          "uri=https://a.example/&scope=a%20b",
          "uri=https://a.example/&scope=https://authgear.com/x"
        })
    void whatIsNoResource_isRefused(String query) throws IOException {
      assertThat(http.post("/sandbox/resources?" + query, "").status()).isEqualTo(400);
    }

    @Test
    void website_isAdded() throws IOException {
      assertThat(
              http.post(
                      "/sandbox/website?redirect_uri=http://127.0.0.1:2/back"
                          + "&post_logout_redirect_uri=http://127.0.0.1:2/",
                      "")
                  .status())
          .isEqualTo(200);
      assertThat(http.get("/sandbox").body())
          .contains(AuthorizationServer.WEBSITE_CLIENT_ID)
          .contains("http://127.0.0.1:2/back");
    }
  }
}
