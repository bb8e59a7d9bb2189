package com.authgear.authrequest.verify;

import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.credential.Credential.Presented;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * SHA-256 of credentials, by which caches know them, so that no raw token or cookie is kept. It
 * covers exactly what was presented: the lengths of both parts, then both parts; no two different
 * credentials have the same input.
 */
public record Digest(long a, long b, long c, long d) implements Comparable<Digest> {

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** What a thread computes digests with: to make it again costs as much as to use it. */
  private static final ThreadLocal<Computer> COMPUTER = ThreadLocal.withInitial(Computer::new);

  /** A bearer token. */
  public static Digest ofToken(String token) {
    return of(token, 0, token.length(), null);
  }

  /** A cookie; the same value under another name is another credential. */
  public static Digest ofCookie(String name, String value) {
    return of(value, 0, value.length(), name);
  }

  /** A credential as it was presented, where it stands. */
  public static Digest of(Presented credential) {
    return of(
        credential.text(),
        credential.from(),
        credential.to(),
        credential.place() == CredentialPlace.BEARER ? null : credential.cookie());
  }

  /** What is there counts with its length and one more, what is not with zero. */
  private static Digest of(String text, int from, int to, @Nullable String name) {
    Computer computer = COMPUTER.get();
    byte[] lengths = new byte[2 * Long.BYTES];
    LONGS.set(lengths, 0, to - from + 1L);
    LONGS.set(lengths, Long.BYTES, name == null ? 0L : name.length() + 1L);
    computer.sha256.update(lengths);
    computer.update(text, from, to);
    if (name != null) {
      computer.update(name, 0, name.length());
    }
    byte[] hash = computer.sha256.digest(); // leaves it empty for the next
    return new Digest(at(hash, 0), at(hash, 1), at(hash, 2), at(hash, 3));
  }

  private static final class Computer {

    /** Longer than nearly all tokens. */
    private static final int ROOM = 4096;

    private final MessageDigest sha256;
    private final char[] characters;
    private final byte[] bytes;

    private Computer() {
      // A virtual thread computes one digest or two in its life.
      int room = Thread.currentThread().isVirtual() ? 0 : ROOM;
      characters = new char[room];
      bytes = new byte[room];
      try {
        sha256 = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new AssertionError(e); // every Java platform has it
      }
    }

    /**
     * Takes a part of a text, in ISO 8859-1: credentials are ASCII; what is not would become
     * question marks, which no JWT holds. Nothing is allocated for it, and nothing of it stays.
     */
    private void update(String text, int from, int to) {
      int length = to - from;
      if (length > bytes.length) {
        sha256.update(text.substring(from, to).getBytes(StandardCharsets.ISO_8859_1));
        return;
      }
      text.getChars(from, to, characters, 0);
      int all = 0;
      for (int i = 0; i < length; i++) {
        all |= characters[i];
        bytes[i] = (byte) characters[i];
      }
      if (all > 0xff) {
        sha256.update(text.substring(from, to).getBytes(StandardCharsets.ISO_8859_1));
      } else {
        sha256.update(bytes, 0, length);
      }
      Arrays.fill(characters, 0, length, '\0');
      Arrays.fill(bytes, 0, length, (byte) 0);
    }
  }

  private static long at(byte[] hash, int index) {
    return (long) LONGS.get(hash, index * Long.BYTES);
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
