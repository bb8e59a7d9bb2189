package com.authgear.authrequest.telemetry.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OtlpTracingTest {

  @ParameterizedTest
  @CsvSource({
    "http://collector:4318, http://collector:4318/v1/traces",
    "http://collector:4318/, http://collector:4318/v1/traces",
    "http://collector:4318/v1/traces, http://collector:4318/v1/traces",
    "http://collector:4318/v1/traces/, http://collector:4318/v1/traces",
    "https://a.example/otlp, https://a.example/otlp/v1/traces"
  })
  void traces_isAppendedOnce(String endpoint, String traces) {
    assertThat(OtlpTracing.traces(URI.create(endpoint))).isEqualTo(traces);
  }
}
