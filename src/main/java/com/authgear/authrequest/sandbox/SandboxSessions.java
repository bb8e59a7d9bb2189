package com.authgear.authrequest.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who is signed in, and the credentials that say so. Which of a request's credentials counts is the
 * resolver's own rule (authgear-server pkg/lib/oauth/resolver.go). Thread-safe.
 */
final class SandboxSessions {

  /** A session dies after this time without a successful resolver call. */
  static final Duration IDLE_TIMEOUT = Duration.ofDays(30);

  /** What a credential is, and so where it is looked for. */
  enum Kind {
    ACCESS_TOKEN,
    APP_SESSION,
    SESSION,
    /** Of no worth at the resolver. */
    REFRESH_TOKEN
  }

  /** Which credential counts. */
  sealed interface Picked {

    /** None. */
    record Nothing() implements Picked {}

    /** One that ends the search: no other credential counts. */
    record Refused() implements Picked {}

    /** The session of the first good one. */
    record Found(Session session) implements Picked {}
  }

  /**
   * A credential that the resolver knows.
   *
   * @param expiresAt null for a cookie, which lives as long as its session
   */
  private record Grant(Kind kind, String sessionId, @Nullable Instant expiresAt) {}

  private final InstantSource clock;
  private final SigningKeys keys;
  private final Predicate<String> isThirdParty;

  private final Object lock = new Object();
  private final Map<String, Session> sessions = new HashMap<>();

  /** By {@code jti} for a JWT, by themselves for all others. */
  private final Map<String, Grant> grants = new HashMap<>();

  /**
   * @param isThirdParty whether a client is someone else's
   */
  SandboxSessions(InstantSource clock, SigningKeys keys, Predicate<String> isThirdParty) {
    this.clock = clock;
    this.keys = keys;
    this.isThirdParty = isThirdParty;
  }

  void begin(Session session) {
    synchronized (lock) {
      sessions.put(session.id(), session);
    }
  }

  /**
   * @param secret the credential, or the {@code jti} of a JWT
   */
  void grant(String secret, Kind kind, Session session, @Nullable Instant expiresAt) {
    synchronized (lock) {
      grants.put(secret, new Grant(kind, session.id(), expiresAt));
    }
  }

  /**
   * The live session that a credential belongs to; the credential itself may be expired.
   *
   * @param credential a token, a cookie's value or {@code name=value}
   * @throws NoSuchElementException if there is none
   */
  Session of(String credential) {
    synchronized (lock) {
      Session session = sessions.get(granted(credential).sessionId());
      if (session == null) {
        throw new NoSuchElementException("the session of this credential is over");
      }
      return session;
    }
  }

  /** Ends a session and the grants that came of it, with every credential of them. */
  List<Session> end(Session session) {
    synchronized (lock) {
      List<Session> ended =
          sessions.values().stream()
              .filter(
                  other ->
                      other.id().equals(session.id()) || session.id().equals(other.idpSession()))
              .toList();
      ended.forEach(other -> sessions.remove(other.id()));
      return ended;
    }
  }

  boolean isLive(Session session) {
    synchronized (lock) {
      return sessions.containsKey(session.id());
    }
  }

  /** Ends every session of a user; returns what ended. */
  List<Session> endAll(String user) {
    synchronized (lock) {
      List<Session> ended =
          sessions.values().stream().filter(session -> session.user().equals(user)).toList();
      ended.forEach(session -> sessions.remove(session.id()));
      return ended;
    }
  }

  /**
   * Revokes one credential; the others of its session stay.
   *
   * @throws NoSuchElementException if it is not known
   */
  void revoke(String credential) {
    synchronized (lock) {
      Grant _ = granted(credential);
      grants.remove(secretOf(credential));
    }
  }

  /**
   * Picks the first credential that is valid and refreshes its session's idle timeout.
   *
   * @param bearer the bearer token, null without one
   * @param cookies the first value of each cookie, by its name without the project's prefix
   */
  Picked pick(@Nullable String bearer, Map<String, String> cookies) {
    synchronized (lock) {
      Picked picked = find(bearer, Kind.ACCESS_TOKEN);
      if (picked instanceof Picked.Nothing) {
        picked = find(cookies.get("app_session"), Kind.APP_SESSION);
      }
      if (picked instanceof Picked.Nothing) {
        picked = find(cookies.get("app_access_token"), Kind.ACCESS_TOKEN);
      }
      if (picked instanceof Picked.Nothing) {
        picked = find(cookies.get("session"), Kind.SESSION);
        if (picked instanceof Picked.Nothing && cookies.containsKey("session")) {
          return new Picked.Refused();
        }
      }
      if (picked instanceof Picked.Found(var session)) {
        sessions.put(session.id(), session.accessedAt(clock.instant()));
      }
      return picked;
    }
  }

  private Picked find(@Nullable String credential, Kind kind) {
    if (credential == null) {
      return new Picked.Nothing();
    }
    Jwt jwt = kind == Kind.ACCESS_TOKEN ? verified(credential) : null;
    Instant now = clock.instant();
    // Neither iss, typ, client_id, sub nor aud: only its times, and that its jti is a live grant.
    if (jwt != null && !jwt.isWithinItsTimes(now)) {
      return new Picked.Nothing();
    }
    Grant grant = grants.get(jwt == null ? credential : jwt.id());
    Session session = grant == null ? null : sessions.get(grant.sessionId());
    if (grant == null
        || session == null
        || grant.kind() != kind
        || (grant.expiresAt() != null && !now.isBefore(grant.expiresAt()))
        || !now.isBefore(session.lastAccess().plus(IDLE_TIMEOUT))) {
      return new Picked.Nothing();
    }
    return jwt == null && kind == Kind.ACCESS_TOKEN && isThirdParty.test(session.clientId())
        ? new Picked.Refused()
        : new Picked.Found(session);
  }

  /** Null for what is no JWT of a published key: Authgear takes it for an opaque token. */
  private @Nullable Jwt verified(String token) {
    Jwt jwt = token.startsWith("eyJ") ? Jwt.parse(token) : null;
    SigningKey key = jwt == null ? null : keys.published(jwt.kid());
    return jwt != null && key != null && key.signed(jwt) ? jwt : null;
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
    String value = credential.substring(credential.indexOf('=') + 1);
    Jwt jwt = Jwt.parse(value);
    return jwt == null ? value : jwt.id();
  }
}
