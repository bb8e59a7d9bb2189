package com.authgear.authrequest.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;

/** Signs certificates for tests, by an intermediate one. */
public final class Authority {

  /** What the certificates of services name. */
  public static final String NAME = "authgear-auth-request";

  /** Whatever the clock of a test says, it is between these. */
  private static final long BEGIN = Instant.parse("2020-01-01T00:00:00Z").toEpochMilli();

  private static final long END = Instant.parse("2120-01-01T00:00:00Z").toEpochMilli();

  private final HeldCertificate root =
      new HeldCertificate.Builder()
          .commonName("root")
          .validityInterval(BEGIN, END)
          .certificateAuthority(1)
          .build();
  private final HeldCertificate intermediate =
      new HeldCertificate.Builder()
          .commonName("intermediate")
          .validityInterval(BEGIN, END)
          .certificateAuthority(0)
          .signedBy(root)
          .build();

  /** Signed by the intermediate one. */
  public HeldCertificate sign(HeldCertificate.Builder builder) {
    return builder.commonName(NAME).addSubjectAlternativeName(NAME).signedBy(intermediate).build();
  }

  /** An RSA one that does not end soon. */
  public HeldCertificate sign() {
    return sign(new HeldCertificate.Builder().rsa2048().validityInterval(BEGIN, END));
  }

  /** One that is good from a time on, for an hour. */
  public HeldCertificate signFrom(Instant begin) {
    return sign(
        new HeldCertificate.Builder()
            .validityInterval(
                begin.toEpochMilli(), begin.plus(Duration.ofHours(1)).toEpochMilli()));
  }

  public HeldCertificate root() {
    return root;
  }

  /** Leaf and intermediate. */
  public String chainPem(HeldCertificate leaf) {
    return leaf.certificatePem() + intermediate.certificatePem();
  }

  public String rootPem() {
    return root.certificatePem();
  }

  /** What signs the certificates. */
  public X509Certificate intermediate() {
    return intermediate.certificate();
  }

  /** A client that trusts this authority, and shows a certificate if there is one. */
  public HandshakeCertificates client(HeldCertificate... own) {
    HandshakeCertificates.Builder builder =
        new HandshakeCertificates.Builder().addTrustedCertificate(root.certificate());
    for (HeldCertificate certificate : own) {
      builder.heldCertificate(certificate, intermediate.certificate());
    }
    return builder.build();
  }

  /** Writes {@code tls.crt}, {@code tls.key} and {@code ca.crt}. */
  public PemFiles write(Path folder, HeldCertificate server) {
    try {
      return new PemFiles(
          Files.writeString(folder.resolve("tls.crt"), chainPem(server)),
          Files.writeString(folder.resolve("tls.key"), server.privateKeyPkcs8Pem()),
          Optional.of(Files.writeString(folder.resolve("ca.crt"), rootPem())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
