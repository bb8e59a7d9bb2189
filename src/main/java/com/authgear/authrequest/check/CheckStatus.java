package com.authgear.authrequest.check;

import java.util.Locale;

/** How a line of the report turned out. */
public enum CheckStatus {
  OK("✓"),
  /** Works, and is worth a thought. */
  WARNING("⚠"),
  FAILED("✗"),
  /** Not looked at, and the text says why. */
  SKIPPED("–");

  private final String mark;

  CheckStatus(String mark) {
    this.mark = mark;
  }

  String mark() {
    return mark;
  }

  /** As machines read it, such as {@code failed}. */
  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }
}
