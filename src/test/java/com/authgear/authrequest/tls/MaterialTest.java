package com.authgear.authrequest.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.authgear.authrequest.support.Programs;
import com.authgear.authrequest.tls.Material.Bad;
import com.authgear.authrequest.tls.Material.Good;
import com.authgear.authrequest.tls.TlsFault.Role;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MaterialTest {

  private static final Authority AUTHORITY = new Authority();
  private static final HeldCertificate RSA = AUTHORITY.sign();
  private static final HeldCertificate EC = AUTHORITY.sign(new HeldCertificate.Builder());

  @TempDir private Path folder;

  private static Material good(Map<Role, String> texts) {
    return switch (Material.of(new Contents(texts, List.of()))) {
      case Good(Material material) -> material;
      case Bad bad -> throw new AssertionError(bad);
    };
  }

  private static Material good(String certificate, String key) {
    return good(Map.of(Role.CERTIFICATE, certificate, Role.KEY, key));
  }

  private static List<TlsFault> faults(Map<Role, String> texts) {
    return switch (Material.of(new Contents(texts, List.of()))) {
      case Good good -> throw new AssertionError(good);
      case Bad(List<TlsFault> faults) -> faults;
    };
  }

  private static void assertFault(String certificate, String key, Role file, String what) {
    assertThat(faults(Map.of(Role.CERTIFICATE, certificate, Role.KEY, key)))
        .extracting(TlsFault::file, TlsFault::what)
        .containsExactly(tuple(file, what));
  }

  private String openssl(String... arguments) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(Programs.require("openssl").toString());
    builder.command().addAll(List.of(arguments));
    Process process =
        builder.redirectError(folder.resolve("error").toFile()).directory(folder.toFile()).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(folder.resolve("error"))).isZero();
    return said;
  }

  private String keyFile(HeldCertificate certificate) throws IOException {
    return Files.writeString(folder.resolve("key"), certificate.privateKeyPkcs8Pem()).toString();
  }

  @Test
  void of_pkcs8_isUsed() {
    assertThat(good(AUTHORITY.chainPem(RSA), RSA.privateKeyPkcs8Pem()).context()).isNotNull();
    assertThat(good(AUTHORITY.chainPem(EC), EC.privateKeyPkcs8Pem()).context()).isNotNull();
  }

  @Test
  void of_pkcs1_isUsed() {
    assertThat(RSA.privateKeyPkcs1Pem()).startsWith("-----BEGIN RSA PRIVATE KEY-----");
    assertThat(good(AUTHORITY.chainPem(RSA), RSA.privateKeyPkcs1Pem()).context()).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"prime256v1", "secp384r1", "secp521r1"})
  void of_sec1AsOpensslWritesIt_isUsed(String curve) throws Exception {
    String key = openssl("ecparam", "-name", curve, "-genkey");
    assertThat(key).contains("BEGIN EC PARAMETERS", "BEGIN EC PRIVATE KEY");
    Files.writeString(folder.resolve("sec1"), key);
    String certificate = openssl("req", "-x509", "-key", "sec1", "-subj", "/CN=a", "-days", "2");

    assertThat(good(certificate, key).context()).isNotNull();
  }

  @Test
  void of_textAroundTheBlocksAndWindowsLines_doesNotMatter() {
    String certificate = "subject=CN = a - b\n" + AUTHORITY.chainPem(RSA) + "\n# the end -----\n";
    String key = "Bag Attributes\r\n" + RSA.privateKeyPkcs8Pem().replace("\n", "\r\n");

    assertThat(good(certificate, key)).isNotNull();
  }

  @Test
  void of_encryptedKeys_saysSo() throws Exception {
    String pkcs8 =
        openssl("pkcs8", "-topk8", "-in", keyFile(RSA), "-passout", "pass:secret", "-v2", "aes128");
    String traditional =
        openssl("rsa", "-in", keyFile(RSA), "-aes128", "-traditional", "-passout", "pass:secret");
    assertThat(traditional).contains("Proc-Type: 4,ENCRYPTED");

    assertFault(AUTHORITY.chainPem(RSA), pkcs8, Role.KEY, "is encrypted");
    assertFault(AUTHORITY.chainPem(RSA), traditional, Role.KEY, "is encrypted");
  }

  @Test
  void of_keysOfOtherKinds_saysSo() throws Exception {
    String other = "has a private key that is neither RSA nor EC, or cannot be read";
    String ed25519 = openssl("genpkey", "-algorithm", "ed25519");
    assertFault(AUTHORITY.chainPem(RSA), ed25519, Role.KEY, other);
    Files.writeString(folder.resolve("ed"), ed25519);
    String certificate = openssl("req", "-x509", "-key", "ed", "-subj", "/CN=a");
    assertFault(
        certificate,
        RSA.privateKeyPkcs8Pem(),
        Role.CERTIFICATE,
        "has a key that is neither RSA nor EC");
    String weak = openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=a");
    assertFault(
        weak.substring(weak.indexOf("-----BEGIN CERT")),
        RSA.privateKeyPkcs8Pem(),
        Role.CERTIFICATE,
        "has an RSA key of less than 2048 bits");
  }

  @Test
  void of_keyOfAnotherCertificate_doesNotMatch() {
    String wrong = "is not the key of the certificate";
    assertFault(AUTHORITY.chainPem(RSA), AUTHORITY.sign().privateKeyPkcs8Pem(), Role.KEY, wrong);
    assertFault(AUTHORITY.chainPem(RSA), EC.privateKeyPkcs8Pem(), Role.KEY, wrong);
    assertFault(
        AUTHORITY.chainPem(EC),
        AUTHORITY.sign(new HeldCertificate.Builder()).privateKeyPkcs8Pem(),
        Role.KEY,
        wrong);
  }

  @Test
  void of_filesExchanged_areBothNamed() {
    assertThat(
            faults(
                Map.of(
                    Role.CERTIFICATE, RSA.privateKeyPkcs8Pem(),
                    Role.KEY, AUTHORITY.chainPem(RSA))))
        .extracting(TlsFault::file, TlsFault::what)
        .containsExactly(
            tuple(Role.CERTIFICATE, "has no certificate"), tuple(Role.KEY, "has no private key"));
  }

  @Test
  void of_everyPrefixOfTheFiles_isRefusedUnlessItEndsWithABlock() {
    String chain = AUTHORITY.chainPem(RSA);
    int leaf = RSA.certificatePem().length();
    for (int length = 0; length < chain.length() - 1; length++) {
      // Up to the line break after it.
      if (length != leaf && length != leaf - 1) {
        assertThat(
                faults(
                    Map.of(
                        Role.CERTIFICATE,
                        chain.substring(0, length),
                        Role.KEY,
                        RSA.privateKeyPkcs8Pem())))
            .as("%s characters", length)
            .isNotEmpty();
      }
    }
    String key = RSA.privateKeyPkcs8Pem();
    for (int length = 0; length < key.length() - 1; length++) {
      assertThat(faults(Map.of(Role.CERTIFICATE, chain, Role.KEY, key.substring(0, length))))
          .as("%s characters", length)
          .isNotEmpty();
    }
  }

  @Test
  void of_chainOutOfOrder_saysWhere() {
    assertFault(
        RSA.certificatePem() + AUTHORITY.rootPem(),
        RSA.privateKeyPkcs8Pem(),
        Role.CERTIFICATE,
        "has certificate 1 not followed by that of its issuer");
  }

  @Test
  void of_certificateForClients_isRefused() throws Exception {
    String certificate =
        openssl(
            "req",
            "-x509",
            "-key",
            keyFile(RSA),
            "-subj",
            "/CN=a",
            "-days",
            "2",
            "-addext",
            "extendedKeyUsage=clientAuth");
    assertFault(
        certificate,
        RSA.privateKeyPkcs8Pem(),
        Role.CERTIFICATE,
        "is not for servers (its extended key usage has no serverAuth)");
  }

  @Test
  void of_clientCaThatIsNoCa_isRefused() {
    assertThat(
            faults(
                Map.of(
                    Role.CERTIFICATE, AUTHORITY.chainPem(RSA),
                    Role.KEY, RSA.privateKeyPkcs8Pem(),
                    Role.CLIENT_CA, AUTHORITY.rootPem() + EC.certificatePem())))
        .extracting(TlsFault::file, TlsFault::what)
        .containsExactly(
            tuple(Role.CLIENT_CA, "has certificate 2, which may not sign others (it is no CA)"));
  }

  @Test
  void of_clientCa_makesClientsShowACertificate() {
    Map<Role, String> texts =
        Map.of(
            Role.CERTIFICATE, AUTHORITY.chainPem(RSA),
            Role.KEY, RSA.privateKeyPkcs8Pem(),
            Role.CLIENT_CA, AUTHORITY.rootPem());
    assertThat(good(texts).needsClientCertificates()).isTrue();
    assertThat(good(AUTHORITY.chainPem(RSA), RSA.privateKeyPkcs8Pem()).needsClientCertificates())
        .isFalse();
  }

  @Test
  void unfitAt_outsideItsTime_saysWhen() {
    Instant begin = Instant.now().plus(Duration.ofHours(2)).truncatedTo(ChronoUnit.SECONDS);
    Instant end = begin.plus(Duration.ofHours(1));
    HeldCertificate leaf =
        new HeldCertificate.Builder()
            .validityInterval(begin.toEpochMilli(), end.toEpochMilli())
            .build();
    Material material = good(leaf.certificatePem(), leaf.privateKeyPkcs8Pem());

    assertThat(material.end()).isEqualTo(end);
    assertThat(material.unfitAt(begin.minusMillis(1))).contains("is not valid before " + begin);
    assertThat(material.unfitAt(begin)).isEmpty();
    assertThat(material.unfitAt(end)).isEmpty();
    assertThat(material.unfitAt(end.plusMillis(1))).contains("has expired at " + end);
  }

  @Test
  void end_intermediateEndsFirst_isItsEnd() {
    Instant late = Instant.parse("2130-01-01T00:00:00Z");
    HeldCertificate leaf =
        AUTHORITY.sign(
            new HeldCertificate.Builder()
                .validityInterval(Instant.now().toEpochMilli(), late.toEpochMilli()));

    assertThat(good(leaf.certificatePem(), leaf.privateKeyPkcs8Pem()).end()).isEqualTo(late);
    assertThat(good(AUTHORITY.chainPem(leaf), leaf.privateKeyPkcs8Pem()).end()).isBefore(late);
  }

  @Test
  void contents_thatCannotBeRead_saysWhy() throws IOException {
    Path large = Files.write(folder.resolve("large"), new byte[1024 * 1024 + 1]);
    Contents contents =
        Contents.read(new PemFiles(folder.resolve("none"), folder, Optional.of(large)));

    assertThat(contents.faults())
        .extracting(TlsFault::file, TlsFault::what)
        .containsExactly(
            tuple(Role.CERTIFICATE, "cannot be read: no such file"),
            tuple(Role.KEY, "cannot be read: it is no regular file"),
            tuple(Role.CLIENT_CA, "cannot be read: it is larger than 1 MiB"));
    assertThat(Material.of(contents)).isEqualTo(new Bad(contents.faults()));
  }

  @Test
  void contents_asText_showsNoKey() {
    Contents contents = Contents.read(AUTHORITY.write(folder, RSA));
    assertThat(contents.texts().get(Role.KEY)).isEqualTo(RSA.privateKeyPkcs8Pem());
    assertThat(contents.toString()).doesNotContain("BEGIN");
  }
}
