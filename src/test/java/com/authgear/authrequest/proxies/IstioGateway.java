package com.authgear.authrequest.proxies;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.proxies.ProxyProcess.Setup;
import com.authgear.authrequest.support.Installed;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What Istio makes of {@code k8s/examples/istio} for the Envoy of an ingress gateway, as its
 * documentation and its {@code pilot/pkg/security/authz} describe it: each provider of the mesh
 * config is an ext_authz filter, each AuthorizationPolicy a shadow rule of an RBAC filter before
 * it, by whose verdict the question is asked or not; the VirtualService is the route table; the
 * EnvoyFilter is merged into the connection manager. Every value is read from the shipped files.
 */
final class IstioGateway {

  private static final Path FOLDER = Path.of("k8s/examples/istio");
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String TYPE = "type.googleapis.com/envoy.extensions.filters.";

  private IstioGateway() {}

  static RunningProxy start(InetSocketAddress auth, InetSocketAddress backend) {
    Path program = Installed.envoy();
    return ProxyProcess.start(
        (folder, port) -> {
          Path file = folder.resolve("envoy.json");
          Files.writeString(file, configuration(port, auth, backend).toString());
          return new Setup(
              List.of(
                  program.toString(),
                  "--config-path",
                  file.toString(),
                  "--use-dynamic-base-id",
                  "--concurrency",
                  "1",
                  "--log-level",
                  "warn"),
              Map.of());
        });
  }

  private static List<JsonNode> documents(String file) throws IOException {
    try (var documents =
        YAML.readerFor(JsonNode.class).<JsonNode>readValues(FOLDER.resolve(file).toFile())) {
      return documents.readAll();
    }
  }

  private static JsonNode configuration(int port, InetSocketAddress auth, InetSocketAddress backend)
      throws IOException {
    JsonNode mesh = documents("istiod-values.yaml").getFirst().at("/meshConfig");
    ObjectNode manager = JSON.objectNode();
    manager.put("@type", TYPE + "network.http_connection_manager.v3.HttpConnectionManager");
    manager.put("stat_prefix", "istio");
    // Of an ingress gateway.
    manager.put("use_remote_address", true);
    manager.putArray("upgrade_configs").addObject().put("upgrade_type", "websocket");
    switch (mesh.at("/pathNormalization/normalization").asText()) {
      case "MERGE_SLASHES" -> {
        manager.put("normalize_path", true);
        manager.put("merge_slashes", true);
      }
      default -> throw new AssertionError("not written down here: " + mesh);
    }
    JsonNode patch = documents("envoyfilter.yaml").getFirst().at("/spec/configPatches/0");
    assertThat(patch.at("/applyTo").asText()).isEqualTo("NETWORK_FILTER");
    assertThat(patch.at("/patch/operation").asText()).isEqualTo("MERGE");
    manager.setAll((ObjectNode) patch.at("/patch/value/typed_config"));

    ArrayNode filters = manager.putArray("http_filters");
    List<JsonNode> policies = documents("authorizationpolicy.yaml");
    for (JsonNode provider : mesh.at("/extensionProviders")) {
      List<JsonNode> asking =
          policies.stream()
              .filter(policy -> policy.at("/spec/provider/name").equals(provider.at("/name")))
              .toList();
      filters.add(shadow(provider.at("/name").asText(), asking));
      filters.add(question(provider));
    }
    ObjectNode router = filters.addObject();
    router.put("name", "envoy.filters.http.router");
    router.putObject("typed_config").put("@type", TYPE + "http.router.v3.Router");

    ObjectNode host =
        manager.putObject("route_config").putArray("virtual_hosts").addObject().put("name", "x");
    host.putArray("domains").add("*");
    ArrayNode routes = host.putArray("routes");
    for (JsonNode http : documents("virtualservice.yaml").getFirst().at("/spec/http")) {
      JsonNode matches = http.path("match");
      if (matches.isMissingNode()) {
        route(routes, JSON.objectNode().put("prefix", "/"), http);
      }
      for (JsonNode match : matches) {
        assertThat(match.size()).isEqualTo(1);
        route(routes, uri(match.at("/uri")), http);
      }
    }

    ObjectNode root = JSON.objectNode();
    ObjectNode resources = root.putObject("static_resources");
    ObjectNode listener = resources.putArray("listeners").addObject();
    listener.put("name", "gateway");
    listener.set(
        "address", address(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port)));
    ObjectNode filter =
        listener.putArray("filter_chains").addObject().putArray("filters").addObject();
    filter.put("name", "envoy.filters.network.http_connection_manager");
    filter.set("typed_config", manager);
    ArrayNode clusters = resources.putArray("clusters");
    clusters.add(cluster("authgear", auth));
    clusters.add(cluster("backend", backend));
    return root;
  }

  private static ObjectNode uri(JsonNode uri) {
    assertThat(uri.size()).isEqualTo(1);
    ObjectNode match = JSON.objectNode();
    if (uri.has("regex")) {
      match.putObject("safe_regex").set("regex", uri.path("regex"));
    } else if (uri.has("prefix")) {
      match.set("prefix", uri.path("prefix"));
    } else {
      match.put("path", uri.path("exact").asText());
    }
    return match;
  }

  private static void route(ArrayNode routes, ObjectNode match, JsonNode http) {
    ObjectNode route = routes.addObject();
    route.set("match", match);
    if (http.has("directResponse")) {
      route.set("direct_response", http.path("directResponse"));
    } else {
      assertThat(http.at("/route/0/destination/host").asText()).isEqualTo("my-backend");
      route.putObject("route").put("cluster", "backend");
    }
  }

  private static String key(String provider) {
    return provider.replace('-', '_') + "_";
  }

  /** Denies nothing; it writes down whether the policy's rules match. */
  private static ObjectNode shadow(String provider, List<JsonNode> policies) {
    ObjectNode filter = JSON.objectNode();
    filter.put("name", "envoy.filters.http.rbac");
    ObjectNode config = filter.putObject("typed_config");
    config.put("@type", TYPE + "http.rbac.v3.RBAC");
    config.put("shadow_rules_stat_prefix", key(provider));
    ObjectNode rules = config.putObject("shadow_rules");
    rules.put("action", "DENY");
    ObjectNode named = rules.putObject("policies");
    for (JsonNode policy : policies) {
      assertThat(policy.at("/spec/action").asText()).isEqualTo("CUSTOM");
      ObjectNode rule = named.putObject("istio-ext-authz-" + policy.at("/metadata/name").asText());
      rule.putArray("principals").addObject().put("any", true);
      ArrayNode permissions = rule.putArray("permissions");
      for (JsonNode each : policy.at("/spec/rules")) {
        JsonNode operation = each.at("/to/0/operation");
        ArrayNode paths = JSON.arrayNode();
        boolean not = operation.has("notPaths");
        assertThat(operation.size()).isEqualTo(1);
        for (JsonNode path : operation.path(not ? "notPaths" : "paths")) {
          ObjectNode matcher = paths.addObject().putObject("url_path").putObject("path");
          String text = path.asText();
          if (text.endsWith("*")) {
            matcher.put("prefix", text.substring(0, text.length() - 1));
          } else {
            matcher.put("exact", text);
          }
        }
        ObjectNode any = JSON.objectNode();
        any.putObject("or_rules").set("rules", paths);
        permissions.add(not ? JSON.objectNode().set("not_rule", any) : any);
      }
    }
    return filter;
  }

  private static ObjectNode question(JsonNode provider) {
    JsonNode http = provider.at("/envoyExtAuthzHttp");
    assertThat(http.at("/service").asText())
        .isEqualTo("authgear-auth-request.authgear-auth.svc.cluster.local");
    assertThat(http.at("/port").asInt()).isEqualTo(8080);
    ObjectNode filter = JSON.objectNode();
    filter.put("name", "envoy.filters.http.ext_authz");
    ObjectNode config = filter.putObject("typed_config");
    config.put("@type", TYPE + "http.ext_authz.v3.ExtAuthz");
    config.put("transport_api_version", "V3");
    config.put("failure_mode_allow", http.at("/failOpen").asBoolean());
    config.putObject("status_on_error").put("code", http.at("/statusOnError").asInt());
    config.set("allowed_headers", headers(http.at("/includeRequestHeadersInCheck")));
    ObjectNode service = config.putObject("http_service");
    service.set("path_prefix", http.at("/pathPrefix"));
    ObjectNode uri = service.putObject("server_uri");
    uri.put("uri", "http://" + http.at("/service").asText());
    uri.put("cluster", "authgear");
    uri.set("timeout", http.at("/timeout"));
    ObjectNode response = service.putObject("authorization_response");
    response.set("allowed_upstream_headers", headers(http.at("/headersToUpstreamOnAllow")));
    response.set("allowed_client_headers", headers(http.at("/headersToDownstreamOnDeny")));
    response.set(
        "allowed_client_headers_on_success", headers(http.at("/headersToDownstreamOnAllow")));
    ObjectNode enabled = config.putObject("filter_enabled_metadata");
    enabled.put("filter", "envoy.filters.http.rbac");
    enabled
        .putArray("path")
        .addObject()
        .put("key", key(provider.at("/name").asText()) + "shadow_effective_policy_id");
    enabled.putObject("value").putObject("string_match").put("prefix", "istio-ext-authz-");
    return filter;
  }

  private static ObjectNode headers(JsonNode names) {
    assertThat(names.isArray()).isTrue();
    ObjectNode list = JSON.objectNode();
    ArrayNode patterns = list.putArray("patterns");
    for (JsonNode name : names) {
      patterns.addObject().put("exact", name.asText()).put("ignore_case", true);
    }
    return list;
  }

  private static ObjectNode address(InetSocketAddress address) {
    ObjectNode node = JSON.objectNode();
    node.putObject("socket_address")
        .put("address", address.getAddress().getHostAddress())
        .put("port_value", address.getPort());
    return node;
  }

  private static ObjectNode cluster(String name, InetSocketAddress address) {
    ObjectNode cluster = JSON.objectNode();
    cluster.put("name", name);
    cluster.put("connect_timeout", "1s");
    ObjectNode assignment = cluster.putObject("load_assignment");
    assignment.put("cluster_name", name);
    assignment
        .putArray("endpoints")
        .addObject()
        .putArray("lb_endpoints")
        .addObject()
        .putObject("endpoint")
        .set("address", address(address));
    return cluster;
  }
}
