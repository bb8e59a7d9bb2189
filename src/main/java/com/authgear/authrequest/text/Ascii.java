package com.authgear.authrequest.text;

import java.util.HexFormat;

/** ASCII (RFC 20), by the names of RFC 5234: {@code VCHAR}, and the space. */
public final class Ascii {
  private Ascii() {}

  /** {@code VCHAR}: neither a space nor a control character, nor beyond ASCII. */
  public static boolean isVisible(int character) {
    return character > ' ' && character < 0x7f;
  }

  /** A text of {@code VCHAR}; may be empty. */
  public static boolean isVisible(String text) {
    return text.chars().allMatch(Ascii::isVisible);
  }

  /** {@code VCHAR} or a space. */
  public static boolean isPrintable(int character) {
    return character >= ' ' && character < 0x7f;
  }

  /** A text of {@code VCHAR} and spaces; may be empty. */
  public static boolean isPrintable(String text) {
    return text.chars().allMatch(Ascii::isPrintable);
  }

  /**
   * The text on one line, with every character that is not printable as a Unicode escape of Java
   * (JLS §3.3).
   *
   * @param escaped further characters that get a backslash in front
   */
  public static String escape(String text, String escaped) {
    StringBuilder shown = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!isPrintable(c)) {
        shown.append("\\u").append(HexFormat.of().toHexDigits(c));
      } else {
        if (escaped.indexOf(c) >= 0) {
          shown.append('\\');
        }
        shown.append(c);
      }
    }
    return shown.toString();
  }
}
