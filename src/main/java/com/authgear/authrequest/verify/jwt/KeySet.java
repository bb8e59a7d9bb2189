package com.authgear.authrequest.verify.jwt;

import com.nimbusds.jose.JWSVerifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The project's public keys as of one fetch. Immutable. */
final class KeySet {

  /**
   * A key that may verify signatures. Two fetches of the same key give the same instance.
   *
   * @param id {@code kid}; several keys of different types may share one (RFC 7517 §4.5)
   * @param thumbprint of its material (RFC 7638)
   * @param algorithms JWS algorithms that the key itself is good for (RFC 7517 §4.4); never empty
   */
  record Key(String id, String thumbprint, JWSVerifier verifier, Set<String> algorithms) {
    boolean isSameAs(Key other) {
      return id.equals(other.id)
          && thumbprint.equals(other.thumbprint)
          && algorithms.equals(other.algorithms);
    }
  }

  private final Map<String, List<Key>> byId = new LinkedHashMap<>();
  private final int size;
  private final long fetchedAt;

  /**
   * @param fetchedAt Unix seconds
   */
  KeySet(Collection<Key> keys, long fetchedAt) {
    for (Key key : keys) {
      byId.computeIfAbsent(key.id(), _ -> new ArrayList<>(1)).add(key);
    }
    this.size = keys.size();
    this.fetchedAt = fetchedAt;
  }

  /** Unix seconds. */
  long fetchedAt() {
    return fetchedAt;
  }

  int size() {
    return size;
  }

  Set<String> ids() {
    return byId.keySet();
  }

  /** All keys with an id, in the order of the set; empty if there is none. */
  List<Key> withId(String id) {
    return byId.getOrDefault(id, List.of());
  }

  /** Whether this very key is still there. */
  boolean contains(Key key) {
    for (Key there : withId(key.id())) {
      if (there.equals(key)) {
        return true;
      }
    }
    return false;
  }

  /** These keys, with the former set's instances for those that did not change. */
  KeySet after(@Nullable KeySet former) {
    if (former == null) {
      return this;
    }
    List<Key> kept = new ArrayList<>(size);
    for (List<Key> keys : byId.values()) {
      for (Key key : keys) {
        kept.add(
            former.withId(key.id()).stream()
                .filter(old -> old.isSameAs(key))
                .findFirst()
                .orElse(key));
      }
    }
    return new KeySet(kept, fetchedAt);
  }
}
