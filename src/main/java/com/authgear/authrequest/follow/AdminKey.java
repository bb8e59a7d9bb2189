package com.authgear.authrequest.follow;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;

/**
 * Signs the tokens that Authgear's Admin API asks for (authgear-server {@code
 * pkg/lib/admin/authz/middleware.go}): RS256 by the project's Admin API key, {@code kid} in the
 * header, {@code aud} the app id.
 */
final class AdminKey {

  /** Authgear allows no more than a minute of difference between clocks. */
  private static final Duration BEFORE = Duration.ofSeconds(30);

  private static final Duration LIFETIME = Duration.ofMinutes(5);

  private final String appId;
  private final String keyId;
  private final RSASSASigner signer;

  /**
   * @param key an RSA key
   */
  AdminKey(String appId, String keyId, PrivateKey key) {
    this.appId = appId;
    this.keyId = keyId;
    this.signer = new RSASSASigner(key);
  }

  String appId() {
    return appId;
  }

  String keyId() {
    return keyId;
  }

  /** A token that is good for a few minutes from {@code now}, Authgear's time. */
  String token(Instant now) {
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.RS256).type(JOSEObjectType.JWT).keyID(keyId).build();
    JWTClaimsSet claims =
        new JWTClaimsSet.Builder()
            .audience(appId)
            .issueTime(Date.from(now.minus(BEFORE)))
            .expirationTime(Date.from(now.plus(LIFETIME)))
            .build();
    SignedJWT token = new SignedJWT(header, claims);
    try {
      token.sign(signer);
    } catch (JOSEException e) {
      throw new IllegalStateException("the Admin API key cannot sign RS256", e);
    }
    return token.serialize();
  }
}
