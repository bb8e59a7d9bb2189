package com.authgear.authrequest.commands;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the two jars hold, and what they say about themselves and about what they are made of. */
class ShippedIT {

  private static final Path JAR = Path.of(System.getProperty("service.jar"));
  private static final Path SANDBOX_JAR = Path.of(System.getProperty("sandbox.jar"));

  /** What only the sandbox's jar may hold: it gives credentials to whoever asks. */
  private static final List<String> SANDBOX_ONLY =
      List.of(
          "com/authgear/authrequest/demo/",
          "com/authgear/authrequest/sandbox/",
          "nginx/",
          "playground/");

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
  void serviceJar_holdsAllButTheSandbox() throws IOException {
    try (JarFile service = new JarFile(JAR.toFile());
        JarFile sandbox = new JarFile(SANDBOX_JAR.toFile())) {
      Set<String> both = names(service);
      Set<String> all = names(sandbox);
      Predicate<String> sandboxOnly = name -> SANDBOX_ONLY.stream().anyMatch(name::startsWith);

      assertThat(both).noneMatch(sandboxOnly);
      assertThat(all)
          .containsExactlyInAnyOrderElementsOf(
              Stream.concat(both.stream(), all.stream().filter(sandboxOnly)).toList());
      for (String start : SANDBOX_ONLY) {
        assertThat(all).anyMatch(name -> name.startsWith(start));
      }
      assertThat(both).contains("com/authgear/authrequest/Main.class");
      assertThat(mainClass(service)).isEqualTo("com.authgear.authrequest.Main");
      assertThat(mainClass(sandbox)).isEqualTo("com.authgear.authrequest.demo.SandboxMain");
    }
  }

  /** Held by name elsewhere too, so that moving a class of the sandbox's is no way out. */
  @Test
  void serviceJar_holdsNothingOfTheSandboxUnderAnotherName() throws IOException {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      for (JarEntry entry : Collections.list(jar.entries())) {
        if (entry.getName().startsWith("com/authgear/")) {
          assertThat(entry.getName()).doesNotContainIgnoringCase("sandbox", "playground", "demo");
          assertThat(new String(jar.getInputStream(entry).readAllBytes(), ISO_8859_1))
              .as(entry.getName())
              .doesNotContain("known-to-everyone-here", "com/authgear/authrequest/sandbox/")
              .doesNotContain("com/authgear/authrequest/demo/");
        }
      }
    }
  }

  private static Set<String> names(JarFile jar) {
    return jar.stream()
        .filter(entry -> !entry.isDirectory())
        .map(JarEntry::getName)
        .collect(Collectors.toSet());
  }

  private static String mainClass(JarFile jar) throws IOException {
    return jar.getManifest().getMainAttributes().getValue("Main-Class");
  }

  @ParameterizedTest
  @ValueSource(strings = {"service.jar", "sandbox.jar"})
  void manifestAndProgram_sayTheVersion(String property) throws Exception {
    Path file = Path.of(System.getProperty(property));
    String version = VersionsTest.ofPom();
    try (JarFile jar = new JarFile(file.toFile())) {
      assertThat(jar.getManifest().getMainAttributes().getValue("Implementation-Version"))
          .isEqualTo(version);
    }
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                file.toString(),
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
