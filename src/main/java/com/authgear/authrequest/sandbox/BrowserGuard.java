package com.authgear.authrequest.sandbox;

import io.javalin.http.Context;
import io.javalin.http.ForbiddenResponse;
import io.javalin.http.Handler;
import java.net.URI;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps other web pages, which a browser on this machine may have open, away from the sandbox's own
 * paths: from changing anything by a cross-site request, and from reading anything by a name of
 * theirs that they let point to loopback (DNS rebinding). Programs such as curl send no {@code
 * Origin} and pass. What a real project answers too is left alone.
 */
final class BrowserGuard implements Handler {

  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "[::1]");
  private static final Set<String> OWN_FETCHES = Set.of("same-origin", "none");
  private static final Set<String> PAGES = Set.of("/", SandboxRoutes.PAGE);

  private final SandboxOptions options;
  private final Set<String> authgears;

  /**
   * @param authgears paths that a real project answers too
   */
  BrowserGuard(SandboxOptions options, Set<String> authgears) {
    this.options = options;
    this.authgears = Set.copyOf(authgears);
  }

  @Override
  public void handle(Context ctx) {
    if (authgears.contains(ctx.path())) {
      return;
    }
    String host = ctx.header("Host");
    if (!options.anyAddress() && !isOurs(host)) {
      throw new ForbiddenResponse("the sandbox is asked by an address of loopback only");
    }
    String origin = ctx.header("Origin");
    if (origin != null
        && !origin.equals("http://" + host)
        && !origin.equals(options.publicOrigin())) {
      throw new ForbiddenResponse("the sandbox serves no page of another origin");
    }
    String site = ctx.header("Sec-Fetch-Site");
    if (site != null && !OWN_FETCHES.contains(site) && !isLinkToAPage(ctx)) {
      throw new ForbiddenResponse("the sandbox serves no page of another site");
    }
  }

  private static boolean isLinkToAPage(Context ctx) {
    return PAGES.contains(ctx.path())
        && ctx.req().getMethod().equals("GET")
        && "navigate".equals(ctx.header("Sec-Fetch-Mode"));
  }

  /** Whatever the port: it may be a forwarded one. */
  private boolean isOurs(@Nullable String host) {
    if (host == null) {
      return false;
    }
    String name = host.replaceFirst(":[0-9]*$", "");
    return LOOPBACK.contains(name)
        || name.equals(options.host())
        || (options.publicOrigin() != null
            && host.equals(URI.create(options.publicOrigin()).getAuthority()));
  }
}
