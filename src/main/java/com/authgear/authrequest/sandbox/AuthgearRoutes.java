package com.authgear.authrequest.sandbox;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.io.IOException;
import java.util.Map;

/** What Authgear's main listener answers, as far as this service and its clients ask for it. */
final class AuthgearRoutes {

  static final String DISCOVERY = "/.well-known/openid-configuration";

  /** RFC 8414; Authgear answers the same document. */
  static final String OAUTH_METADATA = "/.well-known/oauth-authorization-server";

  static final String JWKS = "/oauth2/jwks";

  static final Map<String, AuthgearEndpoint> ENDPOINTS =
      Map.of(
          DISCOVERY, AuthgearEndpoint.DISCOVERY,
          OAUTH_METADATA, AuthgearEndpoint.DISCOVERY,
          JWKS, AuthgearEndpoint.KEYS);

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Sandbox sandbox;
  private final Traffic traffic;
  private final BrowserHeaders browserHeaders = new BrowserHeaders();

  AuthgearRoutes(Sandbox sandbox, Traffic traffic) {
    this.sandbox = sandbox;
    this.traffic = traffic;
  }

  void register(RoutesConfig routes) {
    serve(routes, DISCOVERY, ctx -> json(ctx, Discovery.document(sandbox.origin())));
    serve(routes, OAUTH_METADATA, ctx -> json(ctx, Discovery.document(sandbox.origin())));
    serve(routes, JWKS, ctx -> json(ctx, sandbox.project().jwks()));
  }

  private void serve(RoutesConfig routes, String path, Handler answer) {
    AuthgearEndpoint endpoint = ENDPOINTS.getOrDefault(path, AuthgearEndpoint.DISCOVERY);
    Handler handler = traffic.through(endpoint, PublicOrigin.only(sandbox, answer));
    routes.get(path, handler);
    // Without this, Javalin answers HEAD with 200 and does not ask the handler.
    routes.head(path, handler);
  }

  private void json(Context ctx, Map<String, Object> document) throws IOException {
    browserHeaders.addTo(ctx);
    ctx.contentType("application/json").result(JSON.writeValueAsBytes(document));
  }
}
