package com.authgear.authrequest.http;

import com.authgear.authrequest.requirement.Requirements.Described;
import com.authgear.authrequest.requirement.Resource;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The descriptions of what is protected (RFC 9728), by which OAuth clients find Authgear without
 * being told. Each resource has its own, at the well-known path before the resource's.
 */
public final class ResourceMetadata {

  private record Entry(URI resource, String path, String json) {}

  private final List<Entry> entries = new ArrayList<>();

  /**
   * @param resources what there is to describe
   * @param authorizationServer Authgear's public origin
   * @param bearerMethods where a token may stand (RFC 6750): {@code header}, {@code query}
   */
  public ResourceMetadata(
      List<Described> resources, URI authorizationServer, List<String> bearerMethods) {
    for (Described described : resources) {
      Resource resource = described.resource();
      entries.add(
          new Entry(
              resource.id(),
              resource.metadataPath(),
              json(described, authorizationServer, bearerMethods)));
    }
  }

  void serve(JavalinConfig config) {
    for (String path : List.of(Resource.WELL_KNOWN, Resource.WELL_KNOWN + "/*")) {
      config.routes.get(path, this::answer);
      config.routes.head(path, this::answer);
      config.routes.options(path, this::answer);
    }
  }

  /** Everybody may read it, from a page of any origin, too: there is nothing secret in it. */
  private void answer(Context ctx) {
    String json = find(ctx.req().getRequestURI(), ctx.host());
    if (json == null) {
      ctx.status(404);
      return;
    }
    ctx.header("Access-Control-Allow-Origin", "*");
    if (ctx.method().equals(HandlerType.OPTIONS)) {
      ctx.status(204)
          .header("Access-Control-Allow-Methods", "GET")
          // Clients of MCP send their version here too, so browsers ask before.
          .header("Access-Control-Allow-Headers", "*")
          .header("Access-Control-Max-Age", "86400");
      return;
    }
    ctx.contentType("application/json")
        .header("Cache-Control", "public, max-age=3600")
        .result(json);
  }

  /**
   * The description at a path. The host decides only where resources of several hosts share the
   * path: a proxy may have put a name of its own there.
   */
  private @Nullable String find(String path, @Nullable String host) {
    List<Entry> here = at(path);
    if (here.isEmpty()) {
      // Some clients add a slash to the resource's URL, or drop it.
      here = at(path.endsWith("/") ? path.substring(0, path.length() - 1) : path + "/");
    }
    if (here.size() == 1) {
      return here.getFirst().json;
    }
    String asked = host == null ? "" : host.toLowerCase(Locale.ROOT);
    List<Entry> exact = here.stream().filter(e -> asked.equals(authority(e.resource))).toList();
    if (exact.size() == 1) {
      return exact.getFirst().json;
    }
    // nginx's $host has no port.
    String name = asked.replaceFirst(":[0-9]*$", "");
    List<Entry> named = here.stream().filter(e -> name.equals(e.resource.getHost())).toList();
    return named.size() == 1 ? named.getFirst().json : null;
  }

  private List<Entry> at(String path) {
    return entries.stream().filter(entry -> entry.path.equals(path)).toList();
  }

  private static String authority(URI resource) {
    return resource.getPort() < 0
        ? resource.getHost()
        : resource.getHost() + ":" + resource.getPort();
  }

  private static String json(Described described, URI authorizationServer, List<String> methods) {
    Resource resource = described.resource();
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("resource", resource.id().toString());
    members.put("authorization_servers", List.of(authorizationServer.toString()));
    members.put("scopes_supported", described.scopes());
    members.put("bearer_methods_supported", methods);
    if (resource.name() != null) {
      members.put("resource_name", resource.name());
    }
    if (resource.documentation() != null) {
      members.put("resource_documentation", resource.documentation().toString());
    }
    try {
      return new ObjectMapper().writeValueAsString(members);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a map of texts is JSON", e);
    }
  }
}
