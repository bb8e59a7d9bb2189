package com.authgear.authrequest.verify.jwt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.authgear.authrequest.bearer.Reason;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Claims that an operator asked for beside those of the identity. */
class FurtherClaimsTest {
  private final ClaimsReader reader =
      new ClaimsReader(
          Tokens.ISSUER,
          Duration.ZERO,
          () -> Instant.ofEpochSecond(Tokens.NOW),
          Set.of("plan", "absent"));

  private Map<String, String> read(String json) throws Exception {
    Map<String, Object> claims = Tokens.userClaims();
    claims.putAll(JSONObjectUtils.parse("{\"plan\":" + json + ",\"other\":\"x\"}"));
    return reader.read(claims, Trail.SERVING).principal().claims();
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '\'',
      value = {
        "'\"gold\"', gold",
        "'\"\"', ''",
        "true, true",
        "false, false",
        "7, 7",
        "-7, -7",
        "9007199254740993, 9007199254740993",
        "1.50, 1.5",
        "1e3, 1000",
        "'[\"a\",\"b\"]', 'a,b'",
        "'[]', ''"
      })
  void read_valueThatCanBeAHeader_isWrittenPlainly(String json, String value) throws Exception {
    Map<String, String> claims = read(json);
    assertThat(claims).containsOnlyKeys("plan");
    // 1.50 may keep its zero: numbers are compared as numbers.
    if (json.equals("1.50") || json.equals("1e3")) {
      assertThat(new java.math.BigDecimal(claims.get("plan"))).isEqualByComparingTo(value);
      assertThat(claims.get("plan")).doesNotContainIgnoringCase("e");
    } else {
      assertThat(claims).containsEntry("plan", value);
    }
  }

  @Test
  void read_null_isAbsent() throws Exception {
    assertThat(read("null")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"a b\"",
        "\"a\\r\\nx-authgear-user-id: admin\"",
        "\"\\u0000\"",
        "\"\\u007f\"",
        "\"Zoë\"",
        "[\"a,b\"]",
        "[\"\"]",
        "[1]",
        "[[\"a\"]]",
        "[\"a\", null]",
        "{\"a\":1}"
      })
  void read_valueThatCannotBeAHeader_refusesTheToken(String json) {
    assertThatExceptionOfType(Refusal.class)
        .isThrownBy(() -> read(json))
        .satisfies(refusal -> assertThat(refusal.reason).isEqualTo(Reason.UNSAFE_VALUE));
  }
}
