package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.sandbox.TokenOptions.Authentication;
import com.authgear.authrequest.sandbox.User.Status;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The stand-in project: its users, sessions, keys and the credentials it gave out. Thread-safe.
 *
 * <p>Users go by their short name (alice, bob, carol, dave, erin). A method that takes a name
 * throws {@link NoSuchElementException} for any other; one that takes a credential takes a token, a
 * cookie's value or {@code name=value}, and throws it for one that this project does not hold.
 */
public final class Project {

  /** The client that users' tokens belong to unless options say otherwise. */
  public static final String APP_CLIENT_ID = "sandbox-app";

  /** The client that machine-to-machine tokens belong to unless options say otherwise. */
  public static final String M2M_CLIENT_ID = "sandbox-worker";

  /** Scope of a user's token unless options say otherwise. */
  public static final String USER_SCOPE =
      "openid offline_access https://authgear.com/scopes/full-access";

  /** A session dies after this time without a successful resolver call. */
  public static final Duration SESSION_IDLE_TIMEOUT = Duration.ofDays(30);

  private static final String USER_CLAIM = "https://authgear.com/claims/user/";
  private static final String ALPHANUMERIC =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  private enum Kind {
    ACCESS_TOKEN,
    APP_SESSION,
    SESSION
  }

  private record Session(
      String id,
      String user,
      String clientId,
      List<String> amr,
      @Nullable Instant authenticatedAt,
      Instant lastAccess) {}

  /**
   * A credential that the resolver knows.
   *
   * @param expiresAt null for a cookie, which lives as long as its session
   * @param audience null for what carries none
   * @param kid null for what is not signed
   */
  private record Grant(
      Kind kind,
      String sessionId,
      @Nullable Instant expiresAt,
      @Nullable List<String> audience,
      @Nullable String kid) {}

  private final Supplier<String> origin;
  private final InstantSource clock;
  private final String cookiePrefix;
  private final SecureRandom random = new SecureRandom();
  private final Webhooks hooks = new Webhooks();

  private final Object lock = new Object();
  private final Map<String, User> users = new LinkedHashMap<>();
  private final Map<String, Session> sessions = new HashMap<>();
  private final Map<String, Grant> grants = new HashMap<>();
  private final List<SigningKey> keys = new ArrayList<>();

  Project(Supplier<String> origin, InstantSource clock, String cookiePrefix) {
    this.origin = origin;
    this.clock = clock;
    this.cookiePrefix = cookiePrefix;
    keys.add(SigningKey.generate());
    User.wellKnown().forEach(user -> users.put(user.name(), user));
  }

  // ---- Credentials

  /** A user's access token as a JWT: {@code typ} at+jwt. */
  public String accessToken(String user) {
    return accessToken(user, TokenOptions.DEFAULTS);
  }

  /** A user's access token as a JWT: {@code typ} at+jwt. */
  public String accessToken(String user, TokenOptions options) {
    User subject = user(user);
    Instant now = issuedAt();
    Session session = sessionFor(subject, now, options);
    List<String> audience = options.audience() == null ? List.of(origin.get()) : options.audience();
    Map<String, @Nullable Object> claims = userClaims(subject, session, audience, now, options);
    claims.put("client_id", session.clientId());
    claims.put("scope", options.scope() == null ? USER_SCOPE : options.scope());
    claims.put("jti", sha256(alphanumeric()));
    SigningKey key = signingKey();
    String token = sign(key, "at+jwt", claims, options);
    Instant expiresAt = now.plus(options.expiresIn());
    grant(token, new Grant(Kind.ACCESS_TOKEN, session.id(), expiresAt, audience, key.kid()));
    return token;
  }

  /** A user's opaque access token: 32 letters and digits. */
  public String opaqueToken(String user) {
    return opaqueToken(user, TokenOptions.DEFAULTS);
  }

  /** A user's opaque access token: 32 letters and digits. */
  public String opaqueToken(String user, TokenOptions options) {
    Instant now = issuedAt();
    Session session = sessionFor(user(user), now, options);
    String token = alphanumeric();
    Instant expiresAt = now.plus(options.expiresIn());
    grant(token, new Grant(Kind.ACCESS_TOKEN, session.id(), expiresAt, null, null));
    return token;
  }

  /**
   * A machine-to-machine token, which the resolver does not know.
   *
   * @param audience the API resource's URI
   * @param scope space-separated
   */
  public String m2mToken(String audience, String scope) {
    return m2mToken(TokenOptions.DEFAULTS.withAudience(List.of(audience)).withScope(scope));
  }

  /** A machine-to-machine token; what is said of users in the options does not apply. */
  public String m2mToken(TokenOptions options) {
    String client = options.clientId() == null ? M2M_CLIENT_ID : options.clientId();
    Map<String, @Nullable Object> claims = new LinkedHashMap<>();
    claims.put(
        "aud",
        options.audience() == null ? List.of("https://api.example.com") : options.audience());
    claims.put("client_id", client);
    putTimes(claims, issuedAt(), options);
    claims.put("iss", origin.get());
    claims.put("jti", sha256(alphanumeric()));
    claims.put("scope", options.scope() == null ? "" : options.scope());
    claims.put("sub", "client_id_" + client);
    return sign(signingKey(), "at+jwt", claims, options);
  }

  /** A user's ID token, signed by the same key and no access token: {@code typ} JWT. */
  public String idToken(String user) {
    return idToken(user, TokenOptions.DEFAULTS);
  }

  /** A user's ID token, signed by the same key and no access token: {@code typ} JWT. */
  public String idToken(String user, TokenOptions options) {
    User subject = user(user);
    Instant now = issuedAt();
    Session session = sessionFor(subject, now, options);
    List<String> audience =
        options.audience() == null ? List.of(session.clientId()) : options.audience();
    Map<String, @Nullable Object> claims = userClaims(subject, session, audience, now, options);
    claims.put("sid", session.id());
    return sign(signingKey(), "JWT", claims, options);
  }

  /** {@code session=...}, ready for a {@code Cookie} header, of a new session. */
  public String sessionCookie(String user) {
    return sessionCookie(user, TokenOptions.DEFAULTS);
  }

  /** {@code session=...}, ready for a {@code Cookie} header; lifetime and claims do not apply. */
  public String sessionCookie(String user, TokenOptions options) {
    return cookie("session", Kind.SESSION, sessionFor(user(user), issuedAt(), options));
  }

  /** {@code app_session=...}, ready for a {@code Cookie} header, of a new session. */
  public String appSessionCookie(String user) {
    return appSessionCookie(user, TokenOptions.DEFAULTS);
  }

  /** {@code app_session=...}; lifetime and claims do not apply. */
  public String appSessionCookie(String user, TokenOptions options) {
    return cookie("app_session", Kind.APP_SESSION, sessionFor(user(user), issuedAt(), options));
  }

  /** {@code app_access_token=...}, ready for a {@code Cookie} header, with a JWT. */
  public String appAccessTokenCookie(String user) {
    return appAccessTokenCookie(user, TokenOptions.DEFAULTS);
  }

  /** {@code app_access_token=...}, ready for a {@code Cookie} header, with a JWT. */
  public String appAccessTokenCookie(String user, TokenOptions options) {
    return cookiePrefix + "app_access_token=" + accessToken(user, options);
  }

  // ---- What changes while credentials are out

  /** Every user, deleted ones too. */
  public List<User> users() {
    synchronized (lock) {
      return List.copyOf(users.values());
    }
  }

  public User user(String name) {
    synchronized (lock) {
      User user = users.get(name);
      if (user == null) {
        throw new NoSuchElementException(
            "no user '" + name + "': " + String.join(", ", users.keySet()));
      }
      return user;
    }
  }

  public void disable(String user) {
    change(user, u -> u.withStatus(Status.DISABLED));
  }

  public void enable(String user) {
    change(user, u -> u.withStatus(Status.ACTIVE));
  }

  /**
   * @param from when it takes effect, may be in the future
   * @param until exclusive
   */
  public void disableTemporarily(String user, Instant from, Instant until) {
    change(user, u -> u.withTemporaryDisabling(from, until));
  }

  Instant now() {
    return clock.instant();
  }

  /** A project with the same users, and keys of its own. */
  Project another() {
    return new Project(() -> "https://other-project.authgear.cloud", clock, "");
  }

  /** Where changes of users are announced. */
  public Webhooks hooks() {
    return hooks;
  }

  /** Deletes a user and leaves the sessions, as Authgear does until it purges them. */
  public void delete(String user) {
    change(user, u -> u.withStatus(Status.DELETED));
  }

  /**
   * @param from null for no bound
   * @param until exclusive; null for no bound
   */
  public void setValidity(String user, @Nullable Instant from, @Nullable Instant until) {
    change(user, u -> u.withValidity(from, until));
  }

  /**
   * Sets the effective roles: the resolver tells them at once, a JWT those of its minting.
   *
   * @throws IllegalArgumentException if a role key is not one that Authgear allows
   */
  public void setRoles(String user, List<String> roles) {
    change(user, u -> u.withRoles(roles));
  }

  /** Ends every session of a user. */
  public void logout(String user) {
    User known = user(user);
    synchronized (lock) {
      sessions.values().removeIf(session -> session.user().equals(known.name()));
    }
  }

  /** Ends the session that a credential belongs to, and with it every credential of the session. */
  public void endSession(String credential) {
    synchronized (lock) {
      sessions.remove(granted(credential).sessionId());
    }
  }

  /** Revokes one credential; the others of its session stay. */
  public void revoke(String credential) {
    synchronized (lock) {
      Grant _ = granted(credential);
      grants.remove(secretOf(credential));
    }
  }

  /** Puts a new key in front: it signs from now on, older ones are still published. */
  public void rotateKeys() {
    SigningKey key = SigningKey.generate();
    synchronized (lock) {
      keys.addFirst(key);
    }
  }

  /** Withdraws every key but the one that signs; what they signed is invalid from now on. */
  public void retireKeys() {
    synchronized (lock) {
      keys.subList(1, keys.size()).clear();
    }
  }

  /** The ids of the published keys, the one that signs first. */
  public List<String> keyIds() {
    synchronized (lock) {
      return keys.stream().map(SigningKey::kid).toList();
    }
  }

  // ---- What the endpoints say

  /** {@code iss} of its tokens. */
  String issuer() {
    return origin.get();
  }

  /** {@code http.cookie_prefix}, in front of every cookie name. */
  String cookiePrefix() {
    return cookiePrefix;
  }

  /** The key set (RFC 7517 §5). */
  Map<String, Object> jwks() {
    synchronized (lock) {
      return Map.of("keys", keys.stream().map(SigningKey::jwk).toList());
    }
  }

  /**
   * Picks the first credential that is valid, then looks at its user.
   *
   * @param bearer the bearer token, null without one
   * @param cookies the first value of each cookie, by its name
   */
  Resolution resolve(@Nullable String bearer, Map<String, String> cookies) {
    String sessionCookie = cookies.get(cookiePrefix + "session");
    synchronized (lock) {
      Session picked = live(bearer, Kind.ACCESS_TOKEN);
      if (picked == null) {
        picked = live(cookies.get(cookiePrefix + "app_session"), Kind.APP_SESSION);
      }
      if (picked == null) {
        picked = live(cookies.get(cookiePrefix + "app_access_token"), Kind.ACCESS_TOKEN);
      }
      if (picked == null) {
        picked = live(sessionCookie, Kind.SESSION);
        if (picked == null) {
          return sessionCookie == null ? new Resolution.Absent() : new Resolution.Invalid();
        }
      }
      Instant now = clock.instant();
      sessions.put(
          picked.id(),
          new Session(
              picked.id(),
              picked.user(),
              picked.clientId(),
              picked.amr(),
              picked.authenticatedAt(),
              now));
      User user = user(picked.user());
      return user.isUsable(now)
          ? new Resolution.Valid(user, picked.authenticatedAt())
          : new Resolution.Invalid();
    }
  }

  private @Nullable Session live(@Nullable String secret, Kind kind) {
    Grant grant = secret == null ? null : grants.get(secret);
    if (grant == null || grant.kind() != kind) {
      return null;
    }
    Instant now = clock.instant();
    Session session = sessions.get(grant.sessionId());
    boolean live =
        session != null
            && now.isBefore(session.lastAccess().plus(SESSION_IDLE_TIMEOUT))
            && (grant.expiresAt() == null || now.isBefore(grant.expiresAt()))
            && (grant.audience() == null || grant.audience().contains(origin.get()))
            && (grant.kid() == null || keyIds().contains(grant.kid()));
    return live ? session : null;
  }

  // ---- Minting

  private Session sessionFor(User user, Instant now, TokenOptions options) {
    synchronized (lock) {
      if (options.sessionOf() != null) {
        Session shared = sessions.get(granted(options.sessionOf()).sessionId());
        if (shared == null || !shared.user().equals(user.name())) {
          throw new NoSuchElementException("no such session of " + user.name());
        }
        return shared;
      }
      Authentication how = options.session();
      List<String> usual = user.anonymous() ? List.of() : List.of("pwd");
      Session session =
          new Session(
              UUID.randomUUID().toString(),
              user.name(),
              options.clientId() == null ? APP_CLIENT_ID : options.clientId(),
              how.amr() == null ? usual : how.amr(),
              how.known() ? (how.at() == null ? now : how.at()) : null,
              now);
      sessions.put(session.id(), session);
      return session;
    }
  }

  /** The claims that access and ID tokens share. */
  private Map<String, @Nullable Object> userClaims(
      User user, Session session, List<String> audience, Instant now, TokenOptions options) {
    Map<String, @Nullable Object> claims = new LinkedHashMap<>();
    claims.put("aud", audience);
    putTimes(claims, now, options);
    if (session.authenticatedAt() != null) {
      claims.put("auth_time", session.authenticatedAt().getEpochSecond());
    }
    if (!session.amr().isEmpty()) {
      claims.put("amr", session.amr());
    }
    claims.put(USER_CLAIM + "can_reauthenticate", user.canReauthenticate());
    claims.put(USER_CLAIM + "is_anonymous", user.anonymous());
    claims.put(USER_CLAIM + "is_verified", user.verified());
    claims.put(USER_CLAIM + "roles", options.roles() == null ? user.roles() : options.roles());
    claims.put("iss", origin.get());
    claims.put("sub", user.id());
    return claims;
  }

  private static void putTimes(
      Map<String, @Nullable Object> claims, Instant now, TokenOptions options) {
    claims.put("iat", now.getEpochSecond());
    claims.put("exp", now.plus(options.expiresIn()).getEpochSecond());
  }

  private static String sign(
      SigningKey key, String type, Map<String, @Nullable Object> claims, TokenOptions options) {
    options
        .claims()
        .forEach(
            (name, value) -> {
              if (value == null) {
                claims.remove(name);
              } else {
                claims.put(name, value);
              }
            });
    return key.sign(type, claims);
  }

  private String cookie(String name, Kind kind, Session session) {
    String secret = session.id() + "." + alphanumeric();
    grant(secret, new Grant(kind, session.id(), null, null, null));
    return cookiePrefix + name + "=" + secret;
  }

  private void grant(String secret, Grant grant) {
    synchronized (lock) {
      grants.put(secret, grant);
    }
  }

  private Grant granted(String credential) {
    Grant grant = grants.get(secretOf(credential));
    if (grant == null) {
      throw new NoSuchElementException("the resolver does not know this credential");
    }
    return grant;
  }

  /** No token and no cookie value has an equals sign in it. */
  private static String secretOf(String credential) {
    return credential.substring(credential.indexOf('=') + 1);
  }

  private SigningKey signingKey() {
    synchronized (lock) {
      return keys.getFirst();
    }
  }

  /** Every change of a user passes here. */
  private void change(String name, UnaryOperator<User> change) {
    synchronized (lock) {
      User before = user(name);
      User after = change.apply(before);
      users.put(name, after);
      String type = Webhooks.typeOf(before, after);
      if (type != null) {
        hooks.announce(type, after, clock.instant());
      }
    }
  }

  /** Tokens count in whole seconds. */
  private Instant issuedAt() {
    return Instant.ofEpochSecond(clock.instant().getEpochSecond());
  }

  private String alphanumeric() {
    StringBuilder text = new StringBuilder(32);
    for (int i = 0; i < 32; i++) {
      text.append(ALPHANUMERIC.charAt(random.nextInt(ALPHANUMERIC.length())));
    }
    return text.toString();
  }

  private static String sha256(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
