package com.authgear.authrequest.verify.jwt;

import com.nimbusds.jose.JWSVerifier;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The project's public keys as of one fetch. Immutable.
 *
 * @param keys by {@code kid}
 * @param fetchedAt Unix seconds
 */
record KeySet(Map<String, Key> keys, long fetchedAt) {

  /**
   * A key that may verify signatures. Two fetches of the same key give the same instance.
   *
   * @param thumbprint of its material (RFC 7638)
   * @param algorithms JWS algorithms that the key itself is good for (RFC 7517 §4.4)
   */
  record Key(String id, String thumbprint, JWSVerifier verifier, Set<String> algorithms) {
    boolean isSameAs(Key other) {
      return id.equals(other.id)
          && thumbprint.equals(other.thumbprint)
          && algorithms.equals(other.algorithms);
    }
  }

  KeySet {
    keys = Map.copyOf(keys);
  }

  /** These keys, with the former set's instances for those that did not change. */
  KeySet after(@Nullable KeySet former) {
    if (former == null) {
      return this;
    }
    Map<String, Key> kept = new HashMap<>(keys);
    kept.replaceAll(
        (id, key) -> {
          Key old = former.keys.get(id);
          return old != null && old.isSameAs(key) ? old : key;
        });
    return new KeySet(kept, fetchedAt);
  }
}
