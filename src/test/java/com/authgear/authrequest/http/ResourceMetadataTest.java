package com.authgear.authrequest.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.RequirementParser;
import com.authgear.authrequest.requirement.RequirementParser.Valid;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.requirement.Resource;
import com.authgear.authrequest.trace.Tracing;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.Javalin;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 9728, as OAuth clients such as those of MCP read it. */
class ResourceMetadataTest {
  private static final String WELL_KNOWN = "/.well-known/oauth-protected-resource";
  private static final String A = "resource=https://a.example/mcp";
  private static final ResourceMetadata HOSTS =
      of(
          A,
          "resource=https://b.example:8443/mcp",
          "resource=https://c.example:1/mcp",
          "resource=https://c.example:2/mcp");

  private @Nullable Javalin server;

  private static ResourceMetadata of(String... policies) {
    Map<String, Requirement> parsed = new HashMap<>();
    for (int i = 0; i < policies.length; i++) {
      Valid valid = (Valid) RequirementParser.parse(policies[i]);
      parsed.put("p" + i, valid.requirement());
    }
    return new ResourceMetadata(
        new Requirements(parsed, List.of("aud"), Set.of(), "https://auth.example").resources(),
        URI.create("https://auth.example"),
        List.of("header"));
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.stop();
    }
  }

  private HttpMessage get(@Nullable ResourceMetadata metadata, String path) throws Exception {
    return send("GET", metadata, path, "127.0.0.1");
  }

  private HttpMessage send(
      String method, @Nullable ResourceMetadata metadata, String path, String host)
      throws Exception {
    AuthHandler handler =
        new AuthHandler(
            new CredentialExtractor("", TokenCarriers.NONE),
            OriginalUri.UNTOLD,
            new Requirements(Map.of(), List.of("aud"), Set.of(), "aud"),
            new AuthHandlerTest.Answering(() -> null, () -> AuthHandlerTest.GOOD),
            new AuthResponder(List.of(), 3072),
            new AuthHandler.ResponseOptions(ProtectionSpace.UNNAMED, Duration.ZERO),
            InstantSource.system(),
            AuthHandlerTest.UNHEARD,
            Tracing.OFF);
    Javalin started = Servers.auth(handler, "127.0.0.1", 0, null, metadata).start();
    server = started;
    try (RawClient client = new RawClient(started.port())) {
      return client.sendHead(method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    } finally {
      started.stop();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "https://a.example, https://a.example/.well-known/oauth-protected-resource",
    "https://a.example/v1, https://a.example/.well-known/oauth-protected-resource/v1",
    "https://a.example:8443/, https://a.example:8443/.well-known/oauth-protected-resource/"
  })
  void url_isTheWellKnownPathBeforeTheResources(String resource, String url) {
    assertThat(Resource.of(URI.create(resource)).metadata()).hasToString(url);
  }

  @Test
  void get_describesTheResource() throws Exception {
    HttpMessage answer =
        get(
            of(
                "resource=https://a.example/v1&scope=openid&scope=mcp:use,mcp:all"
                    + "&resource_name=Caf%C3%A9%20%26%20tools"
                    + "&resource_documentation=https://a.example/docs?a=b"),
            WELL_KNOWN + "/v1");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.values("content-type")).containsExactly("application/json");
    assertThat(answer.values("access-control-allow-origin")).containsExactly("*");
    assertThat(json(answer))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {
                      "resource": "https://a.example/v1",
                      "authorization_servers": ["https://auth.example"],
                      "scopes_supported": ["openid", "mcp:use", "mcp:all"],
                      "bearer_methods_supported": ["header"],
                      "resource_name": "Café & tools",
                      "resource_documentation": "https://a.example/docs?a=b"
                    }
                    """));
  }

  @Test
  void get_severalPoliciesOfOneResource_namesTheScopesOfAll() throws Exception {
    ResourceMetadata metadata =
        of(
            "resource=https://a.example/v1&scope=read",
            "resource=https://a.example/v1&scope=write&resource_name=Tools",
            "resource=https://a.example/v2&scope=other",
            "scope=none");
    assertThat(json(get(metadata, WELL_KNOWN + "/v1")).get("scopes_supported"))
        .map(JsonNode::textValue)
        .containsExactly("openid", "read", "write");
    assertThat(json(get(metadata, WELL_KNOWN + "/v1")).get("resource_name").textValue())
        .isEqualTo("Tools");
    assertThat(json(get(metadata, WELL_KNOWN + "/v2")).get("resource").textValue())
        .isEqualTo("https://a.example/v2");
  }

  @ParameterizedTest
  @CsvSource({
    "a.example, https://a.example/mcp",
    "A.Example:443, https://a.example/mcp",
    "b.example:8443, https://b.example:8443/mcp",
    "b.example, https://b.example:8443/mcp",
    "c.example:1, https://c.example:1/mcp",
    "c.example:2, https://c.example:2/mcp",
  })
  void get_severalHostsWithOnePath_answersForTheHostAsked(String host, String resource)
      throws Exception {
    HttpMessage answer = send("GET", HOSTS, WELL_KNOWN + "/mcp", host);
    assertThat(json(answer).get("resource").textValue()).isEqualTo(resource);
  }

  @ParameterizedTest
  @ValueSource(strings = {"d.example", "c.example", "c.example:3", "authgear-auth"})
  void get_severalHostsWithOnePath_answersForNoOther(String host) throws Exception {
    assertThat(send("GET", HOSTS, WELL_KNOWN + "/mcp", host).status()).isEqualTo(404);
  }

  @Test
  void get_onlyOneResourceAtThePath_anyHostWillDo() throws Exception {
    assertThat(send("GET", of(A), WELL_KNOWN + "/mcp", "authgear-auth").status()).isEqualTo(200);
  }

  @Test
  void get_slashMoreThanTheResource_isTheSame() throws Exception {
    assertThat(get(of(A), WELL_KNOWN + "/mcp/").status()).isEqualTo(200);
  }

  @Test
  void head_isAnsweredAsGet() throws Exception {
    HttpMessage answer = send("HEAD", of(A), WELL_KNOWN + "/mcp", "a.example");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(send("HEAD", of(A), WELL_KNOWN + "/x", "a.example").status()).isEqualTo(404);
  }

  /** Clients of MCP in a browser send their version, which is no simple header. */
  @Test
  void options_letsAPageOfAnyOriginRead() throws Exception {
    HttpMessage answer = send("OPTIONS", of(A), WELL_KNOWN + "/mcp", "a.example");
    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.values("access-control-allow-origin")).containsExactly("*");
    assertThat(answer.values("access-control-allow-methods")).containsExactly("GET");
    assertThat(answer.values("access-control-allow-headers")).containsExactly("*");
  }

  @Test
  void get_otherResource_isNotFound() throws Exception {
    for (String path : List.of("", "/mcp/x", "/MCP", "/m", "/..%2fmcp")) {
      assertThat(get(of(A), WELL_KNOWN + path).status()).as(path).isIn(404, 400);
    }
  }

  @Test
  void get_noResourceNamed_isNotFound() throws Exception {
    assertThat(get(null, WELL_KNOWN).status()).isEqualTo(404);
  }

  private static JsonNode json(HttpMessage answer) throws IOException {
    assertThat(answer.status()).isEqualTo(200);
    return new ObjectMapper().readTree(new String(answer.body().getBytes(ISO_8859_1), UTF_8));
  }
}
