package com.authgear.authrequest.verify.jwt;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Gives one instance for values that come again and again, as the scopes of a client do. Remembers
 * the latest value per slot only: bounded, without locks, and at worst two equal instances live.
 */
final class ValueInterner {

  private static final int SLOTS = 1024;

  private final AtomicReferenceArray<@Nullable Object> latest = new AtomicReferenceArray<>(SLOTS);

  @SuppressWarnings("unchecked") // equal values of these immutable types are interchangeable
  <T> T one(T value) {
    int hash = value.hashCode();
    int slot = (hash ^ (hash >>> 16)) & (SLOTS - 1);
    Object seen = latest.get(slot);
    if (value.equals(seen)) {
      return (T) seen;
    }
    latest.set(slot, value);
    return value;
  }
}
