package com.authgear.authrequest.k8s;

import static com.authgear.authrequest.k8s.Manifests.elements;
import static com.authgear.authrequest.k8s.Manifests.strings;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.settings.ListenAddress;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.tls.PemFiles;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the folder {@code k8s} renders to fits together, and fits the service. */
final class KustomizeIT {

  private static final Path K8S = Path.of("k8s");
  private static final Path BASE = K8S.resolve("base");
  private static final Path OVERLAY = K8S.resolve("examples/overlay");
  private static final Path SERVICE_MONITOR = K8S.resolve("components/servicemonitor");
  private static final String NAME = "authgear-auth-request";
  private static final String NGINX = "nginx.ingress.kubernetes.io/";

  static List<Path> folders() throws IOException {
    try (Stream<Path> files = Files.walk(K8S)) {
      return files
          .filter(file -> file.endsWith("kustomization.yaml"))
          .map(Path::getParent)
          .sorted()
          .toList();
    }
  }

  /** Those that have something of their own; the others only change what is there. */
  static List<Path> foldersWithObjects() throws IOException {
    List<Path> folders = new ArrayList<>();
    for (Path folder : folders()) {
      if (Files.readString(folder.resolve("kustomization.yaml")).contains("\nresources:\n")) {
        folders.add(folder);
      }
    }
    return folders;
  }

  static List<Path> installations() {
    return List.of(BASE, OVERLAY);
  }

  /** What the service makes of the ConfigMap, which is all the environment that the pod gets. */
  private static Settings settings(Manifests manifests) {
    return switch (SettingsReader.read(strings(manifests.only("ConfigMap").at("/data")))) {
      case Accepted accepted -> accepted.settings();
      case Refused refused -> throw new AssertionError(refused.report());
    };
  }

  @ParameterizedTest
  @MethodSource("foldersWithObjects")
  void render_everyFolder_givesNamedObjects(Path folder) {
    assertThat(Manifests.render(folder).objects())
        .isNotEmpty()
        .allSatisfy(
            object -> {
              assertThat(object.at("/kind").asText()).isNotEmpty();
              assertThat(object.at("/metadata/name").asText()).isNotEmpty();
            });
  }

  @ParameterizedTest
  @MethodSource("folders")
  void render_everyFolder_usesEveryFileBesideIt(Path folder) throws IOException {
    String kustomization = Files.readString(folder.resolve("kustomization.yaml"));
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .filteredOn(name -> !name.equals("kustomization.yaml"))
          .allSatisfy(name -> assertThat(kustomization).contains(" " + name));
    }
  }

  @Nested
  final class Tls {

    private final Manifests all;

    Tls() throws IOException {
      Path folder = Files.createDirectories(Path.of("target/kustomize-tls"));
      Files.writeString(
          folder.resolve("kustomization.yaml"),
          """
          apiVersion: kustomize.config.k8s.io/v1beta1
          kind: Kustomization
          namespace: authgear-auth
          resources:
            - ../../k8s/examples/overlay
          components:
            - ../../k8s/components/tls
          """);
      all = Manifests.render(folder);
    }

    @Test
    void files_areThoseOfTheMountedSecret_andAcceptedByTheService() {
      Map<String, String> environment = new HashMap<>();
      environment.put("AUTHGEAR_ENDPOINT", "https://project.authgear.cloud");
      elements(all.container().at("/env"))
          .forEach(
              variable ->
                  environment.put(variable.at("/name").asText(), variable.at("/value").asText()));
      Settings settings =
          switch (SettingsReader.read(environment)) {
            case Accepted accepted -> accepted.settings();
            case Refused refused -> throw new AssertionError(refused.report());
          };
      JsonNode mount =
          elements(all.container().at("/volumeMounts"))
              .filter(each -> each.at("/name").asText().equals("tls"))
              .findFirst()
              .orElseThrow();
      Path folder = Path.of(mount.at("/mountPath").asText());
      assertThat(mount.at("/readOnly").asBoolean()).isTrue();
      assertThat(mount.at("/subPath").isMissingNode()).isTrue();
      assertThat(settings.listeners().tls())
          .contains(
              new PemFiles(
                  folder.resolve("tls.crt"),
                  folder.resolve("tls.key"),
                  Optional.of(folder.resolve("ca.crt"))));
      assertThat(elements(all.podTemplate().at("/spec/volumes")))
          .anySatisfy(
              volume -> {
                assertThat(volume.at("/name").asText()).isEqualTo("tls");
                assertThat(volume.at("/secret/secretName").asText()).isEqualTo(NAME + "-tls");
              });
    }

    @Test
    void probesAndMetrics_stayWithoutTls_andProxiesAreToldOfIt() {
      assertThat(all.container().at("/readinessProbe/httpGet/scheme").isMissingNode()).isTrue();
      JsonNode port = all.named("Service", NAME).at("/spec/ports/0");
      assertThat(port.at("/appProtocol").asText()).isEqualTo("https");
      assertThat(port.at("/targetPort").asText()).isEqualTo("http");
    }
  }

  @Nested
  final class Pods {

    private final Manifests base = Manifests.render(BASE);

    @Test
    void ports_areThoseTheServiceListensOn() {
      Settings settings = settings(base);
      assertThat(base.containerPorts())
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(
                  "http", ((ListenAddress) settings.listeners().listen()).port(),
                  "management", settings.listeners().management().port()));
    }

    @Test
    void probes_askTheManagementPort_andOnlyReadinessAsksForAuthgear() {
      assertThat(probe("startupProbe")).isEqualTo("management /healthz");
      assertThat(probe("livenessProbe")).isEqualTo("management /healthz");
      assertThat(probe("readinessProbe")).isEqualTo("management /readyz");
    }

    private String probe(String name) {
      JsonNode get = base.container().at("/" + name + "/httpGet");
      return get.at("/port").asText() + " " + get.at("/path").asText();
    }

    @Test
    void pod_meetsTheRestrictedPodSecurityStandard() {
      JsonNode pod = base.podTemplate().at("/spec/securityContext");
      assertThat(pod.at("/runAsNonRoot").asBoolean()).isTrue();
      assertThat(pod.at("/runAsUser").asInt()).isGreaterThan(0);
      assertThat(pod.at("/runAsGroup").asInt()).isGreaterThan(0);
      assertThat(pod.at("/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");

      JsonNode container = base.container().at("/securityContext");
      assertThat(container.at("/allowPrivilegeEscalation").asBoolean(true)).isFalse();
      assertThat(container.at("/readOnlyRootFilesystem").asBoolean()).isTrue();
      assertThat(elements(container.at("/capabilities/drop")).map(JsonNode::asText))
          .containsExactly("ALL");
      assertThat(container.at("/capabilities/add").isMissingNode()).isTrue();
      assertThat(container.at("/privileged").asBoolean()).isFalse();
    }

    @Test
    void pod_runsAsTheUserOfTheImage() throws IOException {
      JsonNode pod = base.podTemplate().at("/spec/securityContext");
      assertThat(Files.readAllLines(Path.of("Dockerfile")))
          .contains("USER " + pod.at("/runAsUser").asText() + ":" + pod.at("/runAsGroup").asText());
    }

    @Test
    void pod_writesToAnEmptyDirOnly() {
      assertThat(elements(base.container().at("/volumeMounts")))
          .singleElement()
          .satisfies(
              mount -> {
                assertThat(mount.at("/mountPath").asText()).isEqualTo("/tmp");
                assertThat(mount.at("/name").asText())
                    .isEqualTo(base.podTemplate().at("/spec/volumes/0/name").asText());
              });
      assertThat(elements(base.podTemplate().at("/spec/volumes")))
          .singleElement()
          .satisfies(volume -> assertThat(volume.has("emptyDir")).isTrue());
    }

    @Test
    void pod_hasNoKubernetesToken() {
      JsonNode account = base.only("ServiceAccount");
      assertThat(account.at("/automountServiceAccountToken").asBoolean(true)).isFalse();
      JsonNode pod = base.podTemplate().at("/spec");
      assertThat(pod.at("/automountServiceAccountToken").asBoolean(true)).isFalse();
      assertThat(pod.at("/serviceAccountName").asText())
          .isEqualTo(account.at("/metadata/name").asText());
    }

    @Test
    void pod_getsNoServiceLinks_whichWouldBeUnknownSettings() {
      assertThat(base.podTemplate().at("/spec/enableServiceLinks").asBoolean(true)).isFalse();
    }

    @Test
    void memory_requestEqualsLimit_andCpuHasBoth() {
      JsonNode resources = base.container().at("/resources");
      assertThat(resources.at("/requests/memory").asText())
          .isNotEmpty()
          .isEqualTo(resources.at("/limits/memory").asText());
      assertThat(resources.at("/requests/cpu").asText()).isNotEmpty();
      assertThat(resources.at("/limits/cpu").asText()).isNotEmpty();
    }

    @Test
    void gracePeriod_coversTheDelayAndTheDrainWithAMargin() {
      Duration delay = settings(base).listeners().shutdownDelay();
      Duration grace =
          Duration.ofSeconds(base.podTemplate().at("/spec/terminationGracePeriodSeconds").asLong());
      assertThat(delay).isGreaterThanOrEqualTo(Duration.ofSeconds(5));
      assertThat(grace)
          .isGreaterThanOrEqualTo(delay.plus(settings(base).listeners().drain()).plusSeconds(5));
    }

    @Test
    void rollout_takesNoPodAwayBeforeItsSuccessorIsReady() {
      JsonNode strategy = base.only("Deployment").at("/spec/strategy");
      assertThat(strategy.at("/type").asText()).isEqualTo("RollingUpdate");
      assertThat(strategy.at("/rollingUpdate/maxUnavailable").asText()).isEqualTo("0");
      assertThat(strategy.at("/rollingUpdate/maxSurge").asInt()).isPositive();
    }
  }

  @Nested
  final class References {

    @ParameterizedTest
    @MethodSource("com.authgear.authrequest.k8s.KustomizeIT#installations")
    void everySelector_matchesThePods(Path folder) {
      Manifests manifests = Manifests.render(folder);
      Map<String, String> labels = strings(manifests.podTemplate().at("/metadata/labels"));
      JsonNode deployment = manifests.only("Deployment");
      List<JsonNode> selectors =
          Stream.of(
                  Stream.of(deployment.at("/spec/selector/matchLabels")),
                  elements(manifests.podTemplate().at("/spec/topologySpreadConstraints"))
                      .map(constraint -> constraint.at("/labelSelector/matchLabels")),
                  manifests.all("Service").map(service -> service.at("/spec/selector")),
                  Stream.of(
                      manifests.only("PodDisruptionBudget").at("/spec/selector/matchLabels"),
                      manifests.only("NetworkPolicy").at("/spec/podSelector/matchLabels")))
              .flatMap(selector -> selector)
              .toList();
      assertThat(selectors)
          .hasSize(7)
          .allSatisfy(selector -> assertThat(labels).containsAllEntriesOf(strings(selector)))
          .allSatisfy(selector -> assertThat(selector).isNotEmpty());
    }

    @ParameterizedTest
    @MethodSource("com.authgear.authrequest.k8s.KustomizeIT#installations")
    void everyServicePort_targetsAPortOfTheContainerWithTheSameNumber(Path folder) {
      Manifests manifests = Manifests.render(folder);
      Map<String, Integer> ports = manifests.containerPorts();
      assertThat(manifests.all("Service").flatMap(s -> elements(s.at("/spec/ports"))))
          .hasSize(2)
          .allSatisfy(
              port ->
                  assertThat(ports)
                      .containsEntry(port.at("/targetPort").asText(), port.at("/port").asInt()));
    }

    @Test
    void managementPort_isNotOnTheServiceThatProxiesUse() {
      JsonNode service = Manifests.render(BASE).named("Service", NAME);
      assertThat(elements(service.at("/spec/ports")).map(port -> port.at("/name").asText()))
          .containsExactly("http");
    }

    /** Whoever forgets to say who may ask has a closed service, not an open one. */
    @Test
    void networkPolicy_admitsNobodyByItself_andLetsOutToDnsAndHttps() {
      JsonNode policy = Manifests.render(BASE).only("NetworkPolicy").at("/spec");
      assertThat(elements(policy.at("/policyTypes")).map(JsonNode::asText))
          .containsExactlyInAnyOrder("Ingress", "Egress");
      assertThat(elements(policy.at("/ingress"))).isEmpty();
      assertThat(
              elements(policy.at("/egress"))
                  .flatMap(rule -> elements(rule.at("/ports")))
                  .map(port -> port.at("/protocol").asText() + " " + port.at("/port").asInt()))
          .containsExactlyInAnyOrder("UDP 53", "TCP 53", "TCP 443");
    }

    @Test
    void overlaysNetworkPolicy_opensNamedPortsToOneNamespaceEach() {
      Manifests overlay = Manifests.render(OVERLAY);
      Map<String, String> namespaceByPort =
          elements(overlay.only("NetworkPolicy").at("/spec/ingress"))
              .collect(
                  Collectors.toMap(
                      rule -> rule.at("/ports/0/port").asText(),
                      rule ->
                          rule.at("/from/0/namespaceSelector/matchLabels")
                              .path("kubernetes.io/metadata.name")
                              .asText()));
      assertThat(namespaceByPort)
          .containsExactlyInAnyOrderEntriesOf(
              Map.of("http", "ingress-nginx", "management", "monitoring"));
      assertThat(overlay.containerPorts()).containsOnlyKeys(namespaceByPort.keySet());
    }

    @Test
    void autoscaler_ownsTheReplicas_andKeepsTwo() {
      Manifests base = Manifests.render(BASE);
      JsonNode autoscaler = base.only("HorizontalPodAutoscaler").at("/spec");
      JsonNode deployment = base.only("Deployment");
      assertThat(autoscaler.at("/scaleTargetRef/kind").asText()).isEqualTo("Deployment");
      assertThat(autoscaler.at("/scaleTargetRef/name").asText())
          .isEqualTo(deployment.at("/metadata/name").asText());
      assertThat(deployment.at("/spec/replicas").isMissingNode()).isTrue();
      assertThat(autoscaler.at("/minReplicas").asInt()).isGreaterThanOrEqualTo(2);
      assertThat(autoscaler.at("/maxReplicas").asInt())
          .isGreaterThan(autoscaler.at("/minReplicas").asInt());
      JsonNode cpu = autoscaler.at("/metrics/0/containerResource");
      assertThat(cpu.at("/name").asText()).isEqualTo("cpu");
      assertThat(cpu.at("/container")).isEqualTo(base.container().at("/name"));
      assertThat(cpu.at("/target/averageUtilization").asInt()).isBetween(1, 90);
    }

    @Test
    void disruptionBudget_takesPodsOneByOne_andNeverBlocksADrain() {
      JsonNode budget = Manifests.render(BASE).only("PodDisruptionBudget").at("/spec");
      assertThat(budget.at("/maxUnavailable").asText()).isEqualTo("1");
      assertThat(budget.at("/minAvailable").isMissingNode()).isTrue();
    }

    @Test
    void serviceMonitor_selectsTheManagementServiceAndItsPort() {
      JsonNode monitor = Manifests.render(SERVICE_MONITOR).only("ServiceMonitor").at("/spec");
      Map<String, String> selector = strings(monitor.at("/selector/matchLabels"));
      List<JsonNode> selected =
          Manifests.render(BASE)
              .all("Service")
              .filter(
                  service ->
                      strings(service.at("/metadata/labels"))
                          .entrySet()
                          .containsAll(selector.entrySet()))
              .toList();
      assertThat(selected).hasSize(1);
      assertThat(
              elements(selected.getFirst().at("/spec/ports"))
                  .map(port -> port.at("/name").asText()))
          .contains(monitor.at("/endpoints/0/port").asText());
      assertThat(monitor.at("/endpoints/0/path").asText()).isEqualTo("/metrics");
    }
  }

  @Nested
  final class Configuration {

    @ParameterizedTest
    @MethodSource("com.authgear.authrequest.k8s.KustomizeIT#installations")
    void configMap_isTheOneThePodReads(Path folder) {
      Manifests manifests = Manifests.render(folder);
      JsonNode configMap = manifests.only("ConfigMap");
      assertThat(manifests.container().at("/envFrom/0/configMapRef/name").asText())
          .startsWith(NAME + "-")
          .isEqualTo(configMap.at("/metadata/name").asText());
    }

    @ParameterizedTest
    @MethodSource("com.authgear.authrequest.k8s.KustomizeIT#installations")
    void configMap_isAcceptedByTheService(Path folder) {
      Manifests manifests = Manifests.render(folder);
      assertThat(settings(manifests).project().endpoint())
          .hasToString(manifests.only("ConfigMap").at("/data/AUTHGEAR_ENDPOINT").asText());
    }

    @Test
    void base_pointsToNobodysProject() {
      assertThat(settings(Manifests.render(BASE)).project().endpoint().getHost())
          .endsWith(".invalid");
    }

    @Test
    void overlay_setsNamespaceImageAndProject() {
      Manifests overlay = Manifests.render(OVERLAY);
      String namespace = overlay.only("Namespace").at("/metadata/name").asText();
      assertThat(overlay.objects())
          .filteredOn(object -> !object.at("/kind").asText().equals("Namespace"))
          .hasSizeGreaterThan(7)
          .allSatisfy(
              object -> assertThat(object.at("/metadata/namespace").asText()).isEqualTo(namespace));
      assertThat(overlay.container().at("/image").asText())
          .startsWith("registry.example.com/authgear-auth-request:");
      assertThat(settings(overlay).project().endpoint())
          .isEqualTo(URI.create("https://my-project.authgear.cloud"));
      assertThat(overlay.all("ServiceMonitor")).hasSize(1);
    }
  }

  @Nested
  final class IngressNginx {

    @ParameterizedTest
    @ValueSource(strings = {"ingress-nginx", "ingress-nginx-keepalive"})
    void responseHeaders_areAllIdentityHeaders_onOneLine(String example) {
      String headers = annotations(example).getOrDefault(NGINX + "auth-response-headers", "");
      assertThat(headers).matches("[a-z, -]+");
      assertThat(headers.split(", "))
          .containsExactlyInAnyOrderElementsOf(
              Stream.concat(
                      Arrays.stream(IdentityHeader.values()).map(IdentityHeader::headerName),
                      Stream.of("x-authgear-session-acr"))
                  .toList());
    }

    @Test
    void authUrl_isTheServiceOfTheOverlay() {
      URI url = URI.create(annotations("ingress-nginx").getOrDefault(NGINX + "auth-url", ""));
      JsonNode service = Manifests.render(OVERLAY).named("Service", NAME);
      assertThat(url)
          .isEqualTo(
              URI.create(
                  "http://"
                      + service.at("/metadata/name").asText()
                      + "."
                      + service.at("/metadata/namespace").asText()
                      + ".svc.cluster.local:"
                      + service.at("/spec/ports/0/port").asText()
                      + "/auth"));
    }

    /** A cached answer outlives its token; a sign-in redirect hides the challenge. */
    @ParameterizedTest
    @ValueSource(strings = {"ingress-nginx", "ingress-nginx-keepalive"})
    void annotations_neitherCacheNorRedirectNorInject(String example) {
      assertThat(annotations(example).keySet())
          .contains(NGINX + "auth-always-set-cookie")
          .noneMatch(key -> key.startsWith(NGINX + "auth-cache"))
          .noneMatch(key -> key.startsWith(NGINX + "auth-signin"))
          .noneMatch(key -> key.endsWith("-snippet"));
    }

    @Test
    void keepalive_isOnlyInItsOwnExample() {
      assertThat(annotations("ingress-nginx")).doesNotContainKey(NGINX + "auth-keepalive");
      assertThat(annotations("ingress-nginx-keepalive"))
          .containsEntry(NGINX + "auth-keepalive", "32")
          .containsAllEntriesOf(annotations("ingress-nginx"));
    }

    @Test
    void ingress_isServedOverTlsForItsHost() {
      JsonNode spec = ingress("ingress-nginx").at("/spec");
      assertThat(spec.at("/tls/0/hosts/0").asText())
          .isNotEmpty()
          .isEqualTo(spec.at("/rules/0/host").asText());
    }

    private static JsonNode ingress(String example) {
      return Manifests.render(K8S.resolve("examples").resolve(example)).only("Ingress");
    }

    private static Map<String, String> annotations(String example) {
      return strings(ingress(example).at("/metadata/annotations"));
    }
  }

  /** The overlay with every component, as an installation of one's own would name them. */
  @Nested
  final class Components {

    private static final String REDIS = NAME + "-redis";

    private final Manifests all;

    Components() throws IOException {
      Path folder = Files.createDirectories(Path.of("target/kustomize-all"));
      Files.writeString(
          folder.resolve("kustomization.yaml"),
          """
          apiVersion: kustomize.config.k8s.io/v1beta1
          kind: Kustomization
          namespace: authgear-auth
          resources:
            - ../../k8s/examples/overlay
          components:
            - ../../k8s/components/admit/envoy-gateway
            - ../../k8s/components/gateway-api
            - ../../k8s/components/monitoring
            - ../../k8s/components/redis
          """);
      all = Manifests.render(folder);
    }

    private Map<String, String> podLabels(String deployment) {
      return strings(
          all.named("Deployment", deployment).at("/spec/template").at("/metadata/labels"));
    }

    @Test
    void everySelector_matchesThePodsOfOneDeployment() {
      Map<String, String> service = podLabels(NAME);
      Map<String, String> redis = podLabels(REDIS);
      List<JsonNode> selectors =
          Stream.of(
                  all.all("Deployment").map(object -> object.at("/spec/selector/matchLabels")),
                  all.all("Service").map(object -> object.at("/spec/selector")),
                  all.all("PodDisruptionBudget")
                      .map(object -> object.at("/spec/selector/matchLabels")),
                  all.all("NetworkPolicy")
                      .map(object -> object.at("/spec/podSelector/matchLabels")))
              .flatMap(selector -> selector)
              .toList();
      assertThat(selectors).hasSize(8);
      assertThat(selectors.stream().map(Manifests::strings))
          .filteredOn(selector -> service.entrySet().containsAll(selector.entrySet()))
          .hasSize(5)
          .noneMatch(selector -> redis.entrySet().containsAll(selector.entrySet()));
      assertThat(selectors.stream().map(Manifests::strings))
          .filteredOn(selector -> redis.entrySet().containsAll(selector.entrySet()))
          .hasSize(3);
    }

    @Test
    void everything_isInTheNamespaceAndLabelled() {
      assertThat(all.objects())
          .filteredOn(object -> !object.at("/kind").asText().equals("Namespace"))
          .hasSizeGreaterThan(15)
          .allSatisfy(
              object -> {
                assertThat(object.at("/metadata/namespace").asText()).isEqualTo("authgear-auth");
                assertThat(strings(object.at("/metadata/labels")))
                    .containsEntry("app.kubernetes.io/part-of", NAME);
              });
    }

    @Test
    void redis_meetsTheRestrictedPodSecurityStandard() {
      JsonNode spec = all.named("Deployment", REDIS).at("/spec/template/spec");
      assertThat(spec.at("/automountServiceAccountToken").asBoolean(true)).isFalse();
      JsonNode pod = spec.at("/securityContext");
      assertThat(pod.at("/runAsNonRoot").asBoolean()).isTrue();
      assertThat(pod.at("/runAsUser").asInt()).isPositive();
      assertThat(pod.at("/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
      JsonNode container = spec.at("/containers/0/securityContext");
      assertThat(container.at("/allowPrivilegeEscalation").asBoolean(true)).isFalse();
      assertThat(container.at("/readOnlyRootFilesystem").asBoolean()).isTrue();
      assertThat(elements(container.at("/capabilities/drop")).map(JsonNode::asText))
          .containsExactly("ALL");
    }

    @Test
    void redisPassword_isInNoManifest_andTheSameSecretForBoth() {
      JsonNode server = all.named("Deployment", REDIS).at("/spec/template/spec/containers/0/env");
      JsonNode client = all.named("Deployment", NAME).at("/spec/template/spec/containers/0/env");
      assertThat(all.all("Secret")).isEmpty();
      assertThat(server.at("/0/valueFrom/secretKeyRef/key").asText()).isEqualTo("password");
      assertThat(client.at("/0/valueFrom")).isEqualTo(server.at("/0/valueFrom"));
      assertThat(client.at("/0/name").asText()).isEqualTo("REDIS_PASSWORD");
    }

    @Test
    void redisUrl_isAcceptedByTheService_andNamesTheServiceOfRedis() {
      JsonNode variable =
          all.named("Deployment", NAME).at("/spec/template/spec/containers/0/env/1");
      assertThat(variable.at("/name").asText()).isEqualTo("AUTHGEAR_REDIS_URL");
      String value = variable.at("/value").asText();
      JsonNode service = all.named("Service", REDIS);
      assertThat(value)
          .isEqualTo(
              "redis://:$(REDIS_PASSWORD)@"
                  + service.at("/metadata/name").asText()
                  + ":"
                  + service.at("/spec/ports/0/port").asInt());
      Map<String, String> environment =
          Map.of(
              "AUTHGEAR_ENDPOINT",
              "https://project.authgear.cloud",
              variable.at("/name").asText(),
              value.replace("$(REDIS_PASSWORD)", "0123456789abcdef"));
      assertThat(SettingsReader.read(environment)).isInstanceOf(Accepted.class);
    }

    @Test
    void networkPolicies_letTheServiceToRedisAlone_andTheGatewayToTheService() {
      JsonNode service = all.named("NetworkPolicy", NAME).at("/spec");
      JsonNode redis = all.named("NetworkPolicy", REDIS).at("/spec");
      assertThat(elements(service.at("/egress")))
          .anySatisfy(
              rule -> {
                assertThat(rule.at("/to/0/podSelector")).isEqualTo(redis.at("/podSelector"));
                assertThat(rule.at("/ports/0/port").asInt()).isEqualTo(6379);
              });
      assertThat(elements(redis.at("/ingress")))
          .singleElement()
          .satisfies(
              rule ->
                  assertThat(rule.at("/from/0/podSelector")).isEqualTo(service.at("/podSelector")));
      assertThat(redis.at("/egress").isMissingNode()).isTrue();
      assertThat(elements(redis.at("/policyTypes")).map(JsonNode::asText))
          .containsExactlyInAnyOrder("Ingress", "Egress");
      assertThat(elements(service.at("/ingress")))
          .anySatisfy(
              rule -> {
                assertThat(
                        rule.at("/from/0/namespaceSelector/matchLabels")
                            .path("kubernetes.io/metadata.name")
                            .asText())
                    .isEqualTo("envoy-gateway-system");
                assertThat(rule.at("/ports/0/port").asText()).isEqualTo("http");
              });
    }

    @Test
    void referenceGrant_isForTheServiceThatProxiesAsk() {
      JsonNode grant = all.only("ReferenceGrant");
      assertThat(grant.at("/spec/to/0/name").asText())
          .isEqualTo(all.named("Service", NAME).at("/metadata/name").asText());
    }

    @Test
    void dashboard_isTheShippedOne_whereGrafanaLooks() throws IOException {
      JsonNode map = all.named("ConfigMap", NAME + "-dashboard");
      assertThat(strings(map.at("/metadata/labels"))).containsEntry("grafana_dashboard", "1");
      assertThat(map.at("/data").path(NAME + ".json").asText())
          .isEqualTo(Files.readString(Path.of("grafana", NAME + ".json")));
    }

    @Test
    void rules_areThoseForAPlainPrometheus() throws IOException {
      JsonNode plain =
          new YAMLMapper().readTree(Path.of("prometheus", NAME + ".rules.yaml").toFile());
      assertThat(plain.at("/groups")).isNotEmpty();
      assertThat(all.only("PrometheusRule").at("/spec/groups")).isEqualTo(plain.at("/groups"));
    }
  }
}
