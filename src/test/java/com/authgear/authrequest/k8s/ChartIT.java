package com.authgear.authrequest.k8s;

import static com.authgear.authrequest.k8s.Manifests.elements;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The chart renders what kustomize renders, object for object, whatever is chosen. */
final class ChartIT {

  private static final Path CHART = Path.of("k8s/chart");
  private static final Path COMPONENTS = Path.of("k8s/components");
  private static final String SETTINGS =
      """
      image:
        repository: registry.example.com/authgear-auth-request
      settings:
        AUTHGEAR_ENDPOINT: https://my-project.authgear.cloud
      """;

  private static final String SETTINGS_LINE =
      "settings: {AUTHGEAR_ENDPOINT: 'https://a.example'}\n";

  @TempDir private Path folder;

  /** What can be chosen: components of kustomize, and values of the chart that are the same. */
  enum Choice {
    NOTHING(List.of(), ""),
    WEBHOOKS(List.of("webhooks"), "webhooks: {enabled: true}"),
    REDIS(List.of("redis"), "redis: {enabled: true}"),
    FOLLOW(List.of("follow"), "follow: {enabled: true, adminApi: {" + Choice.ADMIN_API + "}}"),
    FOLLOW_BY_REDIS(
        List.of("redis", "follow", "follow-redis"),
        "redis: {enabled: true}\nfollow: {enabled: true, tellByRedis: true, adminApi: {"
            + Choice.ADMIN_API
            + "}}"),
    GATEWAY_API(List.of("gateway-api"), "gatewayApi: {applications: [my-app]}"),
    SCALE(List.of("scale-by-decisions"), "scaleByDecisions: true"),
    ALERTS(List.of("monitoring"), "monitoring: {rules: true}"),
    TLS(List.of("tls"), "tls: {enabled: true}"),
    MONITORED(
        List.of("follow", "admit/monitoring", "servicemonitor"),
        "monitoring: {admit: true, serviceMonitor: true}\nfollow: {enabled: true, adminApi: {"
            + Choice.ADMIN_API
            + "}}"),
    EVERYTHING(
        List.of(
            "webhooks",
            "redis",
            "follow",
            "follow-redis",
            "gateway-api",
            "scale-by-decisions",
            "monitoring",
            "tls",
            "admit/traefik",
            "admit/ingress-nginx",
            "admit/monitoring",
            "servicemonitor"),
        String.format(
            Locale.ROOT,
            """
            webhooks: {enabled: true}
            redis: {enabled: true}
            follow: {enabled: true, tellByRedis: true, adminApi: {%s}}
            gatewayApi: {applications: [my-app]}
            scaleByDecisions: true
            tls: {enabled: true}
            gateways: [traefik, ingress-nginx]
            monitoring: {admit: true, serviceMonitor: true, rules: true}
            """,
            Choice.ADMIN_API));

    private static final String ADMIN_API =
        "url: 'https://my-project.authgear.cloud/_api/admin', appId: my-project, keyId: a-key";

    @SuppressWarnings("ImmutableEnumChecker") // it is: List.of
    private final List<String> components;

    private final String values;

    Choice(List<String> components, String values) {
      this.components = components;
      this.values = values;
    }
  }

  @ParameterizedTest
  @EnumSource
  void chart_rendersWhatKustomizeRenders(Choice choice) throws IOException {
    assertThat(byName(Manifests.template(CHART, SETTINGS + choice.values)))
        .containsExactlyInAnyOrderEntriesOf(byName(overlay(choice.components)));
  }

  @ParameterizedTest
  @MethodSource("gateways")
  void chart_admitsTheGatewayAsKustomizeDoes(String gateway) throws IOException {
    assertThat(byName(Manifests.template(CHART, SETTINGS + "gateways: [" + gateway + "]")))
        .containsExactlyInAnyOrderEntriesOf(byName(overlay(List.of("admit/" + gateway))));
  }

  /** Values of the smallest release and of one with everything. */
  static List<String> everything() {
    return List.of(SETTINGS, SETTINGS + Choice.EVERYTHING.values);
  }

  static List<String> gateways() throws IOException {
    try (Stream<Path> all = Files.list(COMPONENTS.resolve("admit"))) {
      return all.map(path -> path.getFileName().toString())
          .filter(name -> !name.equals("monitoring"))
          .sorted()
          .toList();
    }
  }

  /** A component that no choice here has is one that nobody compared. */
  @Test
  void everyComponent_isCompared() throws IOException {
    List<String> compared =
        Stream.of(Choice.values()).flatMap(choice -> choice.components.stream()).toList();
    try (Stream<Path> all = Files.list(COMPONENTS)) {
      assertThat(
              all.map(path -> path.getFileName().toString()).filter(name -> !name.equals("admit")))
          .allSatisfy(name -> assertThat(compared).contains(name));
    }
  }

  /** The overlay, as the example has it, with other components. */
  private Manifests overlay(List<String> components) throws IOException {
    Path copy = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "chart");
    try {
      Path shipped = Path.of("k8s").toAbsolutePath();
      String text = Files.readString(shipped.resolve("examples/overlay/kustomization.yaml"));
      StringBuilder lines = new StringBuilder();
      components.forEach(name -> lines.append("  - ../../k8s/components/" + name + "\n"));
      text =
          text.replaceAll("(?m)^  # - \\.\\./.*\n", "")
              .replaceAll("(?m)^  - \\.\\./upstream/k8s/components/.*\n", "")
              .replace("components:\n", "components:\n" + lines)
              .replace("../upstream/k8s/", "../../k8s/")
              .replace("  - namespace.yaml\n", "")
              .replace("../namespaces", "../../k8s/examples/namespaces");
      if (components.contains("follow")) {
        text =
            text.replaceAll(
                    "(?m)^  # (- name: |  literals:|    - AUTHGEAR_|  options:|    labels:|     "
                        + " app)",
                    "  $1")
                .replace("2ab0d67c-9bc1-4f4f-9c5e-0c8f1fd4a3b1", "a-key");
      }
      Files.writeString(copy.resolve("kustomization.yaml"), text);
      return Manifests.render(copy);
    } finally {
      Files.deleteIfExists(copy.resolve("kustomization.yaml"));
      Files.delete(copy);
    }
  }

  /**
   * Objects by kind and name. Kustomize puts a hash of a ConfigMap's content into its name; the
   * chart has it in an annotation of the pods. Nothing else may differ.
   */
  private static Map<String, JsonNode> byName(Manifests manifests) throws IOException {
    Pattern hashed = Pattern.compile("(authgear-auth-request(?:-follow|-redis)?)-[a-z0-9]{10}");
    List<String> names = new ArrayList<>();
    manifests.all("ConfigMap").forEach(map -> names.add(map.at("/metadata/name").asText()));
    Map<String, JsonNode> objects = new TreeMap<>();
    for (JsonNode object : manifests.objects()) {
      String text = object.toString();
      for (String name : names) {
        if (hashed.matcher(name).matches()) {
          text =
              text.replace('"' + name + '"', '"' + hashed.matcher(name).replaceFirst("$1") + '"');
        }
      }
      JsonNode plain = new JsonMapper().readTree(text);
      if (plain.at("/kind").asText().equals("Deployment")
          && plain.at("/spec/template/metadata") instanceof ObjectNode metadata) {
        metadata.remove("annotations");
      }
      objects.put(plain.at("/kind").asText() + " " + plain.at("/metadata/name").asText(), plain);
    }
    return objects;
  }

  // ---- What only the chart has

  @Test
  void values_changeWhatTheySay() {
    Manifests chart =
        Manifests.template(
            CHART,
            String.format(
                Locale.ROOT,
                """
                image: {repository: r.example/a, digest: 'sha256:%s'}
                settings: {AUTHGEAR_ENDPOINT: 'https://p.example', AUTHGEAR_RECHECK: 1m}
                policies: {admin: null, editor: role=editor}
                replicas: {min: 3, max: 30}
                resources: {limits: {memory: 1Gi}}
                gatewayPeers: [{namespaceSelector: {matchLabels: {a: b}}}]
                egress: [{ports: [{protocol: TCP, port: 4318}]}]
                gatewayApi: {applications: [shop, blog]}
                monitoring: {serviceMonitor: true, rules: true, labels: {release: prometheus}}
                webhooks: {enabled: true, ingress: {enabled: true, host: h.example, tlsSecret: h-tls}}
                follow: {enabled: true, adminApi: {url: 'http://admin:3002', appId: a, keyId: k}}
                """,
                "0".repeat(64)));
    JsonNode data = chart.named("ConfigMap", "authgear-auth-request").at("/data");
    assertThat(data.at("/AUTHGEAR_RECHECK").asText()).isEqualTo("1m");
    assertThat(data.at("/AUTHGEAR_POLICY_EDITOR").asText()).isEqualTo("role=editor");
    assertThat(data.at("/AUTHGEAR_POLICY_USER").asText()).isEqualTo("principal=user");
    assertThat(data.has("AUTHGEAR_POLICY_ADMIN")).isFalse();
    String image = "r.example/a@sha256:" + "0".repeat(64);
    for (String deployment : List.of("authgear-auth-request", "authgear-auth-request-follow")) {
      assertThat(
              chart
                  .named("Deployment", deployment)
                  .at("/spec/template/spec/containers/0/image")
                  .asText())
          .isEqualTo(image);
    }
    assertThat(chart.only("HorizontalPodAutoscaler").at("/spec/minReplicas").asInt()).isEqualTo(3);
    assertThat(chart.only("HorizontalPodAutoscaler").at("/spec/maxReplicas").asInt()).isEqualTo(30);
    JsonNode policy = chart.named("NetworkPolicy", "authgear-auth-request").at("/spec");
    assertThat(elements(policy.at("/ingress")))
        .anySatisfy(
            rule -> {
              assertThat(rule.at("/from/0/namespaceSelector/matchLabels/a").asText())
                  .isEqualTo("b");
              assertThat(rule.at("/ports/0/port").asText()).isEqualTo("http");
            });
    assertThat(elements(policy.at("/egress")))
        .anySatisfy(rule -> assertThat(rule.at("/ports/0/port").asInt()).isEqualTo(4318));
    assertThat(
            elements(chart.only("ReferenceGrant").at("/spec/from"))
                .map(from -> from.at("/namespace").asText() + " " + from.at("/kind").asText()))
        .containsExactlyInAnyOrder(
            "shop HTTPRoute", "shop SecurityPolicy", "blog HTTPRoute", "blog SecurityPolicy");
    for (String kind : List.of("ServiceMonitor", "PrometheusRule")) {
      assertThat(chart.only(kind).at("/metadata/labels/release").asText()).isEqualTo("prometheus");
    }
    JsonNode ingress = chart.only("Ingress").at("/spec");
    assertThat(ingress.at("/rules/0/host").asText()).isEqualTo("h.example");
    assertThat(ingress.at("/tls/0/hosts/0").asText()).isEqualTo("h.example");
    assertThat(ingress.at("/tls/0/secretName").asText()).isEqualTo("h-tls");
  }

  @Test
  void changedSetting_rollsThePods() {
    assertThat(checksum(SETTINGS))
        .isNotEmpty()
        .isEqualTo(checksum(SETTINGS))
        .isNotEqualTo(checksum(SETTINGS + "  AUTHGEAR_RECHECK: 1m\n"));
  }

  private static String checksum(String values) {
    return Manifests.template(CHART, values)
        .podTemplate()
        .at("/metadata/annotations")
        .path("checksum/configmaps")
        .asText();
  }

  /** The files that the chart reads are links; the package has what they lead to. */
  @Test
  void packagedChart_rendersAsTheFolder() throws IOException {
    Tools.done("helm", "package", CHART.toString(), "--destination", folder.toString());
    try (Stream<Path> files = Files.list(folder)) {
      Path chart = files.findFirst().orElseThrow();
      String values = SETTINGS + Choice.EVERYTHING.values;
      assertThat(Manifests.template(chart, values)).isEqualTo(Manifests.template(CHART, values));
    }
  }

  // ---- Values that are refused

  @ParameterizedTest
  @EnumSource(names = {"NOTHING", "EVERYTHING"})
  void lint_findsNothing(Choice choice) throws IOException {
    Path values = folder.resolve("values.yaml");
    Files.writeString(values, SETTINGS + choice.values, UTF_8);
    Tools.done("helm", "lint", "--strict", CHART.toString(), "--values", values.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "settings: {}",
        "settings: {AUTHGEAR_ENDPOINT: my-project}",
        "settings: {AUTHGEAR_ENDPOINT: 'https://a.example', AUTHGEAR_RECHECK: 30}",
        "settings: {AUTHGEAR_ENDPOINT: 'https://a.example', RECHECK: 30s}",
        // A ConfigMap is no place for secrets.
        "settings: {AUTHGEAR_ENDPOINT: 'https://a.example', AUTHGEAR_WEBHOOK_SECRET:"
            + " abcdefghijklmnop}",
        "settings: {AUTHGEAR_ENDPOINT: 'https://a.example', AUTHGEAR_WEBHOOK_SECRET_PREVIOUS:"
            + " abcdefghijklmnop}",
        "settings: {AUTHGEAR_ENDPOINT: 'https://a.example', AUTHGEAR_FOLLOW_SECRET:"
            + " abcdefghijklmnop}",
        "settings: {AUTHGEAR_ENDPOINT: 'https://a.example', AUTHGEAR_ADMIN_API_KEY:"
            + " abcdefghijklmnop}",
        "settings: {AUTHGEAR_ENDPOINT: 'https://a.example', AUTHGEAR_REDIS_URL: 'redis://:p@r'}",
        SETTINGS_LINE + "gateways: [nginx]",
        SETTINGS_LINE + "gateways: [monitoring]",
        SETTINGS_LINE + "gatewayPeers: [{}]",
        SETTINGS_LINE + "policies: {Admin: role=admin}",
        SETTINGS_LINE + "replicas: {min: 0}",
        SETTINGS_LINE + "image: {digest: 0123}",
        SETTINGS_LINE + "follow: {enabled: true}",
        SETTINGS_LINE
            + "follow: {enabled: true, tellByRedis: true, adminApi: {url: 'https://a', appId: a,"
            + " keyId: k}}",
        SETTINGS_LINE + "folow: {enabled: true}",
        SETTINGS_LINE + "redis: {enabeld: true}"
      })
  void values_thatCannotBeMeant_areRefused(String values) throws IOException {
    Path file = folder.resolve("values.yaml");
    Files.writeString(file, values, UTF_8);
    Tools.Output output =
        Tools.tried(
            "helm",
            "template",
            "release",
            CHART.toString(),
            "--kube-version",
            Tools.KUBERNETES.getLast(),
            "--values",
            file.toString());
    assertThat(output.status()).as(output.text()).isNotZero();
    assertThat(output.text()).isEmpty();
    assertThat(output.errors()).doesNotContain("abcdefghijklmnop");
  }

  @Test
  void schema_knowsEveryGateway() throws IOException {
    JsonNode schema = new JsonMapper().readTree(CHART.resolve("values.schema.json").toFile());
    assertThat(elements(schema.at("/properties/gateways/items/enum")).map(JsonNode::asText))
        .containsExactlyInAnyOrderElementsOf(gateways());
  }
}
