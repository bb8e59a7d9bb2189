package com.authgear.authrequest.sandbox.oauth;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The API resources of the project (RFC 8707) and the scopes of each, all of them open to clients
 * that registered themselves. Thread-safe. Source: authgear-server pkg/lib/resourcescope/formats.go
 * and the function validateResource of pkg/lib/oauth/handler/handler_authz.go.
 */
public final class Resources {

  private static final Pattern SCOPE_TOKEN = Pattern.compile("[\\x21\\x23-\\x5B\\x5D-\\x7E]+");

  private final Supplier<String> issuer;
  private final Map<String, List<String>> scopes = new HashMap<>();

  public Resources(Supplier<String> issuer) {
    this.issuer = issuer;
  }

  /**
   * Adds a resource, or replaces its scopes. Unlike Authgear, which takes https only, the sandbox
   * takes http too.
   *
   * @throws IllegalArgumentException if it is no resource's URI, or a scope is none
   */
  public synchronized void register(String uri, List<String> itsScopes) {
    if (!isResource(uri)) {
      throw new IllegalArgumentException(
          "'" + uri + "' is no resource: http(s)://host/path without user, query and fragment");
    }
    for (String scope : itsScopes) {
      if (!SCOPE_TOKEN.matcher(scope).matches() || scope.startsWith("https://authgear.com")) {
        throw new IllegalArgumentException("'" + scope + "' is no scope of a resource");
      }
    }
    scopes.put(uri, List.copyOf(itsScopes));
  }

  /** Every resource with its scopes. */
  public synchronized Map<String, List<String>> all() {
    return Map.copyOf(scopes);
  }

  private static boolean isResource(String text) {
    try {
      URI uri = new URI(text);
      return uri.getScheme() != null
          && Set.of("http", "https").contains(uri.getScheme())
          && uri.getHost() != null
          && uri.getRawUserInfo() == null
          && uri.getRawQuery() == null
          && uri.getRawFragment() == null;
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /**
   * The scopes that a client may ask for in addition to the project's own.
   *
   * @param resource null if the client asks for none
   * @throws OAuthException {@code invalid_target} if the client may not ask for the resource
   */
  synchronized List<String> scopesFor(Client client, @Nullable String resource)
      throws OAuthException {
    if (resource == null || resource.isEmpty()) {
      return List.of();
    }
    if (resource.startsWith(issuer.get())) {
      throw new OAuthException(
          "invalid_target", "resource URI must not be a prefixed by authgear endpoint");
    }
    return switch (client.type()) {
      case DYNAMIC_THIRD_PARTY -> {
        List<String> known = scopes.get(resource);
        if (known == null) {
          throw new OAuthException(
              "invalid_target", "resource not found or not accessible to third-party clients");
        }
        yield known;
      }
      case SPA, TRADITIONAL_WEBAPP, NATIVE, THIRD_PARTY_APP ->
          throw new OAuthException(
              "invalid_target", "this client is not permitted to use the resource parameter");
    };
  }
}
