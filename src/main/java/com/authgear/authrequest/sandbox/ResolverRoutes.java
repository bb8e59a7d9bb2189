package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.sandbox.SandboxSessions.Picked;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The resolver: a server of its own in Authgear (port 3001). It never redirects; a host of no
 * project is answered with 404, as where many projects share it. Source: authgear-server
 * pkg/resolver.
 */
final class ResolverRoutes {

  static final String PREFIXED = "/_resolver/resolve";
  static final String PLAIN = "/resolve";

  static final Map<String, AuthgearEndpoint> ENDPOINTS =
      Map.of(PREFIXED, AuthgearEndpoint.RESOLVER, PLAIN, AuthgearEndpoint.RESOLVER);

  private final Sandbox sandbox;
  private final Traffic traffic;
  private final SessionLocks locks;

  ResolverRoutes(Sandbox sandbox, Traffic traffic, SessionLocks locks) {
    this.sandbox = sandbox;
    this.traffic = traffic;
    this.locks = locks;
  }

  /** On the resolver's own listener. */
  void register(RoutesConfig routes) {
    serve(routes, PREFIXED);
    serve(routes, PLAIN);
  }

  /** At the public origin, where Authgear's edge passes it on. */
  void registerAtTheEdge(RoutesConfig routes) {
    serve(routes, PREFIXED);
  }

  private void serve(RoutesConfig routes, String path) {
    Handler handler = traffic.through(AuthgearEndpoint.RESOLVER, this::answer);
    routes.get(path, handler);
    // Without this, Javalin answers HEAD with 200 and does not ask the handler.
    routes.head(path, handler);
  }

  private void answer(Context ctx) throws InterruptedException {
    if (!sandbox.knowsHost(PublicOrigin.hostOf(ctx))) {
      ctx.status(404).result("app not found\n");
      return;
    }
    ctx.header("X-Content-Type-Options", "nosniff")
        .header("Permissions-Policy", BrowserHeaders.PERMISSIONS_POLICY)
        .header("X-Robots-Tag", "noindex, nofollow");
    resolve(ctx);
  }

  private void resolve(Context ctx) throws InterruptedException {
    Project project = sandbox.project();
    Map<String, String> cookies = GoCookies.read(Collections.list(ctx.req().getHeaders("Cookie")));
    Picked picked = project.pick(bearer(ctx.header("Authorization")), cookies);
    if (picked instanceof Picked.Found(var session) && !locks.pass(session.id())) {
      ctx.status(500).result("internal error\n");
      return;
    }
    switch (project.resolve(picked)) {
      case Resolution.Absent() -> {}
      case Resolution.Invalid() -> {
        set(ctx, IdentityHeader.SESSION_VALID, "false");
        String name = project.cookiePrefix() + "session";
        if (cookies.containsKey(name)) {
          ctx.addHeader("Set-Cookie", new SiteCookie(sandbox.origin()).clearing(name, "Lax"));
        }
      }
      case Resolution.Valid(var user, var authenticatedAt) -> {
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
        // Always there and always empty: Authgear loses the methods on the way through Redis.
        set(ctx, IdentityHeader.SESSION_AMR, "");
        if (authenticatedAt != null) {
          set(
              ctx,
              IdentityHeader.SESSION_AUTHENTICATED_AT,
              Long.toString(authenticatedAt.getEpochSecond()));
        }
      }
    }
  }

  private static void set(Context ctx, IdentityHeader header, String value) {
    ctx.header(header.headerName(), value);
  }

  /** What follows the first blank: with two of them a token that begins with a blank. */
  private static @Nullable String bearer(@Nullable String authorization) {
    int blank = authorization == null ? -1 : authorization.indexOf(' ');
    return authorization != null
            && blank >= 0
            && authorization.substring(0, blank).toLowerCase(Locale.ROOT).equals("bearer")
        ? authorization.substring(blank + 1)
        : null;
  }
}
