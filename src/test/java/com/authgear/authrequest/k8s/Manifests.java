package com.authgear.authrequest.k8s;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The objects that {@code kubectl kustomize} renders from one folder.
 *
 * @param objects the YAML documents, in the order in which they were rendered
 */
record Manifests(List<JsonNode> objects) {

  private static final YAMLMapper YAML = new YAMLMapper();

  /**
   * Renders a folder. Skips the test if there is no kubectl, unless {@code REQUIRE_PROGRAMS=true}
   * says that there must be one.
   */
  static Manifests render(Path folder) {
    try {
      Path errors = Files.createTempFile("kustomize", ".err");
      try {
        Process kubectl =
            new ProcessBuilder("kubectl", "kustomize", folder.toString())
                .redirectError(errors.toFile())
                .start();
        kubectl.getOutputStream().close();
        byte[] rendered = kubectl.getInputStream().readAllBytes();
        assertThat(kubectl.waitFor())
            .as(() -> "kubectl kustomize " + folder + ": " + read(errors))
            .isZero();
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(rendered)) {
          return new Manifests(documents.readAll());
        }
      } finally {
        Files.delete(errors);
      }
    } catch (IOException e) {
      if (isMissing(e) && !"true".equals(System.getenv("REQUIRE_PROGRAMS"))) {
        return abort("kubectl is not installed");
      }
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isMissing(IOException e) {
    return String.valueOf(e.getMessage()).contains("Cannot run program");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The only object of a kind. */
  JsonNode only(String kind) {
    List<JsonNode> found = all(kind).toList();
    assertThat(found).as(kind).hasSize(1);
    return found.getFirst();
  }

  /** The object of a kind with a name. */
  JsonNode named(String kind, String name) {
    List<JsonNode> found =
        all(kind).filter(object -> object.at("/metadata/name").asText().equals(name)).toList();
    assertThat(found).as("%s %s", kind, name).hasSize(1);
    return found.getFirst();
  }

  Stream<JsonNode> all(String kind) {
    return objects.stream().filter(object -> object.at("/kind").asText().equals(kind));
  }

  JsonNode podTemplate() {
    return only("Deployment").at("/spec/template");
  }

  JsonNode container() {
    JsonNode containers = podTemplate().at("/spec/containers");
    assertThat(containers).hasSize(1);
    return containers.get(0);
  }

  /** The container's port numbers by their names. */
  Map<String, Integer> containerPorts() {
    return elements(container().at("/ports"))
        .collect(
            Collectors.toMap(
                port -> port.at("/name").asText(), port -> port.at("/containerPort").asInt()));
  }

  static Stream<JsonNode> elements(JsonNode array) {
    assertThat(array.isArray()).as("an array: %s", array).isTrue();
    return StreamSupport.stream(array.spliterator(), false);
  }

  /** An object of strings, such as labels. */
  static Map<String, String> strings(JsonNode object) {
    assertThat(object.isObject()).as("an object: %s", object).isTrue();
    return object
        .propertyStream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().asText()));
  }
}
