package com.authgear.authrequest.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.config.JavalinConfig;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The description of what is protected (RFC 9728), by which OAuth clients find Authgear without
 * being told.
 *
 * @param resource the resource identifier, an absolute URL without query or fragment
 * @param authorizationServer Authgear's public origin
 * @param bearerMethods where a token may stand (RFC 6750): {@code header}, {@code query}
 */
public record ResourceMetadata(URI resource, URI authorizationServer, List<String> bearerMethods) {

  private static final String WELL_KNOWN = "/.well-known/oauth-protected-resource";

  /** Where the description is: the well-known path goes before the resource's own (§3.1). */
  public URI url() {
    return resource.resolve(path());
  }

  private String path() {
    return WELL_KNOWN + (resource.getRawPath() == null ? "" : resource.getRawPath());
  }

  void serve(JavalinConfig config) {
    String json = json();
    config.routes.get(
        path(),
        ctx ->
            ctx.contentType("application/json")
                .header("Cache-Control", "public, max-age=3600")
                .header("Access-Control-Allow-Origin", "*")
                .result(json));
  }

  private String json() {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("resource", resource.toString());
    members.put("authorization_servers", List.of(authorizationServer.toString()));
    members.put("bearer_methods_supported", bearerMethods);
    try {
      return new ObjectMapper().writeValueAsString(members);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a map of texts is JSON", e);
    }
  }
}
