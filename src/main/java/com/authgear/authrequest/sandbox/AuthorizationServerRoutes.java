package com.authgear.authrequest.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.authgear.authrequest.sandbox.SandboxSessions.Picked;
import com.authgear.authrequest.sandbox.oauth.AuthorizationRequest;
import com.authgear.authrequest.sandbox.oauth.Client;
import com.authgear.authrequest.sandbox.oauth.OAuthException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of the authorization server. Where Authgear shows its login and its consent, the
 * sandbox shows one page with a button for each user. A button sends the request again with {@code
 * sandbox_user}, which a program may send at once: it signs that user in, and consents; {@code
 * sandbox_refuse=true} refuses. Other pages of a browser may not choose: their requests get the
 * page.
 */
final class AuthorizationServerRoutes {

  static final String AUTHORIZE = "/oauth2/authorize";
  static final String TOKEN = "/oauth2/token";
  static final String REGISTER = "/oauth2/register";
  static final String END_SESSION = "/oauth2/end_session";

  /** All of them, which a real project answers too. */
  static final Set<String> PATHS = Set.of(AUTHORIZE, TOKEN, REGISTER, END_SESSION);

  private static final String USER = "sandbox_user";
  private static final String REFUSE = "sandbox_refuse";
  private static final int MAX_BODY_BYTES = 1024 * 1024;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Sandbox sandbox;
  private final Project project;
  private final AuthorizationServer server;

  AuthorizationServerRoutes(Sandbox sandbox) {
    this.sandbox = sandbox;
    this.project = sandbox.project();
    this.server = sandbox.authorizationServer();
  }

  void register(RoutesConfig routes) {
    Handler authorize = ours(this::authorize);
    routes.get(AUTHORIZE, authorize);
    routes.post(AUTHORIZE, authorize);
    routes.post(TOKEN, ours(this::token));
    routes.options(TOKEN, ours(ctx -> ctx.status(200)));
    routes.post(REGISTER, ours(this::registerClient));
    routes.options(REGISTER, ours(ctx -> ctx.status(200)));
    Handler endSession = ours(this::endSession);
    routes.get(END_SESSION, endSession);
    routes.post(END_SESSION, endSession);
  }

  private Handler ours(Handler answer) {
    return PublicOrigin.only(
        sandbox,
        ctx -> {
          ctx.header("Cache-Control", "no-store").header("Pragma", "no-cache");
          answer.handle(ctx);
        });
  }

  // ---- Authorization

  private void authorize(Context ctx) throws IOException {
    AuthorizationRequest request = new AuthorizationRequest(parameters(ctx));
    Client client;
    String redirectUri;
    try {
      client = server.authorizing(request.clientId());
      redirectUri = request.redirectUri(client, sandbox.origin());
    } catch (OAuthException e) {
      ctx.status(400)
          .result(
              e.parameters().entrySet().stream()
                  .map(parameter -> parameter.getKey() + ": " + parameter.getValue())
                  .collect(
                      Collectors.joining("\n", "Invalid OAuth authorization request:\n", "\n")));
      return;
    }
    Map<String, String> answer;
    try {
      request.validate(client, server.resources());
      Session current = sessionOf(ctx);
      if (request.isSilent()) {
        answer = server.authorizeSilently(request, client, redirectUri, current);
      } else if (isByAPerson(ctx) && request.parameters().containsKey(REFUSE)) {
        throw new OAuthException("access_denied", "authorization denied");
      } else if (isByAPerson(ctx) && request.parameters().containsKey(USER)) {
        String user = request.parameters().getOrDefault(USER, "");
        boolean goesOn = current != null && current.user().equals(user) && !request.asksForLogin();
        Session session = goesOn ? current : logIn(ctx, user, client, current);
        if (session == null) {
          return;
        }
        answer = server.authorize(request, client, redirectUri, session, !goesOn);
      } else {
        html(ctx, LoginPage.of(request, client, redirectUri, current, project.users()));
        return;
      }
    } catch (OAuthException e) {
      answer = e.parameters();
    }
    respond(ctx, request, redirectUri, answer);
  }

  /** A program, or the sandbox's own page: a browser says what another page sent. */
  private static boolean isByAPerson(Context ctx) {
    String site = ctx.header("Sec-Fetch-Site");
    return site == null || site.equals("same-origin");
  }

  /** Null if the user may not sign in, which is answered then: Authgear, too, redirects nobody. */
  private @Nullable Session logIn(
      Context ctx, String user, Client client, @Nullable Session current) {
    Session session;
    try {
      session = project.logIn(user, client.id());
    } catch (NoSuchElementException | IllegalArgumentException e) {
      ctx.status(403).result(e.getMessage() + "\n");
      return null;
    }
    if (current != null) {
      project.replace(current);
    }
    SiteCookie cookie = new SiteCookie(sandbox.origin());
    String secret = project.secretOf(session, SandboxSessions.Kind.SESSION);
    ctx.addHeader("Set-Cookie", cookie.setting(sessionCookie(), secret, "Lax"));
    ctx.addHeader("Set-Cookie", cookie.setting(strictCookie(), "true", "Strict"));
    return session;
  }

  private String sessionCookie() {
    return project.cookiePrefix() + "session";
  }

  private String strictCookie() {
    return project.cookiePrefix() + "same_site_strict";
  }

  /** The user's own session that the browser has. */
  private @Nullable Session sessionOf(Context ctx) {
    String cookie = cookies(ctx).get(sessionCookie());
    return cookie != null
            && project.pick(null, Map.of(sessionCookie(), cookie))
                instanceof Picked.Found(var session)
            && project.isLive(session)
        ? session
        : null;
  }

  private static Map<String, String> cookies(Context ctx) {
    return GoCookies.read(Collections.list(ctx.req().getHeaders("Cookie")));
  }

  /** RFC 6749 §4.1.2, by the asked {@code response_mode}. */
  private static void respond(
      Context ctx, AuthorizationRequest request, String redirectUri, Map<String, String> answer)
      throws IOException {
    Map<String, String> parameters = new TreeMap<>(answer);
    if (!request.state().isEmpty()) {
      parameters.put("state", request.state());
    }
    switch (request.responseMode()) {
      case "query" -> {
        char separator = redirectUri.contains("?") ? '&' : '?';
        see(ctx, parameters.isEmpty() ? redirectUri : redirectUri + separator + form(parameters));
      }
      case "fragment" -> see(ctx, redirectUri + "#" + form(parameters));
      case "form_post" -> html(ctx, LoginPage.formPost(redirectUri, parameters));
      default ->
          ctx.status(400).result("oauth: invalid response_mode " + request.responseMode() + "\n");
    }
  }

  private static void see(Context ctx, String location) {
    ctx.status(303).header("Location", location).contentType("text/html; charset=utf-8");
  }

  private static String form(Map<String, String> parameters) {
    return parameters.entrySet().stream()
        .map(
            parameter ->
                URLEncoder.encode(parameter.getKey(), UTF_8)
                    + "="
                    + URLEncoder.encode(parameter.getValue(), UTF_8))
        .collect(Collectors.joining("&"));
  }

  private static void html(Context ctx, String page) {
    ctx.header("X-Frame-Options", "DENY").html(page);
  }

  // ---- Registration and tokens

  private void registerClient(Context ctx) throws IOException {
    Map<String, ?> answer;
    try {
      answer = server.register(body(ctx), ctx.req().getRemoteAddr());
      ctx.status(201);
    } catch (OAuthException e) {
      answer = e.parameters();
      ctx.status(e.status());
    }
    json(ctx, answer);
  }

  private static byte[] body(Context ctx) throws IOException {
    return ctx.req().getInputStream().readNBytes(MAX_BODY_BYTES);
  }

  private void token(Context ctx) throws IOException {
    Map<String, String> parameters = new LinkedHashMap<>(parameters(ctx));
    Map<String, ?> answer;
    try {
      readBasic(ctx.header("Authorization"), parameters);
      answer = server.token(parameters);
    } catch (OAuthException e) {
      answer = e.parameters();
      ctx.status(e.status());
    }
    json(ctx, answer);
  }

  /** RFC 6749 §2.3.1; what the form says of the client comes first. */
  private static void readBasic(@Nullable String authorization, Map<String, String> parameters)
      throws OAuthException {
    if (authorization == null
        || !authorization.regionMatches(true, 0, "Basic ", 0, 6)
        || !parameters.getOrDefault("client_id", "").isEmpty()
        || !parameters.getOrDefault("client_secret", "").isEmpty()) {
      return;
    }
    try {
      String pair = new String(Base64.getDecoder().decode(authorization.substring(6)), UTF_8);
      int colon = pair.indexOf(':');
      if (colon >= 0) {
        parameters.put("client_id", URLDecoder.decode(pair.substring(0, colon), UTF_8));
        parameters.put("client_secret", URLDecoder.decode(pair.substring(colon + 1), UTF_8));
      }
    } catch (IllegalArgumentException e) {
      throw new OAuthException("invalid_request", "invalid client_id in Authorization header");
    }
  }

  private static void json(Context ctx, Map<String, ?> members) throws IOException {
    ctx.contentType("application/json").result(JSON.writeValueAsBytes(members));
  }

  /** The first of each, those of a form before those of the URL. */
  private static Map<String, String> parameters(Context ctx) {
    Map<String, String> first = new LinkedHashMap<>();
    for (Map<String, List<String>> some : List.of(ctx.formParamMap(), ctx.queryParamMap())) {
      some.forEach((name, values) -> first.putIfAbsent(name, values.getFirst()));
    }
    return first;
  }

  // ---- Logout (OpenID Connect RP-Initiated Logout)

  /** At once where the browser comes from the same site, else after a question. */
  private void endSession(Context ctx) {
    Map<String, String> parameters = parameters(ctx);
    Session session = sessionOf(ctx);
    boolean isOfThisSite = "true".equals(cookies(ctx).get(strictCookie()));
    boolean isConfirmed = ctx.req().getMethod().equals("POST") && isByAPerson(ctx);
    if (session != null && !isOfThisSite && !isConfirmed) {
      html(ctx, LoginPage.logout(parameters));
      return;
    }
    if (session != null) {
      project.logOut(session);
      SiteCookie cookie = new SiteCookie(sandbox.origin());
      ctx.addHeader("Set-Cookie", cookie.clearing(sessionCookie(), "Lax"));
      ctx.addHeader("Set-Cookie", cookie.clearing(strictCookie(), "Strict"));
    }
    String uri = parameters.getOrDefault("post_logout_redirect_uri", "");
    if (!server.isPostLogoutRedirectUri(uri)) {
      ctx.status(302).header("Location", sandbox.origin() + "/");
      return;
    }
    String state = parameters.getOrDefault("state", "");
    see(
        ctx,
        state.isEmpty()
            ? uri
            : uri + (uri.contains("?") ? "&" : "?") + form(Map.of("state", state)));
  }
}
