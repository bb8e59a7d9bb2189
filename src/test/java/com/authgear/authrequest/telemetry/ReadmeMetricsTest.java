package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The table of metrics in docs is the one that the code renders. */
class ReadmeMetricsTest {

  @Test
  void page_betweenItsMarkers_hasTheTable() throws Exception {
    assertThat(Files.readString(Path.of("docs/metrics.md")))
        .contains("<!-- metrics -->\n" + Meters.markdownTable() + "<!-- /metrics -->\n");
  }
}
