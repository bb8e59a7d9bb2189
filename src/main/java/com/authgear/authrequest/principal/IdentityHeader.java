package com.authgear.authrequest.principal;

import com.authgear.authrequest.principal.Principal.Kind;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The headers that tell a backend who sent a request: Authgear's eight, as its resolver writes
 * them, and two that only a JWT can fill. The set is complete on every allow; a header with nothing
 * to say is empty.
 */
public enum IdentityHeader {
  SESSION_VALID("x-authgear-session-valid"),
  USER_ID("x-authgear-user-id"),
  USER_ANONYMOUS("x-authgear-user-anonymous"),
  USER_VERIFIED("x-authgear-user-verified"),
  USER_CAN_REAUTHENTICATE("x-authgear-user-can-reauthenticate"),
  USER_ROLES("x-authgear-user-roles"),
  SESSION_AMR("x-authgear-session-amr"),
  SESSION_AUTHENTICATED_AT("x-authgear-session-authenticated-at"),
  CLIENT_ID("x-authgear-client-id"),
  SCOPE("x-authgear-scope");

  private final String headerName;

  IdentityHeader(String headerName) {
    this.headerName = headerName;
  }

  /** The field name, in lower case. */
  public String headerName() {
    return headerName;
  }

  /** The field value for a principal; empty if there is nothing to say. */
  public String of(Principal principal) {
    return switch (this) {
      case SESSION_VALID -> principal.kind() == Kind.USER ? "true" : "";
      case USER_ID -> principal.userId();
      case USER_ANONYMOUS -> flag(principal.anonymous());
      case USER_VERIFIED -> flag(principal.verified());
      case USER_CAN_REAUTHENTICATE -> flag(principal.canReauthenticate());
      case USER_ROLES -> String.join(",", principal.roles());
      case SESSION_AMR -> String.join(" ", principal.amr());
      case SESSION_AUTHENTICATED_AT ->
          principal.authTime().isPresent() ? Long.toString(principal.authTime().getAsLong()) : "";
      case CLIENT_ID -> principal.clientId();
      case SCOPE -> String.join(" ", principal.scopes());
    };
  }

  /** Whether a field name is one of these, in any case. */
  public static boolean isIdentityHeader(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    for (IdentityHeader header : values()) {
      if (header.headerName.equals(lower)) {
        return true;
      }
    }
    return false;
  }

  private static String flag(@Nullable Boolean value) {
    return value == null ? "" : value.toString();
  }
}
