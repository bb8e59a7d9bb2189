package com.authgear.authrequest.sandbox.oauth;

import java.util.List;

/** Which scopes a client may ask for. Source: authgear-server pkg/lib/oauth/scope.go. */
public final class Scopes {

  public static final String OPENID = "openid";
  public static final String OFFLINE_ACCESS = "offline_access";

  private static final String DEVICE_SSO = "device_sso";
  private static final String FULL_ACCESS = "https://authgear.com/scopes/full-access";
  private static final String PRE_AUTHENTICATED_URL =
      "https://authgear.com/scopes/pre-authenticated-url";

  /** {@code scopes_supported}, in the order of the discovery document. */
  public static final List<String> SUPPORTED =
      List.of(
          OFFLINE_ACCESS,
          DEVICE_SSO,
          OPENID,
          "profile",
          "email",
          "address",
          "phone",
          FULL_ACCESS,
          "https://authgear.com/scopes/full-userinfo",
          PRE_AUTHENTICATED_URL);

  private Scopes() {}

  /**
   * @param ofResource the scopes of the resource that is asked for
   * @throws OAuthException {@code invalid_scope}
   */
  static void validate(Client client, List<String> asked, List<String> ofResource)
      throws OAuthException {
    for (String scope : asked) {
      if (!SUPPORTED.contains(scope) && !ofResource.contains(scope)) {
        throw invalid("specified scope is not allowed: " + scope);
      }
    }
    for (String scope : asked) {
      // No client of the sandbox has pre-authenticated URLs, which both of the last two are for.
      switch (scope) {
        case FULL_ACCESS -> {
          if (client.isThirdParty()) {
            throw invalid("full access is not allowed for this client");
          }
        }
        case DEVICE_SSO -> throw invalid("device_sso is not allowed for this client");
        case PRE_AUTHENTICATED_URL ->
            throw invalid("device_sso must be requested when using pre-authenticated url");
        default -> {}
      }
    }
    if (!asked.contains(OPENID)) {
      throw invalid("must request 'openid' scope");
    }
  }

  private static OAuthException invalid(String description) {
    return new OAuthException("invalid_scope", description);
  }
}
