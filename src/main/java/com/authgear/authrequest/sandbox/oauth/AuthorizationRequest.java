package com.authgear.authrequest.sandbox.oauth;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request to the authorization endpoint (RFC 6749 §4.1.1). Of a parameter that comes twice only
 * the first counts. Source: authgear-server pkg/lib/oauth/protocol/authz.go, and the functions
 * ValidateRequestWithoutTx and parseRedirectURI of pkg/lib/oauth/handler.
 */
public record AuthorizationRequest(Map<String, String> parameters) {

  public AuthorizationRequest {
    parameters = Map.copyOf(parameters);
  }

  private String get(String name) {
    return parameters.getOrDefault(name, "");
  }

  public String clientId() {
    return get("client_id");
  }

  public String responseType() {
    return get("response_type");
  }

  public String responseMode() {
    return parameters.getOrDefault("response_mode", "query");
  }

  public List<String> scope() {
    return words(get("scope"));
  }

  public String state() {
    return get("state");
  }

  public String nonce() {
    return get("nonce");
  }

  public String codeChallenge() {
    return get("code_challenge");
  }

  /** Null without one. */
  public @Nullable String resource() {
    return get("resource").isEmpty() ? null : get("resource");
  }

  /** {@code max_age} stands for {@code login}: the sandbox takes no hint of a session. */
  public boolean asksForLogin() {
    return prompt().contains("login") || isSeconds(get("max_age"));
  }

  /** Whether no page may be shown. */
  public boolean isSilent() {
    return prompt().contains("none");
  }

  private List<String> prompt() {
    return words(get("prompt"));
  }

  private static boolean isSeconds(String text) {
    try {
      return Long.parseLong(text) >= 0;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static List<String> words(String text) {
    return text.isEmpty() ? List.of() : List.of(text.split(" ", -1));
  }

  /**
   * Where the answer goes: a registered URI, letter by letter, or any of the project's own origin.
   *
   * @throws OAuthException if it may not go there; nobody is redirected then
   */
  public String redirectUri(Client client, String origin) throws OAuthException {
    String asked = get("redirect_uri");
    String uri =
        asked.isEmpty() && client.redirectUris().size() == 1
            ? client.redirectUris().getFirst()
            : asked;
    if (client.redirectUris().contains(uri) || isOfOrigin(uri, origin)) {
      return uri;
    }
    throw new OAuthException("invalid_request", "redirect URI is not allowed");
  }

  private static boolean isOfOrigin(String text, String origin) {
    try {
      URI uri = new URI(text);
      return (uri.getScheme() + "://" + uri.getRawAuthority()).equals(origin);
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /**
   * Everything else that Authgear asks of a request.
   *
   * @throws OAuthException to be told at the redirect URI
   */
  public void validate(Client client, Resources resources) throws OAuthException {
    if (!Set.of("code", "none", "token").contains(responseType())) {
      throw new OAuthException(
          "unauthorized_client", "response type is not allowed for this client");
    }
    if (isSilent() && prompt().size() != 1) {
      throw new OAuthException(
          "invalid_request", "prompt cannot have other values when none is set");
    }
    if (isSilent() && parameters.containsKey("max_age")) {
      throw new OAuthException(
          "invalid_request",
          "max_age could imply prompt=login so max_age cannot be present when prompt=none");
    }
    if (responseType().equals("token")) {
      throw new OAuthException(
          "unsupported_response_type", "response_type: token is not supported");
    }
    if (scope().isEmpty()) {
      throw new OAuthException("invalid_request", "scope is required");
    }
    if (responseType().equals("code")) {
      if (client.isPublic() && codeChallenge().isEmpty()) {
        throw new OAuthException(
            "invalid_request", "PKCE code challenge is required for public clients");
      }
      if (!codeChallenge().isEmpty() && !get("code_challenge_method").equals("S256")) {
        throw new OAuthException("invalid_request", "only 'S256' PKCE transform is supported");
      }
    }
    Scopes.validate(client, scope(), resources.scopesFor(client, resource()));
  }
}
