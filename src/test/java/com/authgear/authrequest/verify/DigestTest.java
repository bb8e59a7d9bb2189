package com.authgear.authrequest.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
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
