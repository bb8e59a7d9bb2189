package com.authgear.authrequest.settings;

import com.authgear.authrequest.settings.ParsedValue.Invalid;
import com.authgear.authrequest.settings.ParsedValue.Valid;
import com.authgear.authrequest.tls.PemPrivateKey;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.interfaces.RSAPrivateKey;
import java.security.spec.RSAPrivateCrtKeySpec;
import java.security.spec.RSAPrivateKeySpec;
import java.util.Base64;

/** Reads the Admin API's private key: PEM as the portal gives it, or a JWK (RFC 7517). */
final class AdminApiKeys {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LEAST_BITS = 2048;

  private AdminApiKeys() {}

  static ParsedValue<AdminApiKey> parse(String text) {
    if (text.strip().startsWith("{")) {
      return jwk(text);
    }
    try {
      return checked("", PemPrivateKey.read(text));
    } catch (PemPrivateKey.UnusableKeyException e) {
      return new Invalid<>(String.valueOf(e.getMessage()), false, "");
    }
  }

  /** A JWK, or a JWK Set with one key in it, as Authgear keeps it. */
  private static ParsedValue<AdminApiKey> jwk(String text) {
    try {
      JsonNode jwk = JSON.readTree(text);
      if (jwk.path("keys").isArray()) {
        if (jwk.path("keys").size() != 1) {
          return new Invalid<>("is a JWK Set with another number of keys than one", false, "");
        }
        jwk = jwk.path("keys").get(0);
      }
      if (!jwk.path("kty").asText().equals("RSA") || !jwk.path("d").isTextual()) {
        return new Invalid<>("is a JWK, but not a private RSA key", false, "");
      }
      return checked(jwk.path("kid").asText(""), key(jwk));
    } catch (JacksonException | GeneralSecurityException | IllegalArgumentException _) {
      return new Invalid<>("is no JWK that can be read", false, "");
    }
  }

  private static PrivateKey key(JsonNode jwk) throws GeneralSecurityException {
    KeyFactory factory = KeyFactory.getInstance("RSA");
    if (!jwk.path("p").isTextual()) {
      return factory.generatePrivate(new RSAPrivateKeySpec(number(jwk, "n"), number(jwk, "d")));
    }
    return factory.generatePrivate(
        new RSAPrivateCrtKeySpec(
            number(jwk, "n"),
            number(jwk, "e"),
            number(jwk, "d"),
            number(jwk, "p"),
            number(jwk, "q"),
            number(jwk, "dp"),
            number(jwk, "dq"),
            number(jwk, "qi")));
  }

  /** Base64urlUInt (RFC 7518 §2). */
  private static BigInteger number(JsonNode jwk, String member) {
    return new BigInteger(1, Base64.getUrlDecoder().decode(jwk.path(member).asText()));
  }

  private static ParsedValue<AdminApiKey> checked(String id, PrivateKey key) {
    return key instanceof RSAPrivateKey rsa && rsa.getModulus().bitLength() >= LEAST_BITS
        ? new Valid<>(new AdminApiKey(id, key))
        : new Invalid<>("is not an RSA key of at least " + LEAST_BITS + " bits", false, "");
  }
}
