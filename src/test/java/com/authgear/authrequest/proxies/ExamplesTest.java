package com.authgear.authrequest.proxies;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.principal.IdentityHeader;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The configurations of proxies that have no package to try them with, against what their
 * documentation says, and what all configurations have in common.
 */
class ExamplesTest {

  private static final String SERVICE =
      "http://authgear-auth-request.authgear-auth.svc.cluster.local:8080";
  private static final Pattern HEADER = Pattern.compile("(?i)x-authgear-[a-z-]*[a-z]");

  private static List<String> identity() {
    return Arrays.stream(IdentityHeader.values()).map(IdentityHeader::headerName).toList();
  }

  /** Every file that must name all identity headers. */
  static List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    for (String folder : List.of("examples", "k8s/examples", "nginx/authgear")) {
      try (Stream<Path> all = Files.walk(Path.of(folder))) {
        all.filter(Files::isRegularFile)
            .filter(file -> !file.toString().endsWith(".md"))
            // Backends, which read what they need.
            .filter(file -> !file.startsWith("examples/mcp"))
            .filter(file -> HEADER.matcher(uncommented(file)).find())
            .forEach(files::add);
      }
    }
    return files;
  }

  private static String uncommented(Path file) {
    try {
      return Files.readString(file).replaceAll("(?m)^\\s*(#|--).*$", "");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void files_areThoseOfAllProxies() throws IOException {
    assertThat(files().stream().map(Path::toString))
        .contains(
            "examples/caddy/Caddyfile",
            "examples/envoy/envoy.yaml",
            "examples/haproxy/authgear.lua",
            "examples/traefik/dynamic.yaml",
            "k8s/examples/envoy-gateway/securitypolicy.yaml",
            "k8s/examples/gateway-api/httproute.yaml",
            "k8s/examples/ingress-nginx/ingress.yaml",
            "k8s/examples/istio/istiod-values.yaml",
            "k8s/examples/nginx-ingress-controller/virtualserver.yaml",
            "k8s/examples/traefik/middleware.yaml",
            "nginx/authgear/identity.conf",
            "nginx/authgear/public.conf");
  }

  @ParameterizedTest
  @MethodSource("files")
  void file_namesEveryIdentityHeader_andNoOther(Path file) {
    Set<String> named = new HashSet<>();
    Matcher matcher = HEADER.matcher(uncommented(file));
    while (matcher.find()) {
      named.add(matcher.group().toLowerCase(Locale.ROOT));
    }
    named.remove("x-authgear-session-acr");
    assertThat(named).containsExactlyInAnyOrderElementsOf(identity());
  }

  // ---- The shape of each

  private static List<JsonNode> documents(String file) throws IOException {
    try (var documents =
        new YAMLMapper().readerFor(JsonNode.class).<JsonNode>readValues(Path.of(file).toFile())) {
      return documents.readAll();
    }
  }

  private static JsonNode document(String file) throws IOException {
    List<JsonNode> all = documents(file);
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  private static List<String> texts(JsonNode array) {
    assertThat(array.isArray()).isTrue();
    return StreamSupport.stream(array.spliterator(), false)
        .map(node -> node.isTextual() ? node.asText() : node.toString())
        .toList();
  }

  private static List<String> lower(JsonNode array) {
    return texts(array).stream().map(text -> text.toLowerCase(Locale.ROOT)).toList();
  }

  private static List<String> keys(JsonNode object) {
    assertThat(object.isObject()).as(object.toString()).isTrue();
    return object.propertyStream().map(entry -> entry.getKey()).toList();
  }

  /** Fields as in doc.traefik.io/traefik/reference/routing-configuration/http/middlewares. */
  private static void assertForwardAuth(JsonNode forwardAuth) {
    assertThat(keys(forwardAuth))
        .isSubsetOf(
            "address",
            "authRequestHeaders",
            "authResponseHeaders",
            "authResponseHeadersRegex",
            "trustForwardHeader",
            "addAuthCookiesToResponse",
            "maxResponseBodySize")
        .doesNotContain("forwardBody", "preserveRequestMethod");
    assertThat(forwardAuth.at("/trustForwardHeader").asBoolean(true)).isFalse();
    assertThat(forwardAuth.at("/address").asText()).doesNotContain("?");
    assertThat(lower(forwardAuth.at("/authResponseHeaders")))
        .containsExactlyInAnyOrderElementsOf(identity());
    assertThat(lower(forwardAuth.at("/authRequestHeaders"))).contains("authorization", "cookie");
    // Go's syntax, which Java shares here: any spelling of a client's header is removed.
    Pattern removed = Pattern.compile(forwardAuth.at("/authResponseHeadersRegex").asText());
    for (String spelling :
        List.of("X-Authgear-User-Id", "X_authgear_user_id", "X.AUTHGEAR.ROLES")) {
      assertThat(removed.matcher(spelling).find()).as(spelling).isTrue();
    }
    assertThat(removed.matcher("Authorization").find()).isFalse();
    assertThat(texts(forwardAuth.at("/addAuthCookiesToResponse")))
        .containsExactlyInAnyOrder("session", "app_session", "app_access_token");
  }

  @Test
  void traefikFile_everyRouterAsks_andTheWidestAsksForUsers() throws IOException {
    JsonNode http = document("examples/traefik/dynamic.yaml").at("/http");
    assertThat(keys(http)).containsExactlyInAnyOrder("routers", "middlewares", "services");
    for (String name : keys(http.at("/routers"))) {
      JsonNode router = http.at("/routers").path(name);
      assertThat(keys(router))
          .containsExactlyInAnyOrder(
              "rule", "priority", "entryPoints", "middlewares", "service", "tls");
      assertThat(texts(router.at("/middlewares"))).hasSize(2).startsWith("authgear-headers");
      assertThat(http.at("/middlewares").has(texts(router.at("/middlewares")).getLast())).isTrue();
    }
    assertThat(http.at("/routers/site/rule").asText()).isEqualTo("PathPrefix(`/`)");
    assertThat(http.at("/routers/site/middlewares/1").asText()).isEqualTo("authgear-user");
    assertThat(http.at("/routers/admin/priority").asInt())
        .isGreaterThan(http.at("/routers/site/priority").asInt());
    assertThat(http.at("/routers/parameters/rule").asText())
        .isEqualTo("PathRegexp(`[;\\\\]|%[0-9a-fA-F][0-9a-fA-F]`)");
    assertThat(http.at("/routers/admin/rule").asText())
        .isEqualTo("PathRegexp(`(?i)^/admin([^\\w-]|$)`)");
    assertThat(http.at("/routers/parameters/middlewares/1").asText()).isEqualTo("authgear-admin");
    assertThat(keys(http.at("/routers")))
        .filteredOn(router -> !router.equals("parameters"))
        .allSatisfy(
            router ->
                assertThat(http.at("/routers/" + router + "/priority").asInt())
                    .isLessThan(http.at("/routers/parameters/priority").asInt()));
    assertHeaders(http.at("/middlewares/authgear-headers/headers"));
    for (String name : keys(http.at("/middlewares"))) {
      if (name.equals("authgear-headers")) {
        continue;
      }
      JsonNode forwardAuth = http.at("/middlewares").path(name).at("/forwardAuth");
      assertForwardAuth(forwardAuth);
      assertThat(forwardAuth.at("/address").asText())
          .isEqualTo("http://authgear-auth-request:8080/auth/" + name.substring(9));
    }
  }

  /** Fields as in doc.traefik.io, middlewares, headers: an empty value removes. */
  private static void assertHeaders(JsonNode headers) {
    assertThat(headers.at("/customRequestHeaders").propertyStream())
        .allSatisfy(entry -> assertThat(entry.getValue().asText("x")).isEmpty())
        .extracting(entry -> entry.getKey())
        .contains("Forwarded", "X-Original-Url", "X-Rewrite-Url", "X-Forwarded-Prefix");
    assertThat(headers.at("/customResponseHeaders/X-Auth-Reason").asText("x")).isEmpty();
  }

  @Test
  void traefikEntryPoint_refusesWhatMayBeASlashOrAnEnd() throws IOException {
    JsonNode http = document("examples/traefik/static.yaml").at("/entryPoints/websecure/http");
    for (String character : List.of("Slash", "BackSlash", "NullCharacter", "Semicolon")) {
      assertThat(http.at("/encodedCharacters/allowEncoded" + character).asBoolean(true)).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"static.yaml", "ingress-nginx-mode.yaml"})
  void traefikEntryPoints_trustNoClient_andDropAliases(String file) throws IOException {
    JsonNode configuration = document("examples/traefik/" + file);
    JsonNode entryPoint = configuration.at("/entryPoints/websecure");
    assertThat(entryPoint.at("/http/aliasHeadersStrategy").asText()).isEqualTo("delete");
    assertThat(entryPoint.has("forwardedHeaders")).isFalse();
    assertThat(keys(configuration.at("/providers")))
        .containsAnyOf("file", "kubernetesIngressNGINX")
        .hasSize(1);
  }

  @Test
  void traefikMiddleware_asksTheServiceOfTheOverlay() throws IOException {
    JsonNode middleware = document("k8s/examples/traefik/middleware.yaml");
    assertThat(middleware.at("/apiVersion").asText()).isEqualTo("traefik.io/v1alpha1");
    assertThat(middleware.at("/kind").asText()).isEqualTo("Middleware");
    JsonNode forwardAuth = middleware.at("/spec/forwardAuth");
    assertForwardAuth(forwardAuth);
    assertThat(forwardAuth.at("/address").asText()).isEqualTo(SERVICE + "/auth/admin");
    assertHeaders(document("k8s/examples/traefik/headers.yaml").at("/spec/headers"));
    JsonNode routes = document("k8s/examples/traefik/ingressroute.yaml").at("/spec/routes");
    for (JsonNode route : routes) {
      assertThat(route.at("/middlewares/0/name").asText()).isEqualTo("authgear-headers");
      assertThat(route.at("/middlewares/1/name").asText())
          .isEqualTo(middleware.at("/metadata/name").asText());
    }
  }

  /** Fields as in gateway.envoyproxy.io/docs/api/extension_types. */
  @Test
  void envoyGateway_asksByPolicyPrefix_andFailsClosed() throws IOException {
    JsonNode policy = document("k8s/examples/envoy-gateway/securitypolicy.yaml");
    assertThat(policy.at("/apiVersion").asText()).isEqualTo("gateway.envoyproxy.io/v1alpha1");
    JsonNode extAuth = policy.at("/spec/extAuth");
    assertThat(keys(extAuth))
        .containsExactlyInAnyOrder("failOpen", "statusOnError", "headersToExtAuth", "http");
    assertThat(extAuth.at("/statusOnError").asInt()).isEqualTo(503);
    assertThat(extAuth.at("/failOpen").asBoolean(true)).isFalse();
    assertThat(texts(extAuth.at("/headersToExtAuth"))).contains("authorization", "cookie");
    JsonNode http = extAuth.at("/http");
    assertThat(keys(http)).containsExactlyInAnyOrder("backendRefs", "path", "headersToBackend");
    assertThat(http.at("/path").asText()).isEqualTo("/ext-authz/admin");
    assertThat(texts(http.at("/headersToBackend"))).containsExactlyInAnyOrderElementsOf(identity());
    assertBackendRef(http.at("/backendRefs/0"));
    assertGrant("gateway.envoyproxy.io", "SecurityPolicy");

    JsonNode traffic = document("k8s/examples/envoy-gateway/clienttrafficpolicy.yaml").at("/spec");
    assertThat(traffic.at("/headers/withUnderscoresAction").asText()).isEqualTo("RejectRequest");
    List<Pattern> removed =
        StreamSupport.stream(
                traffic.at("/headers/earlyRequestHeaders/removeOnMatch").spliterator(), false)
            .map(match -> Pattern.compile(match.at("/value").asText()))
            .toList();
    assertRemoved(name -> removed.stream().anyMatch(each -> each.matcher(name).matches()));
    assertThat(traffic.at("/path/escapedSlashesAction").asText()).isEqualTo("RejectRequest");
  }

  private static void assertRemoved(Predicate<String> removed) {
    for (String name : identity()) {
      for (char dash : "-._~!#$%&'*+^`|".toCharArray()) {
        assertThat(removed).accepts(name.replace('-', dash));
      }
    }
    assertThat(removed)
        .accepts("forwarded", "x-original-url", "x-rewrite-url", "x-forwarded-host", "x_real.ip")
        .rejects(":path", ":authority", "authorization", "cookie", "host", "upgrade", "accept");
  }

  /** Fields as in gateway-api.sigs.k8s.io/geps/gep-1494. */
  @Test
  void gatewayApi_asksByPolicyPrefix() throws IOException {
    JsonNode filters =
        document("k8s/examples/gateway-api/httproute.yaml").at("/spec/rules/0/filters");
    assertThat(filters).hasSize(1);
    assertThat(filters.at("/0/type").asText()).isEqualTo("ExternalAuth");
    JsonNode auth = filters.at("/0/externalAuth");
    assertThat(keys(auth)).containsExactlyInAnyOrder("protocol", "backendRef", "http");
    assertThat(auth.at("/protocol").asText()).isEqualTo("HTTP");
    assertBackendRef(auth.at("/backendRef"));
    assertThat(keys(auth.at("/http")))
        .containsExactlyInAnyOrder("path", "allowedHeaders", "allowedResponseHeaders");
    assertThat(auth.at("/http/path").asText()).isEqualTo("/ext-authz/admin");
    assertThat(texts(auth.at("/http/allowedHeaders"))).contains("Cookie");
    assertThat(texts(auth.at("/http/allowedResponseHeaders")))
        .containsExactlyInAnyOrderElementsOf(identity());
    assertGrant("gateway.networking.k8s.io", "HTTPRoute");
    JsonNode carried = document("k8s/examples/gateway-api/referencegrant.yaml");
    assertThat(carried.at("/metadata/namespace").asText()).isEqualTo("authgear-auth");
    assertThat(carried.at("/spec/from/0/kind").asText()).isEqualTo("HTTPRoute");
    assertThat(carried.at("/spec/to/0/name").asText()).isEqualTo("authgear-auth-request");
  }

  private static void assertBackendRef(JsonNode backendRef) {
    assertThat(backendRef.at("/name").asText()).isEqualTo("authgear-auth-request");
    assertThat(backendRef.at("/namespace").asText()).isEqualTo("authgear-auth");
    assertThat(backendRef.at("/port").asInt()).isEqualTo(8080);
  }

  private static void assertGrant(String group, String kind) throws IOException {
    JsonNode grant = document("k8s/components/gateway-api/referencegrant.yaml");
    assertThat(grant.at("/spec/from"))
        .anySatisfy(
            from -> {
              assertThat(from.at("/group").asText()).isEqualTo(group);
              assertThat(from.at("/kind").asText()).isEqualTo(kind);
            });
    assertThat(grant.at("/spec/to/0/name").asText()).isEqualTo("authgear-auth-request");
  }

  /** Fields as in docs.nginx.com/nginx-ingress-controller/configuration/policy-resource. */
  @Test
  void f5Policy_setsEachHeaderToWhatTheServiceSaid() throws IOException {
    JsonNode auth = document("k8s/examples/nginx-ingress-controller/policy.yaml").at("/spec");
    assertThat(keys(auth)).containsExactly("externalAuth");
    auth = auth.at("/externalAuth");
    assertThat(keys(auth))
        .containsExactlyInAnyOrder(
            "authURI", "authServiceName", "authServicePorts", "authSnippets");
    assertThat(auth.at("/authURI").asText()).isEqualTo("/auth/admin");
    assertThat(auth.at("/authServiceName").asText())
        .isEqualTo("authgear-auth/authgear-auth-request");
    assertThat(auth.at("/authServicePorts/0").asInt()).isEqualTo(8080);
    JsonNode route =
        document("k8s/examples/nginx-ingress-controller/virtualserver.yaml").at("/spec/routes/0");
    for (String header : identity()) {
      String name = header.substring("x-authgear-".length()).replace('-', '_');
      // The snippets of the policy reach the question only.
      assertThat(auth.at("/authSnippets").asText()).doesNotContain(header);
      assertThat(route.at("/location-snippets").asText().lines())
          .contains(
              "auth_request_set $authgear_" + name + " $upstream_http_x_authgear_" + name + ";",
              "proxy_set_header " + header + " $authgear_" + name + ";");
    }
    assertThat(route.at("/location-snippets").asText().lines())
        .contains("proxy_set_header X-Original-URL \"\";", "proxy_set_header X-Rewrite-URL \"\";");
  }

  /** The same lines as nginx/authgear/http.conf has in its map. */
  @Test
  void nginxControllers_refuseThePathsThatTheShippedNginxRefuses() throws IOException {
    List<String> patterns =
        Files.readAllLines(Path.of("nginx/authgear/http.conf")).stream()
            .map(Pattern.compile("\\s*\"(~\\*?)(\\^\\[\\^\\?].*)\"\\s+1;")::matcher)
            .filter(Matcher::matches)
            .map(
                line ->
                    "if ($request_uri "
                        + line.group(1)
                        + " \""
                        + line.group(2)
                        + "\") { return 400; }")
            .toList();
    assertThat(patterns).hasSize(6);
    String f5 =
        document("k8s/examples/nginx-ingress-controller/virtualserver.yaml")
            .at("/spec/server-snippets")
            .asText();
    String community =
        documents("k8s/examples/ingress-nginx-controller/configmap.yaml")
            .getFirst()
            .at("/data/server-snippet")
            .asText();
    for (String snippet : List.of(f5, community)) {
      assertThat(snippet.lines())
          .containsAll(patterns)
          .contains("if ($http_upgrade !~* \"^(websocket)?$\") { return 400; }");
    }
  }

  /** Fields as in envoyproxy.io/docs/envoy/latest/api-v3, ext_authz.proto. */
  @Test
  void envoy_asksByPolicyPrefix_failsClosed_andRemovesFirst() throws IOException {
    JsonNode manager =
        document("examples/envoy/envoy.yaml")
            .at("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config");
    assertThat(manager.at("/normalize_path").asBoolean()).isTrue();
    assertThat(manager.at("/merge_slashes").asBoolean()).isTrue();
    assertThat(manager.at("/path_with_escaped_slashes_action").asText())
        .isEqualTo("REJECT_REQUEST");
    assertThat(manager.at("/common_http_protocol_options/headers_with_underscores_action").asText())
        .isEqualTo("DROP_HEADER");
    JsonNode mutations = manager.at("/early_header_mutation_extensions/0/typed_config/mutations");
    assertThat(mutations).hasSize(4);

    List<JsonNode> asking =
        StreamSupport.stream(manager.at("/http_filters").spliterator(), false)
            .filter(filter -> filter.at("/typed_config/@type").asText().endsWith("ExtAuthz"))
            .toList();
    assertThat(asking.stream().map(filter -> filter.at("/typed_config/http_service/path_prefix")))
        .extracting(JsonNode::asText)
        .containsExactly("/ext-authz/user", "/ext-authz/admin", "/ext-authz/guest");
    for (JsonNode filter : asking) {
      JsonNode config = filter.at("/typed_config");
      assertThat(keys(config))
          .containsExactlyInAnyOrder(
              "@type",
              "transport_api_version",
              "failure_mode_allow",
              "status_on_error",
              "clear_route_cache",
              "allowed_headers",
              "http_service");
      assertThat(config.at("/failure_mode_allow").asBoolean(true)).isFalse();
      assertThat(patterns(config.at("/allowed_headers"))).contains("authorization", "cookie");
      JsonNode response = config.at("/http_service/authorization_response");
      assertThat(patterns(response.at("/allowed_upstream_headers")))
          .containsExactlyInAnyOrderElementsOf(identity());
      assertThat(patterns(response.at("/allowed_client_headers")))
          .containsExactlyInAnyOrder("www-authenticate", "set-cookie");
      assertThat(config.at("/http_service/server_uri/timeout").asText()).isEqualTo("5s");
    }
    assertThat(asking.getFirst().has("disabled")).isFalse();
  }

  private static List<String> patterns(JsonNode matcher) {
    return StreamSupport.stream(matcher.at("/patterns").spliterator(), false)
        .map(pattern -> pattern.at("/exact").asText())
        .toList();
  }
}
