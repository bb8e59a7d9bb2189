package com.authgear.authrequest.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened, as Authgear tells it to webhooks and writes it to its audit log.
 *
 * @param seq its number in the project
 * @param type such as {@code user.disabled}
 * @param at when, before it takes effect
 * @param userId the user that the audit log's row is of; null for none
 * @param clientId null for none
 * @param data the whole of it as JSON: id, seq, type, payload, context
 */
record Event(
    long seq,
    String type,
    Instant at,
    @Nullable String userId,
    @Nullable String clientId,
    Map<String, Object> data) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** As it stands in an event and in the audit log: 16 hexadecimal digits. */
  static String idOf(long seq) {
    return String.format(Locale.ROOT, "%016x", seq);
  }

  byte[] json() {
    try {
      return JSON.writeValueAsBytes(data);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("maps of strings and numbers are JSON", e);
    }
  }
}
