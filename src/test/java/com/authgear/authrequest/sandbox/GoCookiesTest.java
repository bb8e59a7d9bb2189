package com.authgear.authrequest.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Go's {@code net/http}, readCookies. */
class GoCookiesTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "session=a.b|a.b",
        "session=\"a.b\"|a.b",
        "  session  =a.b  |a.b",
        "x=1;session=a;y=2|a",
        "session=a=b|a=b",
        "session=a b,c|a b,c",
        "session=first; session=second|first",
        "session=\"a; session=b|b",
        "session={\"a\": 1}; session=b|b"
      })
  void read_whatGoTakes(String line, String value) {
    assertThat(GoCookies.read(List.of(line))).containsEntry("session", value);
  }

  @ParameterizedTest
  @ValueSource(strings = {"session", "session=", "session=\"\"", "session=; session=b"})
  void read_withoutAValue_isThereAndEmpty(String line) {
    assertThat(GoCookies.read(List.of(line))).containsEntry("session", "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "=a",
        "session={\"a\": 1}",
        "session=a\\b",
        "session=caf\u00e9",
        "session=a\tb",
        "session=\"a",
        "session=\"a\"b\"",
        "ses sion=a",
        "session\u00e9=a",
        "(session)=a"
      })
  void read_whatGoDrops(String line) {
    assertThat(GoCookies.read(List.of(line))).isEmpty();
  }

  @Test
  void read_blankAfterTheEqualsSign_isPartOfTheValue() {
    assertThat(GoCookies.read(List.of("session= a"))).containsEntry("session", " a");
  }

  @Test
  void read_severalLines_theFirstOfANameCounts() {
    assertThat(GoCookies.read(List.of("a=1; b=2", "b=3; c=4")))
        .isEqualTo(Map.of("a", "1", "b", "2", "c", "4"));
  }
}
