package com.authgear.authrequest.sandbox;

import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A user of the stand-in project.
 *
 * @param name how the sandbox's own interface calls the user; Authgear has no such name
 * @param id the user id (a UUID)
 * @param roles effective role keys
 * @param validFrom start of the account's validity; null if unbounded
 * @param validUntil end of the account's validity, exclusive; null if unbounded
 * @param disabledFrom start of a temporary disabling; null if there is none
 * @param disabledUntil its end, exclusive
 */
public record User(
    String name,
    String id,
    List<String> roles,
    boolean anonymous,
    boolean verified,
    boolean canReauthenticate,
    Status status,
    @Nullable Instant validFrom,
    @Nullable Instant validUntil,
    @Nullable Instant disabledFrom,
    @Nullable Instant disabledUntil) {

  /** What an administrator made of the account. */
  public enum Status {
    ACTIVE,
    DISABLED,
    DELETED
  }

  private static final Pattern ROLE_KEY = Pattern.compile("[a-zA-Z_][a-zA-Z0-9:_]*");

  /**
   * @throws IllegalArgumentException if a role key is not one that Authgear allows
   */
  public User {
    roles = List.copyOf(roles);
    for (String role : roles) {
      if (!ROLE_KEY.matcher(role).matches()) {
        throw new IllegalArgumentException(
            "'" + role + "' is no role key: " + ROLE_KEY.pattern() + ", separated by commas");
      }
    }
  }

  /** Whether the account may be used at a time. */
  boolean isUsable(Instant now) {
    return status == Status.ACTIVE
        && (validFrom == null || !now.isBefore(validFrom))
        && (validUntil == null || now.isBefore(validUntil))
        && (disabledFrom == null
            || disabledUntil == null
            || now.isBefore(disabledFrom)
            || !now.isBefore(disabledUntil));
  }

  User withRoles(List<String> newRoles) {
    return new User(
        name,
        id,
        newRoles,
        anonymous,
        verified,
        canReauthenticate,
        status,
        validFrom,
        validUntil,
        disabledFrom,
        disabledUntil);
  }

  /** Ends a temporary disabling, too. */
  User withStatus(Status newStatus) {
    return new User(
        name,
        id,
        roles,
        anonymous,
        verified,
        canReauthenticate,
        newStatus,
        validFrom,
        validUntil,
        null,
        null);
  }

  User withValidity(@Nullable Instant from, @Nullable Instant until) {
    return new User(
        name,
        id,
        roles,
        anonymous,
        verified,
        canReauthenticate,
        status,
        from,
        until,
        disabledFrom,
        disabledUntil);
  }

  User withTemporaryDisabling(Instant from, Instant until) {
    return new User(
        name,
        id,
        roles,
        anonymous,
        verified,
        canReauthenticate,
        Status.ACTIVE,
        validFrom,
        validUntil,
        from,
        until);
  }

  /** The users of every new project. */
  static List<User> wellKnown() {
    return List.of(
        regular("alice", "a11ce000-0000-4000-8000-000000000001", List.of("admin", "editor"), true),
        regular("bob", "b0b00000-0000-4000-8000-000000000002", List.of(), false),
        new User(
            "carol",
            "ca201000-0000-4000-8000-000000000003",
            List.of(),
            true,
            false,
            false,
            Status.ACTIVE,
            null,
            null,
            null,
            null),
        regular("dave", "da7e0000-0000-4000-8000-000000000004", List.of(), true)
            .withStatus(Status.DISABLED),
        regular("erin", "e2100000-0000-4000-8000-000000000005", List.of("editor"), true));
  }

  private static User regular(String name, String id, List<String> roles, boolean verified) {
    return new User(name, id, roles, false, verified, true, Status.ACTIVE, null, null, null, null);
  }
}
