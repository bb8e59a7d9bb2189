package com.authgear.authrequest.settings;

import static com.authgear.authrequest.settings.Reads.accepted;
import static com.authgear.authrequest.settings.Reads.refused;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnknownKeysTest {

  @ParameterizedTest
  @CsvSource({
    "AUTHGEAR_ENDPIONT, AUTHGEAR_ENDPOINT", // swapped
    "AUTHGEAR_ENDPONT, AUTHGEAR_ENDPOINT", // left out
    "AUTHGEAR_AUDIENCES, AUTHGEAR_AUDIENCE", // added
    "AUTHGEAR_NODE, AUTHGEAR_MODE", // replaced
    "AUTHGEAR_LOGLEVEL, AUTHGEAR_LOG_LEVEL",
    "AUTHGEAR_CLIENT_ID, AUTHGEAR_CLIENT_IDS",
    "AUTHGEAR_mode, AUTHGEAR_MODE",
    "AUTHGEAR_ENDPIONT_FILE, AUTHGEAR_ENDPOINT_FILE",
    "AUTHGEAR_COOKIE_PREFIX_FIEL, AUTHGEAR_COOKIE_PREFIX_FILE",
  })
  void read_almostAKey_isToldTheKey(String given, String meant) {
    assertThat(refused(given, "a-secret-perhaps"))
        .containsExactly(new Problem(given, "is not a setting", "did you mean " + meant + "?"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"AUTHGEAR_", "AUTHGEAR_URL", "AUTHGEAR_API_KEY", "AUTHGEAR_ADMIN_CREDENTIALS"})
  void read_nothingLikeAKey_isToldSo(String given) {
    assertThat(refused(given, "a-secret-perhaps"))
        .containsExactly(
            new Problem(given, "is not a setting", "remove it; no setting has a similar name"));
  }

  @Test
  void read_unknownKeyWithEmptyValue_isAProblemToo() {
    assertThat(refused("AUTHGEAR_DRIAN", "")).hasSize(1);
  }

  @Test
  void read_keysOfOthers_areIgnored() {
    assertThat(accepted("AUTHGEARX_MODE", "x", "MY_AUTHGEAR_MODE", "x")).isEqualTo(accepted());
  }

  /** What a kubelet sets for a Service with one named port. */
  @ParameterizedTest
  @ValueSource(strings = {"AUTHGEAR", "AUTHGEAR_AUTH_REQUEST"})
  void read_kubernetesServiceLinks_areIgnored(String service) {
    assertThat(
            accepted(
                service + "_SERVICE_HOST", "10.0.0.1",
                service + "_SERVICE_PORT", "8080",
                service + "_SERVICE_PORT_HTTP", "8080",
                service + "_PORT", "tcp://10.0.0.1:8080",
                service + "_PORT_8080_TCP", "tcp://10.0.0.1:8080",
                service + "_PORT_8080_TCP_PROTO", "tcp",
                service + "_PORT_8080_TCP_PORT", "8080",
                service + "_PORT_8080_TCP_ADDR", "10.0.0.1"))
        .isEqualTo(accepted());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"AUTHGEAR_X_PORT", "AUTHGEAR_X_SERVICE_PORT", "AUTHGEAR_X_PORT_80_TCP_ADDR"})
  void read_partOfAServiceLink_isAProblem(String given) {
    assertThat(refused(given, "1")).extracting(Problem::key).containsExactly(given);
  }

  @Test
  void read_typoBesideServiceLinks_isStillAProblem() {
    assertThat(
            refused(
                "AUTHGEAR_SERVICE_HOST", "10.0.0.1",
                "AUTHGEAR_SERVICE_PORT", "8080",
                "AUTHGEAR_DRIAN", "1s",
                "AUTHGEAR_PORT_X", "1"))
        .extracting(Problem::key)
        .containsExactly("AUTHGEAR_DRIAN", "AUTHGEAR_PORT_X");
  }
}
