package com.authgear.authrequest.verify.jwt;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.KeyFactorySpi;
import java.security.MessageDigestSpi;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.SignatureSpi;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.KeySpec;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CryptoProviderTest {

  private static final byte[] SIGNED = "header.payload".getBytes(StandardCharsets.US_ASCII);

  @Test
  void choose_whereTheLibraryIsBuiltFor_takesIt() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && Stream.of("amd64", "aarch64").anyMatch(System.getProperty("os.arch")::equals));
    assertThat(CryptoProvider.choose().name()).isEqualTo("AmazonCorrettoCryptoProvider");
  }

  static Stream<Throwable> failures() {
    return Stream.of(
        new UnsatisfiedLinkError("no library"),
        new NoClassDefFoundError("no class"),
        new ExceptionInInitializerError(new IllegalStateException("no entropy")),
        new IllegalStateException("another version"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void choose_loadingFails_fallsBack(Throwable failure) throws Exception {
    CryptoProvider chosen =
        CryptoProvider.choose(
            () -> {
              throw CryptoProviderTest.<RuntimeException>unchecked(failure);
            });
    assertThat(chosen.name()).isEqualTo("JDK");
    assertVerifies(chosen);
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> RuntimeException unchecked(Throwable failure) throws T {
    throw (T) failure;
  }

  @Test
  void choose_providerWithoutTheAlgorithms_fallsBack() throws Exception {
    CryptoProvider chosen = CryptoProvider.choose(() -> new Broken());
    assertThat(chosen.name()).isEqualTo("JDK");
    assertVerifies(chosen);
  }

  @Test
  void choose_providerWithWrongDigests_fallsBack() {
    assertThat(
            CryptoProvider.choose(() -> new Broken().with("MessageDigest.SHA-256", Zeros.class))
                .name())
        .isEqualTo("JDK");
  }

  @Test
  void choose_providerThatAcceptsEverySignature_fallsBack() throws Exception {
    CryptoProvider chosen =
        CryptoProvider.choose(
            () ->
                new Broken()
                    .with("MessageDigest.SHA-256", RightDigest.class)
                    .with("KeyFactory.RSA", SameKey.class)
                    .with("Signature.SHA256withRSA", YesSayer.class));
    assertThat(chosen.name()).isEqualTo("JDK");
    assertVerifies(chosen);
  }

  @Test
  void verifier_ofTheChosen_tellsGoodFromBad() throws Exception {
    assertVerifies(CryptoProvider.choose());
    assertVerifies(CryptoProvider.JDK);
  }

  @Test
  void sha256_ofTheChosen_isThatOfTheJdk() {
    assertThat(CryptoProvider.choose().sha256().digest(SIGNED))
        .isEqualTo(CryptoProvider.JDK.sha256().digest(SIGNED));
  }

  private static void assertVerifies(CryptoProvider crypto) throws Exception {
    JWSHeader header = new JWSHeader(JWSAlgorithm.RS256);
    JWSVerifier verifier = requireNonNull(crypto.verifier(Tokens.KEY.toPublicJWK()));
    Base64URL good = new RSASSASigner(Tokens.KEY).sign(header, SIGNED);
    Base64URL another = new RSASSASigner(Tokens.OTHER_KEY).sign(header, SIGNED);
    assertThat(verifier.verify(header, SIGNED, good)).isTrue();
    assertThat(verifier.verify(header, SIGNED, another)).isFalse();
  }

  /** Has only what it is given. */
  private static final class Broken extends Provider {
    private static final long serialVersionUID = 1;

    Broken() {
      super("Broken", "1", "for a test");
    }

    Broken with(String service, Class<?> implementation) {
      int dot = service.indexOf('.');
      putService(
          new Service(
              this,
              service.substring(0, dot),
              service.substring(dot + 1),
              implementation.getName(),
              null,
              null) {
            @Override
            public Object newInstance(@Nullable Object parameter) {
              return switch (implementation.getSimpleName().toLowerCase(Locale.ROOT)) {
                case "zeros" -> new Zeros();
                case "rightdigest" -> new RightDigest();
                case "samekey" -> new SameKey();
                case "yessayer" -> new YesSayer();
                default -> throw new AssertionError(implementation);
              };
            }
          });
      return this;
    }
  }

  private static final class Zeros extends MessageDigestSpi {
    @Override
    protected void engineUpdate(byte input) {}

    @Override
    protected void engineUpdate(byte[] input, int offset, int length) {}

    @Override
    protected byte[] engineDigest() {
      return new byte[32];
    }

    @Override
    protected void engineReset() {}
  }

  private static final class RightDigest extends MessageDigestSpi {
    private final java.security.MessageDigest digest = CryptoProvider.JDK.sha256();

    @Override
    protected void engineUpdate(byte input) {
      digest.update(input);
    }

    @Override
    protected void engineUpdate(byte[] input, int offset, int length) {
      digest.update(input, offset, length);
    }

    @Override
    protected byte[] engineDigest() {
      return digest.digest();
    }

    @Override
    protected void engineReset() {
      digest.reset();
    }
  }

  private static final class SameKey extends KeyFactorySpi {
    @Override
    protected PublicKey engineGeneratePublic(KeySpec spec) throws InvalidKeySpecException {
      throw new InvalidKeySpecException();
    }

    @Override
    protected PrivateKey engineGeneratePrivate(KeySpec spec) throws InvalidKeySpecException {
      throw new InvalidKeySpecException();
    }

    @Override
    protected <T extends KeySpec> T engineGetKeySpec(Key key, Class<T> spec)
        throws InvalidKeySpecException {
      throw new InvalidKeySpecException();
    }

    @Override
    protected Key engineTranslateKey(Key key) throws InvalidKeyException {
      return key;
    }
  }

  /** The worst that a crypto library can be. */
  private static final class YesSayer extends SignatureSpi {
    @Override
    protected void engineInitVerify(PublicKey key) {}

    @Override
    protected void engineInitSign(PrivateKey key) {}

    @Override
    protected void engineUpdate(byte b) {}

    @Override
    protected void engineUpdate(byte[] b, int offset, int length) {}

    @Override
    protected byte[] engineSign() {
      return new byte[0];
    }

    @Override
    protected boolean engineVerify(byte[] signature) {
      return true;
    }

    @Override
    protected void engineSetParameter(AlgorithmParameterSpec parameters) {}

    @Deprecated
    @Override
    @SuppressWarnings("InlineMeSuggester") // inherited
    protected void engineSetParameter(String parameter, Object value) {}

    @Deprecated
    @Override
    @SuppressWarnings("InlineMeSuggester") // inherited
    protected Object engineGetParameter(String parameter) {
      return "";
    }
  }
}
