package com.authgear.authrequest.sandbox;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The project's key set: the first one signs, all are published. Thread-safe. */
final class SigningKeys {

  private final Object lock = new Object();
  private final List<SigningKey> keys = new ArrayList<>();

  /**
   * With one key.
   *
   * @param createdAt Unix seconds
   */
  SigningKeys(long createdAt) {
    keys.add(SigningKey.generate(createdAt));
  }

  SigningKey signing() {
    synchronized (lock) {
      return keys.getFirst();
    }
  }

  @Nullable SigningKey published(String kid) {
    synchronized (lock) {
      return keys.stream().filter(key -> key.kid().equals(kid)).findFirst().orElse(null);
    }
  }

  /** Puts a new key in front: it signs at once, older ones are still published. */
  void rotate(long createdAt) {
    SigningKey key = SigningKey.generate(createdAt);
    synchronized (lock) {
      keys.addFirst(key);
    }
  }

  /** Withdraws every key but the one that signs. */
  void retire() {
    synchronized (lock) {
      keys.subList(1, keys.size()).clear();
    }
  }

  List<String> ids() {
    synchronized (lock) {
      return keys.stream().map(SigningKey::kid).toList();
    }
  }

  /** The key set (RFC 7517 §5). */
  Map<String, Object> jwks() {
    synchronized (lock) {
      return Map.of("keys", keys.stream().map(SigningKey::jwk).toList());
    }
  }
}
