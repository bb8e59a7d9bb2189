package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.principal.IdentityHeader;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.io.IOException;
import java.net.URI;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a real project answers too, as far as this service asks for it. */
final class AuthgearRoutes {

  static final String DISCOVERY = "/.well-known/openid-configuration";
  static final String JWKS = "/oauth2/jwks";
  static final String RESOLVER = "/_resolver/resolve";
  static final String RESOLVER_ITSELF = "/resolve";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Sandbox sandbox;
  private final Traffic traffic;

  AuthgearRoutes(Sandbox sandbox, Traffic traffic) {
    this.sandbox = sandbox;
    this.traffic = traffic;
  }

  void register(RoutesConfig routes) {
    serve(routes, DISCOVERY, Endpoint.DISCOVERY, ctx -> json(ctx, discovery()));
    serve(routes, JWKS, Endpoint.KEYS, ctx -> json(ctx, sandbox.project().jwks()));
    serve(routes, RESOLVER, Endpoint.RESOLVER, this::resolve);
    serve(routes, RESOLVER_ITSELF, Endpoint.RESOLVER, this::resolve);
  }

  /** Which endpoint a path is; null for the sandbox's own. */
  static @Nullable Endpoint endpointAt(String path) {
    return switch (path) {
      case DISCOVERY -> Endpoint.DISCOVERY;
      case JWKS -> Endpoint.KEYS;
      case RESOLVER, RESOLVER_ITSELF -> Endpoint.RESOLVER;
      default -> null;
    };
  }

  private void serve(RoutesConfig routes, String path, Endpoint endpoint, Handler answer) {
    Handler handler = traffic.through(endpoint, atPublicOrigin(answer));
    routes.get(path, handler);
    // Without this, Javalin answers HEAD with 200 and does not ask the handler.
    routes.head(path, handler);
  }

  /** Authgear finds the project by the host, then insists on the project's public origin. */
  private Handler atPublicOrigin(Handler answer) {
    return ctx -> {
      String scheme = firstOf(ctx.header("X-Forwarded-Proto"), "http");
      String host = firstOf(ctx.header("X-Forwarded-Host"), ctx.header("Host"));
      if ((scheme + "://" + host).equals(sandbox.origin())) {
        answer.handle(ctx);
      } else if (knownHosts().contains(host)) {
        String query = ctx.queryString();
        ctx.status(307)
            .header("Location", sandbox.origin() + ctx.path() + (query == null ? "" : "?" + query))
            .result("Temporary Redirect\n");
      } else {
        ctx.status(404).result("app not found\n");
      }
    };
  }

  /** The public host, and the addresses by which a caller inside the network reaches it. */
  private List<String> knownHosts() {
    return List.of(
        URI.create(sandbox.origin()).getAuthority(),
        URI.create(sandbox.address()).getAuthority(),
        "localhost:" + sandbox.port());
  }

  private Map<String, Object> discovery() {
    String origin = sandbox.origin();
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("issuer", origin);
    document.put("authorization_endpoint", origin + "/oauth2/authorize");
    document.put("token_endpoint", origin + "/oauth2/token");
    document.put("userinfo_endpoint", origin + "/oauth2/userinfo");
    document.put("revocation_endpoint", origin + "/oauth2/revoke");
    document.put("end_session_endpoint", origin + "/oauth2/end_session");
    document.put("jwks_uri", origin + JWKS);
    document.put(
        "scopes_supported",
        List.of("openid", "offline_access", "https://authgear.com/scopes/full-access"));
    document.put("response_types_supported", List.of("code", "none"));
    document.put("grant_types_supported", List.of("authorization_code", "refresh_token"));
    document.put("subject_types_supported", List.of("public"));
    document.put("id_token_signing_alg_values_supported", List.of("RS256"));
    document.put("claims_supported", List.of("iss", "aud", "iat", "exp", "sub"));
    document.put("code_challenge_methods_supported", List.of("S256"));
    return document;
  }

  private void resolve(Context ctx) {
    Map<String, String> cookies = cookies(ctx);
    switch (sandbox.project().resolve(bearer(ctx.header("Authorization")), cookies)) {
      case Resolution.Absent() -> {}
      case Resolution.Invalid() -> {
        set(ctx, IdentityHeader.SESSION_VALID, "false");
        String name = sandbox.project().cookiePrefix() + "session";
        if (cookies.containsKey(name)) {
          ctx.addHeader("Set-Cookie", clearing(name));
        }
      }
      case Resolution.Valid(var user, var amr, var authenticatedAt) -> {
        set(ctx, IdentityHeader.SESSION_VALID, "true");
        set(ctx, IdentityHeader.USER_ID, user.id());
        set(ctx, IdentityHeader.USER_ANONYMOUS, Boolean.toString(user.anonymous()));
        set(ctx, IdentityHeader.USER_VERIFIED, Boolean.toString(user.verified()));
        set(
            ctx,
            IdentityHeader.USER_CAN_REAUTHENTICATE,
            Boolean.toString(user.canReauthenticate()));
        if (!user.roles().isEmpty()) {
          set(ctx, IdentityHeader.USER_ROLES, String.join(",", user.roles()));
        }
        set(ctx, IdentityHeader.SESSION_AMR, String.join(" ", amr));
        if (authenticatedAt != null) {
          set(
              ctx,
              IdentityHeader.SESSION_AUTHENTICATED_AT,
              Long.toString(authenticatedAt.getEpochSecond()));
        }
      }
    }
  }

  private String clearing(String cookie) {
    return cookie
        + "=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly"
        + (sandbox.origin().startsWith("https:") ? "; Secure" : "")
        + "; SameSite=Lax";
  }

  private static void set(Context ctx, IdentityHeader header, String value) {
    ctx.header(header.headerName(), value);
  }

  private static @Nullable String bearer(@Nullable String authorization) {
    int space = authorization == null ? -1 : authorization.indexOf(' ');
    return authorization != null
            && space >= 0
            && authorization.substring(0, space).toLowerCase(Locale.ROOT).equals("bearer")
        ? authorization.substring(space + 1)
        : null;
  }

  /** The first of several cookies of one name counts. */
  private static Map<String, String> cookies(Context ctx) {
    Map<String, String> cookies = new LinkedHashMap<>();
    for (String header : Collections.list(ctx.req().getHeaders("Cookie"))) {
      for (String pair : header.split(";", -1)) {
        int equals = pair.indexOf('=');
        if (equals > 0) {
          cookies.putIfAbsent(
              pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
        }
      }
    }
    return cookies;
  }

  private static void json(Context ctx, Map<String, Object> document) throws IOException {
    ctx.contentType("application/json").result(JSON.writeValueAsBytes(document));
  }

  private static @Nullable String firstOf(@Nullable String value, @Nullable String otherwise) {
    return value == null || value.isEmpty() ? otherwise : value;
  }
}
