package com.authgear.authrequest.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.sandbox.SandboxClient.Answer;
import com.authgear.authrequest.support.SettableClock;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The sandbox's own interface, its faults, where it listens. */
class SandboxTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RESOLVE = "/_resolver/resolve";

  private final SettableClock clock = new SettableClock();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock).withEdge());
  private final Project project = sandbox.project();
  private final SandboxClient client = new SandboxClient(sandbox.address());

  @AfterEach
  void stop() {
    client.close();
    sandbox.close();
  }

  private String valid(String token) throws IOException {
    return client
        .get(RESOLVE, "Authorization", "Bearer " + token)
        .identity()
        .getOrDefault("x-authgear-session-valid", "absent");
  }

  private static JsonNode claims(String token) throws IOException {
    return JSON.readTree(Base64.getUrlDecoder().decode(token.split("\\.", -1)[1]));
  }

  @Nested
  class OverHttp {
    @Test
    void token_ofAUser_isTheTokenAndNothingElse() throws IOException {
      Answer answer = client.get("/sandbox/token?user=alice");

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.headers().get("Content-Type")).startsWith("text/plain");
      assertThat(answer.body()).matches("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");
      assertThat(valid(answer.body())).isEqualTo("true");
    }

    @Test
    void token_withOptions_honoursThem() throws IOException {
      String token =
          client
              .get(
                  "/sandbox/token?user=bob&kind=jwt&expires_in=-60&scope=openid&audience=https://a"
                      + "&audience=https://b&client_id=c&amr=pwd,otp&auth_time=1700000000"
                      + "&roles=x,y&claims=%7B%22email%22:%22b@example.com%22,%22scope%22:null%7D")
              .body();

      JsonNode claims = claims(token);
      assertThat(claims.get("exp").longValue()).isEqualTo(clock.instant().getEpochSecond() - 60);
      assertThat(claims.get("aud")).isEqualTo(JSON.readTree("[\"https://a\",\"https://b\"]"));
      assertThat(claims.get("client_id").textValue()).isEqualTo("c");
      assertThat(claims.get("amr")).isEqualTo(JSON.readTree("[\"pwd\",\"otp\"]"));
      assertThat(claims.get("auth_time").longValue()).isEqualTo(1700000000);
      assertThat(claims.get("https://authgear.com/claims/user/roles"))
          .isEqualTo(JSON.readTree("[\"x\",\"y\"]"));
      assertThat(claims.get("email").textValue()).isEqualTo("b@example.com");
      assertThat(claims.has("scope")).isFalse();
    }

    @Test
    void token_ofEachKind_isOfThatKind() throws IOException {
      assertThat(client.get("/sandbox/token?user=alice&kind=opaque").body())
          .matches("[a-zA-Z0-9]{32}");
      assertThat(claims(client.get("/sandbox/token?user=alice&kind=id").body()).get("aud"))
          .isEqualTo(JSON.readTree("[\"" + Project.APP_CLIENT_ID + "\"]"));
      JsonNode m2m =
          claims(
              client.get("/sandbox/token?kind=m2m&scope=read&audience=https://api.example").body());
      assertThat(m2m.get("sub").textValue()).startsWith("client_id_");
      assertThat(m2m.get("scope").textValue()).isEqualTo("read");
      assertThat(
              claims(client.get("/sandbox/token?user=alice&auth_time=none").body())
                  .has("auth_time"))
          .isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"session", "app_session", "app_access_token"})
    void cookie_ofEachKind_isReadyForACookieHeader(String kind) throws IOException {
      String cookie = client.get("/sandbox/cookie?user=bob&kind=" + kind).body();

      assertThat(cookie).startsWith(kind + "=");
      assertThat(client.get(RESOLVE, "Cookie", cookie).identity())
          .containsEntry("x-authgear-user-id", project.user("bob").id());
    }

    @Test
    void cookie_withoutKind_isASession() throws IOException {
      assertThat(client.get("/sandbox/cookie?user=alice").body()).startsWith("session=");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "/sandbox/token?user=mallory|404|no user 'mallory': alice, bob, carol, dave, erin",
          "/sandbox/token|400|user is missing: alice, bob, carol, dave, erin",
          "/sandbox/token?user=alice&kind=saml|400|no kind 'saml': jwt, opaque, m2m, id",
          "/sandbox/token?user=alice&expires=1|400|no parameter 'expires': amr, audience,"
              + " auth_time, claims, client_id, expires_in, kind, roles, scope, user",
          "/sandbox/token?user=alice&expires_in=1h|400|expires_in is no number of seconds",
          "/sandbox/token?user=alice&claims=7|400|claims is no JSON object",
          "/sandbox/cookie?user=mallory|404|no user 'mallory': alice, bob, carol, dave, erin",
          "/sandbox/cookie?user=bob&kind=jwt|400|no kind 'jwt': session, app_session,"
              + " app_access_token",
        })
    void get_whatItDoesNotKnow_saysWhatItAccepts(String path, int status, String text)
        throws IOException {
      Answer answer = client.get(path);

      assertThat(answer.status()).isEqualTo(status);
      assertThat(answer.body()).isEqualTo(text + "\n");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "disable",
          "delete",
          "anonymize",
          "schedule-deletion",
          "schedule-anonymization",
          "validity?until=0",
          "validity?from=60",
          "logout",
          "revoke-sessions"
        })
    void user_whoseSessionsEnd_losesThem(String change) throws IOException {
      String token = project.accessToken("alice");

      assertThat(client.post("/sandbox/users/alice/" + change, "").status()).isEqualTo(200);

      assertThat(valid(token)).isEqualTo("absent");
    }

    @Test
    void user_enabledAgain_getsNoSessionBack() throws IOException {
      String token = project.accessToken("alice");

      client.post("/sandbox/users/alice/disable", "");
      client.post("/sandbox/users/alice/enable", "");

      assertThat(valid(token)).isEqualTo("absent");
      assertThat(valid(project.accessToken("alice"))).isEqualTo("true");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "reset-password",
          "verify?verified=true",
          "profile?nickname=Al",
          "identity?event=identity.email.added",
          "validity?until=60",
          "enable"
        })
    void user_changedOtherwise_keepsTheSessions(String change) throws IOException {
      String token = project.accessToken("alice");

      assertThat(client.post("/sandbox/users/alice/" + change, "").status()).isEqualTo(200);

      assertThat(valid(token)).isEqualTo("true");
    }

    @Test
    void user_createdAndSignedIn_isKnown() throws IOException {
      assertThat(client.post("/sandbox/users/frank/create", "").status()).isEqualTo(200);
      Answer signedIn = client.post("/sandbox/users/frank/sign-in", "");

      assertThat(valid(signedIn.body())).isEqualTo("true");
      assertThat(client.post("/sandbox/users/frank/create", "").status()).isEqualTo(400);
      assertThat(client.post("/sandbox/users/dave/sign-in", "").status()).isEqualTo(400);
    }

    @Test
    void authgearsWeakPoints_areTurnedOnAndOff() throws IOException {
      String token = project.accessToken("bob");
      client.post("/sandbox/authgear?late_verified=true&session_lock_ms=1", "");
      client.post("/sandbox/users/bob/verify?verified=true", "");
      Answer late = client.get(RESOLVE, "Authorization", "Bearer " + token);
      client.post("/sandbox/authgear?late_verified=false&session_lock_ms=0", "");
      Answer now = client.get(RESOLVE, "Authorization", "Bearer " + token);

      assertThat(late.identity()).containsEntry("x-authgear-user-verified", "false");
      assertThat(now.identity()).containsEntry("x-authgear-user-verified", "true");
    }

    @Test
    void user_loggedOut_losesEverySession() throws IOException {
      String token = project.accessToken("alice");
      String bobs = project.accessToken("bob");

      client.post("/sandbox/users/alice/logout", "");

      assertThat(valid(token)).isEqualTo("absent");
      assertThat(valid(bobs)).isEqualTo("true");
    }

    @Test
    void user_roles_areSet() throws IOException {
      client.post("/sandbox/users/bob/roles?roles=a,b", "");
      assertThat(project.user("bob").roles()).containsExactly("a", "b");
      client.post("/sandbox/users/bob/roles?roles=", "");
      assertThat(project.user("bob").roles()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
      "/sandbox/users/mallory/disable,404",
      "/sandbox/users/mallory/logout,404",
      "/sandbox/users/bob/roles,400",
      "/sandbox/users/bob/roles?roles=1st,400",
      "/sandbox/users/bob/praise,404",
      "/sandbox/sessions/end,404",
      "/sandbox/credentials/revoke,404",
    })
    void post_whatItDoesNotKnow_isRefused(String path, int status) throws IOException {
      assertThat(client.post(path, "").status()).isEqualTo(status);
    }

    @Test
    void credential_revokedOrEnded_isForgotten() throws IOException {
      String revoked = project.accessToken("alice");
      String ended = project.accessToken("alice");

      client.post("/sandbox/credentials/revoke", revoked);
      client.post("/sandbox/sessions/end", ended);

      assertThat(valid(revoked)).isEqualTo("absent");
      assertThat(valid(ended)).isEqualTo("absent");
    }

    @Test
    void keys_rotateAndRetire() throws IOException {
      String first = project.keyIds().getFirst();

      client.post("/sandbox/keys/rotate", "");
      assertThat(project.keyIds()).hasSize(2).last().isEqualTo(first);
      client.post("/sandbox/keys/retire", "");
      assertThat(project.keyIds()).hasSize(1).doesNotContain(first);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "/",
          "/sandbox/token?user=alice",
          "/sandbox/token?user=mallory",
          "/oauth2/jwks",
          RESOLVE,
          "/nowhere"
        })
    void everyAnswer_saysThatThisIsNotAuthgear(String path) throws IOException {
      assertThat(client.get(path).headers().get("x-authgear-sandbox"))
          .isEqualTo("not a real Authgear project");
    }

    @Test
    void page_saysWhatThisIsAndWhomItKnows() throws IOException {
      Answer answer = client.get("/");

      assertThat(answer.headers().get("Content-Type")).startsWith("text/html");
      assertThat(answer.body())
          .contains("Not a real Authgear project", sandbox.origin(), "/sandbox/token")
          .contains("<td>alice<td>", "<td>admin, editor<td>active, verified")
          .contains("<td>carol<td>", "active, anonymous, not verified", "disabled, verified")
          .doesNotContain("src=", "href=");
    }
  }

  @Nested
  class Faults {
    private String path(AuthgearEndpoint endpoint) {
      return switch (endpoint) {
        case DISCOVERY -> "/.well-known/openid-configuration";
        case KEYS -> "/oauth2/jwks";
        case RESOLVER -> RESOLVE;
      };
    }

    @ParameterizedTest
    @EnumSource(AuthgearEndpoint.class)
    void endpoint_toldAStatus_answersItUntilRepaired(AuthgearEndpoint endpoint) throws IOException {
      sandbox.breakDown(endpoint, Malfunction.status(503));
      assertThat(client.get(path(endpoint)).status()).isEqualTo(503);
      for (AuthgearEndpoint other : AuthgearEndpoint.values()) {
        if (other != endpoint) {
          assertThat(client.get(path(other)).status()).isEqualTo(200);
        }
      }

      sandbox.repair(endpoint);

      assertThat(client.get(path(endpoint)).status()).isEqualTo(200);
      assertThat(sandbox.calls(endpoint)).isEqualTo(2);
    }

    @Test
    void endpoint_toldAnAnswer_givesIt() throws IOException {
      sandbox.breakDown(
          AuthgearEndpoint.RESOLVER,
          new Malfunction.CannedAnswer(200, Map.of("x-authgear-session-valid", "true"), ""));

      assertThat(client.get(RESOLVE).identity())
          .isEqualTo(Map.of("x-authgear-session-valid", "true"));
    }

    @ParameterizedTest
    @EnumSource(AuthgearEndpoint.class)
    void endpoint_garbage_isNothingThatParses(AuthgearEndpoint endpoint) throws IOException {
      sandbox.breakDown(endpoint, new Malfunction.Garbage());

      Answer answer = client.get(path(endpoint));

      assertThat(answer.status()).isEqualTo(200);
      assertThatThrownBy(() -> JSON.readTree(answer.body())).isInstanceOf(IOException.class);
      assertThat(answer.headers().get("x-authgear-session-valid")).isNotIn(null, "true", "false");
    }

    @ParameterizedTest
    @EnumSource(AuthgearEndpoint.class)
    void endpoint_down_closesTheConnection(AuthgearEndpoint endpoint) throws IOException {
      sandbox.breakDown(endpoint, new Malfunction.Down());

      assertThatThrownBy(() -> client.get(path(endpoint))).isInstanceOf(IOException.class);
      assertThat(sandbox.calls(endpoint)).isEqualTo(1);
      sandbox.repair(endpoint);
      assertThat(client.get(path(endpoint)).status()).isEqualTo(200);
    }

    @Test
    void endpoint_hanging_answersTheTruthOnceRepaired() throws Exception {
      String token = project.accessToken("alice");
      sandbox.breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Hang(Duration.ofHours(1)));

      CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> unchecked(token));
      Awaitility.await().until(() -> sandbox.calls(AuthgearEndpoint.RESOLVER) == 1);
      assertThat(answer).isNotDone();
      sandbox.repair(AuthgearEndpoint.RESOLVER);

      assertThat(answer.get()).isEqualTo("true");
    }

    @Test
    void endpoint_hangingForALittle_answersByItself() throws IOException {
      sandbox.breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Hang(Duration.ofMillis(50)));
      long start = System.nanoTime();

      assertThat(valid(project.accessToken("alice"))).isEqualTo("true");

      assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(45));
    }

    @Test
    void sandbox_suspended_refusesConnectionsUntilResumed() throws IOException {
      String origin = sandbox.origin();
      assertThat(client.get(RESOLVE).status()).isEqualTo(200);

      sandbox.suspend();
      assertThat(sandbox.origin()).isEqualTo(origin);
      Awaitility.await()
          .untilAsserted(
              () ->
                  assertThatThrownBy(() -> client.get(RESOLVE))
                      .isInstanceOf(ConnectException.class));
      sandbox.resume();

      assertThat(sandbox.origin()).isEqualTo(origin);
      assertThat(client.get(RESOLVE).status()).isEqualTo(200);
    }

    private String unchecked(String token) {
      try {
        return valid(token);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Nested
  class Listening {
    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.1", "no-such-host.invalid"})
    void options_addressThatOthersReach_isRefused(String host) {
      assertThatThrownBy(() -> new SandboxOptions(clock, host, 0, 0, 0, null, "", false, false))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("loopback only, not on " + host);
    }

    @Test
    void options_addressThatOthersReach_isTakenIfMeant() throws IOException {
      SandboxOptions options = SandboxOptions.loopback(clock).withAnyAddress("127.0.0.2");

      assertThat(options.anyAddress()).isTrue();
      try (Sandbox elsewhere = Sandbox.start(options);
          SandboxClient reached = new SandboxClient(elsewhere.address())) {
        assertThat(elsewhere.address()).startsWith("http://127.0.0.2:");
        assertThat(reached.get("/").status()).isEqualTo(200);
      }
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "https://a.example/",
          "https://a.example/x",
          "ftp://a.example",
          "a.example",
          "https://",
          "https://a.example?x",
          "https://a b"
        })
    void options_publicOriginWithMore_isRefused(String origin) {
      assertThatThrownBy(() -> SandboxOptions.loopback(clock).withPublicOrigin(origin))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is no origin");
    }

    @Test
    void origin_byDefault_isWhereItListens() {
      assertThat(sandbox.origin())
          .isEqualTo(sandbox.address())
          .isEqualTo("http://127.0.0.1:" + sandbox.port());
      assertThat(List.of(sandbox.port())).doesNotContain(0);
    }

    @Test
    void start_givenPort_listensThere() throws IOException {
      int port = sandbox.port();
      sandbox.close();

      try (Sandbox again = Sandbox.start(SandboxOptions.loopback(clock).withPort(port))) {
        assertThat(again.port()).isEqualTo(port);
        assertThat(client.get("/").status()).isEqualTo(200);
      }
    }
  }
}
