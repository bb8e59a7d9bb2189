package com.authgear.authrequest.sandbox;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Identities in events: how a user can sign in. */
final class Identities {

  /** What Authgear tells webhooks of identities. */
  static final List<String> EVENTS =
      List.of(
          "identity.email.added",
          "identity.email.removed",
          "identity.email.updated",
          "identity.phone.added",
          "identity.phone.removed",
          "identity.phone.updated",
          "identity.username.added",
          "identity.username.removed",
          "identity.username.updated",
          "identity.email.verified",
          "identity.email.unverified",
          "identity.phone.verified",
          "identity.phone.unverified",
          "identity.oauth.connected",
          "identity.oauth.disconnected",
          "identity.biometric.enabled",
          "identity.biometric.disabled");

  private static final String LOGIN_ID = "https://authgear.com/claims/login_id/";

  private Identities() {}

  static void requireKnown(String type) {
    if (!EVENTS.contains(type)) {
      throw new IllegalArgumentException(
          "no event '" + type + "' of an identity: " + String.join(", ", EVENTS));
    }
  }

  /** A user's email address. */
  static Map<String, Object> email(User user, Instant createdAt) {
    return loginId(user, "email", user.name() + "@example.test", createdAt);
  }

  /** The members of an event's payload in addition to the user. */
  static Map<String, Object> payload(String type, User user, Instant now) {
    List<String> words = List.of(type.split("\\.", -1));
    String kind = words.get(1);
    Map<String, Object> payload = new LinkedHashMap<>();
    if (words.getLast().equals("updated")) {
      payload.put("new_identity", identity(kind, user, "new-" + user.name(), now));
      payload.put("old_identity", identity(kind, user, user.name(), now));
    } else {
      payload.put("identity", identity(kind, user, user.name(), now));
    }
    return payload;
  }

  private static Map<String, Object> identity(String kind, User user, String name, Instant now) {
    return switch (kind) {
      case "email" -> loginId(user, "email", name + "@example.test", now);
      case "phone" -> loginId(user, "phone", "+85251000000", now);
      case "username" -> loginId(user, "username", name, now);
      case "oauth" ->
          of(
              "oauth",
              user,
              now,
              Map.of("https://authgear.com/claims/oauth/provider_type", "google"));
      case "biometric" -> of("biometric", user, now, Map.of());
      default -> throw new IllegalArgumentException("no kind '" + kind + "' of an identity");
    };
  }

  private static Map<String, Object> loginId(
      User user, String key, String value, Instant createdAt) {
    String claim =
        switch (key) {
          case "phone" -> "phone_number";
          case "username" -> "preferred_username";
          default -> key;
        };
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put(claim, value);
    claims.put(LOGIN_ID + "key", key);
    claims.put(LOGIN_ID + "original_value", value);
    claims.put(LOGIN_ID + "type", key);
    claims.put(LOGIN_ID + "value", value);
    return of("login_id", user, createdAt, claims);
  }

  private static Map<String, Object> of(
      String type, User user, Instant createdAt, Map<String, Object> claims) {
    Map<String, Object> identity = new LinkedHashMap<>();
    String seed = user.id() + type + claims;
    identity.put("id", UUID.nameUUIDFromBytes(seed.getBytes(StandardCharsets.UTF_8)).toString());
    identity.put("created_at", createdAt.toString());
    identity.put("updated_at", createdAt.toString());
    identity.put("type", type);
    identity.put("user_id", user.id());
    identity.put("claims", claims);
    return identity;
  }
}
