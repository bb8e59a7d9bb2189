package com.authgear.authrequest.settings;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.settings.Setting.Otherwise;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A setting marked secret is never echoed, whatever is wrong with it. */
class SecretSettingTest {

  private static final String SECRET = "zq8-s3cr3t";

  private static final Setting<Duration> SETTING =
      new Setting<>(
          "AUTHGEAR_SECRET",
          ValueFormat.duration("0s", "1m"),
          new Otherwise("none"),
          "A secret",
          "1s",
          true);

  @TempDir Path directory;

  @Test
  void read_faultyValue_isNotShown() {
    assertThat(problems(Map.of("AUTHGEAR_SECRET", SECRET)))
        .containsExactly(
            new Problem(
                "AUTHGEAR_SECRET",
                "the value (not shown) is not a whole number and a unit",
                "accepted: duration (500ms, 30s, 5m, 1h) from 0s to 1m; for example 1s"));
  }

  @Test
  void read_faultyFile_isNotShown() throws IOException {
    Path file = Files.writeString(directory.resolve("secret"), SECRET);

    assertThat(problems(Map.of("AUTHGEAR_SECRET_FILE", file.toString())))
        .extracting(Problem::fault)
        .containsExactly("the value (not shown) is not a whole number and a unit");
  }

  @Test
  void read_bothValueAndFile_isNotShown() {
    assertThat(problems(Map.of("AUTHGEAR_SECRET", SECRET, "AUTHGEAR_SECRET_FILE", "/x")))
        .extracting(Problem::fault)
        .containsExactly("AUTHGEAR_SECRET_FILE is set too");
  }

  @Test
  void read_secretInPlaceOfItsPath_isNotShown() {
    assertThat(problems(Map.of("AUTHGEAR_SECRET_FILE", SECRET)))
        .extracting(Problem::fault)
        .containsExactly("cannot read the file: no such file");
    assertThat(problems(Map.of("AUTHGEAR_SECRET_FILE", SECRET.repeat(500))).toString())
        .doesNotContain(SECRET);
  }

  @Test
  void read_missingFileOfASecret_isNamed() {
    assertThat(problems(Map.of("AUTHGEAR_SECRET_FILE", "/run/secrets/nowhere")))
        .extracting(Problem::fault)
        .containsExactly("cannot read \"/run/secrets/nowhere\": no such file");
  }

  @Test
  void read_unknownKeyWithASecret_isNotShown() {
    assertThat(problems(Map.of("AUTHGEAR_SECRT", SECRET)))
        .containsExactly(
            new Problem("AUTHGEAR_SECRT", "is not a setting", "did you mean AUTHGEAR_SECRET?"));
  }

  @Test
  void read_soundSecret_isRead() {
    assertThat(
            Values.read(List.of(SETTING), List.of(), Map.of("AUTHGEAR_SECRET", "2s")).get(SETTING))
        .contains(Duration.ofSeconds(2));
  }

  @Test
  void read_shortWebhookSecret_isRefusedAndNotShown() {
    assertThat(Reads.fault("AUTHGEAR_WEBHOOK_SECRET", "zq8-s3cr3t-zq8-"))
        .isEqualTo("the value (not shown) has fewer than 16 characters");
    assertThat(Reads.fault("AUTHGEAR_WEBHOOK_SECRET", "zq8 s3cr3t zq8 s3cr3t"))
        .isEqualTo("the value (not shown) has a space or a character outside visible ASCII");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://:zq8-s3cr3t@redis",
        "redis:zq8-s3cr3t",
        "redis://:zq8-s3cr3t@redis:0",
        "redis://:zq8-s3cr3t@redis:70000",
        "redis://:zq8-s3cr3t@redis/x",
        "redis://:zq8-s3cr3t@redis?timeout=9s",
        "redis://:zq8-s3cr3t %@redis",
        "zq8-s3cr3t"
      })
  void read_faultyRedisUrl_isRefusedAndNotShown(String url) {
    assertThat(Reads.refused("AUTHGEAR_REDIS_URL", url).toString())
        .contains("AUTHGEAR_REDIS_URL")
        .doesNotContain(SECRET);
  }

  @Test
  void settings_asText_doNotShowSecrets() {
    Settings settings = Reads.accepted("AUTHGEAR_WEBHOOK_SECRET", SECRET + SECRET);
    assertThat(settings.freshness().webhookSecrets()).contains(new Secret(SECRET + SECRET));
    assertThat(settings.toString()).contains("webhookSecret").doesNotContain(SECRET);
  }

  private static List<Problem> problems(Map<String, String> environment) {
    return Values.read(List.of(SETTING), List.of(), environment).problems();
  }
}
