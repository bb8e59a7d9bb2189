package com.authgear.authrequest.requirement;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a location is a part of, as OAuth clients name it (RFC 8707, RFC 9728). A token must name it
 * in {@code aud}.
 *
 * @param id the resource identifier: an absolute URL without query and fragment, letter by letter
 *     as Authgear has it
 * @param name {@code resource_name} for people; null for none
 * @param documentation {@code resource_documentation}, a page for developers; null for none
 */
public record Resource(URI id, @Nullable String name, @Nullable URI documentation) {

  /** Begins the path of every description. */
  public static final String WELL_KNOWN = "/.well-known/oauth-protected-resource";

  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  /** A resource of which only the identifier is known. */
  public static Resource of(URI id) {
    return new Resource(id, null, null);
  }

  /** Where the description is: the well-known path goes before the resource's own (§3.1). */
  public URI metadata() {
    return id.resolve(metadataPath());
  }

  /** The path of {@link #metadata()}, as it stands in a request. */
  public String metadataPath() {
    return WELL_KNOWN + (id.getRawPath() == null ? "" : id.getRawPath());
  }

  /** What is wrong with a resource identifier; null if nothing. */
  static @Nullable String problem(String text) {
    URI url;
    try {
      url = new URI(text);
    } catch (URISyntaxException _) {
      return "is not a URL";
    }
    String host = url.getHost();
    if (url.getScheme() == null || host == null) {
      return "is not an absolute URL with a host";
    }
    if (url.getRawUserInfo() != null || url.getRawQuery() != null || url.getRawFragment() != null) {
      return "has a user name, a query or a fragment";
    }
    boolean https = url.getScheme().equals("https");
    if (!https && !(url.getScheme().equals("http") && LOOPBACK.contains(host))) {
      return "is neither https nor http on loopback";
    }
    if (!host.equals(host.toLowerCase(Locale.ROOT))) {
      return "has capital letters in its host: clients and Authgear compare letter by letter";
    }
    if (url.getPort() == (https ? 443 : 80)) {
      return "names the default port, which clients leave out";
    }
    return null;
  }
}
