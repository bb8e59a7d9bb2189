package com.authgear.authrequest.sandbox;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What an administrator made of a user's account.
 *
 * @param disableReason null for none
 * @param disabledFrom start of a temporary disabling; null if there is none
 * @param disabledUntil its end, exclusive
 * @param validFrom start of the account's validity; null if unbounded
 * @param validUntil end of the account's validity, exclusive; null if unbounded
 * @param deleteAt when it is to be deleted; null if it is not
 * @param anonymizeAt when it is to be anonymised; null if it is not
 */
record Account(
    User.Status status,
    @Nullable String disableReason,
    @Nullable Instant disabledFrom,
    @Nullable Instant disabledUntil,
    @Nullable Instant validFrom,
    @Nullable Instant validUntil,
    @Nullable Instant deleteAt,
    @Nullable Instant anonymizeAt) {

  static final Account ACTIVE =
      new Account(User.Status.ACTIVE, null, null, null, null, null, null, null);

  boolean isUsable(Instant now) {
    return status == User.Status.ACTIVE
        && (validFrom == null || !now.isBefore(validFrom))
        && (validUntil == null || now.isBefore(validUntil))
        && !isWithinTemporaryDisabling(now);
  }

  boolean isWithinTemporaryDisabling(Instant now) {
    return disabledFrom != null
        && disabledUntil != null
        && !now.isBefore(disabledFrom)
        && now.isBefore(disabledUntil);
  }

  /** Ends a temporary disabling and a schedule, too. */
  Account with(User.Status newStatus, @Nullable String reason) {
    return new Account(newStatus, reason, null, null, validFrom, validUntil, null, null);
  }

  Account disabledBetween(Instant from, Instant until) {
    return new Account(User.Status.ACTIVE, null, from, until, validFrom, validUntil, null, null);
  }

  Account validBetween(@Nullable Instant from, @Nullable Instant until) {
    return new Account(
        status, disableReason, disabledFrom, disabledUntil, from, until, deleteAt, anonymizeAt);
  }

  /** Disabled from now on, until it happens. */
  Account toBeDeleted(Instant at) {
    return new Account(User.Status.DISABLED, null, null, null, validFrom, validUntil, at, null);
  }

  /** Disabled from now on, until it happens. */
  Account toBeAnonymized(Instant at) {
    return new Account(User.Status.DISABLED, null, null, null, validFrom, validUntil, null, at);
  }
}
