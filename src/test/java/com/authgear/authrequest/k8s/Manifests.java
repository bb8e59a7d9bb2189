package com.authgear.authrequest.k8s;

import static org.assertj.core.api.Assertions.assertThat;

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
 * The objects that kustomize renders from one folder, or helm from the chart.
 *
 * @param objects the YAML documents, in the order in which they were rendered
 */
record Manifests(List<JsonNode> objects) {

  private static final YAMLMapper YAML = new YAMLMapper();

  /** Renders a folder by kustomize. */
  static Manifests render(Path folder) {
    return parse(Tools.done("kustomize", "build", folder.toString()));
  }

  /**
   * Renders the chart.
   *
   * @param chart its folder or its package
   * @param values YAML
   */
  static Manifests template(Path chart, String values) {
    try {
      Path file = Files.createTempFile("values", ".yaml");
      try {
        Files.writeString(file, values);
        return parse(
            Tools.done(
                "helm",
                "template",
                "release",
                chart.toString(),
                "--namespace",
                "authgear-auth",
                "--kube-version",
                Tools.KUBERNETES.getLast(),
                "--values",
                file.toString()));
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Manifests parse(String rendered) {
    try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(rendered)) {
      return new Manifests(documents.readAll());
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
