package com.authgear.authrequest.k8s;

import static com.authgear.authrequest.k8s.Manifests.elements;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every rendered object has only fields that its kind has, of the right types: Kubernetes' own
 * kinds of the oldest and the newest version, and the gateways' by their projects' definitions.
 * What CEL rules and admission webhooks say is not looked at.
 */
final class SchemasIT {

  /** Kinds whose projects publish no module that has their definitions. */
  private static final Set<String> WITHOUT_SCHEMA = Set.of("Policy", "VirtualServer");

  @TempDir private Path folder;

  static List<Path> examples() throws IOException {
    return InstallationIT.folders();
  }

  @ParameterizedTest
  @MethodSource("examples")
  void example_isValid(Path example) throws IOException {
    assertValid(Tools.done("kustomize", "build", example.toString()));
  }

  @ParameterizedTest
  @MethodSource("com.authgear.authrequest.k8s.ChartIT#everything")
  void chart_isValid(String values) throws IOException {
    Path file = Files.writeString(folder.resolve("values.yaml"), values);
    for (String kubernetes : Tools.KUBERNETES) {
      assertValid(
          Tools.done(
              "helm",
              "template",
              "release",
              "k8s/chart",
              "--kube-version",
              kubernetes,
              "--values",
              file.toString()));
    }
  }

  private void assertValid(String rendered) throws IOException {
    Path file = Files.writeString(folder.resolve("rendered.yaml"), rendered);
    for (String kubernetes : Tools.KUBERNETES) {
      JsonNode report = conform(kubernetes, file);
      Set<String> unknown = new TreeSet<>();
      for (JsonNode resource : report.at("/resources")) {
        if (resource.at("/status").asText().equals("statusSkipped")) {
          unknown.add(resource.at("/kind").asText());
        } else {
          assertThat(resource.at("/status").asText())
              .as("%s: %s", kubernetes, resource)
              .isEqualTo("statusValid");
        }
      }
      assertThat(report.at("/resources")).isNotEmpty();
      assertThat(WITHOUT_SCHEMA).containsAll(unknown);
    }
  }

  private static JsonNode conform(String kubernetes, Path file) throws IOException {
    Tools.Output output =
        Tools.tried(
            "kubeconform",
            "-strict",
            "-verbose",
            "-ignore-missing-schemas",
            "-output",
            "json",
            "-schema-location",
            Tools.schemas(kubernetes),
            file.toString());
    return new JsonMapper().readTree(output.text());
  }

  /** The schemas would say so. */
  @Test
  void wrongFields_areFound() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("wrong.yaml"),
            """
            apiVersion: v1
            kind: Service
            metadata: {name: a}
            spec: {portz: []}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: a}
            spec:
              selector: {}
              template: {spec: {containers: [{name: a, image: a, ports: [{containerPort: "8080"}]}]}}
            ---
            apiVersion: gateway.envoyproxy.io/v1alpha1
            kind: SecurityPolicy
            metadata: {name: a}
            spec: {extAuth: {failOpn: false}}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: a}
            spec: {rules: [{filters: [{type: ExternalAuth, externalAuth: {protocol: HTTPS}}]}]}
            """);
    for (String kubernetes : Tools.KUBERNETES) {
      assertThat(
              elements(conform(kubernetes, file).at("/resources"))
                  .map(resource -> resource.at("/status").asText()))
          .hasSize(4)
          .containsOnly("statusInvalid");
    }
  }
}
