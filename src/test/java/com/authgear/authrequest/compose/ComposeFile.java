package com.authgear.authrequest.compose;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The services of {@code examples/compose/compose.yaml}, with anchors and merges applied. */
final class ComposeFile {

  static final Path FOLDER = Path.of("examples/compose");
  static final Path FILE = FOLDER.resolve("compose.yaml");

  private static final Pattern ALIAS = Pattern.compile("[:-] \\*([a-z]+)\\s");

  private final JsonNode document;

  private ComposeFile(JsonNode document) {
    this.document = document;
  }

  static ComposeFile read() throws IOException {
    ObjectNode document = (ObjectNode) new YAMLMapper().readTree(FILE.toFile());
    // Jackson reads an alias as the anchor's name, and knows no merge keys (<<).
    assertThat(ALIAS.matcher(Files.readString(FILE)).results().map(found -> found.group(1)))
        .allSatisfy(name -> assertThat(document.has("x-" + name)).as(name).isTrue());
    resolve(document, document);
    return new ComposeFile(document);
  }

  private static void resolve(ObjectNode document, ObjectNode node) {
    if (node.get("healthcheck") instanceof TextNode alias) {
      node.set("healthcheck", document.get("x-" + alias.asText()).deepCopy());
    }
    if (node.remove("<<") instanceof TextNode alias) {
      document
          .get("x-" + alias.asText())
          .properties()
          .forEach(entry -> node.putIfAbsent(entry.getKey(), entry.getValue()));
    }
    for (JsonNode child : node) {
      if (child instanceof ObjectNode object) {
        resolve(document, object);
      }
    }
  }

  JsonNode document() {
    return document;
  }

  List<String> services() {
    List<String> names = new ArrayList<>();
    document.at("/services").fieldNames().forEachRemaining(names::add);
    return names;
  }

  JsonNode service(String name) {
    return document.at("/services/" + name);
  }

  List<String> words(String service, String key) {
    List<String> words = new ArrayList<>();
    service(service).path(key).forEach(word -> words.add(word.asText()));
    return words;
  }

  Map<String, String> environment(String service) {
    Map<String, String> environment = new LinkedHashMap<>();
    service(service)
        .path("environment")
        .properties()
        .forEach(entry -> environment.put(entry.getKey(), entry.getValue().asText()));
    return environment;
  }

  /** Whether the service may start only when the other one's health check passes. */
  Map<String, Boolean> dependencies(String service) {
    Map<String, Boolean> dependencies = new HashMap<>();
    if (service(service).path("depends_on") instanceof ObjectNode others) {
      others
          .properties()
          .forEach(
              other ->
                  dependencies.put(
                      other.getKey(),
                      other.getValue().path("condition").asText().equals("service_healthy")));
    }
    return dependencies;
  }

  /** Each after those that it depends on. */
  List<String> order() {
    List<String> order = new ArrayList<>();
    while (order.size() < services().size()) {
      String next =
          services().stream()
              .filter(name -> !order.contains(name))
              .filter(name -> order.containsAll(dependencies(name).keySet()))
              .findFirst()
              .orElseThrow(() -> new AssertionError("a cycle of depends_on"));
      order.add(next);
    }
    return order;
  }
}
