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
 * presentations have the same input.
 */
public record Digest(long a, long b, long c, long d) implements Comparable<Digest> {

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** Two lengths; one more than the length of what is there, zero for what is not. */
  private static final int PREFIX = 2 * Long.BYTES;

  /** A bearer token without cookies. */
  public static Digest ofToken(String token) {
    return of(token, null);
  }

  /**
   * All that is presented to the resolver.
   *
   * @param token null if there is none
   * @param cookies null if there are none
   */
  public static Digest of(@Nullable String token, @Nullable String cookies) {
    int tokenLength = token == null ? 0 : token.length();
    int cookiesLength = cookies == null ? 0 : cookies.length();
    byte[] input = new byte[PREFIX + tokenLength + cookiesLength];
    LONGS.set(input, 0, token == null ? 0L : tokenLength + 1L);
    LONGS.set(input, Long.BYTES, cookies == null ? 0L : cookiesLength + 1L);
    if (token != null) {
      copy(token, input, PREFIX);
    }
    if (cookies != null) {
      copy(cookies, input, PREFIX + tokenLength);
    }
    byte[] hash = sha256().digest(input);
    return new Digest(at(hash, 0), at(hash, 1), at(hash, 2), at(hash, 3));
  }

  /** Credentials are ASCII; what is not would become question marks, which no JWT holds. */
  private static void copy(String text, byte[] input, int at) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, input, at, bytes.length);
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
