package com.authgear.authrequest.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.credential.TokenCarriers;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.trace.Tracing;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.Javalin;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RFC 9728, as OAuth clients such as those of MCP read it. */
class ResourceMetadataTest {
  private @Nullable Javalin server;

  private static ResourceMetadata of(String resource) {
    return new ResourceMetadata(
        URI.create(resource), URI.create("https://auth.example"), List.of("header"));
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.stop();
    }
  }

  private HttpResponse<String> get(@Nullable ResourceMetadata metadata, String path)
      throws Exception {
    AuthHandler handler =
        new AuthHandler(
            new CredentialExtractor("", TokenCarriers.NONE),
            new Requirements(Map.of(), List.of("aud"), Set.of(), "aud"),
            new AuthHandlerTest.Answering(() -> null, () -> AuthHandlerTest.GOOD),
            new AuthHandler.Speech(List.of(), 3072, ProtectionSpace.UNNAMED, Duration.ZERO),
            InstantSource.system(),
            AuthHandlerTest.UNHEARD,
            Tracing.OFF);
    Javalin started = Servers.auth(handler, "127.0.0.1", 0, null, metadata).start();
    server = started;
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + started.port() + path)).build(),
          BodyHandlers.ofString());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "https://a.example, https://a.example/.well-known/oauth-protected-resource",
    "https://a.example/v1, https://a.example/.well-known/oauth-protected-resource/v1",
    "https://a.example:8443/, https://a.example:8443/.well-known/oauth-protected-resource/"
  })
  void url_isTheWellKnownPathBeforeTheResources(String resource, String url) {
    assertThat(of(resource).url()).hasToString(url);
  }

  @Test
  void get_describesTheResource() throws Exception {
    HttpResponse<String> answer =
        get(of("https://a.example/v1"), "/.well-known/oauth-protected-resource/v1");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type")).contains("application/json");
    assertThat(answer.headers().firstValue("access-control-allow-origin")).contains("*");
    assertThat(new ObjectMapper().readTree(answer.body()))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {
                      "resource": "https://a.example/v1",
                      "authorization_servers": ["https://auth.example"],
                      "bearer_methods_supported": ["header"]
                    }
                    """));
  }

  @Test
  void get_otherResource_isNotFound() throws Exception {
    assertThat(
            get(of("https://a.example/v1"), "/.well-known/oauth-protected-resource").statusCode())
        .isEqualTo(404);
  }

  @Test
  void get_noResourceNamed_isNotFound() throws Exception {
    assertThat(get(null, "/.well-known/oauth-protected-resource").statusCode()).isEqualTo(404);
  }
}
