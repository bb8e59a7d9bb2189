package com.authgear.authrequest.verify.jwt;

import com.nimbusds.jose.JWSVerifier;
import java.util.Map;
import java.util.Set;

/**
 * The project's public keys as of one fetch. Immutable.
 *
 * @param keys by {@code kid}
 * @param fetchedAt Unix seconds
 */
record KeySet(Map<String, Key> keys, long fetchedAt) {

  /**
   * A key that may verify signatures.
   *
   * @param algorithms JWS algorithms that the key itself is good for (RFC 7517 §4.4)
   */
  record Key(String id, JWSVerifier verifier, Set<String> algorithms) {}

  KeySet {
    keys = Map.copyOf(keys);
  }
}
