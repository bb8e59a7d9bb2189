package com.authgear.authrequest.sandbox;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Writes tokens as Authgear does. What the resolver knows of them is not its matter. */
final class Minting {

  /** Authgear's lifetime of an ID token. */
  static final Duration ID_TOKEN_LIFETIME = Duration.ofMinutes(5);

  private static final String USER_CLAIM = "https://authgear.com/claims/user/";
  private static final String ALPHANUMERIC =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  private final SecureRandom random = new SecureRandom();
  private final Supplier<String> origin;
  private final SigningKeys keys;

  Minting(Supplier<String> origin, SigningKeys keys) {
    this.origin = origin;
    this.keys = keys;
  }

  /**
   * A user's access token.
   *
   * @param id its {@code jti}
   */
  record AccessToken(String id, String token) {}

  /**
   * An access token as a JWT.
   *
   * @param fresh whether it comes straight from the sign-in: only such a token says how
   */
  AccessToken accessToken(
      User user, Session session, boolean fresh, Instant now, TokenOptions options) {
    List<String> audience = options.audience() == null ? List.of(origin.get()) : options.audience();
    Map<String, @Nullable Object> claims = userClaims(user, session, fresh, audience, now, options);
    claims.put(
        "exp", now.plus(options.lifetime(TokenOptions.ACCESS_TOKEN_LIFETIME)).getEpochSecond());
    claims.put("client_id", session.clientId());
    claims.put("scope", options.scope() == null ? Project.USER_SCOPE : options.scope());
    String id = sha256(alphanumeric());
    claims.put("jti", id);
    return new AccessToken(id, sign("at+jwt", claims, options));
  }

  String idToken(User user, Session session, boolean fresh, Instant now, TokenOptions options) {
    List<String> audience =
        options.audience() == null ? List.of(session.clientId()) : options.audience();
    Map<String, @Nullable Object> claims = userClaims(user, session, fresh, audience, now, options);
    claims.put("exp", now.plus(options.lifetime(ID_TOKEN_LIFETIME)).getEpochSecond());
    claims.put(
        "sid",
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(
                (session.kind().type() + ":" + session.id()).getBytes(StandardCharsets.UTF_8)));
    return sign("JWT", claims, options);
  }

  String m2mToken(Instant now, TokenOptions options) {
    String client = options.clientId() == null ? Project.M2M_CLIENT_ID : options.clientId();
    Map<String, @Nullable Object> claims = new LinkedHashMap<>();
    claims.put(
        "aud",
        options.audience() == null ? List.of("https://api.example.com") : options.audience());
    claims.put("client_id", client);
    claims.put("iat", now.getEpochSecond());
    claims.put(
        "exp", now.plus(options.lifetime(TokenOptions.ACCESS_TOKEN_LIFETIME)).getEpochSecond());
    claims.put("iss", origin.get());
    claims.put("jti", sha256(alphanumeric()));
    claims.put("scope", options.scope() == null ? "" : options.scope());
    claims.put("sub", "client_id_" + client);
    return sign("at+jwt", claims, options);
  }

  /** 32 letters and digits. */
  String alphanumeric() {
    StringBuilder text = new StringBuilder(32);
    for (int i = 0; i < 32; i++) {
      text.append(ALPHANUMERIC.charAt(random.nextInt(ALPHANUMERIC.length())));
    }
    return text.toString();
  }

  /** The claims that access and ID tokens share. */
  private Map<String, @Nullable Object> userClaims(
      User user,
      Session session,
      boolean fresh,
      List<String> audience,
      Instant now,
      TokenOptions options) {
    Map<String, @Nullable Object> claims = new LinkedHashMap<>();
    claims.put("aud", audience);
    claims.put("iat", now.getEpochSecond());
    if (session.authenticatedAt() != null) {
      claims.put("auth_time", session.authenticatedAt().getEpochSecond());
    }
    if (fresh && !session.amr().isEmpty()) {
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

  private String sign(String type, Map<String, @Nullable Object> claims, TokenOptions options) {
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
    return keys.signing().sign(type, claims);
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
