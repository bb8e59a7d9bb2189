package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.sandbox.oauth.Scopes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The discovery document (OpenID Connect Discovery §3, RFC 8414 §2), as Authgear writes it. */
final class Discovery {

  private Discovery() {}

  static Map<String, Object> document(String origin) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("authorization_endpoint", origin + AuthorizationServerRoutes.AUTHORIZE);
    document.put(
        "claims_supported",
        List.of(
            "iss",
            "aud",
            "iat",
            "exp",
            "sub",
            "email",
            "email_verified",
            "phone_number",
            "phone_number_verified",
            "preferred_username",
            "family_name",
            "given_name",
            "middle_name",
            "name",
            "nickname",
            "picture",
            "profile",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "address",
            "updated_at"));
    document.put("code_challenge_methods_supported", List.of("S256"));
    document.put("dpop_signing_alg_values_supported", List.of("ES256", "RS256"));
    document.put("end_session_endpoint", origin + AuthorizationServerRoutes.END_SESSION);
    document.put(
        "grant_types_supported",
        List.of("authorization_code", "refresh_token", "client_credentials"));
    document.put("id_token_signing_alg_values_supported", List.of("RS256"));
    document.put("issuer", origin);
    document.put("jwks_uri", origin + AuthgearRoutes.JWKS);
    document.put("registration_endpoint", origin + AuthorizationServerRoutes.REGISTER);
    document.put("response_modes_supported", List.of("query", "fragment", "form_post"));
    document.put(
        "response_types_supported",
        List.of("code", "urn:authgear:params:oauth:response-type:settings-action", "none"));
    document.put("revocation_endpoint", origin + "/oauth2/revoke");
    document.put("scopes_supported", Scopes.SUPPORTED);
    document.put("subject_types_supported", List.of("public"));
    document.put("token_endpoint", origin + AuthorizationServerRoutes.TOKEN);
    document.put(
        "token_endpoint_auth_methods_supported",
        List.of("none", "client_secret_post", "client_secret_basic"));
    document.put("userinfo_endpoint", origin + "/oauth2/userinfo");
    return document;
  }
}
