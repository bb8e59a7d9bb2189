package com.authgear.authrequest.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What to mint, as far as it differs from {@link #DEFAULTS}. Null means: as a real project would.
 *
 * @param expiresIn lifetime, negative for a token that is expired already; Authgear's own if null
 * @param audience {@code aud}; the project's origin (ID token: the client id) if null
 * @param clientId {@code client_id}
 * @param scope {@code scope}, space-separated
 * @param roles the roles claim; the user's roles if null. The resolver always tells the user's own
 * @param session how the user signed in, if the token begins a session
 * @param sessionOf a credential whose session this one shares; a new session begins if null
 * @param claims further claims, over all others; a null value removes the claim
 */
public record TokenOptions(
    @Nullable Duration expiresIn,
    @Nullable List<String> audience,
    @Nullable String clientId,
    @Nullable String scope,
    @Nullable List<String> roles,
    Authentication session,
    @Nullable String sessionOf,
    Map<String, @Nullable Object> claims) {

  /**
   * How and when the user of a session signed in.
   *
   * @param amr methods, told by the token of the sign-in only; a password's if null (none for an
   *     anonymous user)
   * @param known whether the time is known; if not, {@code auth_time} is absent
   * @param at when; now if null
   */
  public record Authentication(@Nullable List<String> amr, boolean known, @Nullable Instant at) {}

  /** Authgear's lifetime of an access token. */
  static final Duration ACCESS_TOKEN_LIFETIME = Duration.ofMinutes(30);

  /** As Authgear's defaults, of a new session that begins now. */
  public static final TokenOptions DEFAULTS =
      new TokenOptions(
          null, null, null, null, null, new Authentication(null, true, null), null, Map.of());

  public TokenOptions {
    audience = audience == null ? null : List.copyOf(audience);
    roles = roles == null ? null : List.copyOf(roles);
    claims = Collections.unmodifiableMap(new LinkedHashMap<>(claims));
  }

  Duration lifetime(Duration usual) {
    return expiresIn == null ? usual : expiresIn;
  }

  public TokenOptions withExpiresIn(Duration lifetime) {
    return new TokenOptions(lifetime, audience, clientId, scope, roles, session, sessionOf, claims);
  }

  public TokenOptions withAudience(List<String> value) {
    return new TokenOptions(expiresIn, value, clientId, scope, roles, session, sessionOf, claims);
  }

  public TokenOptions withClientId(String value) {
    return new TokenOptions(expiresIn, audience, value, scope, roles, session, sessionOf, claims);
  }

  public TokenOptions withScope(String value) {
    return new TokenOptions(
        expiresIn, audience, clientId, value, roles, session, sessionOf, claims);
  }

  public TokenOptions withRoles(List<String> value) {
    return new TokenOptions(
        expiresIn, audience, clientId, scope, value, session, sessionOf, claims);
  }

  public TokenOptions withAmr(List<String> amr) {
    return withSession(new Authentication(List.copyOf(amr), session.known(), session.at()));
  }

  public TokenOptions withAuthTime(Instant at) {
    return withSession(new Authentication(session.amr(), true, at));
  }

  /** As a session from before January 2025: no one knows when it was authenticated. */
  public TokenOptions withoutAuthTime() {
    return withSession(new Authentication(session.amr(), false, null));
  }

  /** A further token of the session of another token or cookie, as a refresh gives. */
  public TokenOptions withSessionOf(String credential) {
    return new TokenOptions(
        expiresIn, audience, clientId, scope, roles, session, credential, claims);
  }

  /** Adds or replaces a claim; null removes it. */
  public TokenOptions withClaim(String name, @Nullable Object value) {
    Map<String, @Nullable Object> more = new LinkedHashMap<>(claims);
    more.put(name, value);
    return new TokenOptions(expiresIn, audience, clientId, scope, roles, session, sessionOf, more);
  }

  private TokenOptions withSession(Authentication value) {
    return new TokenOptions(expiresIn, audience, clientId, scope, roles, value, sessionOf, claims);
  }
}
