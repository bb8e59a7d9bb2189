package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** By nginx's documentation, "Configuration file measurement units". */
class TimesTest {

  @ParameterizedTest
  @CsvSource({
    "60, 60",
    "60s, 60",
    "0, 0",
    "500ms, 0",
    "1500ms, 1",
    "2m, 120",
    "1h30m, 5400",
    "'1h 30m', 5400",
    "6h, 21600",
    "1d, 86400",
    "1w, 604800",
    "1M, 2592000",
    "1y, 31536000"
  })
  void seconds_asNginxReadsThem(String time, long seconds) {
    assertThat(Times.seconds(time)).isEqualTo(seconds);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "h", "$time", "1x", "6 hours", "-1"})
  void seconds_unreadable_isNeverShort(String time) {
    assertThat(Times.seconds(time)).isEqualTo(Long.MAX_VALUE);
  }
}
