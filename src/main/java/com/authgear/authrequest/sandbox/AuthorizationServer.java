package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.sandbox.oauth.AuthorizationRequest;
import com.authgear.authrequest.sandbox.oauth.Client;
import com.authgear.authrequest.sandbox.oauth.CodeChallenge;
import com.authgear.authrequest.sandbox.oauth.OAuthException;
import com.authgear.authrequest.sandbox.oauth.Registration;
import com.authgear.authrequest.sandbox.oauth.RegistrationRate;
import com.authgear.authrequest.sandbox.oauth.Resources;
import com.authgear.authrequest.sandbox.oauth.Scopes;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the project's authorization server remembers: clients, consents, codes and refresh tokens.
 * The rules are in the package {@code oauth}. Thread-safe. Source: authgear-server at pull request
 * 5870, pkg/lib/oauth/handler/handler_authz.go and handler_token.go.
 */
public final class AuthorizationServer {

  /** Authgear's lifetime of a code. */
  static final Duration CODE_LIFETIME = Duration.ofMinutes(5);

  /** A website, whose login ends with a session cookie and without a code. */
  public static final String WEBSITE_CLIENT_ID = "sandbox-website";

  /** Of {@link Project#THIRD_PARTY_CLIENT_ID}. */
  public static final String THIRD_PARTY_CLIENT_SECRET = "sandbox-partner-secret";

  private static final String URL_SAFE =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  /**
   * What a code stands for.
   *
   * @param session of the user's own
   * @param fresh whether the user signed in for it
   */
  private record Code(
      AuthorizationRequest request,
      String redirectUri,
      Session session,
      boolean fresh,
      Instant expiresAt) {}

  /** What a refresh token stands for. */
  private record Refresh(
      Client client, Session session, List<String> scope, @Nullable String resource) {}

  private record Consent(String clientId, String user) {}

  private final Project project;
  private final Resources resources;
  private final RegistrationRate registrationRate;

  private final Object lock = new Object();
  private final Map<String, Client> clients = new LinkedHashMap<>();
  private final Map<Consent, Set<String>> consents = new HashMap<>();
  private final Map<String, Code> codes = new HashMap<>();
  private final Map<String, Refresh> refreshTokens = new HashMap<>();

  AuthorizationServer(Project project) {
    this.project = project;
    this.resources = new Resources(project::issuer);
    this.registrationRate = new RegistrationRate(project::now);
    add(
        new Client(
            Project.APP_CLIENT_ID,
            "Sandbox app",
            Client.Type.NATIVE,
            null,
            List.of("http://localhost/callback"),
            List.of()));
    add(
        new Client(
            Project.THIRD_PARTY_CLIENT_ID,
            "Sandbox partner",
            Client.Type.THIRD_PARTY_APP,
            THIRD_PARTY_CLIENT_SECRET,
            List.of("https://partner.example/callback"),
            List.of()));
  }

  /** What clients that register themselves may ask for. */
  public Resources resources() {
    return resources;
  }

  /** How often clients may register. */
  public RegistrationRate registrationRate() {
    return registrationRate;
  }

  /** Adds a client, as an operator does in the portal, or replaces it. */
  public void add(Client client) {
    synchronized (lock) {
      clients.put(client.id(), client);
    }
  }

  /** Adds a website that logs in by {@link #WEBSITE_CLIENT_ID}. */
  public void addWebsite(String redirectUri, String postLogoutRedirectUri) {
    add(
        new Client(
            WEBSITE_CLIENT_ID,
            "Sandbox website",
            Client.Type.TRADITIONAL_WEBAPP,
            null,
            List.of(redirectUri),
            List.of(postLogoutRedirectUri)));
  }

  /** Every client, in the order in which they came. */
  public List<Client> clients() {
    synchronized (lock) {
      return List.copyOf(clients.values());
    }
  }

  // ---- Registration (RFC 7591)

  /**
   * Registers a client; the answer's members.
   *
   * @param address of the client, which may not register too often
   */
  Map<String, Object> register(byte[] body, String address) throws OAuthException {
    registrationRate.count(address);
    Registration registration = Registration.read(body);
    StringBuilder id = new StringBuilder(Project.DYNAMIC_CLIENT_PREFIX);
    project.secret().chars().limit(22).forEach(c -> id.append(URL_SAFE.charAt(c % 64)));
    add(registration.client(id.toString()));
    return registration.answer(id.toString(), project.now().getEpochSecond());
  }

  // ---- Authorization (RFC 6749 §4.1, OpenID Connect Core §3.1)

  /**
   * @throws OAuthException if there is none; nobody is redirected then
   */
  Client authorizing(String clientId) throws OAuthException {
    Client client = find(clientId);
    if (client == null) {
      throw new OAuthException("unauthorized_client", "invalid client ID");
    }
    return client;
  }

  private @Nullable Client find(String clientId) {
    synchronized (lock) {
      return clients.get(clientId);
    }
  }

  /**
   * Without a page: what the answer to {@code prompt=none} says.
   *
   * @param session that the browser has; null for none
   */
  Map<String, String> authorizeSilently(
      AuthorizationRequest request, Client client, String redirectUri, @Nullable Session session)
      throws OAuthException {
    if (session == null || !project.isLive(session)) {
      throw new OAuthException("login_required", "authentication required");
    }
    if (client.isThirdParty()) {
      synchronized (lock) {
        Set<String> given = consents.get(new Consent(client.id(), session.user()));
        if (given == null) {
          throw new OAuthException("access_denied", "authorization required");
        }
        if (!given.containsAll(request.scope())) {
          throw new OAuthException("access_denied", "requested scopes are not granted");
        }
      }
    }
    return answer(request, redirectUri, session, false);
  }

  /**
   * The user has consented: what the answer says.
   *
   * @param fresh whether the user signed in for it
   */
  Map<String, String> authorize(
      AuthorizationRequest request,
      Client client,
      String redirectUri,
      Session session,
      boolean fresh) {
    synchronized (lock) {
      consents.put(new Consent(client.id(), session.user()), Set.copyOf(request.scope()));
    }
    return answer(request, redirectUri, session, fresh);
  }

  private Map<String, String> answer(
      AuthorizationRequest request, String redirectUri, Session session, boolean fresh) {
    Map<String, String> answer = new TreeMap<>();
    if (request.responseType().equals("code")) {
      String code = project.secret();
      Instant now = project.now();
      synchronized (lock) {
        codes.values().removeIf(old -> !now.isBefore(old.expiresAt()));
        codes.put(code, new Code(request, redirectUri, session, fresh, now.plus(CODE_LIFETIME)));
      }
      answer.put("code", code);
    }
    return answer;
  }

  /** Whether a logout may go on there, whoever's client it is. */
  boolean isPostLogoutRedirectUri(String uri) {
    return clients().stream().anyMatch(client -> client.postLogoutRedirectUris().contains(uri));
  }

  // ---- Tokens (RFC 6749 §4.1.3, §6)

  /**
   * Exchanges a code or a refresh token; the answer's members, without {@code scope}.
   *
   * @param parameters of the form, the first of each
   */
  Map<String, Object> token(Map<String, String> parameters) throws OAuthException {
    Client client = find(parameters.getOrDefault("client_id", ""));
    if (client == null) {
      throw new OAuthException("invalid_client", "invalid client ID");
    }
    return switch (parameters.getOrDefault("grant_type", "")) {
      case "authorization_code" -> exchangeCode(client, parameters);
      case "refresh_token" -> refresh(client, parameters);
      default -> throw new OAuthException("unsupported_grant_type", "grant type is not supported");
    };
  }

  private Map<String, Object> exchangeCode(Client client, Map<String, String> parameters)
      throws OAuthException {
    String verifier = parameters.getOrDefault("code_verifier", "");
    String secret = parameters.getOrDefault("client_secret", "");
    String code = required(parameters, "code", "code is required");
    if (client.isPublic() && verifier.isEmpty()) {
      throw new OAuthException("invalid_request", "PKCE code verifier is required");
    }
    if (!client.isPublic() && secret.isEmpty()) {
      throw new OAuthException("invalid_client", "client secret is required");
    }
    synchronized (lock) {
      Code known = codes.get(code);
      // RFC 6749 §4.1.3: a code is its own client's.
      if (known == null
          || !project.now().isBefore(known.expiresAt())
          || !known.request().clientId().equals(client.id())) {
        throw invalidCode();
      }
      if (!known.redirectUri().equals(parameters.get("redirect_uri"))) {
        throw new OAuthException("invalid_request", "invalid redirect URI");
      }
      String challenge = known.request().codeChallenge();
      boolean isChallenged = client.isPublic() || !challenge.isEmpty() || !verifier.isEmpty();
      if (isChallenged && !CodeChallenge.isMetBy(verifier, challenge)) {
        throw invalidCode();
      }
      if (client.secret() != null && !client.secret().equals(secret)) {
        throw new OAuthException("invalid_client", "invalid client secret");
      }
      requireResource(
          parameters,
          known.request().resource(),
          "resource must be a subset of the resource authorized by the code");
      Session session;
      try {
        session = project.grant(client.id(), known.session(), known.fresh());
      } catch (NoSuchElementException e) {
        throw invalidCode();
      }
      codes.remove(code);
      Refresh refresh =
          new Refresh(client, session, known.request().scope(), known.request().resource());
      Map<String, Object> answer = tokens(refresh, known.fresh(), known.request().nonce());
      if (refresh.scope().contains(Scopes.OFFLINE_ACCESS)) {
        String token = project.secretOf(session, SandboxSessions.Kind.REFRESH_TOKEN);
        refreshTokens.put(token, refresh);
        answer.put("refresh_token", token);
      }
      return answer;
    }
  }

  /** Not rotated, and {@code scope} is ignored: the new token is for what the code was for. */
  private Map<String, Object> refresh(Client client, Map<String, String> parameters)
      throws OAuthException {
    String token = required(parameters, "refresh_token", "refresh token is required");
    Refresh known;
    synchronized (lock) {
      known = refreshTokens.get(token);
    }
    if (known == null || !project.isLive(known.session())) {
      throw new OAuthException("invalid_grant", "invalid refresh token");
    }
    requireResource(
        parameters,
        known.resource(),
        "resource must be a subset of the resource originally authorized");
    if (!known.client().id().equals(client.id())) {
      throw new OAuthException("invalid_request", "client id doesn't match the refresh token");
    }
    return tokens(known, false, "");
  }

  private Map<String, Object> tokens(Refresh refresh, boolean fresh, String nonce) {
    Session session = refresh.session();
    TokenOptions options = TokenOptions.DEFAULTS.withScope(String.join(" ", refresh.scope()));
    Map<String, Object> answer = new TreeMap<>();
    if (refresh.resource() != null) {
      options = options.withAudience(List.of(refresh.resource()));
    }
    // A JWT is a third party's only with the resource that it is bound to.
    answer.put(
        "access_token",
        refresh.resource() == null && refresh.client().isThirdParty()
            ? project.opaqueToken(session, options)
            : project.accessToken(session, fresh, options));
    answer.put("expires_in", TokenOptions.ACCESS_TOKEN_LIFETIME.toSeconds());
    if (refresh.scope().contains(Scopes.OPENID)) {
      TokenOptions ofId =
          nonce.isEmpty() ? TokenOptions.DEFAULTS : TokenOptions.DEFAULTS.withClaim("nonce", nonce);
      answer.put("id_token", project.idToken(session, fresh, ofId));
    }
    answer.put("token_type", "Bearer");
    return answer;
  }

  private static void requireResource(
      Map<String, String> parameters, @Nullable String authorized, String description)
      throws OAuthException {
    String asked = parameters.getOrDefault("resource", "");
    if (!asked.isEmpty() && !asked.equals(authorized)) {
      throw new OAuthException("invalid_target", description);
    }
  }

  private static String required(Map<String, String> parameters, String name, String description)
      throws OAuthException {
    String value = parameters.getOrDefault(name, "");
    if (value.isEmpty()) {
      throw new OAuthException("invalid_request", description);
    }
    return value;
  }

  private static OAuthException invalidCode() {
    return new OAuthException("invalid_grant", "invalid authorization code");
  }
}
