package com.authgear.authrequest.sandbox;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Numbers the project's events and writes them with the members, and in the order, of a running
 * Authgear (authgear-server pkg/api/event). Called under the project's lock.
 */
final class Events {

  static final String APP_ID = "sandbox";

  private static final String USER_AGENT = "authgear-sandbox";

  /** Who caused an event. */
  enum Cause {
    USER("user", "/api/v1/authentication_flows/states/input"),
    SIGN_OUT("user", "/oauth2/revoke"),
    ADMIN_API("admin_api", "/graphql");

    private final String triggeredBy;
    private final String path;

    Cause(String triggeredBy, String path) {
      this.triggeredBy = triggeredBy;
      this.path = path;
    }
  }

  /**
   * What is to be told.
   *
   * @param user whom the context names; null for none
   * @param payload the members of {@code payload} in their order
   */
  record Happening(
      String type,
      Cause cause,
      @Nullable String user,
      @Nullable String clientId,
      Map<String, @Nullable Object> payload) {}

  private final SecureRandom random = new SecureRandom();
  private final Consumer<Event> heardBy;
  private long seq;

  /**
   * @param heardBy who is told of each event
   */
  Events(Consumer<Event> heardBy) {
    this.heardBy = heardBy;
  }

  void tell(Happening happening, String origin, Instant now) {
    seq++;
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("id", Event.idOf(seq));
    data.put("seq", seq);
    data.put("type", happening.type());
    data.put("payload", happening.payload());
    data.put("context", context(happening, origin, now));
    heardBy.accept(
        new Event(seq, happening.type(), now, happening.user(), happening.clientId(), data));
  }

  private Map<String, @Nullable Object> context(Happening happening, String origin, Instant now) {
    Map<String, @Nullable Object> context = new LinkedHashMap<>();
    context.put("timestamp", now.getEpochSecond());
    context.put("user_id", happening.user());
    context.put("triggered_by", happening.cause().triggeredBy);
    context.put("audit_context", Map.of("http_url", origin + happening.cause().path));
    context.put("preferred_languages", List.of());
    context.put("language", "en");
    if (happening.clientId() != null) {
      context.put("oauth", Map.of("state", "sandbox"));
    }
    context.put("ip_address", "127.0.0.1");
    context.put("geo_location_code", null);
    context.put("user_agent", USER_AGENT);
    context.put("app_id", APP_ID);
    if (happening.clientId() != null) {
      context.put("client_id", happening.clientId());
    }
    context.put("tracking_id", hex(16) + "-" + hex(8));
    return context;
  }

  private String hex(int bytes) {
    byte[] id = new byte[bytes];
    random.nextBytes(id);
    return HexFormat.of().formatHex(id);
  }

  // ---- Parts of payloads

  /** A user, with the flags of a moment. */
  static Map<String, @Nullable Object> user(User user, Instant now) {
    Account account = user.account();
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("id", user.id());
    json.put("created_at", user.createdAt().toString());
    json.put("updated_at", user.updatedAt().toString());
    putTime(json, "last_login_at", user.lastLoginAt());
    json.put("is_anonymous", user.anonymous());
    json.put("is_verified", user.verified());
    json.put("is_disabled", isDisabled(account, now));
    if (account.disableReason() != null) {
      json.put("disable_reason", account.disableReason());
    }
    json.put("is_deactivated", false);
    putTime(json, "delete_at", account.deleteAt());
    if (account.deleteAt() != null) {
      json.put("delete_reason", "");
    }
    json.put("is_anonymized", account.status() == User.Status.ANONYMIZED);
    putTime(json, "anonymize_at", account.anonymizeAt());
    putTime(json, "temporarily_disabled_from", account.disabledFrom());
    putTime(json, "temporarily_disabled_until", account.disabledUntil());
    putTime(json, "account_valid_from", account.validFrom());
    putTime(json, "account_valid_until", account.validUntil());
    json.put("can_reauthenticate", user.canReauthenticate());
    Map<String, Object> attributes = new LinkedHashMap<>(user.attributes());
    attributes.put("updated_at", user.updatedAt().getEpochSecond());
    json.put("standard_attributes", attributes);
    json.put("custom_attributes", Map.of());
    json.put("x_web3", Map.of());
    json.put("roles", user.roles());
    json.put("groups", List.of());
    return json;
  }

  private static boolean isDisabled(Account account, Instant now) {
    return switch (account.status()) {
      case ACTIVE -> account.isWithinTemporaryDisabling(now);
      case DISABLED -> true;
      // As before: the account was not disabled to be deleted or anonymised.
      case ANONYMIZED, DELETED -> false;
    };
  }

  static Map<String, @Nullable Object> session(Session session) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("id", session.id());
    json.put("created_at", session.createdAt().toString());
    json.put("updated_at", session.lastAccess().toString());
    json.put("type", session.kind().type());
    if (!session.amr().isEmpty()) {
      json.put("amr", session.amr());
    }
    json.put("lastAccessedAt", session.lastAccess().toString());
    json.put("createdByIP", "127.0.0.1");
    json.put("lastAccessedByIP", "127.0.0.1");
    json.put("lastAccessedByIPCountryCode", "");
    json.put("lastAccessedByIPEnglishCountryName", "");
    json.put("clientID", session.kind() == Session.Kind.OFFLINE_GRANT ? session.clientId() : null);
    json.put("displayName", "Sandbox");
    json.put("userAgent", USER_AGENT);
    return json;
  }

  private static void putTime(
      Map<String, @Nullable Object> json, String name, @Nullable Instant time) {
    if (time != null) {
      json.put(name, time.toString());
    }
  }
}
