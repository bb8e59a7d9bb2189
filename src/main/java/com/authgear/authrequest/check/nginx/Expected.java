package com.authgear.authrequest.check.nginx;

/**
 * What the service is set to.
 *
 * @param headerBudget {@code AUTHGEAR_HEADER_BUDGET}, bytes
 * @param cookiePrefix {@code AUTHGEAR_COOKIE_PREFIX}
 */
public record Expected(int headerBudget, String cookiePrefix) {
  public static final Expected DEFAULTS = new Expected(3072, "");
}
