package com.authgear.authrequest.tls;

import com.authgear.authrequest.tls.TlsFault.Role;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** A certificate with its key, and who signs those of clients: checked, fit for handshakes. */
public final class Material {

  /** What the files amount to. */
  public sealed interface MaterialResult {}

  /** They can be used, as far as they do not depend on the time. */
  public record Good(Material material) implements MaterialResult {}

  /**
   * They cannot.
   *
   * @param faults at least one
   */
  public record Bad(List<TlsFault> faults) implements MaterialResult {
    public Bad {
      faults = List.copyOf(faults);
    }
  }

  private static final String CERTIFICATE_REMEDY =
      "PEM: the server's own certificate first, then the intermediate ones, such as fullchain.pem"
          + " or tls.crt";

  private static final String KEY_REMEDY =
      "PEM: one private key, RSA or EC, not encrypted, such as privkey.pem or tls.key; convert"
          + " others by: openssl pkcs8 -topk8 -nocrypt -in <key> -out <file>";

  private static final String CLIENT_CA_REMEDY =
      "PEM: the certificates of the authorities that sign clients' certificates, such as ca.crt";

  /** RFC 5280 §4.2.1.12: serverAuth, anyExtendedKeyUsage. */
  private static final Set<String> SERVER_USAGES = Set.of("1.3.6.1.5.5.7.3.1", "2.5.29.37.0");

  private static final int LEAST_RSA_BITS = 2048;

  /** Sizes of the curves of TLS 1.3: P-256, P-384, P-521. */
  private static final Set<Integer> CURVE_BITS = Set.of(256, 384, 521);

  /**
   * How long a client may come back without showing its certificate again. Short, because what has
   * expired meanwhile is not noticed then.
   */
  private static final int SESSION_SECONDS = 600;

  private final List<X509Certificate> chain;
  private final PrivateKey key;
  private final List<X509Certificate> clientCas;

  private Material(List<X509Certificate> chain, PrivateKey key, List<X509Certificate> clientCas) {
    this.chain = chain;
    this.key = key;
    this.clientCas = clientCas;
  }

  /** Checks all that can be checked, and tells all that is wrong. */
  public static MaterialResult of(Contents contents) {
    List<TlsFault> faults = new ArrayList<>(contents.faults());
    List<X509Certificate> chain = List.of();
    String certificate = contents.texts().get(Role.CERTIFICATE);
    if (certificate != null) {
      chain = chain(certificate, faults);
    }
    PrivateKey key = null;
    String keyText = contents.texts().get(Role.KEY);
    if (keyText != null) {
      key = key(keyText, faults);
    }
    List<X509Certificate> clientCas = List.of();
    String clientCa = contents.texts().get(Role.CLIENT_CA);
    if (clientCa != null) {
      clientCas = clientCas(clientCa, faults);
    }
    if (!chain.isEmpty() && key != null && !matches(key, chain.getFirst().getPublicKey())) {
      faults.add(
          new TlsFault(
              Role.KEY,
              "is not the key of the certificate",
              "the private key with which the certificate was asked for"));
    }
    return faults.isEmpty() && key != null
        ? new Good(new Material(chain, key, clientCas))
        : new Bad(faults);
  }

  private static List<X509Certificate> chain(String text, List<TlsFault> faults) {
    List<X509Certificate> chain = certificates(Role.CERTIFICATE, text, CERTIFICATE_REMEDY, faults);
    if (chain.isEmpty()) {
      return chain;
    }
    X509Certificate own = chain.getFirst();
    String wrong = unfitForServers(own);
    if (wrong == null) {
      for (int i = 1; i < chain.size(); i++) {
        if (!chain
            .get(i - 1)
            .getIssuerX500Principal()
            .equals(chain.get(i).getSubjectX500Principal())) {
          wrong = "has certificate " + i + " not followed by that of its issuer";
          break;
        }
      }
    }
    if (wrong != null) {
      faults.add(new TlsFault(Role.CERTIFICATE, wrong, CERTIFICATE_REMEDY));
      return List.of();
    }
    return chain;
  }

  private static @Nullable String unfitForServers(X509Certificate own) {
    switch (own.getPublicKey()) {
      case RSAKey rsa when own.getPublicKey().getAlgorithm().equals("RSA") -> {
        if (rsa.getModulus().bitLength() < LEAST_RSA_BITS) {
          return "has an RSA key of less than " + LEAST_RSA_BITS + " bits";
        }
      }
      case ECKey ec -> {
        if (!CURVE_BITS.contains(ec.getParams().getCurve().getField().getFieldSize())) {
          return "has a key on a curve that TLS does not use";
        }
      }
      default -> {
        return "has a key that is neither RSA nor EC";
      }
    }
    try {
      List<String> usages = own.getExtendedKeyUsage();
      return usages == null || usages.stream().anyMatch(SERVER_USAGES::contains)
          ? null
          : "is not for servers (its extended key usage has no serverAuth)";
    } catch (CertificateException _) {
      return "has an extended key usage that cannot be read";
    }
  }

  private static List<X509Certificate> clientCas(String text, List<TlsFault> faults) {
    List<X509Certificate> cas = certificates(Role.CLIENT_CA, text, CLIENT_CA_REMEDY, faults);
    for (int i = 0; i < cas.size(); i++) {
      if (cas.get(i).getBasicConstraints() < 0) {
        faults.add(
            new TlsFault(
                Role.CLIENT_CA,
                "has certificate " + (i + 1) + ", which may not sign others (it is no CA)",
                CLIENT_CA_REMEDY));
      }
    }
    return cas;
  }

  private static List<X509Certificate> certificates(
      Role role, String text, String remedy, List<TlsFault> faults) {
    Pem pem = Pem.read(text);
    List<X509Certificate> certificates = new ArrayList<>();
    String wrong = null;
    if (!pem.whole()) {
      wrong = "is cut off or damaged";
    } else if (pem.labelled("CERTIFICATE").isEmpty()) {
      wrong = "has no certificate";
    } else {
      try {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        for (Pem.PemBlock block : pem.labelled("CERTIFICATE")) {
          byte[] der = block.der();
          if (der == null
              || !(factory.generateCertificate(new ByteArrayInputStream(der))
                  instanceof X509Certificate certificate)) {
            throw new CertificateException("not X.509");
          }
          certificates.add(certificate);
        }
      } catch (CertificateException _) {
        wrong = "has a certificate that cannot be read";
      }
    }
    if (wrong != null) {
      faults.add(new TlsFault(role, wrong, remedy));
      return List.of();
    }
    return List.copyOf(certificates);
  }

  private static @Nullable PrivateKey key(String text, List<TlsFault> faults) {
    try {
      return PemPrivateKey.read(text);
    } catch (PemPrivateKey.UnusableKeyException e) {
      faults.add(new TlsFault(Role.KEY, String.valueOf(e.getMessage()), KEY_REMEDY));
      return null;
    }
  }

  private static boolean matches(PrivateKey key, PublicKey certified) {
    if (!key.getAlgorithm().equals(certified.getAlgorithm())) {
      return false;
    }
    try {
      Signature signature =
          Signature.getInstance(
              key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA");
      byte[] text = {1, 2, 3};
      signature.initSign(key);
      signature.update(text);
      byte[] signed = signature.sign();
      signature.initVerify(certified);
      signature.update(text);
      return signature.verify(signed);
    } catch (GeneralSecurityException _) {
      return false;
    }
  }

  /** Whether clients must show a certificate. */
  public boolean needsClientCertificates() {
    return !clientCas.isEmpty();
  }

  /** When the first certificate of those that clients are shown ends. */
  public Instant end() {
    return chain.stream()
        .map(certificate -> certificate.getNotAfter().toInstant())
        .min(Comparator.naturalOrder())
        .orElseThrow();
  }

  /** Why clients would refuse it at a time, as a sentence's end whose subject is it. */
  public Optional<String> unfitAt(Instant time) {
    for (X509Certificate certificate : chain) {
      Instant begin = certificate.getNotBefore().toInstant();
      Instant end = certificate.getNotAfter().toInstant();
      if (time.isAfter(end)) {
        return Optional.of("has expired at " + end);
      }
      if (time.isBefore(begin)) {
        return Optional.of("is not valid before " + begin);
      }
    }
    return Optional.empty();
  }

  /**
   * A context of its own: sessions that were begun with another one are not continued in it, so
   * that a client must show its certificate again.
   */
  public SSLContext context() {
    try {
      // In memory only, and never written: what stands for its password protects nothing.
      char[] none = {};
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(null, none);
      keys.setKeyEntry("server", key, none, chain.toArray(X509Certificate[]::new));
      KeyManagerFactory own = KeyManagerFactory.getInstance("SunX509");
      own.init(keys, none);
      KeyStore signers = KeyStore.getInstance("PKCS12");
      signers.load(null, none);
      for (int i = 0; i < clientCas.size(); i++) {
        signers.setCertificateEntry("ca" + i, clientCas.get(i));
      }
      TrustManagerFactory clients = TrustManagerFactory.getInstance("PKIX");
      clients.init(signers);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          own.getKeyManagers(), clientCas.isEmpty() ? null : clients.getTrustManagers(), null);
      context.getServerSessionContext().setSessionTimeout(SESSION_SECONDS);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("what was checked cannot be used", e);
    }
  }
}
