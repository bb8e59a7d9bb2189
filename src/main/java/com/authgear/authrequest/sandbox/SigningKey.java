package com.authgear.authrequest.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.RSAPrivateKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An RSA 2048 key that signs with RS256 (RFC 7518 §3.3).
 *
 * @param createdAt Unix seconds
 */
record SigningKey(String kid, long createdAt, RSAPublicKey publicKey, PrivateKey privateKey) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Base64.Encoder BASE64URL = Base64.getUrlEncoder().withoutPadding();

  static SigningKey generate(long createdAt) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      var pair = generator.generateKeyPair();
      return new SigningKey(
          UUID.randomUUID().toString(),
          createdAt,
          (RSAPublicKey) pair.getPublic(),
          pair.getPrivate());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has RSA", e);
    }
  }

  /** A JWT in compact form (RFC 7515 §7.1). */
  String sign(String type, Map<String, @Nullable Object> claims) {
    Map<String, String> header = new LinkedHashMap<>();
    header.put("alg", "RS256");
    header.put("kid", kid);
    header.put("typ", type);
    String signed = encode(header) + "." + encode(new TreeMap<>(claims)); // as Go writes a map
    try {
      Signature signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(privateKey);
      signature.update(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + "." + BASE64URL.encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA256withRSA", e);
    }
  }

  /** Whether this key signed a JWT. */
  boolean signed(Jwt jwt) {
    try {
      Signature signature = Signature.getInstance("SHA256withRSA");
      signature.initVerify(publicKey);
      signature.update(jwt.signed().getBytes(StandardCharsets.US_ASCII));
      return signature.verify(jwt.signature());
    } catch (SignatureException _) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA256withRSA", e);
    }
  }

  /** The public half as a JWK (RFC 7517, RFC 7518 §6.3). */
  Map<String, Object> jwk() {
    Map<String, Object> jwk = new LinkedHashMap<>();
    jwk.put("alg", "RS256");
    jwk.put("created_at", createdAt);
    jwk.put("e", encode(publicKey.getPublicExponent()));
    jwk.put("kid", kid);
    jwk.put("kty", "RSA");
    jwk.put("n", encode(publicKey.getModulus()));
    jwk.put("use", "sig");
    return jwk;
  }

  /** Both halves as one JSON text, the private one without its prime factors. */
  String privateJwk() {
    Map<String, Object> jwk = jwk();
    jwk.put("d", encode(((RSAPrivateKey) privateKey).getPrivateExponent()));
    try {
      return JSON.writeValueAsString(jwk);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JWK is JSON", e);
    }
  }

  /** Never prints the private half. */
  @Override
  public String toString() {
    return "SigningKey[" + kid + "]";
  }

  private static String encode(Object json) {
    try {
      return BASE64URL.encodeToString(JSON.writeValueAsBytes(json));
    } catch (IOException e) {
      throw new IllegalArgumentException("a claim is no JSON value", e);
    }
  }

  /** Base64urlUInt: big-endian, no leading zero octet (RFC 7518 §2). */
  private static String encode(BigInteger number) {
    byte[] bytes = number.toByteArray();
    int from = bytes[0] == 0 ? 1 : 0;
    byte[] unsigned = Arrays.copyOfRange(bytes, from, bytes.length);
    return BASE64URL.encodeToString(unsigned);
  }
}
