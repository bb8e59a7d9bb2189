package com.authgear.authrequest.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The README's table is the program's own; a failure shows what to paste between the markers. */
class ReadmeSettingsTest {

  @Test
  void readme_hasTheTableOfTheProgram() throws IOException {
    assertThat(Files.readString(Path.of("README.md")))
        .containsOnlyOnce(
            "<!-- settings -->\n" + SettingsReader.markdownTable() + "\n<!-- /settings -->");
  }
}
