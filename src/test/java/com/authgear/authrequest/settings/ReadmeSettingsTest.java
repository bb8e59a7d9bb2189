package com.authgear.authrequest.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The table of docs/settings.md is the program's own; a failure shows what to paste. */
class ReadmeSettingsTest {

  @Test
  void page_hasTheTableOfTheProgram() throws IOException {
    assertThat(Files.readString(Path.of("docs/settings.md")))
        .containsOnlyOnce(
            "<!-- settings -->\n" + SettingsReader.markdownTable() + "\n<!-- /settings -->");
  }

  @Test
  void followSettings_areTheProgramsOwn() throws IOException {
    assertThat(Files.readString(Path.of("docs/freshness.md")))
        .containsOnlyOnce(
            "<!-- follow-settings -->\n"
                + FollowSettingsReader.markdownTable()
                + "\n<!-- /follow-settings -->");
  }
}
