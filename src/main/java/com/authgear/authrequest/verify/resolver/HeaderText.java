package com.authgear.authrequest.verify.resolver;

/** What may stand in a header value (RFC 9110 §5.5), without the obsolete non-ASCII part. */
final class HeaderText {
  private HeaderText() {}

  /** Not empty, and neither spaces nor control characters nor anything beyond ASCII. */
  static boolean isVisible(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  /** Visible ASCII, spaces and tabs; may be empty. */
  static boolean isPrintable(String text) {
    return text.chars().allMatch(c -> c == '\t' || (c >= ' ' && c < 0x7f));
  }
}
