package com.authgear.authrequest.sandbox;

import io.javalin.http.Context;
import io.javalin.http.Handler;
import org.jspecify.annotations.Nullable;

/**
 * Finds the project by the host, then insists on its public origin, as Authgear's main listener
 * does: 404 for a host of no project, 307 for another origin of this one.
 */
final class PublicOrigin {

  private PublicOrigin() {}

  static Handler only(Sandbox sandbox, Handler answer) {
    return ctx -> {
      String scheme = firstOf(ctx.header("X-Forwarded-Proto"), "http");
      String host = hostOf(ctx);
      if ((scheme + "://" + host).equals(sandbox.origin())) {
        answer.handle(ctx);
      } else if (sandbox.knowsHost(host)) {
        String query = ctx.queryString();
        ctx.status(307)
            .header("Location", sandbox.origin() + ctx.path() + (query == null ? "" : "?" + query))
            .result("Temporary Redirect\n");
      } else {
        ctx.status(404).result("app not found\n");
      }
    };
  }

  /** {@code Forwarded} is ignored. */
  static @Nullable String hostOf(Context ctx) {
    return firstOf(ctx.header("X-Forwarded-Host"), ctx.header("Host"));
  }

  private static @Nullable String firstOf(@Nullable String value, @Nullable String otherwise) {
    return value == null || value.isEmpty() ? otherwise : value;
  }
}
