package com.authgear.authrequest.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What no real project has: credentials for the asking. Answers are plain text that a shell can
 * take as it is; an error names what is accepted.
 */
final class SandboxRoutes {

  static final String PAGE = "/sandbox";

  private static final List<String> TOKEN_KINDS = List.of("jwt", "opaque", "m2m", "id");
  private static final List<String> COOKIE_KINDS =
      List.of("session", "app_session", "app_access_token");
  private static final Set<String> PARAMETERS =
      new TreeSet<>(
          List.of(
              "user",
              "kind",
              "expires_in",
              "scope",
              "audience",
              "client_id",
              "amr",
              "auth_time",
              "roles",
              "claims"));
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Sandbox sandbox;
  private final Project project;
  private final AuthorizationServer server;

  SandboxRoutes(Sandbox sandbox) {
    this.sandbox = sandbox;
    this.project = sandbox.project();
    this.server = sandbox.authorizationServer();
  }

  void register(RoutesConfig routes) {
    routes.get(PAGE, ctx -> ctx.html(LandingPage.of(sandbox)));
    routes.get("/sandbox/token", answering(this::token));
    routes.get("/sandbox/cookie", answering(this::cookie));
    post(routes, "/sandbox/users/{name}/disable", ctx -> project.disable(name(ctx)));
    post(routes, "/sandbox/users/{name}/disable-temporarily", this::disableTemporarily);
    post(routes, "/sandbox/users/{name}/enable", ctx -> project.enable(name(ctx)));
    post(routes, "/sandbox/users/{name}/delete", ctx -> project.delete(name(ctx)));
    post(routes, "/sandbox/users/{name}/logout", ctx -> project.logout(name(ctx)));
    post(routes, "/sandbox/users/{name}/anonymize", ctx -> project.anonymize(name(ctx)));
    post(
        routes,
        "/sandbox/users/{name}/schedule-deletion",
        ctx -> project.scheduleDeletion(name(ctx)));
    post(
        routes,
        "/sandbox/users/{name}/unschedule-deletion",
        ctx -> project.unscheduleDeletion(name(ctx)));
    post(
        routes,
        "/sandbox/users/{name}/schedule-anonymization",
        ctx -> project.scheduleAnonymization(name(ctx)));
    post(
        routes,
        "/sandbox/users/{name}/unschedule-anonymization",
        ctx -> project.unscheduleAnonymization(name(ctx)));
    post(routes, "/sandbox/users/{name}/validity", this::setValidity);
    post(
        routes,
        "/sandbox/users/{name}/revoke-sessions",
        ctx -> project.revokeAllSessions(name(ctx)));
    post(routes, "/sandbox/users/{name}/reset-password", ctx -> project.resetPassword(name(ctx)));
    post(
        routes,
        "/sandbox/users/{name}/verify",
        ctx -> project.setVerified(name(ctx), isTrue(ctx, "verified")));
    post(
        routes,
        "/sandbox/users/{name}/profile",
        ctx -> project.setAttribute(name(ctx), "nickname", required(ctx, "nickname")));
    post(
        routes,
        "/sandbox/users/{name}/identity",
        ctx -> project.changeIdentity(name(ctx), required(ctx, "event")));
    post(routes, "/sandbox/users/{name}/promote", ctx -> project.promote(name(ctx)));
    post(routes, "/sandbox/users/{name}/create", ctx -> project.create(name(ctx)));
    routes.post(
        "/sandbox/users/{name}/sign-in", answering(ctx -> ctx.result(project.signIn(name(ctx)))));
    post(routes, "/sandbox/authgear", this::setWeakPoints);
    post(routes, "/sandbox/users/{name}/roles", this::setRoles);
    post(routes, "/sandbox/roles/{role}/delete", ctx -> project.deleteRole(ctx.pathParam("role")));
    post(
        routes,
        "/sandbox/audit/late",
        ctx ->
            project
                .auditLog()
                .appearLate(Duration.ofSeconds(seconds("seconds", required(ctx, "seconds")))));
    post(
        routes,
        "/sandbox/audit/lose",
        ctx -> project.auditLog().lose((int) seconds("count", required(ctx, "count"))));
    post(
        routes,
        "/sandbox/resources",
        ctx -> server.resources().register(required(ctx, "uri"), ctx.queryParams("scope")));
    post(
        routes,
        "/sandbox/website",
        ctx ->
            server.addWebsite(
                required(ctx, "redirect_uri"), required(ctx, "post_logout_redirect_uri")));
    post(
        routes,
        "/sandbox/registrations",
        ctx ->
            server
                .registrationRate()
                .allow((int) seconds("per_minute", required(ctx, "per_minute"))));
    routes.get("/sandbox/admin-api-key", answering(ctx -> ctx.result(sandbox.adminApiKey())));
    post(routes, "/sandbox/sessions/end", ctx -> project.endSession(ctx.body().strip()));
    post(routes, "/sandbox/credentials/revoke", ctx -> project.revoke(ctx.body().strip()));
    post(routes, "/sandbox/keys/rotate", ctx -> project.rotateKeys());
    post(routes, "/sandbox/keys/retire", ctx -> project.retireKeys());
    post(
        routes,
        "/sandbox/resolver/down",
        ctx -> sandbox.breakDown(AuthgearEndpoint.RESOLVER, new Malfunction.Down()));
    post(routes, "/sandbox/resolver/up", ctx -> sandbox.repair(AuthgearEndpoint.RESOLVER));
    post(routes, "/sandbox/hooks", this::configureHooks);
    post(routes, "/sandbox/hooks/delivery", this::deliverHooks);
    post(routes, "/sandbox/hooks/release", ctx -> project.hooks().release(false));
    post(routes, "/sandbox/hooks/release-reversed", ctx -> project.hooks().release(true));
    post(routes, "/sandbox/hooks/replay", ctx -> project.hooks().replay());
  }

  private static void post(RoutesConfig routes, String path, Consumer<Context> change) {
    routes.post(
        path,
        answering(
            ctx -> {
              change.accept(ctx);
              ctx.result("done\n");
            }));
  }

  private static Handler answering(Handler handler) {
    return ctx -> {
      try {
        handler.handle(ctx);
      } catch (NoSuchElementException e) {
        ctx.status(404).result(e.getMessage() + "\n");
      } catch (IllegalArgumentException e) {
        ctx.status(400).result(e.getMessage() + "\n");
      }
    };
  }

  private void token(Context ctx) {
    String kind = kind(ctx, TOKEN_KINDS);
    TokenOptions options = options(ctx);
    ctx.result(
        switch (kind) {
          case "jwt" -> project.accessToken(user(ctx), options);
          case "opaque" -> project.opaqueToken(user(ctx), options);
          case "id" -> project.idToken(user(ctx), options);
          case "m2m" -> project.m2mToken(options);
          default -> throw new AssertionError(kind);
        });
  }

  private void cookie(Context ctx) {
    String kind = kind(ctx, COOKIE_KINDS);
    TokenOptions options = options(ctx);
    ctx.result(
        switch (kind) {
          case "session" -> project.sessionCookie(user(ctx), options);
          case "app_session" -> project.appSessionCookie(user(ctx), options);
          case "app_access_token" -> project.appAccessTokenCookie(user(ctx), options);
          default -> throw new AssertionError(kind);
        });
  }

  private void setRoles(Context ctx) {
    String roles = ctx.queryParam("roles");
    if (roles == null) {
      throw new IllegalArgumentException("roles is missing: roles=admin,editor or roles= for none");
    }
    project.setRoles(name(ctx), list(roles, ","));
  }

  private void disableTemporarily(Context ctx) {
    Instant now = Instant.ofEpochSecond(project.now().getEpochSecond());
    project.disableTemporarily(
        name(ctx),
        now.plusSeconds(seconds("from", required(ctx, "from"))),
        now.plusSeconds(seconds("until", required(ctx, "until"))));
  }

  /** Seconds from now; a bound that is not named is none. */
  private void setValidity(Context ctx) {
    project.setValidity(name(ctx), fromNow(ctx, "from"), fromNow(ctx, "until"));
  }

  private @Nullable Instant fromNow(Context ctx, String parameter) {
    String value = ctx.queryParam(parameter);
    return value == null
        ? null
        : Instant.ofEpochSecond(project.now().getEpochSecond())
            .plusSeconds(seconds(parameter, value));
  }

  /** What is off at the start, because most tests do not mean it. */
  private void setWeakPoints(Context ctx) {
    if (ctx.queryParam("late_verified") != null) {
      project.makeVerifiedLate(isTrue(ctx, "late_verified"));
    }
    String held = ctx.queryParam("session_lock_ms");
    if (held != null) {
      long millis = seconds("session_lock_ms", held);
      if (millis > 0) {
        sandbox.lockSessions(Duration.ofMillis(millis));
      } else {
        sandbox.unlockSessions();
      }
    }
  }

  private static boolean isTrue(Context ctx, String parameter) {
    return switch (required(ctx, parameter)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException(parameter + " is one of true, false");
    };
  }

  private void configureHooks(Context ctx) {
    project.hooks().configure(required(ctx, "url"), required(ctx, "secret"));
  }

  private void deliverHooks(Context ctx) {
    String how = required(ctx, "how");
    Webhooks.Delivery delivery =
        Arrays.stream(Webhooks.Delivery.values())
            .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(how))
            .findFirst()
            .orElseThrow(
                () -> new IllegalArgumentException("how is one of normal, lose, double, hold"));
    String delay = ctx.queryParam("delay_ms");
    project
        .hooks()
        .deliver(
            delivery,
            delay == null ? Duration.ZERO : Duration.ofMillis(seconds("delay_ms", delay)));
  }

  private static String required(Context ctx, String parameter) {
    String value = ctx.queryParam(parameter);
    if (value == null) {
      throw new IllegalArgumentException(parameter + " is missing");
    }
    return value;
  }

  private static String name(Context ctx) {
    return ctx.pathParam("name");
  }

  private String user(Context ctx) {
    String user = ctx.queryParam("user");
    if (user == null) {
      throw new IllegalArgumentException(
          "user is missing: "
              + String.join(", ", project.users().stream().map(User::name).toList()));
    }
    return user;
  }

  private static String kind(Context ctx, List<String> kinds) {
    String kind = ctx.queryParam("kind");
    if (kind == null) {
      return kinds.getFirst();
    }
    if (!kinds.contains(kind)) {
      throw new IllegalArgumentException("no kind '" + kind + "': " + String.join(", ", kinds));
    }
    return kind;
  }

  private static TokenOptions options(Context ctx) {
    Map<String, List<String>> query = ctx.queryParamMap();
    for (String name : query.keySet()) {
      if (!PARAMETERS.contains(name)) {
        throw new IllegalArgumentException(
            "no parameter '" + name + "': " + String.join(", ", PARAMETERS));
      }
    }
    TokenOptions options = TokenOptions.DEFAULTS;
    String expiresIn = ctx.queryParam("expires_in");
    if (expiresIn != null) {
      options = options.withExpiresIn(Duration.ofSeconds(seconds("expires_in", expiresIn)));
    }
    String scope = ctx.queryParam("scope");
    if (scope != null) {
      options = options.withScope(scope);
    }
    List<String> audience = ctx.queryParams("audience");
    if (!audience.isEmpty()) {
      options = options.withAudience(audience);
    }
    String clientId = ctx.queryParam("client_id");
    if (clientId != null) {
      options = options.withClientId(clientId);
    }
    String amr = ctx.queryParam("amr");
    if (amr != null) {
      options = options.withAmr(list(amr, "[ ,]"));
    }
    String authTime = ctx.queryParam("auth_time");
    if (authTime != null) {
      options =
          authTime.equals("none")
              ? options.withoutAuthTime()
              : options.withAuthTime(instant("auth_time", authTime));
    }
    String roles = ctx.queryParam("roles");
    if (roles != null) {
      options = options.withRoles(list(roles, ","));
    }
    for (var claim : claims(ctx.queryParam("claims")).properties()) {
      JsonNode value = claim.getValue();
      options = options.withClaim(claim.getKey(), value.isNull() ? null : value);
    }
    return options;
  }

  private static ObjectNode claims(@Nullable String json) {
    if (json == null) {
      return JSON.createObjectNode();
    }
    try {
      if (JSON.readTree(json) instanceof ObjectNode object) {
        return object;
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("claims is no JSON", e);
    }
    throw new IllegalArgumentException("claims is no JSON object");
  }

  private static long seconds(String name, String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " is no number of seconds", e);
    }
  }

  private static Instant instant(String name, String text) {
    try {
      return Instant.ofEpochSecond(seconds(name, text));
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(name + " is out of range", e);
    }
  }

  private static List<String> list(String text, String separator) {
    return Arrays.stream(text.split(separator, -1)).filter(part -> !part.isEmpty()).toList();
  }
}
