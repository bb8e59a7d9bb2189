package com.authgear.authrequest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the jar says about itself and about what it is made of. */
class ShippedIT {

  private static final Path JAR = Path.of(System.getProperty("service.jar"));
  private static final String START = "<!-- shipped -->\n";
  private static final String END = "<!-- /shipped -->\n";

  /** The bill of materials that the build has made; it makes none without a network. */
  private static JsonNode materials() throws IOException {
    Path file = JAR.resolveSibling("authgear-auth-request.cdx.json");
    assumeTrue(
        Files.exists(file) || "true".equals(System.getenv("REQUIRE_PROGRAMS")),
        "built without a network");
    return new ObjectMapper().readTree(file.toFile());
  }

  @Test
  void manifestAndProgram_sayTheVersion() throws Exception {
    String version = VersionsTest.ofPom();
    try (JarFile jar = new JarFile(JAR.toFile())) {
      assertThat(jar.getManifest().getMainAttributes().getValue("Implementation-Version"))
          .isEqualTo(version);
    }
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                JAR.toString(),
                "--version")
            .start();
    assertThat(new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip())
        .isEqualTo(version);
    assertThat(program.waitFor()).isZero();
  }

  @Test
  void billOfMaterials_isOfThisVersion_andTheSameInEachBuild() throws IOException {
    JsonNode materials = materials();
    assertThat(materials.path("bomFormat").asText()).isEqualTo("CycloneDX");
    assertThat(materials.has("serialNumber")).isFalse();
    assertThat(materials.path("metadata").has("timestamp")).isFalse();
    JsonNode program = materials.at("/metadata/component");
    assertThat(program.path("name").asText()).isEqualTo("authgear-auth-request");
    assertThat(program.path("type").asText()).isEqualTo("application");
    assertThat(program.path("version").asText()).isEqualTo(VersionsTest.ofPom());
    assertThat(materials.path("components"))
        .hasSizeGreaterThan(20)
        .allSatisfy(component -> assertThat(component.path("hashes")).isNotEmpty());
  }

  @Test
  void thirdParty_listsEverythingThatIsShipped_andItsLicences() throws IOException {
    TreeMap<String, String> licences = new TreeMap<>();
    for (JsonNode component : materials().path("components")) {
      licences.put(
          component.path("group").asText() + ":" + component.path("name").asText(),
          licences(component));
    }
    assertThat(licences.values()).allSatisfy(licence -> assertThat(licence).isNotEmpty());
    String table =
        licences.entrySet().stream()
            .map(entry -> "| `" + entry.getKey() + "` | " + entry.getValue() + " |\n")
            .collect(Collectors.joining("", "| library | licence |\n|---|---|\n", ""));
    String page = Files.readString(Path.of("THIRD-PARTY.md"));
    assertThat(page)
        .as("put this into THIRD-PARTY.md, after a look at new licences:\n%s", table)
        .contains(START + table + END);
    try (JarFile jar = new JarFile(JAR.toFile())) {
      assertThat(
              new String(
                  jar.getInputStream(jar.getEntry("META-INF/THIRD-PARTY.md")).readAllBytes(),
                  StandardCharsets.UTF_8))
          .isEqualTo(page);
    }
  }

  private static String licences(JsonNode component) {
    List<String> names = new ArrayList<>();
    for (JsonNode choice : component.path("licenses")) {
      JsonNode licence = choice.path("license");
      names.add(
          choice.has("expression")
              ? choice.path("expression").asText()
              : licence.path(licence.has("id") ? "id" : "name").asText());
    }
    return String.join(", ", names);
  }
}
