package com.authgear.authrequest.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.credential.Credential.None;
import com.authgear.authrequest.credential.Credential.Presented;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DigestTest {

  @Test
  void of_isSha256OfLengthsAndParts() {
    // printf '\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0ab' | sha256sum
    Digest digest = Digest.ofToken("ab");
    HexFormat hex = HexFormat.of();
    assertThat(
            hex.toHexDigits(digest.a())
                + hex.toHexDigits(digest.b())
                + hex.toHexDigits(digest.c())
                + hex.toHexDigits(digest.d()))
        .isEqualTo("e79e66bb27bfd121579333da838873377d774dc7bd6a8430b3c3210cbe395cd6");
  }

  @Test
  void of_presented_isThatOfItsValueAlone() {
    assertThat(
            Digest.of(new Presented(CredentialPlace.BEARER, "", "Bearer ab  ", 7, 9, new None())))
        .isEqualTo(Digest.ofToken("ab"));
    assertThat(
            Digest.of(new Presented(CredentialPlace.SESSION, "session", "xaby", 1, 3, new None())))
        .isEqualTo(Digest.ofCookie("session", "ab"));
  }

  /** Around the room that a thread keeps, and in characters that no credential has. */
  @ParameterizedTest
  @ValueSource(ints = {1, 4095, 4096, 4097, 16384})
  void of_anyLengthCharactersAndThread_isTheSameSha256(int length) throws Exception {
    for (String text :
        List.of("x".repeat(length), "\u00e9".repeat(length), "\u0141" + "x".repeat(length - 1))) {
      byte[] input =
          ByteBuffer.allocate(16 + length)
              .putLong(length + 1)
              .putLong(0)
              .put(text.getBytes(StandardCharsets.ISO_8859_1))
              .array();
      ByteBuffer expected = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(input));
      Digest wanted =
          new Digest(
              expected.getLong(), expected.getLong(), expected.getLong(), expected.getLong());

      assertThat(Digest.ofToken(text)).isEqualTo(wanted);
      CompletableFuture<Digest> there = new CompletableFuture<>();
      Thread.ofVirtual().start(() -> there.complete(Digest.ofToken(text))).join();
      assertThat(there).isCompletedWithValue(wanted);
    }
  }

  @Test
  void differentCredentials_areAllDifferent() {
    List<String> parts = List.of("", "a", "b", "ab", "a;b", ";");
    List<Digest> all = new ArrayList<>();
    for (String value : parts) {
      all.add(Digest.ofToken(value));
      for (String name : parts) {
        all.add(Digest.ofCookie(name, value));
      }
    }

    assertThat(new HashSet<>(all)).hasSize(all.size());
  }

  @Test
  void sameTwice_isEqual() {
    assertThat(Digest.ofCookie("session", "a"))
        .isEqualTo(Digest.ofCookie("session", "a"))
        .hasSameHashCodeAs(Digest.ofCookie("session", "a"))
        .isEqualByComparingTo(Digest.ofCookie("session", "a"));
  }
}
