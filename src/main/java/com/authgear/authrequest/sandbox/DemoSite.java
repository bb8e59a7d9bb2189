package com.authgear.authrequest.sandbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the playground sends requests to, and nowhere else.
 *
 * @param nginx such as {@code http://127.0.0.1:8000}; null where there is none, and the service is
 *     asked directly
 * @param service such as {@code http://127.0.0.1:8080}
 * @param locations what nginx has; at least one
 * @param recheck the service's {@code AUTHGEAR_RECHECK}, as it is written
 * @param cacheTtl the service's {@code AUTHGEAR_RESOLVER_CACHE_TTL}, as it is written
 */
public record DemoSite(
    @Nullable String nginx,
    String service,
    List<DemoLocation> locations,
    String recheck,
    String cacheTtl) {

  public DemoSite {
    locations = List.copyOf(locations);
  }

  /**
   * A location of nginx.
   *
   * @param path where it begins, such as {@code /admin/}
   * @param title who is let in, in a few words
   * @param access how nginx finds out
   */
  public record DemoLocation(String path, String title, Access access) {}

  /** How nginx finds out whether a request may pass. */
  public sealed interface Access {
    /** It does not ask. */
    record Open() implements Access {}

    /** It asks for any user. */
    record AnyUser() implements Access {}

    /**
     * It asks for what a policy says.
     *
     * @param name in small letters
     * @param requirement as in {@code AUTHGEAR_POLICY_<NAME>}
     */
    record Policy(String name, String requirement) implements Access {}
  }
}
