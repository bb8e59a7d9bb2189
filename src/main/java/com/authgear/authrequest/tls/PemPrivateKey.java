package com.authgear.authrequest.tls;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.util.List;

/** The one private key in a PEM text (RFC 7468): PKCS#8, PKCS#1 or SEC 1, not encrypted. */
public final class PemPrivateKey {

  private PemPrivateKey() {}

  /** The text holds no key that can be used; the message says why and quotes nothing. */
  public static final class UnusableKeyException extends Exception {
    private static final long serialVersionUID = 1;

    UnusableKeyException(String what) {
      super(what);
    }
  }

  /** Reads an RSA or EC key. */
  public static PrivateKey read(String text) throws UnusableKeyException {
    Pem pem = Pem.read(text);
    List<Pem.PemBlock> keys =
        pem.blocks().stream().filter(block -> block.label().endsWith("PRIVATE KEY")).toList();
    if (!pem.whole()) {
      throw new UnusableKeyException("is cut off or damaged");
    }
    if (keys.isEmpty()) {
      throw new UnusableKeyException("has no private key");
    }
    if (keys.size() > 1) {
      throw new UnusableKeyException("has several private keys");
    }
    Pem.PemBlock block = keys.getFirst();
    byte[] der = block.der();
    if (der == null || block.label().equals("ENCRYPTED PRIVATE KEY")) {
      throw new UnusableKeyException("is encrypted");
    }
    try {
      return switch (block.label()) {
        case "PRIVATE KEY" -> PrivateKeys.pkcs8(der);
        case "RSA PRIVATE KEY" -> PrivateKeys.pkcs1(der);
        case "EC PRIVATE KEY" -> PrivateKeys.sec1(der);
        default -> throw new GeneralSecurityException("unknown form");
      };
    } catch (GeneralSecurityException _) {
      throw new UnusableKeyException(
          "has a private key that is neither RSA nor EC, or cannot be read");
    }
  }
}
