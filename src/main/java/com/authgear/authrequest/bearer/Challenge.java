package com.authgear.authrequest.bearer;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A {@code WWW-Authenticate: Bearer} challenge.
 *
 * @param error RFC 6750 §3.1 or RFC 9470 §3 code; null when no credentials came (RFC 6750 §3.1)
 * @param scopes what the location needs, for {@code insufficient_scope}
 * @param acceptableAge seconds since authentication that the location accepts (RFC 9470 {@code
 *     max_age})
 */
public record Challenge(
    @Nullable ErrorCode error, List<String> scopes, OptionalLong acceptableAge) {

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
    if (space.resourceMetadata() != null) {
      parameters.add("resource_metadata=\"" + space.resourceMetadata() + "\"");
    }
    return parameters.isEmpty() ? "Bearer" : "Bearer " + String.join(", ", parameters);
  }
}
