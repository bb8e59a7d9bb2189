package com.authgear.authrequest.verify;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * SHA-256 of credentials, by which caches know them, so that no raw token or cookie is kept. It
 * covers exactly what was presented: the lengths of both parts, then both parts; no two different
 * credentials have the same input.
 */
public record Digest(long a, long b, long c, long d) implements Comparable<Digest> {

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** Looking one up costs as much as using it; {@code digest()} leaves it empty for the next. */
  private static final ThreadLocal<MessageDigest> SHA_256 = ThreadLocal.withInitial(Digest::sha256);

  /** A bearer token. */
  public static Digest ofToken(String token) {
    return of(token, null);
  }

  /** A cookie; the same value under another name is another credential. */
  public static Digest ofCookie(String name, String value) {
    return of(value, name);
  }

  /** What is there counts with its length and one more, what is not with zero. */
  private static Digest of(String value, @Nullable String name) {
    byte[] lengths = new byte[2 * Long.BYTES];
    LONGS.set(lengths, 0, value.length() + 1L);
    LONGS.set(lengths, Long.BYTES, name == null ? 0L : name.length() + 1L);
    MessageDigest sha256 = SHA_256.get();
    sha256.update(lengths);
    sha256.update(bytes(value));
    if (name != null) {
      sha256.update(bytes(name));
    }
    byte[] hash = sha256.digest();
    return new Digest(at(hash, 0), at(hash, 1), at(hash, 2), at(hash, 3));
  }

  /** Credentials are ASCII; what is not would become question marks, which no JWT holds. */
  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static long at(byte[] hash, int index) {
    return (long) LONGS.get(hash, index * Long.BYTES);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java platform has it
    }
  }

  @Override
  public int hashCode() {
    return (int) a;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Digest that && a == that.a && b == that.b && c == that.c && d == that.d;
  }

  @Override
  public int compareTo(Digest other) {
    int order = Long.compare(a, other.a);
    order = order != 0 ? order : Long.compare(b, other.b);
    order = order != 0 ? order : Long.compare(c, other.c);
    return order != 0 ? order : Long.compare(d, other.d);
  }
}
