package com.authgear.authrequest.verify.resolver;

import com.authgear.authrequest.text.Ascii;

/** What may stand in a header value (RFC 9110 §5.5), without the obsolete non-ASCII part. */
final class HeaderText {
  private HeaderText() {}

  /** Not empty, and neither spaces nor control characters nor anything beyond ASCII. */
  static boolean isVisible(String text) {
    return !text.isEmpty() && Ascii.isVisible(text);
  }

  /** Visible ASCII, spaces and tabs; may be empty. */
  static boolean isPrintable(String text) {
    return text.chars().allMatch(c -> c == '\t' || Ascii.isPrintable(c));
  }
}
