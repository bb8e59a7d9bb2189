package com.authgear.authrequest.settings;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.settings.FollowSettingsReader.Accepted;
import com.authgear.authrequest.settings.FollowSettingsReader.Refused;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.interfaces.RSAPrivateCrtKey;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowSettingsReaderTest {

  private static final KeyPair KEYS = keys(2048);

  private final Map<String, String> environment =
      new HashMap<>(
          Map.of(
              "AUTHGEAR_ENDPOINT", "https://project.authgear.cloud",
              "AUTHGEAR_ADMIN_API_URL", "https://project.authgear.cloud/_api/admin",
              "AUTHGEAR_ADMIN_API_APP_ID", "project",
              "AUTHGEAR_ADMIN_API_KEY_ID", "key-1",
              "AUTHGEAR_ADMIN_API_KEY", pem(KEYS),
              "AUTHGEAR_REDIS_URL", "redis://redis:6379"));

  @Test
  void read_leastSettings_haveDefaults() {
    FollowSettings settings = accepted();

    assertThat(settings.adminApi().graphql())
        .isEqualTo(URI.create("https://project.authgear.cloud/_api/admin/graphql"));
    assertThat(settings.adminApi().keyId()).isEqualTo("key-1");
    assertThat(settings.interval()).isEqualTo(Duration.ofSeconds(1));
    assertThat(settings.overlap()).isEqualTo(Duration.ofSeconds(60));
    assertThat(settings.tell().targets()).isEmpty();
  }

  @Test
  void read_urlWithGraphql_isNotDoubled() {
    for (String url :
        List.of("https://a.example/graphql", "https://a.example/", "https://a.example")) {
      environment.put("AUTHGEAR_ADMIN_API_URL", url);

      assertThat(accepted().adminApi().graphql())
          .isEqualTo(URI.create("https://a.example/graphql"));
    }
  }

  @Test
  void read_jwk_namesItsKey() {
    environment.remove("AUTHGEAR_ADMIN_API_KEY_ID");
    environment.put("AUTHGEAR_ADMIN_API_KEY", jwk("key-2").toString());

    assertThat(accepted().adminApi().keyId()).isEqualTo("key-2");
    assertThat(accepted().adminApi().key().key()).isEqualTo(KEYS.getPrivate());
  }

  @Test
  void read_jwkSetOfOne_isAsAuthgearKeepsIt() {
    environment.put("AUTHGEAR_ADMIN_API_KEY", "{\"keys\":[" + jwk("key-2") + "]}");

    assertThat(accepted().adminApi().keyId()).isEqualTo("key-1");
  }

  @Test
  void read_keyFromFile(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("key.pem"), pem(KEYS));
    environment.remove("AUTHGEAR_ADMIN_API_KEY");
    environment.put("AUTHGEAR_ADMIN_API_KEY_FILE", file.toString());

    assertThat(accepted().adminApi().key().key()).isEqualTo(KEYS.getPrivate());
  }

  @Test
  void read_unusableKeys_areRefusedAndNotShown() {
    String small = pem(keys(1024));
    for (String key :
        List.of(
            "no key at all",
            "{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}",
            "{broken",
            "{\"keys\":[]}",
            pem(KEYS).substring(0, 300),
            small)) {
      environment.put("AUTHGEAR_ADMIN_API_KEY", key);

      assertThat(refused().report()).contains("AUTHGEAR_ADMIN_API_KEY").doesNotContain(key);
    }
  }

  @Test
  void read_nobodyToTell_isRefused() {
    environment.remove("AUTHGEAR_REDIS_URL");

    assertThat(refused().report()).contains("AUTHGEAR_FOLLOW_TARGETS", "no replica would be told");
  }

  @Test
  void read_targetsWithoutSecret_areRefused() {
    environment.put("AUTHGEAR_FOLLOW_TARGETS", "https://a.example, https://b.example:8443");

    assertThat(refused().report()).contains("AUTHGEAR_FOLLOW_SECRET");
    environment.put("AUTHGEAR_FOLLOW_SECRET", "a-secret-of-some-length");
    assertThat(accepted().tell().targets())
        .containsExactly(URI.create("https://a.example"), URI.create("https://b.example:8443"));
  }

  @Test
  void read_adminApiOverHttp_isRefusedUnlessAllowed() {
    environment.put("AUTHGEAR_ADMIN_API_URL", "http://authgear-admin:3002");

    assertThat(refused().report()).contains("AUTHGEAR_ADMIN_API_URL", "AUTHGEAR_ALLOW_HTTP");
    environment.put("AUTHGEAR_ALLOW_HTTP", "true");
    assertThat(accepted().adminApi().graphql())
        .isEqualTo(URI.create("http://authgear-admin:3002/graphql"));
  }

  @Test
  void read_settingsOfTheService_mayBeThere() {
    environment.put("AUTHGEAR_WEBHOOK_SECRET", "0123456789abcdef0123456789abcdef");
    environment.put("AUTHGEAR_POLICY_ADMIN", "role=admin");
    assertThat(accepted()).isNotNull();

    environment.put("AUTHGEAR_FOLOW_INTERVAL", "2s");
    assertThat(refused().report()).contains("did you mean AUTHGEAR_FOLLOW_INTERVAL?");
  }

  @Test
  void read_byTheService_refusesTheAdminKeyAndTakesTheRest() {
    assertThat(SettingsReader.read(environment))
        .isInstanceOfSatisfying(
            SettingsReader.Refused.class,
            refused ->
                assertThat(refused.report())
                    .contains("AUTHGEAR_ADMIN_API_KEY", "for the command follow only")
                    .doesNotContain(environment.get("AUTHGEAR_ADMIN_API_KEY")));

    environment.remove("AUTHGEAR_ADMIN_API_KEY");
    assertThat(SettingsReader.read(environment)).isInstanceOf(SettingsReader.Accepted.class);
  }

  private FollowSettings accepted() {
    return ((Accepted) FollowSettingsReader.read(environment)).settings();
  }

  private Refused refused() {
    return (Refused) FollowSettingsReader.read(environment);
  }

  private static KeyPair keys(int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(KeyPair keys) {
    return "-----BEGIN PRIVATE KEY-----\n"
        + Base64.getMimeEncoder().encodeToString(keys.getPrivate().getEncoded())
        + "\n-----END PRIVATE KEY-----\n";
  }

  private static ObjectNode jwk(String kid) {
    RSAPrivateCrtKey key = (RSAPrivateCrtKey) KEYS.getPrivate();
    ObjectNode jwk = JsonNodeFactory.instance.objectNode();
    jwk.put("kty", "RSA").put("kid", kid);
    jwk.put("n", number(key.getModulus())).put("e", number(key.getPublicExponent()));
    jwk.put("d", number(key.getPrivateExponent()));
    jwk.put("p", number(key.getPrimeP())).put("q", number(key.getPrimeQ()));
    jwk.put("dp", number(key.getPrimeExponentP())).put("dq", number(key.getPrimeExponentQ()));
    return jwk.put("qi", number(key.getCrtCoefficient()));
  }

  private static String number(BigInteger value) {
    byte[] bytes = value.toByteArray();
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(bytes[0] == 0 ? Arrays.copyOfRange(bytes, 1, bytes.length) : bytes);
  }
}
