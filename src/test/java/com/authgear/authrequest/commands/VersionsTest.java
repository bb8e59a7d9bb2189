package com.authgear.authrequest.commands;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Whatever names this version names the one in pom.xml. */
class VersionsTest {

  private static String find(String file, String pattern) throws IOException {
    Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(Path.of(file)));
    assertThat(matcher.find()).as(file).isTrue();
    return matcher.group(1);
  }

  static String ofPom() throws IOException {
    return find("pom.xml", "<artifactId>authgear-auth-request</artifactId>\\s*<version>([^<]+)<");
  }

  @Test
  void imageLabelManifestsAndChangelog_nameTheVersionOfThePom() throws IOException {
    String version = ofPom();
    assertThat(find("Dockerfile", "(?m)^ARG VERSION=(.+)$")).isEqualTo(version);
    assertThat(find("Dockerfile", "org\\.opencontainers\\.image\\.version=\"(.+)\""))
        .isEqualTo("${VERSION}");
    assertThat(find("k8s/base/deployment.yaml", "image: authgear-auth-request:(.+)"))
        .isEqualTo(version);
    assertThat(find("k8s/examples/overlay/kustomization.yaml", "newTag: (.+)")).isEqualTo(version);
    assertThat(find("k8s/chart/Chart.yaml", "(?m)^version: (.+)")).isEqualTo(version);
    assertThat(find("k8s/chart/Chart.yaml", "(?m)^appVersion: (.+)")).isEqualTo(version);
    assertThat(find("CHANGELOG.md", "(?m)^## ([^,\\s]+)")).isEqualTo(version);
  }
}
