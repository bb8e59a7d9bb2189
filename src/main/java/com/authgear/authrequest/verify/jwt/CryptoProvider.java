package com.authgear.authrequest.verify.jwt;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.text.ParseException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who computes signatures and digests: Amazon's provider, which is native and several times as
 * fast, where its library loads and passes a test; else those of the JDK. It is never installed for
 * the whole JVM, so it changes nothing but what is asked of it here.
 */
public final class CryptoProvider {

  private static final Logger LOG = LoggerFactory.getLogger(CryptoProvider.class);

  private static final String RSA =
      """
      {"kty":"RSA","e":"AQAB","n":"\
      tCXObHO6cj6jZ4JaTSSmcZwAuVTRWMK4oMACp3jphMLDql-1Ps9QeJJMDpo1vHsO7N-YI_W3KDgkELriC1NH87Pt0lhv\
      MU7h0tDliDFkRe00GLpjvfgHXmxfDcXAn0mIMr1mCYeAokGTyWKBhHuYfw5MEnvDq4ejHU4TzheL89sLO091ii5Cp1rC\
      _7mQTP-Ax6Mc-HMv9T3t-tEkMiTb2Ejp34Guhn999ztKgDuW9o2Tbyq9GPBNkb36M7j76OjVNBt6PezSfw9JHwN5h6wF\
      -A7S1ari5vOWEx1BJtSljCldybGDW3oKjdiz4P2K2xfndX4bG4lCAhPu4xFB3_1TGQ"}\
      """;

  private static final String EC =
      """
      {"kty":"EC","crv":"P-256","x":"F5TBXDNInI1CAuTTwy_1WkuIjfP2EdEVfJnnfrqbhRA",\
      "y":"MRK0ouc-5A3LAwDcvkf4tEL6uhgwkss9NaPOqinK0Uk"}\
      """;

  /**
   * A signature that must be found good, and bad once it is changed (RFC 7515 §3.1).
   *
   * @param key as a JWK
   * @param jws in compact form
   */
  private record Sample(String key, String jws) {}

  private static final List<Sample> SAMPLES =
      List.of(
          new Sample(
              RSA,
              """
              eyJhbGciOiJSUzI1NiJ9.c2VsZi10ZXN0.\
              dg9iUNk826Xfm786X4FR_XUxh--tSAP0RQvhNZ_SbK07u4-yBrS3jNT0Vyx3RLCDI03-lhUZlHvGPKLXk0ZZ\
              mFVJh0g5qQKEd2WOWRKodj_EndJMDiJxtt3dqJ0PRqwkVeCRI_c-IPOHiQb5TFWIYTyZ7pq6xna0U0yj60r3\
              pEOOWn7bqUHJ-Whi_tkhrcZSMRU7HZoc5LYPmGdZU7aCI20Fn3-n7uQhPn3ZFNsc5wCeyy1MunGS3c8F89mO\
              6Acf0EW17UHpUXFyzZuXrLrrvu7fc54zF2A1F1nOKRl3GLjX-sWeoEeqthkaDwkZaCNVXqvvk-bMNLTb8kBl\
              _A3FPQ\
              """),
          new Sample(
              RSA,
              """
              eyJhbGciOiJQUzI1NiJ9.c2VsZi10ZXN0.\
              mM9IBr6o8FwUEw_3TMZRys31FrYtCkSJJcMjePhXfpr4NM1Mmy4pav-aHwuhqkdzvhmqPBnYIcOPsxFlNVbl\
              ZdfvfDM4jck_UvvTDOT5tNF9ik9QrvIxOjaf-EjS8qVZj20vYLzz6iZGHl1nQiOdl9kEOQhYkE_ZytZaRWrW\
              zgi93g_wj9n6dL3Ic8awsrnYTZmb9wiMktOofuiHhpOCNAxZHx_2-eEXe9nXPEQ0nt4Y3qX_uLcBOMAwHxNB\
              FMWbwm1FzVEAk2JkKLJhvDTqihiUUXME2kNw-rywvGEt5thTpjieXFpFWdFv7NPuMEDulj1VnTiJgTg57QL1\
              6NsnIg\
              """),
          new Sample(
              EC,
              """
              eyJhbGciOiJFUzI1NiJ9.c2VsZi10ZXN0.\
              prqk0MuzLXfpPJoKxdBX54RCC1bO0sG1uVWtNXJ9vNdKLZjHwCJWo3_NXwjRE9aUi-7SRxdQz74cz_6jZ9Xh\
              AQ\
              """));

  /** SHA-256 of {@code abc} (FIPS 180-4). */
  private static final String ABC_DIGEST =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  /** Null for the JDK's own, whichever suits. */
  private final @Nullable Provider provider;

  private CryptoProvider(@Nullable Provider provider) {
    this.provider = provider;
  }

  /** The JDK's own providers. */
  public static final CryptoProvider JDK = new CryptoProvider(null);

  /** Amazon's if it works here, else the JDK's. Never throws. */
  public static CryptoProvider choose() {
    return choose(CryptoProvider::corretto);
  }

  static CryptoProvider choose(Supplier<Provider> preferred) {
    try {
      CryptoProvider candidate = new CryptoProvider(preferred.get());
      candidate.test();
      return candidate;
    } catch (GeneralSecurityException
        | JOSEException
        | ParseException
        | RuntimeException
        // What a library that does not load, or is for another machine, throws.
        | LinkageError e) {
      LOG.atWarn()
          .addKeyValue("cause", e.getClass().getSimpleName())
          .log("native crypto is not used: {}", e.getMessage());
      return JDK;
    }
  }

  private static Provider corretto() {
    AmazonCorrettoCryptoProvider corretto = AmazonCorrettoCryptoProvider.INSTANCE;
    Throwable error = corretto.getLoadingError();
    if (error != null) {
      throw new IllegalStateException(error.getMessage(), error);
    }
    return corretto;
  }

  /** For operators: {@code AmazonCorrettoCryptoProvider} or {@code JDK}. */
  public String name() {
    return provider == null ? "JDK" : provider.getName();
  }

  /** A new SHA-256. */
  public MessageDigest sha256() {
    try {
      return provider == null
          ? MessageDigest.getInstance("SHA-256")
          : MessageDigest.getInstance("SHA-256", provider);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("tested at the start", e);
    }
  }

  /** Verifies signatures with a public key; null if it is for none of the algorithms known here. */
  @Nullable JWSVerifier verifier(JWK key) throws JOSEException, GeneralSecurityException {
    JWSVerifier verifier =
        switch (key) {
          case RSAKey rsa -> new RSASSAVerifier(own(rsa.toRSAPublicKey()));
          case ECKey ec -> new ECDSAVerifier(own(ec.toECPublicKey()));
          default -> null;
        };
    if (verifier != null && provider != null) {
      verifier.getJCAContext().setProvider(provider);
    }
    return verifier;
  }

  /** In the provider's own form, which spares it the conversion each time. */
  private RSAPublicKey own(RSAPublicKey key) throws GeneralSecurityException {
    return provider == null
        ? key
        : (RSAPublicKey) KeyFactory.getInstance("RSA", provider).translateKey(key);
  }

  private ECPublicKey own(ECPublicKey key) throws GeneralSecurityException {
    return provider == null
        ? key
        : (ECPublicKey) KeyFactory.getInstance("EC", provider).translateKey(key);
  }

  private void test() throws GeneralSecurityException, JOSEException, ParseException {
    byte[] digest = sha256().digest("abc".getBytes(StandardCharsets.US_ASCII));
    if (!Arrays.equals(digest, HexFormat.of().parseHex(ABC_DIGEST))) {
      throw new GeneralSecurityException("a wrong digest");
    }
    for (Sample sample : SAMPLES) {
      JWSVerifier verifier = verifier(JWK.parse(sample.key));
      if (verifier == null) {
        throw new GeneralSecurityException("no verifier");
      }
      JWSObject jws = JWSObject.parse(sample.jws);
      byte[] signature = jws.getSignature().decode();
      if (!verifies(verifier, jws, signature)) {
        throw new GeneralSecurityException("a good signature was refused");
      }
      signature[signature.length / 2] ^= 1;
      if (verifies(verifier, jws, signature)) {
        throw new GeneralSecurityException("a bad signature was accepted");
      }
    }
  }

  private static boolean verifies(JWSVerifier verifier, JWSObject jws, byte[] signature)
      throws JOSEException {
    return verifier.verify(jws.getHeader(), jws.getSigningInput(), Base64URL.encode(signature));
  }
}
