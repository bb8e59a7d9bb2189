package com.authgear.authrequest.verify.resolver;

import java.util.Locale;

/** Whether the resolver is called: the closed list behind the {@code state} label of its metric. */
public enum BreakerState {
  /** It is. */
  CLOSED,
  /** It is not: nearly all calls failed. */
  OPEN,
  /** A few calls try whether it is back. */
  HALF_OPEN;

  private final String code = name().toLowerCase(Locale.ROOT);

  /** The label value, such as {@code half_open}. */
  public String code() {
    return code;
  }
}
