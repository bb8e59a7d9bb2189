package com.authgear.authrequest.verify.jwt;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Makes tokens that are valid but for what a test breaks. */
final class Tokens {
  static final String ISSUER = "https://my-project.authgear.cloud";
  static final long NOW = 1_800_000_000L;
  static final RSAKey KEY = generate("key-1");
  static final RSAKey OTHER_KEY = generate("key-2");

  private Tokens() {}

  static RSAKey generate(String kid) {
    try {
      return new RSAKeyGenerator(2048).keyID(kid).generate();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  static KeySet.Key publicKey(RSAKey key) {
    try {
      return new KeySet.Key(
          key.getKeyID(),
          key.computeThumbprint().toString(),
          new RSASSAVerifier(key.toRSAPublicKey()),
          Set.of("RS256"));
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  static Map<String, Object> header() {
    Map<String, Object> header = new LinkedHashMap<>();
    header.put("alg", "RS256");
    header.put("kid", KEY.getKeyID());
    header.put("typ", "at+jwt");
    return header;
  }

  static Map<String, Object> userClaims() {
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("iss", ISSUER);
    claims.put("aud", List.of(ISSUER));
    claims.put("sub", "e3079029-f123-4c56-80c1-c2cd63a5b6af");
    claims.put("client_id", "497d841ea22f33d3");
    claims.put("scope", "openid offline_access");
    claims.put("iat", NOW - 60);
    claims.put("exp", NOW + 1740);
    claims.put("auth_time", NOW - 120);
    claims.put("amr", List.of("pwd", "otp"));
    claims.put("jti", "820a487ac1ce118cade7e8eca68e68a9288cf312343b83a5678f8bfd091b4768");
    claims.put("https://authgear.com/claims/user/can_reauthenticate", true);
    claims.put("https://authgear.com/claims/user/is_anonymous", false);
    claims.put("https://authgear.com/claims/user/is_verified", true);
    claims.put("https://authgear.com/claims/user/roles", List.of("editor", "admin"));
    return claims;
  }

  /** A valid token after {@code change}. */
  static String withClaims(Consumer<Map<String, Object>> change) {
    Map<String, Object> claims = userClaims();
    change.accept(claims);
    return sign(header(), JSONObjectUtils.toJSONString(claims));
  }

  static String withHeader(Consumer<Map<String, Object>> change) {
    Map<String, Object> header = header();
    change.accept(header);
    return sign(header, JSONObjectUtils.toJSONString(userClaims()));
  }

  static String sign(Map<String, Object> header, String payload) {
    String input = Base64URL.encode(JSONObjectUtils.toJSONString(header)) + "." + encode(payload);
    try {
      return input
          + "."
          + new RSASSASigner(KEY)
              .sign(
                  new com.nimbusds.jose.JWSHeader(com.nimbusds.jose.JWSAlgorithm.RS256),
                  input.getBytes(StandardCharsets.US_ASCII));
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  static String encode(String text) {
    return Base64URL.encode(text).toString();
  }
}
