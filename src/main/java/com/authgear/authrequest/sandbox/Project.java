package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.sandbox.Events.Cause;
import com.authgear.authrequest.sandbox.Events.Happening;
import com.authgear.authrequest.sandbox.SandboxSessions.Kind;
import com.authgear.authrequest.sandbox.SandboxSessions.Picked;
import com.authgear.authrequest.sandbox.TokenOptions.Authentication;
import com.authgear.authrequest.sandbox.User.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
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
 *
 * <p>What ends a user's sessions ends them for good, as at Authgear: disabling, deletion,
 * anonymisation, a schedule of either, a validity that does not hold now. Enabling again brings
 * none back. A credential minted for a user who may not sign in belongs to a session that is over.
 */
public final class Project {

  /** The client that users' tokens belong to unless options say otherwise. */
  public static final String APP_CLIENT_ID = "sandbox-app";

  /** A static client of a third party: its JWTs have the project's own audience. */
  public static final String THIRD_PARTY_CLIENT_ID = "sandbox-partner";

  /** With this begin the clients that registered themselves. */
  public static final String DYNAMIC_CLIENT_PREFIX = "dcrc_";

  /** The client that machine-to-machine tokens belong to unless options say otherwise. */
  public static final String M2M_CLIENT_ID = "sandbox-worker";

  /** Scope of a user's token unless options say otherwise. */
  public static final String USER_SCOPE =
      "openid offline_access https://authgear.com/scopes/full-access";

  /** A session dies after this time without a successful resolver call. */
  public static final Duration SESSION_IDLE_TIMEOUT = SandboxSessions.IDLE_TIMEOUT;

  /** For how long Authgear may tell an old {@code verified}. */
  public static final Duration USER_INFO_CACHE = Duration.ofMinutes(5);

  /** How a password's sign-in is written. */
  static final List<String> PASSWORD = List.of("pwd", "x_primary_password");

  private static final Duration SCHEDULED_IN = Duration.ofDays(30);

  /** What Authgear still tells of a user, and until when. */
  private record Cached(boolean verified, Instant until) {}

  private final Supplier<String> origin;
  private final InstantSource clock;
  private final String cookiePrefix;
  private final SigningKeys keys;
  private final Minting minting;
  private final SandboxSessions sessions;
  private final Webhooks hooks = new Webhooks();
  private final AuditRows audit;
  private final SigningKey adminApiKey;
  private final Events events;

  private final Object lock = new Object();
  private final Map<String, User> users = new LinkedHashMap<>();
  private final Map<String, Cached> cached = new HashMap<>();
  private boolean verifiedIsLate;

  Project(Supplier<String> origin, InstantSource clock, String cookiePrefix) {
    this.origin = origin;
    this.clock = clock;
    this.cookiePrefix = cookiePrefix;
    audit = new AuditRows(clock);
    // As Authgear: webhooks are sent before the row is written.
    events =
        new Events(
            event -> {
              hooks.announce(event);
              audit.write(event);
            });
    adminApiKey = SigningKey.generate(clock.instant().getEpochSecond());
    keys = new SigningKeys(clock.instant().getEpochSecond());
    minting = new Minting(origin, keys);
    sessions = new SandboxSessions(clock, keys, Project::isThirdParty);
    User.wellKnown(clock.instant()).forEach(user -> users.put(user.name(), user));
  }

  // ---- Credentials

  /** A user's access token as a JWT: {@code typ} at+jwt. */
  public String accessToken(String user) {
    return accessToken(user, TokenOptions.DEFAULTS);
  }

  /** A user's access token as a JWT: {@code typ} at+jwt. */
  public String accessToken(String user, TokenOptions options) {
    Session session = sessionFor(user(user), Session.Kind.OFFLINE_GRANT, issuedAt(), options);
    return accessToken(session, options.sessionOf() == null, options);
  }

  /**
   * @param fresh whether it comes straight from the sign-in
   */
  String accessToken(Session session, boolean fresh, TokenOptions options) {
    Instant now = issuedAt();
    Minting.AccessToken minted =
        minting.accessToken(told(user(session.user())), session, fresh, now, options);
    sessions.grant(minted.id(), Kind.ACCESS_TOKEN, session, expiry(now, options));
    return minted.token();
  }

  /** A user's opaque access token: 32 letters and digits. */
  public String opaqueToken(String user) {
    return opaqueToken(user, TokenOptions.DEFAULTS);
  }

  /** A user's opaque access token: 32 letters and digits. */
  public String opaqueToken(String user, TokenOptions options) {
    return opaqueToken(
        sessionFor(user(user), Session.Kind.OFFLINE_GRANT, issuedAt(), options), options);
  }

  String opaqueToken(Session session, TokenOptions options) {
    String token = minting.alphanumeric();
    sessions.grant(token, Kind.ACCESS_TOKEN, session, expiry(issuedAt(), options));
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
    return minting.m2mToken(issuedAt(), options);
  }

  /** A user's ID token, signed by the same key and no access token: {@code typ} JWT. */
  public String idToken(String user) {
    return idToken(user, TokenOptions.DEFAULTS);
  }

  /** A user's ID token, signed by the same key and no access token: {@code typ} JWT. */
  public String idToken(String user, TokenOptions options) {
    Session session = sessionFor(user(user), Session.Kind.OFFLINE_GRANT, issuedAt(), options);
    return idToken(session, options.sessionOf() == null, options);
  }

  String idToken(Session session, boolean fresh, TokenOptions options) {
    return minting.idToken(told(user(session.user())), session, fresh, issuedAt(), options);
  }

  /** {@code session=...}, ready for a {@code Cookie} header, of a new session. */
  public String sessionCookie(String user) {
    return sessionCookie(user, TokenOptions.DEFAULTS);
  }

  /** {@code session=...}, ready for a {@code Cookie} header; lifetime and claims do not apply. */
  public String sessionCookie(String user, TokenOptions options) {
    return cookie("session", Kind.SESSION, Session.Kind.IDP, user, options);
  }

  /** {@code app_session=...}, ready for a {@code Cookie} header, of a new session. */
  public String appSessionCookie(String user) {
    return appSessionCookie(user, TokenOptions.DEFAULTS);
  }

  /** {@code app_session=...}; lifetime and claims do not apply. */
  public String appSessionCookie(String user, TokenOptions options) {
    return cookie("app_session", Kind.APP_SESSION, Session.Kind.OFFLINE_GRANT, user, options);
  }

  /** {@code app_access_token=...}, ready for a {@code Cookie} header, with a JWT. */
  public String appAccessTokenCookie(String user) {
    return appAccessTokenCookie(user, TokenOptions.DEFAULTS);
  }

  /** {@code app_access_token=...}, ready for a {@code Cookie} header, with a JWT. */
  public String appAccessTokenCookie(String user, TokenOptions options) {
    return cookiePrefix + "app_access_token=" + accessToken(user, options);
  }

  private String cookie(
      String name, Kind kind, Session.Kind sessionKind, String user, TokenOptions options) {
    return cookiePrefix
        + name
        + "="
        + secretOf(sessionFor(user(user), sessionKind, issuedAt(), options), kind);
  }

  /** A secret that stands for a session for as long as that lives. */
  String secretOf(Session session, Kind kind) {
    String secret = session.id() + "." + minting.alphanumeric();
    sessions.grant(secret, kind, session, null);
    return secret;
  }

  private static Instant expiry(Instant now, TokenOptions options) {
    return now.plus(options.lifetime(TokenOptions.ACCESS_TOKEN_LIFETIME));
  }

  private Session sessionFor(User user, Session.Kind kind, Instant now, TokenOptions options) {
    if (options.sessionOf() != null) {
      Session shared = sessions.of(options.sessionOf());
      if (!shared.user().equals(user.name())) {
        throw new NoSuchElementException("no such session of " + user.name());
      }
      return shared;
    }
    Authentication how = options.session();
    List<String> usual = user.anonymous() ? List.of() : PASSWORD;
    Session session =
        new Session(
            UUID.randomUUID().toString(),
            user.name(),
            options.clientId() == null ? APP_CLIENT_ID : options.clientId(),
            kind,
            how.amr() == null ? usual : how.amr(),
            how.known() ? (how.at() == null ? now : how.at()) : null,
            clock.instant(),
            now,
            null);
    synchronized (lock) {
      if (user(user.name()).isUsable(clock.instant())) {
        sessions.begin(session);
      }
    }
    return session;
  }

  /**
   * A client's grant, of a session of the user's own.
   *
   * @param fresh whether the user signed in for it
   * @throws NoSuchElementException if the session is over, or the user may not use it now
   */
  Session grant(String clientId, Session idp, boolean fresh) {
    Instant now = clock.instant();
    Session session =
        new Session(
            UUID.randomUUID().toString(),
            idp.user(),
            clientId,
            Session.Kind.OFFLINE_GRANT,
            // Authgear loses them on the way through Redis.
            fresh ? idp.amr() : List.of(),
            idp.authenticatedAt(),
            now,
            issuedAt(),
            idp.id());
    synchronized (lock) {
      if (!isLive(idp)) {
        throw new NoSuchElementException("the session is over");
      }
      sessions.begin(session);
    }
    return session;
  }

  /** Whether a session goes on and its user may use it now. */
  boolean isLive(Session session) {
    return sessions.isLive(session) && user(session.user()).isUsable(clock.instant());
  }

  private static boolean isThirdParty(String client) {
    return client.equals(THIRD_PARTY_CLIENT_ID) || client.startsWith(DYNAMIC_CLIENT_PREFIX);
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

  /** Adds a user without roles. Told to webhooks: {@code user.created}. */
  public void create(String name) {
    synchronized (lock) {
      if (users.containsKey(name)) {
        throw new IllegalArgumentException("there is a user '" + name + "'");
      }
      Instant now = clock.instant();
      User user = User.regular(name, UUID.randomUUID().toString(), List.of(), false, now);
      users.put(name, user);
      Map<String, @Nullable Object> payload = payload(user);
      payload.put("identities", List.of(Identities.email(user, now)));
      tell("user.created", Cause.ADMIN_API, user, payload);
      tellMutation("create_user", payload(user));
    }
  }

  /** Signs a user in, and gives the token. Told to webhooks: {@code user.authenticated}. */
  public String signIn(String name) {
    synchronized (lock) {
      if (!user(name).isUsable(clock.instant())) {
        throw new IllegalArgumentException(name + " may not sign in");
      }
      String token = accessToken(name);
      // The user's own session at Authgear; the token is of the client's.
      Session _ = logIn(name, APP_CLIENT_ID);
      return token;
    }
  }

  /**
   * Begins a session of the user's own. Told to webhooks: {@code user.authenticated}.
   *
   * @throws IllegalArgumentException if the user may not sign in
   */
  Session logIn(String name, String clientId) {
    synchronized (lock) {
      if (!user(name).isUsable(clock.instant())) {
        throw new IllegalArgumentException(name + " may not sign in");
      }
      User user = user(name).signedInAt(clock.instant());
      users.put(name, user);
      Session session = sessionFor(user, Session.Kind.IDP, issuedAt(), TokenOptions.DEFAULTS);
      Map<String, @Nullable Object> payload = payload(user);
      payload.put("session", Events.session(session));
      events.tell(
          new Happening("user.authenticated", Cause.USER, user.id(), clientId, payload),
          origin.get(),
          clock.instant());
      return session;
    }
  }

  /** Ends every session of the user. */
  public void disable(String user) {
    setDisabled(user, true, null);
  }

  /** Ends every session of the user. */
  public void disable(String user, String reason) {
    setDisabled(user, true, reason);
  }

  /** Brings no session back. */
  public void enable(String user) {
    setDisabled(user, false, null);
  }

  private void setDisabled(String user, boolean disabled, @Nullable String reason) {
    synchronized (lock) {
      Status status = disabled ? Status.DISABLED : Status.ACTIVE;
      User after = change(user, u -> u.withAccount(u.account().with(status, reason)));
      tell(disabled ? "user.disabled" : "user.reenabled", Cause.ADMIN_API, after, payload(after));
      Map<String, @Nullable Object> mutation = payload(after);
      mutation.put("is_disabled", disabled);
      tellMutation("set_disabled_status", mutation);
    }
  }

  /**
   * Ends every session of the user if it is in effect now; if it begins later, they are refused
   * while it lasts.
   *
   * @param from when it takes effect, may be in the future
   * @param until exclusive
   */
  public void disableTemporarily(String user, Instant from, Instant until) {
    synchronized (lock) {
      User after = change(user, u -> u.withAccount(u.account().disabledBetween(from, until)));
      Map<String, @Nullable Object> payload = payload(after);
      payload.put("temporarily_disabled_from", from.toString());
      payload.put("temporarily_disabled_until", until.toString());
      tell("user.disabled", Cause.ADMIN_API, after, payload);
      Map<String, @Nullable Object> mutation = payload(after);
      mutation.put("is_disabled", true);
      mutation.put("temporarily_disabled_from", from.toString());
      mutation.put("temporarily_disabled_until", until.toString());
      tellMutation("set_disabled_status", mutation);
    }
  }

  /** Ends every session of the user; the event has the flags of before. */
  public void delete(String user) {
    remove(user, Status.DELETED, "user.deleted", "delete_user");
  }

  /** Ends every session of the user; the event has the flags of before. */
  public void anonymize(String user) {
    remove(user, Status.ANONYMIZED, "user.anonymized", "anonymize_user");
  }

  private void remove(String user, Status status, String event, String mutation) {
    synchronized (lock) {
      User before = user(user);
      User after = change(user, u -> u.withAccount(u.account().with(status, null)));
      Map<String, @Nullable Object> payload = new LinkedHashMap<>();
      payload.put("user", Events.user(before.withoutIdentities(), clock.instant()));
      tell(event, Cause.ADMIN_API, after, payload);
      tellMutation(mutation, new LinkedHashMap<>(payload));
    }
  }

  /** In 30 days. Ends every session of the user now. */
  public void scheduleDeletion(String user) {
    Instant at = clock.instant().plus(SCHEDULED_IN);
    schedule(user, account -> account.toBeDeleted(at), "deletion_scheduled", "deletion");
  }

  /** In 30 days. Ends every session of the user now. */
  public void scheduleAnonymization(String user) {
    Instant at = clock.instant().plus(SCHEDULED_IN);
    schedule(
        user, account -> account.toBeAnonymized(at), "anonymization_scheduled", "anonymization");
  }

  /** Brings no session back. */
  public void unscheduleDeletion(String user) {
    unschedule(user, "deletion");
  }

  /** Brings no session back. */
  public void unscheduleAnonymization(String user) {
    unschedule(user, "anonymization");
  }

  private void schedule(String user, UnaryOperator<Account> change, String event, String what) {
    synchronized (lock) {
      User after = change(user, u -> u.withAccount(change.apply(u.account())));
      tell("user." + event, Cause.ADMIN_API, after, payload(after));
      tellMutation("schedule_account_" + what, payload(after));
    }
  }

  private void unschedule(String user, String what) {
    synchronized (lock) {
      User after = change(user, u -> u.withAccount(u.account().with(Status.ACTIVE, null)));
      tell("user." + what + "_unscheduled", Cause.ADMIN_API, after, payload(after));
      tellMutation("unschedule_account_" + what, payload(after));
    }
  }

  /**
   * Ends every session of the user if the account is not valid now. No webhook tells it.
   *
   * @param from null for no bound
   * @param until exclusive; null for no bound
   */
  public void setValidity(String user, @Nullable Instant from, @Nullable Instant until) {
    synchronized (lock) {
      User after = change(user, u -> u.withAccount(u.account().validBetween(from, until)));
      Map<String, @Nullable Object> payload = new LinkedHashMap<>();
      payload.put("user", Events.user(after, clock.instant()));
      payload.put("account_valid_from", from == null ? null : from.toString());
      payload.put("account_valid_until", until == null ? null : until.toString());
      tellMutation("set_account_valid_period", payload);
    }
  }

  /**
   * Sets the effective roles: the resolver tells them at once, a JWT those of its minting. No
   * webhook tells it.
   *
   * @throws IllegalArgumentException if a role key is not one that Authgear allows
   */
  public void setRoles(String user, List<String> roles) {
    synchronized (lock) {
      User before = user(user);
      User after = change(user, u -> u.withRoles(roles));
      tellRoles("add_user_to_roles", after, without(after.roles(), before.roles()));
      tellRoles("remove_user_from_roles", after, without(before.roles(), after.roles()));
    }
  }

  private static List<String> without(List<String> roles, List<String> others) {
    return roles.stream().filter(role -> !others.contains(role)).toList();
  }

  private void tellRoles(String mutation, User user, List<String> roles) {
    if (!roles.isEmpty()) {
      Map<String, @Nullable Object> payload = new LinkedHashMap<>();
      payload.put("user_id", user.id());
      payload.put("role_ids", roles);
      tell("admin_api.mutation." + mutation + ".executed", Cause.ADMIN_API, user, payload);
    }
  }

  /** Ends every session of a user, by the user. No webhook tells it. */
  public void logout(String user) {
    synchronized (lock) {
      User known = user(user);
      tellSignedOut(known, sessions.endAll(known.name()));
    }
  }

  /** Ends a session and the grants that came of it, by the user. No webhook tells it. */
  void logOut(Session session) {
    synchronized (lock) {
      tellSignedOut(user(session.user()), sessions.end(session));
    }
  }

  private void tellSignedOut(User user, List<Session> ended) {
    Map<String, @Nullable Object> payload = payload(user);
    payload.put("sessions", ended.stream().map(Events::session).toList());
    tell("user.signed_out", Cause.SIGN_OUT, user, payload);
  }

  /** Ends every session of a user, by an administrator. No webhook tells it. */
  public void revokeAllSessions(String user) {
    synchronized (lock) {
      User known = user(user);
      tellTerminated(known, sessions.endAll(known.name()), "all");
      tellMutation("revoke_all_sessions", payload(known));
    }
  }

  /**
   * Ends the session that a credential belongs to, and with it every credential of the session. No
   * webhook tells it.
   */
  public void endSession(String credential) {
    synchronized (lock) {
      Session session = sessions.of(credential);
      User user = user(session.user());
      tellTerminated(user, sessions.end(session), "individual");
      Map<String, @Nullable Object> mutation = payload(user);
      mutation.put("session", Events.session(session));
      tellMutation("revoke_session", mutation);
    }
  }

  private void tellTerminated(User user, List<Session> ended, String type) {
    Map<String, @Nullable Object> payload = payload(user);
    payload.put("sessions", ended.stream().map(Events::session).toList());
    payload.put("termination_type", type);
    tell("user.session.terminated", Cause.ADMIN_API, user, payload);
  }

  /** Revokes one credential; the others of its session stay. */
  public void revoke(String credential) {
    sessions.revoke(credential);
  }

  /** Leaves the sessions. No webhook tells it. */
  public void resetPassword(String user) {
    synchronized (lock) {
      tellMutation("reset_password", payload(user(user)));
    }
  }

  /**
   * Verifies the user's email address, or takes that back. With {@link #makeVerifiedLate} both the
   * resolver and new JWTs go on to tell the old value for {@link #USER_INFO_CACHE}.
   */
  public void setVerified(String user, boolean verified) {
    synchronized (lock) {
      User before = user(user);
      User after =
          change(user, u -> u.withVerified(verified).withAttribute("email_verified", verified));
      if (verifiedIsLate) {
        cached.put(user, new Cached(before.verified(), clock.instant().plus(USER_INFO_CACHE)));
      }
      // The event is written from the cache that this change does not purge.
      Map<String, @Nullable Object> payload = payload(after.withVerified(before.verified()));
      payload.put("identity", Identities.email(after, after.createdAt()));
      tell(
          verified ? "identity.email.verified" : "identity.email.unverified",
          Cause.ADMIN_API,
          after,
          payload);
      Map<String, @Nullable Object> mutation = new LinkedHashMap<>();
      mutation.put("claim_name", "email");
      mutation.put("claim_value", after.attributes().getOrDefault("email", ""));
      mutation.put("is_verified", verified);
      tellMutation("set_verified_status", mutation);
    }
  }

  /** Whether a change of {@code verified} is told late, as at Authgear; off at the start. */
  public void makeVerifiedLate(boolean late) {
    synchronized (lock) {
      verifiedIsLate = late;
      cached.clear();
    }
  }

  /** Takes a role from everyone. The audit log's entry concerns all, and no webhook tells it. */
  public void deleteRole(String role) {
    synchronized (lock) {
      for (User user : List.copyOf(users.values())) {
        if (user.roles().contains(role)) {
          User _ = change(user.name(), u -> u.withRoles(without(u.roles(), List.of(role))));
        }
      }
      Map<String, @Nullable Object> payload = new LinkedHashMap<>();
      payload.put("role", Map.of("key", role));
      payload.put("role_group_ids", List.of());
      payload.put("role_user_ids", List.of());
      tellMutation("delete_role", payload);
    }
  }

  /** Sets a standard attribute of any length. Told to webhooks: {@code user.profile.updated}. */
  public void setAttribute(String user, String attribute, Object value) {
    synchronized (lock) {
      User after = change(user, u -> u.withAttribute(attribute, value));
      tell("user.profile.updated", Cause.ADMIN_API, after, payload(after));
      tellMutation("update_user", payload(after));
    }
  }

  /**
   * Something about an identity, told to webhooks. Leaves the sessions.
   *
   * @param type one of {@link Identities#EVENTS}
   */
  public void changeIdentity(String user, String type) {
    synchronized (lock) {
      Identities.requireKnown(type);
      User after = change(user, u -> u);
      Map<String, @Nullable Object> payload = payload(after);
      payload.putAll(Identities.payload(type, after, clock.instant()));
      tell(type, Cause.USER, after, payload);
    }
  }

  /** An anonymous user signs up. Told to webhooks: {@code user.anonymous.promoted}. */
  public void promote(String user) {
    synchronized (lock) {
      User before = user(user);
      User after = change(user, User::promoted);
      Map<String, @Nullable Object> payload = new LinkedHashMap<>();
      payload.put("anonymous_user", Events.user(before, clock.instant()));
      payload.putAll(payload(after));
      payload.put("identities", List.of(Identities.email(after, clock.instant())));
      tell("user.anonymous.promoted", Cause.USER, after, payload);
    }
  }

  /** Puts a new key in front: it signs from now on, older ones are still published. */
  public void rotateKeys() {
    keys.rotate(clock.instant().getEpochSecond());
  }

  /** Withdraws every key but the one that signs; what they signed is invalid from now on. */
  public void retireKeys() {
    keys.retire();
  }

  /** The ids of the published keys, the one that signs first. */
  public List<String> keyIds() {
    return keys.ids();
  }

  /** Ends what a browser's new session replaces: that session and the grants that came of it. */
  void replace(Session session) {
    List<Session> _ = sessions.end(session);
  }

  /** 32 letters and digits. */
  String secret() {
    return minting.alphanumeric();
  }

  /** What the Admin API shows of all changes. */
  public AuditRows auditLog() {
    return audit;
  }

  SigningKey adminApiKey() {
    return adminApiKey;
  }

  /** Where changes of users are announced. */
  public Webhooks hooks() {
    return hooks;
  }

  /**
   * Every change of a user passes here, and purges what is cached of the user. Ends the user's
   * sessions if the account may not be used now.
   */
  private User change(String name, UnaryOperator<User> change) {
    Instant now = clock.instant();
    User after = change.apply(user(name)).changedAt(now);
    users.put(name, after);
    cached.remove(name);
    if (!after.isUsable(now)) {
      List<Session> _ = sessions.endAll(name);
    }
    return after;
  }

  private Map<String, @Nullable Object> payload(User user) {
    Map<String, @Nullable Object> payload = new LinkedHashMap<>();
    payload.put("user", Events.user(user, clock.instant()));
    return payload;
  }

  private void tell(String type, Cause cause, User user, Map<String, @Nullable Object> payload) {
    events.tell(
        new Happening(type, cause, user.id(), null, payload), origin.get(), clock.instant());
  }

  /** The Admin API's own entry, which the audit log has and which names no user in its context. */
  private void tellMutation(String mutation, Map<String, @Nullable Object> payload) {
    events.tell(
        new Happening(
            "admin_api.mutation." + mutation + ".executed", Cause.ADMIN_API, null, null, payload),
        origin.get(),
        clock.instant());
  }

  // ---- What the endpoints say

  Instant now() {
    return clock.instant();
  }

  /** A project with the same users, and keys of its own. */
  Project another() {
    return new Project(() -> "https://other-project.authgear.cloud", clock, "");
  }

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
    return keys.jwks();
  }

  /**
   * Picks the credential of a request that counts.
   *
   * @param bearer the bearer token, null without one
   * @param cookies the first value of each cookie, by its name
   */
  Picked pick(@Nullable String bearer, Map<String, String> cookies) {
    Map<String, String> ours = new HashMap<>();
    cookies.forEach(
        (name, value) -> {
          if (name.startsWith(cookiePrefix)) {
            ours.put(name.substring(cookiePrefix.length()), value);
          }
        });
    return sessions.pick(bearer, ours);
  }

  /** Looks at the user of what was picked. */
  Resolution resolve(Picked picked) {
    return switch (picked) {
      case Picked.Nothing() -> new Resolution.Absent();
      case Picked.Refused() -> new Resolution.Invalid();
      case Picked.Found(var session) -> {
        User user = user(session.user());
        yield user.isUsable(clock.instant())
            ? new Resolution.Valid(told(user), session.authenticatedAt())
            : new Resolution.Invalid();
      }
    };
  }

  /** A user as Authgear's cache has it. */
  private User told(User user) {
    synchronized (lock) {
      Cached old = cached.get(user.name());
      return old != null && clock.instant().isBefore(old.until())
          ? user.withVerified(old.verified())
          : user;
    }
  }

  /** Tokens count in whole seconds. */
  private Instant issuedAt() {
    return Instant.ofEpochSecond(clock.instant().getEpochSecond());
  }
}
