package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The README's table of metrics is the one that the code renders. */
class ReadmeMetricsTest {

  @Test
  void readme_betweenItsMarkers_hasTheTable() throws Exception {
    assertThat(Files.readString(Path.of("README.md")))
        .contains("<!-- metrics -->\n" + Meters.markdownTable() + "<!-- /metrics -->\n");
  }
}
