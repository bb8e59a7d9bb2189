package com.authgear.authrequest.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * A JWT taken apart (RFC 7515 §7.1), believed by nobody yet.
 *
 * @param signed what the signature is of
 * @param encodedSignature base64url
 */
record Jwt(JsonNode header, JsonNode claims, String signed, String encodedSignature) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Null for what is none. */
  static @Nullable Jwt parse(String token) {
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3) {
      return null;
    }
    try {
      Base64.Decoder decoder = Base64.getUrlDecoder();
      return JSON.readTree(decoder.decode(parts[0])) instanceof ObjectNode header
              && JSON.readTree(decoder.decode(parts[1])) instanceof ObjectNode claims
          ? new Jwt(header, claims, parts[0] + "." + parts[1], parts[2])
          : null;
    } catch (IOException | IllegalArgumentException _) {
      return null;
    }
  }

  /** Empty for what is no base64url. */
  byte[] signature() {
    try {
      return Base64.getUrlDecoder().decode(encodedSignature);
    } catch (IllegalArgumentException _) {
      return new byte[0];
    }
  }

  String kid() {
    return header.path("kid").asText("");
  }

  /** {@code jti}; empty if there is none. */
  String id() {
    return claims.path("jti").asText("");
  }

  /** Whether {@code exp}, {@code nbf} and {@code iat} allow it, as far as they are there. */
  boolean isWithinItsTimes(Instant now) {
    long second = now.getEpochSecond();
    return (!claims.has("exp") || second < claims.get("exp").asLong())
        && (!claims.has("nbf") || second >= claims.get("nbf").asLong())
        && (!claims.has("iat") || second >= claims.get("iat").asLong());
  }
}
