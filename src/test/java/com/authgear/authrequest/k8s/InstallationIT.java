package com.authgear.authrequest.k8s;

import static com.authgear.authrequest.k8s.Manifests.elements;
import static com.authgear.authrequest.k8s.Manifests.strings;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.settings.FollowSettings;
import com.authgear.authrequest.settings.FollowSettingsReader;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.support.Programs;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What docs/kubernetes.md tells an operator to do with a copy of {@code k8s/examples}: let the link
 * lead to a checkout, make the edits that the overlay names, apply.
 */
final class InstallationIT {

  private static final Path EXAMPLES = Path.of("k8s/examples");
  private static final String NAME = "authgear-auth-request";

  /** The service's namespace, where it is no part of the service's own names. */
  private static final Pattern SHIPPED_NAMESPACE = Pattern.compile("authgear-auth(?!-request)");

  @TempDir private Path copy;

  @BeforeEach
  void copyTheFolder() throws IOException {
    try (Stream<Path> files = Files.walk(EXAMPLES)) {
      for (Path file : files.toList()) {
        Path to = copy.resolve(EXAMPLES.relativize(file).toString());
        if (Files.isDirectory(file) && !Files.isSymbolicLink(file)) {
          Files.createDirectories(to);
        } else if (!Files.isSymbolicLink(file)) {
          Files.copy(file, to);
        }
      }
    }
    Files.createSymbolicLink(copy.resolve("upstream"), Path.of("").toAbsolutePath());
  }

  /** So that what it leads to is nobody's to delete. */
  @AfterEach
  void removeTheLink() throws IOException {
    Files.deleteIfExists(copy.resolve("upstream"));
  }

  /** Every folder that can be applied. */
  static List<Path> folders() throws IOException {
    List<Path> folders = new ArrayList<>();
    try (Stream<Path> all = Files.list(EXAMPLES)) {
      for (Path folder : all.sorted().toList()) {
        Path file = folder.resolve("kustomization.yaml");
        if (Files.exists(file) && Files.readString(file).contains("\nkind: Kustomization\n")) {
          folders.add(folder);
        }
      }
    }
    return folders;
  }

  private Manifests render(Path folder) {
    return Manifests.render(copy.resolve(EXAMPLES.relativize(folder).toString()));
  }

  private void edit(String file, String shipped, String own) throws IOException {
    Path path = copy.resolve(file);
    String text = Files.readString(path);
    assertThat(text).as(file).contains(shipped);
    Files.writeString(path, text.replace(shipped, own));
  }

  @Test
  void theLink_isTheOneThingThatLeadsOutOfTheFolder() throws IOException {
    assertThat(Files.readSymbolicLink(EXAMPLES.resolve("upstream"))).hasToString("../..");
    try (Stream<Path> files = Files.walk(EXAMPLES)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(
                Files.readAllLines(file).stream()
                    .map(line -> line.replaceFirst("^\\s*#.*", ""))
                    .filter(line -> line.contains("../..")))
            .as(file.toString())
            .isEmpty();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void copiedFolder_rendersAsTheShippedOne(Path folder) {
    assertThat(render(folder)).isEqualTo(Manifests.render(folder));
  }

  /** Both names are said once: no other file of any folder has to be edited for them. */
  @ParameterizedTest
  @MethodSource("folders")
  void otherNamespaces_areOneEdit(Path folder) throws IOException {
    edit("namespaces/kustomization.yaml", "service=authgear-auth", "service=sso");
    edit("namespaces/kustomization.yaml", "application=my-app", "application=shop");

    String text = render(folder).objects().toString();

    assertThat(SHIPPED_NAMESPACE.matcher(text).find()).as(text).isFalse();
    assertThat(text).doesNotContain("my-app");
  }

  @Test
  void otherNamespaces_areTheServicesAndTheApplications() throws IOException {
    allOptions();
    edit("namespaces/kustomization.yaml", "service=authgear-auth", "service=sso");
    edit("namespaces/kustomization.yaml", "application=my-app", "application=shop");

    Manifests overlay = render(EXAMPLES.resolve("overlay"));

    assertThat(overlay.only("Namespace").at("/metadata/name").asText()).isEqualTo("sso");
    assertThat(overlay.only("Namespace").at("/metadata").has("namespace")).isFalse();
    assertThat(overlay.objects())
        .filteredOn(object -> !object.at("/kind").asText().equals("Namespace"))
        .hasSizeGreaterThan(20)
        .allSatisfy(
            object -> assertThat(object.at("/metadata/namespace").asText()).isEqualTo("sso"));
    assertThat(elements(overlay.only("ReferenceGrant").at("/spec/from")))
        .isNotEmpty()
        .allSatisfy(from -> assertThat(from.at("/namespace").asText()).isEqualTo("shop"));
    assertThat(
            render(EXAMPLES.resolve("ingress-nginx-admin"))
                .only("Ingress")
                .at("/metadata/annotations")
                .path("nginx.ingress.kubernetes.io/auth-url")
                .asText())
        .isEqualTo("http://authgear-auth-request.sso.svc.cluster.local:8080/auth/admin");
  }

  /** Instead of the link, each folder by URL, from a repository without this working tree. */
  @Test
  void foldersByUrl_renderAsByTheLink() throws IOException, InterruptedException {
    Programs.require("git");
    Path repository = Files.createDirectories(copy.resolve("repository"));
    run(repository, "git", "init", "--quiet", "--initial-branch", "main");
    for (String folder : List.of("k8s", "grafana")) {
      run(Path.of(""), "cp", "-r", folder, repository.resolve(folder).toString());
    }
    run(repository, "git", "add", ".");
    run(
        repository,
        "git",
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@example.com",
        "commit",
        "--quiet",
        "--message",
        "files");
    Files.delete(copy.resolve("upstream"));
    Path overlay = copy.resolve("overlay/kustomization.yaml");
    Files.writeString(
        overlay,
        Files.readString(overlay)
            .replaceAll(
                "(?m)^  - \\.\\./upstream/(\\S+)",
                "  - git::file://" + repository + "//$1?ref=main"));

    assertThat(Files.readString(overlay)).contains("//k8s/base?ref=main");
    assertThat(render(EXAMPLES.resolve("overlay")))
        .isEqualTo(Manifests.render(EXAMPLES.resolve("overlay")));
  }

  private static void run(Path folder, String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toAbsolutePath().toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  // ---- The overlay's edits

  /** Takes the comment signs from what the overlay offers. */
  private void allOptions() throws IOException {
    Path file = copy.resolve("overlay/kustomization.yaml");
    String text = Files.readString(file);
    int patches = text.indexOf("# patches:");
    String offered =
        text.substring(0, patches)
                .replaceAll("(?m)^  # (- \\.\\./)", "  $1")
                .replaceAll(
                    "(?m)^  # (- name: |  literals:|    - AUTHGEAR_|  options:|    labels:|     "
                        + " app)",
                    "  $1")
            + text.substring(patches).replaceAll("(?m)^# ", "");
    assertThat(offered).isNotEqualTo(text).contains("\n  - ../upstream/k8s/components/follow ");
    Files.writeString(file, offered);
  }

  @Test
  void overlay_offersEveryComponent() throws IOException {
    String overlay = Files.readString(EXAMPLES.resolve("overlay/kustomization.yaml"));
    try (Stream<Path> all = Files.list(Path.of("k8s/components"))) {
      assertThat(all.map(folder -> folder.getFileName().toString()))
          .hasSizeGreaterThan(8)
          .allSatisfy(name -> assertThat(overlay).contains("../upstream/k8s/components/" + name));
    }
  }

  /** Whatever policy an example asks for, the overlay's list has it. */
  @Test
  void overlay_hasEveryPolicyThatAnExampleAsksFor() throws IOException {
    Set<String> asked = new TreeSet<>();
    Pattern policy = Pattern.compile("(?<![\\w/.])(?:http\\S+:8080)?/(?:auth|ext-authz)/(\\w+)");
    for (Path folder : folders()) {
      String text = render(folder).objects().toString().replace('"', ' ');
      policy.matcher(text).results().map(match -> match.group(1)).forEach(asked::add);
    }
    assertThat(asked).isNotEmpty();
    assertThat(service(render(EXAMPLES.resolve("overlay"))).protection().policies().keySet())
        .map(Object::toString)
        .containsAll(asked);
  }

  @Test
  void policies_areInTheOverlay_forThoseThatTheDocumentationNames() {
    assertThat(
            strings(configMap(render(EXAMPLES.resolve("overlay")), NAME)).entrySet().stream()
                .filter(entry -> entry.getKey().startsWith("AUTHGEAR_POLICY_"))
                .map(entry -> entry.getKey() + "=" + entry.getValue()))
        .containsExactlyInAnyOrder(
            "AUTHGEAR_POLICY_USER=principal=user",
            "AUTHGEAR_POLICY_ADMIN=role=admin",
            "AUTHGEAR_POLICY_GUEST=optional=true");
  }

  private static JsonNode configMap(Manifests manifests, String prefix) {
    Pattern name = Pattern.compile(prefix + "(-[a-z0-9]{10})?");
    List<JsonNode> found =
        manifests
            .all("ConfigMap")
            .filter(map -> name.matcher(map.at("/metadata/name").asText()).matches())
            .toList();
    assertThat(found).as(prefix).hasSize(1);
    return found.getFirst().at("/data");
  }

  /** All the environment that a container gets, with a text in place of each Secret's. */
  private static Map<String, String> environment(Manifests manifests, String deployment) {
    JsonNode container =
        manifests.named("Deployment", deployment).at("/spec/template/spec/containers/0");
    Map<String, String> environment = new HashMap<>();
    elements(container.at("/envFrom"))
        .forEach(
            from ->
                environment.putAll(
                    strings(
                        manifests
                            .named("ConfigMap", from.at("/configMapRef/name").asText())
                            .at("/data"))));
    for (JsonNode variable : container.path("env")) {
      JsonNode from = variable.at("/valueFrom");
      String value =
          from.has("configMapKeyRef")
              ? manifests
                  .named("ConfigMap", from.at("/configMapKeyRef/name").asText())
                  .at("/data")
                  .path(from.at("/configMapKeyRef/key").asText())
                  .asText()
              : from.isMissingNode() ? variable.at("/value").asText() : "0123456789abcdef";
      environment.put(variable.at("/name").asText(), value.replace("$(REDIS_PASSWORD)", "secret"));
    }
    return environment;
  }

  private static Settings service(Manifests manifests) {
    Map<String, String> environment = environment(manifests, NAME);
    environment.keySet().removeIf(key -> key.startsWith("AUTHGEAR_TLS_"));
    return switch (SettingsReader.read(environment)) {
      case SettingsReader.Accepted accepted -> accepted.settings();
      case SettingsReader.Refused refused -> throw new AssertionError(refused.report());
    };
  }

  @Test
  void everyOption_isAcceptedByTheServiceAndTheFollower_andTheyShareSecretAndProject()
      throws Exception {
    allOptions();
    Manifests overlay = render(EXAMPLES.resolve("overlay"));

    Settings service = service(overlay);
    assertThat(environment(overlay, NAME))
        .containsEntry("AUTHGEAR_FRESHNESS", "2s")
        .containsKeys("AUTHGEAR_WEBHOOK_SECRET", "AUTHGEAR_REDIS_URL", "AUTHGEAR_TLS_KEY");

    Map<String, String> environment = environment(overlay, NAME + "-follow");
    Path key = copy.resolve("key.pem");
    Files.writeString(
        key,
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder()
                .encodeToString(
                    KeyPairGenerator.getInstance("RSA").generateKeyPair().getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n");
    assertThat(environment.put("AUTHGEAR_ADMIN_API_KEY_FILE", key.toString()))
        .isEqualTo("/etc/authgear-auth-request/admin-api/key");
    FollowSettings follower =
        switch (FollowSettingsReader.read(environment)) {
          case FollowSettingsReader.Accepted accepted -> accepted.settings();
          case FollowSettingsReader.Refused refused -> throw new AssertionError(refused.report());
        };
    assertThat(follower.endpoint()).isEqualTo(service.project().endpoint());
    assertThat(follower.adminApi().graphql())
        .isEqualTo(URI.create("https://my-project.authgear.cloud/_api/admin/graphql"));
    assertThat(follower.tell().targets())
        .containsExactly(URI.create("http://authgear-auth-request-replicas:8080"));
    assertThat(follower.tell().redisUrl()).isPresent();
    assertThat(follower.interval()).isEqualTo(Duration.ofSeconds(1));
    assertThat(secretOf(overlay, NAME, "AUTHGEAR_FOLLOW_SECRET"))
        .isEqualTo(secretOf(overlay, NAME + "-follow", "AUTHGEAR_FOLLOW_SECRET"));
  }

  private static JsonNode secretOf(Manifests manifests, String deployment, String variable) {
    return elements(
            manifests.named("Deployment", deployment).at("/spec/template/spec/containers/0/env"))
        .filter(each -> each.at("/name").asText().equals(variable))
        .map(each -> each.at("/valueFrom/secretKeyRef"))
        .findFirst()
        .orElseThrow();
  }

  // ---- The follower

  /**
   * The key has full rights over the project: no other pod sees it, and nobody connects to this
   * one.
   */
  @Test
  void adminApiKey_isMountedByTheFollowerAlone() throws IOException {
    allOptions();
    Manifests overlay = render(EXAMPLES.resolve("overlay"));

    assertThat(
            overlay.objects().stream()
                .filter(object -> object.toString().contains(NAME + "-admin-api\""))
                .map(object -> object.at("/metadata/name").asText()))
        .containsExactly(NAME + "-follow");
    JsonNode pod = overlay.named("Deployment", NAME + "-follow").at("/spec/template/spec");
    assertThat(pod.at("/serviceAccountName").asText()).isEqualTo(NAME + "-follow");
    assertThat(
            overlay
                .named("ServiceAccount", NAME + "-follow")
                .at("/automountServiceAccountToken")
                .asBoolean(true))
        .isFalse();
    assertThat(pod.at("/automountServiceAccountToken").asBoolean(true)).isFalse();
    assertThat(pod.at("/enableServiceLinks").asBoolean(true)).isFalse();
    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
    JsonNode container = pod.at("/containers/0/securityContext");
    assertThat(container.at("/readOnlyRootFilesystem").asBoolean()).isTrue();
    assertThat(container.at("/allowPrivilegeEscalation").asBoolean(true)).isFalse();
    assertThat(elements(container.at("/capabilities/drop")).map(JsonNode::asText))
        .containsExactly("ALL");
  }

  @Test
  void follower_runsTheServicesImage_withItsCommand() throws IOException {
    allOptions();
    Manifests overlay = render(EXAMPLES.resolve("overlay"));
    JsonNode service = overlay.named("Deployment", NAME).at("/spec/template/spec/containers/0");
    JsonNode follower =
        overlay.named("Deployment", NAME + "-follow").at("/spec/template/spec/containers/0");
    assertThat(follower.at("/image")).isEqualTo(service.at("/image"));
    assertThat(elements(follower.at("/args")).map(JsonNode::asText)).containsExactly("follow");
  }

  @Test
  void follower_connectsToDnsHttpsTheReplicasAndRedisAlone() throws IOException {
    allOptions();
    Manifests overlay = render(EXAMPLES.resolve("overlay"));
    JsonNode policy = overlay.named("NetworkPolicy", NAME + "-follow").at("/spec");
    assertThat(elements(policy.at("/policyTypes")).map(JsonNode::asText))
        .containsExactlyInAnyOrder("Ingress", "Egress");
    assertThat(elements(policy.at("/egress")).map(InstallationIT::peerAndPorts))
        .containsExactlyInAnyOrder(
            "anywhere 53,53",
            "anywhere 443",
            NAME + " " + overlay.named("Service", NAME).at("/spec/ports/0/port").asText(),
            NAME + "-redis 6379");
    assertThat(elements(policy.at("/ingress")).map(InstallationIT::peerAndPorts))
        .containsExactly("monitoring management");
    assertThat(
            elements(overlay.named("NetworkPolicy", NAME).at("/spec/ingress"))
                .map(InstallationIT::peerAndPorts))
        .containsExactlyInAnyOrder(
            NAME + "-follow http", "ingress-nginx http", "monitoring management");
    assertThat(
            elements(overlay.named("NetworkPolicy", NAME + "-redis").at("/spec/ingress/0/from"))
                .map(from -> from.at("/podSelector/matchLabels/app.kubernetes.io~1name").asText()))
        .containsExactlyInAnyOrder(NAME, NAME + "-follow");
  }

  private static String peerAndPorts(JsonNode rule) {
    JsonNode peer = rule.path("to").isMissingNode() ? rule.path("from") : rule.path("to");
    assertThat(peer.size()).isLessThanOrEqualTo(1);
    String who =
        peer.isMissingNode()
            ? "anywhere"
            : Stream.of(
                    peer.at("/0/podSelector/matchLabels/app.kubernetes.io~1name"),
                    peer.at("/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name"))
                .filter(name -> !name.isMissingNode())
                .map(JsonNode::asText)
                .collect(Collectors.joining("+"));
    return who
        + " "
        + elements(rule.at("/ports"))
            .map(port -> port.at("/port").asText())
            .collect(Collectors.joining(","));
  }

  /** Each replica has to be told: all addresses of the name, the unready ones too. */
  @Test
  void followTargets_areAHeadlessServiceOfTheReplicas() throws IOException {
    allOptions();
    Manifests overlay = render(EXAMPLES.resolve("overlay"));
    JsonNode service = overlay.named("Service", NAME + "-replicas").at("/spec");
    assertThat(service.at("/clusterIP").asText()).isEqualTo("None");
    assertThat(service.at("/publishNotReadyAddresses").asBoolean()).isTrue();
    assertThat(service.at("/selector"))
        .isEqualTo(overlay.named("Service", NAME).at("/spec/selector"));
    assertThat(service.at("/ports/0/port"))
        .isEqualTo(overlay.named("Service", NAME).at("/spec/ports/0/port"));
  }

  @Test
  void serviceMonitor_selectsTheManagementServicesOfBoth() throws IOException {
    allOptions();
    Manifests overlay = render(EXAMPLES.resolve("overlay"));
    Map<String, String> selector =
        strings(overlay.only("ServiceMonitor").at("/spec/selector/matchLabels"));
    assertThat(
            overlay
                .all("Service")
                .filter(
                    service ->
                        strings(service.at("/metadata/labels"))
                            .entrySet()
                            .containsAll(selector.entrySet()))
                .map(service -> service.at("/metadata/name").asText()))
        .containsExactlyInAnyOrder(NAME + "-management", NAME + "-follow-management");
  }

  // ---- Gateways, Ingresses, scale

  static List<Path> admitted() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("k8s/components/admit"))) {
      return all.sorted().toList();
    }
  }

  /** Each adds one rule: who, and one named port. */
  @ParameterizedTest
  @MethodSource("admitted")
  void admittedGateway_isOneRule_onTopOfNone(Path component) throws IOException {
    Path folder = Files.createDirectories(copy.resolve("admitted"));
    Files.writeString(
        folder.resolve("kustomization.yaml"),
        String.format(
            Locale.ROOT,
            """
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources: [../upstream/k8s/base]
            components: [../upstream/%s]
            """,
            component));
    Manifests rendered = Manifests.render(folder);
    List<JsonNode> rules =
        elements(rendered.named("NetworkPolicy", NAME).at("/spec/ingress")).toList();
    if (rendered.all("CiliumNetworkPolicy").findAny().isPresent()) {
      assertThat(rules).isEmpty();
      return;
    }
    assertThat(rules).hasSize(1);
    assertThat(rules.getFirst().at("/ports")).hasSize(1);
    assertThat(rules.getFirst().at("/ports/0/port").asText())
        .isEqualTo(component.endsWith("monitoring") ? "management" : "http");
    assertThat(elements(rules.getFirst().at("/from")))
        .isNotEmpty()
        .allSatisfy(
            from ->
                assertThat(from.at("/namespaceSelector").size() + from.at("/podSelector").size())
                    .as("some namespace, not every one")
                    .isPositive());
  }

  @Test
  void secondIngress_isTheFirstWithAnotherPolicyAndPath() {
    JsonNode users = render(EXAMPLES.resolve("ingress-nginx")).only("Ingress");
    JsonNode administrators = render(EXAMPLES.resolve("ingress-nginx-admin")).only("Ingress");
    assertThat(administrators.at("/metadata/name")).isNotEqualTo(users.at("/metadata/name"));
    assertThat(administrators.at("/spec/rules/0/host")).isEqualTo(users.at("/spec/rules/0/host"));
    Map<String, String> expected = new HashMap<>(strings(users.at("/metadata/annotations")));
    expected.merge("nginx.ingress.kubernetes.io/auth-url", "/admin", String::concat);
    expected.put("nginx.ingress.kubernetes.io/use-regex", "true");
    assertThat(strings(administrators.at("/metadata/annotations")))
        .containsExactlyInAnyOrderEntriesOf(expected);
    JsonNode path = administrators.at("/spec/rules/0/http/paths/0");
    assertThat(path.at("/pathType").asText()).isEqualTo("ImplementationSpecific");
    Pattern location = Pattern.compile("^" + path.at("/path").asText(), Pattern.CASE_INSENSITIVE);
    assertThat(
            Stream.of("/admin", "/admin/x", "/ADMIN/x", "/admin.json", "/admin;x", "/Admin%20")
                .filter(each -> !location.matcher(each).lookingAt()))
        .isEmpty();
    assertThat(
            Stream.of("/administrator", "/admin-guide", "/x/admin", "/public")
                .filter(each -> location.matcher(each).lookingAt()))
        .isEmpty();
  }

  @Test
  void webhookIngress_opensOnePathOfTheService_unasked() throws IOException {
    allOptions();
    Manifests overlay = render(EXAMPLES.resolve("overlay"));
    JsonNode ingress = overlay.only("Ingress");
    assertThat(ingress.at("/metadata/namespace"))
        .isEqualTo(overlay.named("Service", NAME).at("/metadata/namespace"));
    assertThat(strings(ingress.at("/metadata/annotations")))
        .containsOnlyKeys("nginx.ingress.kubernetes.io/proxy-body-size");
    assertThat(ingress.at("/spec/rules")).hasSize(1);
    assertThat(ingress.at("/spec/rules/0/http/paths")).hasSize(1);
    JsonNode path = ingress.at("/spec/rules/0/http/paths/0");
    assertThat(path.at("/path").asText()).isEqualTo("/hooks/authgear");
    assertThat(path.at("/pathType").asText()).isEqualTo("Exact");
    assertThat(path.at("/backend/service/name").asText()).isEqualTo(NAME);
    assertThat(ingress.at("/spec/tls/0/hosts/0")).isEqualTo(ingress.at("/spec/rules/0/host"));
  }

  @Test
  void scale_followsTheDecisionsThatTheAdapterServes() throws IOException {
    allOptions();
    JsonNode metrics =
        render(EXAMPLES.resolve("overlay")).only("HorizontalPodAutoscaler").at("/spec/metrics");
    assertThat(metrics).hasSize(2);
    JsonNode rule =
        new YAMLMapper()
            .readTree(Path.of("k8s/components/scale-by-decisions/adapter-rules.yaml").toFile())
            .at("/rules/custom/0");
    assertThat(metrics.at("/1/pods/metric/name")).isEqualTo(rule.at("/name/as"));
    assertThat(rule.at("/seriesQuery").asText())
        .startsWith("authgear_auth_decision_seconds_count{");
    assertThat(Files.readString(Path.of("docs/metrics.md")))
        .contains("| `authgear_auth_decision_seconds` | histogram |");
  }
}
