package com.authgear.authrequest.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A body as it comes, with the HMAC-SHA256 of all that was read of it. What is read of it may be
 * anyone's until {@link #isSigned} has said otherwise.
 */
final class SignedBody extends InputStream {

  /** It is longer than allowed. */
  static final class TooLarge extends IOException {
    private static final long serialVersionUID = 1;

    TooLarge() {
      super("the body is too large");
    }
  }

  private static final int CHUNK = 8 * 1024;

  private final InputStream in;
  private final List<Mac> macs;
  private final long longest;
  private long length;

  /**
   * @param keys those that it may be signed with
   * @param longest in bytes
   */
  SignedBody(InputStream in, List<SecretKeySpec> keys, long longest) {
    this(in, keys, longest, new byte[0]);
  }

  /**
   * @param before what is signed in front of the body
   */
  SignedBody(InputStream in, List<SecretKeySpec> keys, long longest, byte[] before) {
    this.in = in;
    this.macs = keys.stream().map(SignedBody::hmac).toList();
    this.longest = longest;
    macs.forEach(mac -> mac.update(before));
  }

  private static Mac hmac(SecretKeySpec key) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int most) throws IOException {
    int count = in.read(bytes, offset, most);
    if (count > 0) {
      length += count;
      if (length > longest) {
        throw new TooLarge();
      }
      macs.forEach(mac -> mac.update(bytes, offset, count));
    }
    return count;
  }

  /**
   * Reads what is left and says whether the whole body has this signature.
   *
   * @param signature as in the header field: lower-case hex in ASCII
   */
  boolean isSigned(byte[] signature) throws IOException {
    byte[] rest = new byte[CHUNK];
    int count;
    do {
      count = read(rest, 0, CHUNK);
    } while (count >= 0);
    boolean signed = false;
    for (Mac mac : macs) {
      byte[] expected =
          HexFormat.of().formatHex(mac.doFinal()).getBytes(StandardCharsets.ISO_8859_1);
      signed |= MessageDigest.isEqual(expected, signature);
    }
    return signed;
  }
}
