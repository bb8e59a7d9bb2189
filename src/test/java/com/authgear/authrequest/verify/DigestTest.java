package com.authgear.authrequest.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

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
  void of_differentPresentations_areAllDifferent() {
    List<@Nullable String> parts = new ArrayList<>(List.of("", "a", "b", "ab", "a;b", ";"));
    parts.add(null);
    List<Digest> all = new ArrayList<>();
    for (@Nullable String token : parts) {
      for (@Nullable String cookies : parts) {
        all.add(Digest.of(token, cookies));
      }
    }

    assertThat(new HashSet<>(all)).hasSize(all.size());
  }

  @Test
  void of_sameTwice_isEqual() {
    assertThat(Digest.of("token", "session=a"))
        .isEqualTo(Digest.of("token", "session=a"))
        .hasSameHashCodeAs(Digest.of("token", "session=a"))
        .isEqualByComparingTo(Digest.of("token", "session=a"));
    assertThat(Digest.ofToken("token")).isEqualTo(Digest.of("token", null));
  }
}
