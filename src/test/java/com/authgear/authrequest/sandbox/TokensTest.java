package com.authgear.authrequest.sandbox;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.support.SettableClock;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.RSAPublicKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** AUTHGEAR.md, "User access token", "Machine-to-machine", "Not an access token", "Keys". */
class TokensTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Base64.Decoder BASE64URL = Base64.getUrlDecoder();
  private static final String USER_CLAIM = "https://authgear.com/claims/user/";

  private final SettableClock clock = new SettableClock();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
  private final Project project = sandbox.project();
  private final SandboxClient client = new SandboxClient(sandbox.address());

  @AfterEach
  void stop() {
    client.close();
    sandbox.close();
  }

  private static JsonNode part(String token, int index) throws IOException {
    return JSON.readTree(BASE64URL.decode(token.split("\\.", -1)[index]));
  }

  private JsonNode publishedKeys() throws IOException {
    return JSON.readTree(client.get("/oauth2/jwks").body()).get("keys");
  }

  private static RSAPublicKey publicKey(JsonNode jwk) throws IOException, GeneralSecurityException {
    return (RSAPublicKey)
        KeyFactory.getInstance("RSA")
            .generatePublic(
                new RSAPublicKeySpec(
                    new BigInteger(1, BASE64URL.decode(jwk.get("n").asText())),
                    new BigInteger(1, BASE64URL.decode(jwk.get("e").asText()))));
  }

  private boolean verifiesWithPublishedKey(String token)
      throws IOException, GeneralSecurityException {
    String kid = part(token, 0).get("kid").asText();
    for (JsonNode jwk : publishedKeys()) {
      if (jwk.get("kid").asText().equals(kid)) {
        int dot = token.lastIndexOf('.');
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initVerify(publicKey(jwk));
        signature.update(token.substring(0, dot).getBytes(US_ASCII));
        return signature.verify(BASE64URL.decode(token.substring(dot + 1)));
      }
    }
    return false;
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static List<String> texts(JsonNode array) {
    assertThat(array.isArray()).isTrue();
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.textValue()));
    return texts;
  }

  @Test
  void accessToken_hasExactlyTheDocumentedHeaderAndClaims() throws Exception {
    Instant authenticated = clock.instant().minusSeconds(1000);
    String token = project.accessToken("alice", TokenOptions.DEFAULTS.withAuthTime(authenticated));

    JsonNode header = part(token, 0);
    assertThat(names(header)).containsExactlyInAnyOrder("alg", "typ", "kid");
    assertThat(header.get("alg").textValue()).isEqualTo("RS256");
    assertThat(header.get("typ").textValue()).isEqualTo("at+jwt");
    assertThat(header.get("kid").textValue()).isEqualTo(project.keyIds().getFirst());

    JsonNode claims = part(token, 1);
    long now = clock.instant().getEpochSecond();
    assertThat(names(claims))
        .containsExactlyInAnyOrder(
            "aud",
            "client_id",
            "exp",
            "iat",
            "auth_time",
            "amr",
            "scope",
            USER_CLAIM + "can_reauthenticate",
            USER_CLAIM + "is_anonymous",
            USER_CLAIM + "is_verified",
            USER_CLAIM + "roles",
            "iss",
            "jti",
            "sub");
    assertThat(claims.get("iss").textValue()).isEqualTo(sandbox.origin()).doesNotEndWith("/");
    assertThat(texts(claims.get("aud"))).containsExactly(sandbox.origin());
    assertThat(claims.get("sub").textValue()).isEqualTo(project.user("alice").id());
    assertThat(claims.get("client_id").textValue()).isEqualTo(Project.APP_CLIENT_ID);
    assertThat(claims.get("scope").textValue()).isEqualTo(Project.USER_SCOPE);
    assertThat(claims.get("iat").isIntegralNumber()).isTrue();
    assertThat(claims.get("iat").longValue()).isEqualTo(now);
    assertThat(claims.get("exp").longValue()).isEqualTo(now + 1800);
    assertThat(claims.get("auth_time").longValue()).isEqualTo(authenticated.getEpochSecond());
    assertThat(texts(claims.get("amr"))).containsExactly("pwd", "x_primary_password");
    assertThat(claims.get("jti").textValue()).matches("[0-9a-f]{64}");
    assertThat(claims.get(USER_CLAIM + "can_reauthenticate")).isEqualTo(JSON.readTree("true"));
    assertThat(claims.get(USER_CLAIM + "is_anonymous")).isEqualTo(JSON.readTree("false"));
    assertThat(claims.get(USER_CLAIM + "is_verified")).isEqualTo(JSON.readTree("true"));
    assertThat(texts(claims.get(USER_CLAIM + "roles"))).containsExactly("admin", "editor");

    assertThat(verifiesWithPublishedKey(token)).isTrue();
  }

  @Test
  void accessToken_anonymousUserWithoutAuthTime_omitsAmrAndAuthTimeButNotRoles()
      throws IOException {
    JsonNode claims =
        part(project.accessToken("carol", TokenOptions.DEFAULTS.withoutAuthTime()), 1);

    assertThat(names(claims)).doesNotContain("amr", "auth_time");
    assertThat(texts(claims.get(USER_CLAIM + "roles"))).isEmpty();
    assertThat(claims.get(USER_CLAIM + "is_anonymous").booleanValue()).isTrue();
    assertThat(claims.get(USER_CLAIM + "is_verified").booleanValue()).isFalse();
    assertThat(claims.get(USER_CLAIM + "can_reauthenticate").booleanValue()).isFalse();
  }

  @Test
  void accessToken_everyOption_isHonoured() throws Exception {
    String token =
        project.accessToken(
            "bob",
            TokenOptions.DEFAULTS
                .withExpiresIn(Duration.ofSeconds(-5))
                .withAudience(List.of("https://a.example", "https://b.example"))
                .withClientId("dcrc_1")
                .withScope("openid")
                .withRoles(List.of("owner"))
                .withAmr(List.of("pwd", "otp"))
                .withClaim("email", "bob@example.com")
                .withClaim("cnf", Map.of("jkt", "x"))
                .withClaim("iat", null));

    JsonNode claims = part(token, 1);
    assertThat(claims.get("exp").longValue()).isEqualTo(clock.instant().getEpochSecond() - 5);
    assertThat(texts(claims.get("aud"))).containsExactly("https://a.example", "https://b.example");
    assertThat(claims.get("client_id").textValue()).isEqualTo("dcrc_1");
    assertThat(claims.get("scope").textValue()).isEqualTo("openid");
    assertThat(texts(claims.get(USER_CLAIM + "roles"))).containsExactly("owner");
    assertThat(texts(claims.get("amr"))).containsExactly("pwd", "otp");
    assertThat(claims.get("email").textValue()).isEqualTo("bob@example.com");
    assertThat(claims.get("cnf").get("jkt").textValue()).isEqualTo("x");
    assertThat(claims.has("iat")).isFalse();
    assertThat(verifiesWithPublishedKey(token)).isTrue();
  }

  @Test
  void accessToken_ofASessionThatGoesOn_doesNotSayHowItBegan() throws IOException {
    String first = project.accessToken("alice");
    JsonNode refreshed =
        part(project.accessToken("alice", TokenOptions.DEFAULTS.withSessionOf(first)), 1);

    assertThat(refreshed.has("amr")).isFalse();
    assertThat(refreshed.get("auth_time")).isEqualTo(part(first, 1).get("auth_time"));
  }

  @Test
  void accessToken_twice_differsInItsJti() throws IOException {
    JsonNode one = part(project.accessToken("alice"), 1);
    JsonNode other = part(project.accessToken("alice"), 1);

    assertThat(one.get("jti")).isNotEqualTo(other.get("jti"));
  }

  @Test
  void opaqueToken_is32LettersAndDigits() {
    assertThat(project.opaqueToken("alice")).matches("[a-zA-Z0-9]{32}");
  }

  @Test
  void m2mToken_hasExactlyTheDocumentedHeaderAndClaims() throws Exception {
    String token = project.m2mToken("https://api.example.com/orders", "read:orders write:orders");

    assertThat(part(token, 0).get("typ").textValue()).isEqualTo("at+jwt");
    JsonNode claims = part(token, 1);
    assertThat(names(claims))
        .containsExactlyInAnyOrder("iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti");
    assertThat(claims.get("iss").textValue()).isEqualTo(sandbox.origin());
    assertThat(texts(claims.get("aud"))).containsExactly("https://api.example.com/orders");
    assertThat(claims.get("sub").textValue()).isEqualTo("client_id_" + Project.M2M_CLIENT_ID);
    assertThat(claims.get("client_id").textValue()).isEqualTo(Project.M2M_CLIENT_ID);
    assertThat(claims.get("scope").textValue()).isEqualTo("read:orders write:orders");
    assertThat(verifiesWithPublishedKey(token)).isTrue();
  }

  @Test
  void idToken_isSignedByTheSameKeyForTheClient() throws Exception {
    String token = project.idToken("alice");

    assertThat(part(token, 0).get("typ").textValue()).isEqualTo("JWT");
    JsonNode claims = part(token, 1);
    assertThat(texts(claims.get("aud"))).containsExactly(Project.APP_CLIENT_ID);
    assertThat(claims.get("iss").textValue()).isEqualTo(sandbox.origin());
    assertThat(claims.get("sub").textValue()).isEqualTo(project.user("alice").id());
    assertThat(claims.get("exp").longValue() - claims.get("iat").longValue()).isEqualTo(300);
    assertThat(claims.has("client_id")).isFalse();
    assertThat(verifiesWithPublishedKey(token)).isTrue();
  }

  @Test
  void token_ofAnotherSandbox_doesNotVerify() throws Exception {
    try (Sandbox other = Sandbox.start(SandboxOptions.loopback(clock))) {
      assertThat(verifiesWithPublishedKey(other.project().accessToken("alice"))).isFalse();
    }
  }

  @Test
  void jwks_publishesRsa2048SignatureKeys() throws Exception {
    JsonNode keys = publishedKeys();

    assertThat(keys.size()).isEqualTo(1);
    JsonNode jwk = keys.get(0);
    assertThat(names(jwk))
        .containsExactlyInAnyOrder("kty", "kid", "use", "alg", "n", "e", "created_at");
    assertThat(jwk.get("kty").textValue()).isEqualTo("RSA");
    assertThat(jwk.get("use").textValue()).isEqualTo("sig");
    assertThat(jwk.get("alg").textValue()).isEqualTo("RS256");
    assertThat(jwk.get("kid").textValue())
        .matches("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
    assertThat(BASE64URL.decode(jwk.get("n").textValue())).hasSize(256);
    assertThat(publicKey(jwk).getModulus().bitLength()).isEqualTo(2048);
  }

  @Test
  void keys_rotateByPrependingAndRetireTheOld() throws Exception {
    String before = project.accessToken("alice");
    String oldKid = part(before, 0).get("kid").textValue();

    project.rotateKeys();
    String after = project.accessToken("alice");
    String newKid = part(after, 0).get("kid").textValue();

    assertThat(newKid).isNotEqualTo(oldKid);
    assertThat(publishedKeys().findValuesAsText("kid")).containsExactly(newKid, oldKid);
    assertThat(verifiesWithPublishedKey(before)).isTrue();
    assertThat(verifiesWithPublishedKey(after)).isTrue();

    project.retireKeys();

    assertThat(publishedKeys().findValuesAsText("kid")).containsExactly(newKid);
    assertThat(verifiesWithPublishedKey(before)).isFalse();
    assertThat(verifiesWithPublishedKey(after)).isTrue();
  }

  @Test
  void discovery_namesIssuerAndKeySet() throws IOException {
    SandboxClient.Answer answer = client.get("/.well-known/openid-configuration");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers().get("Content-Type")).startsWith("application/json");
    assertThat(answer.headers().get("Cache-Control")).isNull();
    JsonNode document = JSON.readTree(answer.body());
    assertThat(document.get("issuer").textValue()).isEqualTo(sandbox.origin());
    assertThat(document.get("jwks_uri").textValue()).isEqualTo(sandbox.origin() + "/oauth2/jwks");
    assertThat(document.get("authorization_endpoint").textValue()).startsWith(sandbox.origin());
    assertThat(sandbox.calls(AuthgearEndpoint.DISCOVERY)).isEqualTo(1);
    assertThat(sandbox.calls(AuthgearEndpoint.KEYS)).isZero();
  }

  @Test
  void mint_unknownUser_namesTheUsers() {
    assertThatThrownBy(() -> project.accessToken("mallory"))
        .isInstanceOf(NoSuchElementException.class)
        .hasMessage("no user 'mallory': alice, bob, carol, dave, erin");
  }

  @Test
  void mint_forTheSessionOfAnotherUser_isRefused() {
    String bobs = project.sessionCookie("bob");

    assertThatThrownBy(
            () -> project.accessToken("alice", TokenOptions.DEFAULTS.withSessionOf(bobs)))
        .isInstanceOf(NoSuchElementException.class);
  }
}
