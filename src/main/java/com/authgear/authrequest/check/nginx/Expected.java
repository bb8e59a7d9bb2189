package com.authgear.authrequest.check.nginx;

import java.util.List;

/**
 * What the service is set to.
 *
 * @param headerBudget {@code AUTHGEAR_HEADER_BUDGET}, bytes
 * @param claimHeaders the headers of {@code AUTHGEAR_CLAIM_HEADERS}, in lower case
 */
public record Expected(int headerBudget, List<String> claimHeaders) {
  public static final Expected DEFAULTS = new Expected(3072, List.of());

  public Expected {
    claimHeaders = List.copyOf(claimHeaders);
  }
}
