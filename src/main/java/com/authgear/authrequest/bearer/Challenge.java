package com.authgear.authrequest.bearer;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A {@code WWW-Authenticate: Bearer} challenge.
 *
 * @param error RFC 6750 §3.1 or RFC 9470 §3 code; null when no credentials came (RFC 6750 §3.1)
 * @param scopes all that the location needs, whatever the token has (RFC 6750 §3)
 * @param acceptableAge seconds since authentication that the location accepts (RFC 9470 {@code
 *     max_age})
 * @param resourceMetadata where the location's resource describes itself (RFC 9728 §5.1); null: as
 *     the protection space says
 */
public record Challenge(
    @Nullable ErrorCode error,
    List<String> scopes,
    OptionalLong acceptableAge,
    @Nullable URI resourceMetadata) {

  /** Error codes, verbatim from the RFCs. */
  public enum ErrorCode {
    INVALID_REQUEST("invalid_request"),
    INVALID_TOKEN("invalid_token"),
    INSUFFICIENT_SCOPE("insufficient_scope"),
    INSUFFICIENT_USER_AUTHENTICATION("insufficient_user_authentication");

    private final String code;

    ErrorCode(String code) {
      this.code = code;
    }

    public String code() {
      return code;
    }
  }

  public Challenge {
    scopes = List.copyOf(scopes);
  }

  /** One of a location without a resource of its own. */
  public Challenge(@Nullable ErrorCode error, List<String> scopes, OptionalLong acceptableAge) {
    this(error, scopes, acceptableAge, null);
  }

  /** No credentials came: only the scheme. */
  public static Challenge plain() {
    return new Challenge(null, List.of(), OptionalLong.empty());
  }

  public static Challenge of(ErrorCode error) {
    return new Challenge(error, List.of(), OptionalLong.empty());
  }

  /** The field value: every parameter a quoted string, as RFC 6750 §3 has them. */
  public String toHeader(ProtectionSpace space) {
    List<String> parameters = new ArrayList<>();
    if (space.realm() != null) {
      parameters.add("realm=\"" + space.realm() + "\"");
    }
    if (error != null) {
      parameters.add("error=\"" + error.code() + "\"");
    }
    if (!scopes.isEmpty()) {
      parameters.add("scope=\"" + String.join(" ", scopes) + "\"");
    }
    if (acceptableAge.isPresent()) {
      parameters.add("max_age=\"" + acceptableAge.getAsLong() + "\"");
    }
    URI metadata = resourceMetadata == null ? space.resourceMetadata() : resourceMetadata;
    if (metadata != null) {
      parameters.add("resource_metadata=\"" + metadata + "\"");
    }
    return parameters.isEmpty() ? "Bearer" : "Bearer " + String.join(", ", parameters);
  }
}
