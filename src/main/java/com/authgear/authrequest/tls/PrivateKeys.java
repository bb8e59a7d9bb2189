package com.authgear.authrequest.tls;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.HexFormat;
import java.util.List;

/**
 * Private keys in DER. The JDK reads PKCS#8; the older forms, which cert-manager writes unless told
 * otherwise, become PKCS#8 by a few bytes around them.
 */
final class PrivateKeys {

  private static final int INTEGER = 0x02;
  private static final int OCTET_STRING = 0x04;
  private static final int SEQUENCE = 0x30;

  /** {@code [0]} of RFC 5915: the curve. */
  private static final int PARAMETERS = 0xa0;

  private static final HexFormat HEX = HexFormat.of();
  private static final byte[] VERSION_0 = HEX.parseHex("020100");

  /** {@code AlgorithmIdentifier} of RFC 8017 A.1: rsaEncryption, NULL. */
  private static final byte[] RSA = HEX.parseHex("300d06092a864886f70d0101010500");

  /** {@code id-ecPublicKey} of RFC 5480 §2.1.1. */
  private static final byte[] EC = HEX.parseHex("06072a8648ce3d0201");

  private PrivateKeys() {}

  /** PKCS#8 (RFC 5208). */
  static PrivateKey pkcs8(byte[] der) throws GeneralSecurityException {
    for (String algorithm : List.of("RSA", "EC")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException _) {
        // Of the other kind, perhaps.
      }
    }
    throw new InvalidKeySpecException("neither RSA nor EC");
  }

  /** PKCS#1 (RFC 8017 A.1.2), {@code BEGIN RSA PRIVATE KEY}. */
  static PrivateKey pkcs1(byte[] der) throws GeneralSecurityException {
    return pkcs8(tagged(SEQUENCE, VERSION_0, RSA, tagged(OCTET_STRING, der)));
  }

  /** SEC 1 (RFC 5915), {@code BEGIN EC PRIVATE KEY}. */
  static PrivateKey sec1(byte[] der) throws GeneralSecurityException {
    ByteBuffer key = content(ByteBuffer.wrap(der), SEQUENCE);
    content(key, INTEGER);
    content(key, OCTET_STRING);
    ByteBuffer curve = content(key, PARAMETERS);
    byte[] parameters = new byte[curve.remaining()];
    curve.get(parameters);
    return pkcs8(
        tagged(SEQUENCE, VERSION_0, tagged(SEQUENCE, EC, parameters), tagged(OCTET_STRING, der)));
  }

  private static byte[] tagged(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(length + 6);
    out.write(tag);
    if (length < 0x80) {
      out.write(length);
    } else {
      // As few octets as possible, or it is not DER.
      int octets = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / Byte.SIZE;
      out.write(0x80 | octets);
      for (int shift = (octets - 1) * Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
        out.write(length >> shift);
      }
    }
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  /** Steps over an element and gives what is in it. */
  private static ByteBuffer content(ByteBuffer in, int tag) throws InvalidKeySpecException {
    if (in.remaining() < 2 || (in.get() & 0xff) != tag) {
      throw new InvalidKeySpecException("not the element that should be here");
    }
    int length = in.get() & 0xff;
    if (length >= 0x80) {
      int octets = length & 0x7f;
      if (octets < 1 || octets > 3 || in.remaining() < octets) {
        throw new InvalidKeySpecException("a length that no key has");
      }
      length = 0;
      for (int i = 0; i < octets; i++) {
        length = (length << 8) | (in.get() & 0xff);
      }
    }
    if (length > in.remaining()) {
      throw new InvalidKeySpecException("cut off");
    }
    ByteBuffer content = in.slice(in.position(), length);
    in.position(in.position() + length);
    return content;
  }
}
