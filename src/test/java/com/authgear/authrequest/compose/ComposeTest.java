package com.authgear.authrequest.compose;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.settings.FollowSettingsReader;
import com.authgear.authrequest.settings.SettingsReader;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ComposeTest {

  private static final String DIGEST = "@sha256:[0-9a-f]{64}";

  private ComposeFile compose;

  @BeforeEach
  void read() throws IOException {
    compose = ComposeFile.read();
  }

  @Test
  void services_areAllThatBelongTogether() {
    assertThat(compose.services())
        .containsExactlyInAnyOrder(
            "nginx", "service", "sandbox", "backend", "follower", "redis", "mcp");
    assertThat(compose.order()).endsWith("nginx");
  }

  @Test
  void image_isOurOwnOrHasADigest() throws IOException {
    for (String name : compose.services()) {
      String image = compose.service(name).path("image").asText();
      assertThat(image).as(name).matches("authgear-auth-request[a-z-]*|[a-z]+:[^@]+" + DIGEST);
    }
    for (Path file : List.of(Path.of("Dockerfile"), Path.of("examples/mcp/python/Dockerfile"))) {
      assertThat(
              Pattern.compile("(?m)^(?:FROM|ARG [A-Z]+_IMAGE=) ?([a-z]+:\\S+)")
                  .matcher(Files.readString(file))
                  .results()
                  .map(found -> found.group(1)))
          .as("%s", file)
          .isNotEmpty()
          .allMatch(image -> image.matches("[a-z]+:[^@]+" + DIGEST));
    }
  }

  /** It gives credentials to whoever asks, so it is no part of the image for production. */
  @Test
  void sandbox_isATargetOfItsOwn_andNotTheOneThatIsBuiltWithoutAName() throws IOException {
    assertThat(compose.service("sandbox").at("/build/target").asText()).isEqualTo("sandbox");
    assertThat(compose.service("service").at("/build/target").isMissingNode()).isTrue();
    String dockerfile = Files.readString(Path.of("Dockerfile"));
    String last = dockerfile.substring(dockerfile.lastIndexOf("\nFROM ") + 1);
    assertThat(last).startsWith("FROM scratch AS service\n").doesNotContain("sandbox");
  }

  @Test
  void published_isLoopbackOnly_andOnlyWhatTheReaderUses() {
    List<String> published = new ArrayList<>();
    for (String name : compose.services()) {
      published.addAll(compose.words(name, "ports"));
    }
    assertThat(published).containsExactly("127.0.0.1:8000:8000", "127.0.0.1:8090:8090");
  }

  @Test
  void container_hasNoPrivileges_andCannotChangeItself() {
    for (String name : compose.services()) {
      JsonNode service = compose.service(name);
      assertThat(service.path("read_only").asBoolean()).as(name).isTrue();
      assertThat(compose.words(name, "cap_drop")).as(name).containsExactly("ALL");
      assertThat(compose.words(name, "security_opt"))
          .as(name)
          .containsExactly("no-new-privileges:true");
    }
  }

  @Test
  void settings_areThoseOfTheService_andOfTheFollower() throws IOException {
    assertThat(SettingsReader.read(compose.environment("service")))
        .isInstanceOf(SettingsReader.Accepted.class);
    FollowSettingsReader.Refused refused =
        (FollowSettingsReader.Refused) FollowSettingsReader.read(compose.environment("follower"));
    assertThat(refused.report())
        .as("nothing is wrong but that the sandbox has not written the key yet")
        .startsWith("1 problem in the settings:")
        .contains("/run/admin-api/key.json");
  }
}
