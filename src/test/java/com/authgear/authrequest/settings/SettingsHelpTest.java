package com.authgear.authrequest.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SettingsHelpTest {

  @Test
  void help_beginsWithTheRulesAndTheRequiredSetting() {
    assertThat(SettingsReader.help())
        .startsWith(
            """
            Settings are environment variables. An empty one counts as not set.
            <KEY>_FILE instead of <KEY> names a file that holds the value, for instance a secret.

              AUTHGEAR_ENDPOINT (required)
                Public origin of the Authgear project, the iss of its tokens; a slash at its end is dropped.
                https origin without a path; http on loopback or with AUTHGEAR_ALLOW_HTTP; for example https://my-project.authgear.cloud

              AUTHGEAR_INTERNAL_URL (default: same as AUTHGEAR_ENDPOINT)
            """);
  }

  @Test
  void help_showsKeyDefaultMeaningFormatAndExample() {
    assertThat(SettingsReader.help())
        .contains(
            """

              AUTHGEAR_CLOCK_SKEW (default 30s)
                How far Authgear's clock may differ from this one.
                duration (500ms, 30s, 5m, 1h) from 0s to 5m; for example 10s
            """);
  }

  @Test
  void help_hasEverySettingOnce() {
    String help = SettingsReader.help();

    assertThat(new SettingsTable().all())
        .allSatisfy(setting -> assertThat(help).containsOnlyOnce("\n  " + setting.key() + " ("));
  }

  @Test
  void everySetting_isInOneGroup() {
    assertThat(Stream.of(SettingsGroup.values()).flatMap(group -> group.keys().stream()))
        .containsExactlyInAnyOrderElementsOf(
            new SettingsTable().all().stream().map(Setting::key).toList());
  }

  @Test
  void everyDescription_canBeReadAlone() {
    assertThat(new SettingsTable().all())
        .allSatisfy(
            setting ->
                assertThat(setting.description())
                    .doesNotContainPattern("^(Its|It|They|Their|This|That|Such|Where|These) ")
                    .doesNotContainPattern("\\b(such lines|before that|anew|mend)\\b"));
  }

  @Test
  void markdownTable_hasATablePerGroupAndARowOfFiveCellsPerSetting() {
    List<String> lines = SettingsReader.markdownTable().lines().toList();

    List<String> rows = lines.stream().filter(line -> line.startsWith("| `")).toList();
    assertThat(rows)
        .hasSameSizeAs(new SettingsTable().all())
        .allSatisfy(row -> assertThat(row).endsWith("|").matches("([^|]*\\|){6}"));
    assertThat(lines.get(0)).isEqualTo("## The five that matter first");
    assertThat(lines.get(2)).isEqualTo("| Setting | Meaning | Accepted | Default | Example |");
    assertThat(rows)
        .contains(
            "| `AUTHGEAR_CLOCK_SKEW` | How far Authgear's clock may differ from this one | duration"
                + " (500ms, 30s, 5m, 1h) from 0s to 5m | `30s` | `10s` |");
  }
}
