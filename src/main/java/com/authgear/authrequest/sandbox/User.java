package com.authgear.authrequest.sandbox;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A user of the stand-in project.
 *
 * @param name how the sandbox's own interface calls the user; Authgear has no such name
 * @param id the user id (a UUID)
 * @param roles effective role keys
 * @param account what an administrator made of the account
 * @param attributes standard attributes by their OpenID Connect names; Authgear bounds them in no
 *     way
 * @param createdAt when the user signed up
 * @param updatedAt when the user changed last
 * @param lastLoginAt null if never
 */
public record User(
    String name,
    String id,
    List<String> roles,
    boolean anonymous,
    boolean verified,
    boolean canReauthenticate,
    Account account,
    Map<String, Object> attributes,
    Instant createdAt,
    Instant updatedAt,
    @Nullable Instant lastLoginAt) {

  /** What an administrator made of the account. */
  public enum Status {
    ACTIVE,
    DISABLED,
    ANONYMIZED,
    DELETED
  }

  private static final Pattern ROLE_KEY = Pattern.compile("[a-zA-Z_][a-zA-Z0-9:_]*");

  /**
   * @throws IllegalArgumentException if a role key is not one that Authgear allows
   */
  public User {
    roles = List.copyOf(roles);
    attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
    for (String role : roles) {
      if (!ROLE_KEY.matcher(role).matches()) {
        throw new IllegalArgumentException(
            "'" + role + "' is no role key: " + ROLE_KEY.pattern() + ", separated by commas");
      }
    }
  }

  public Status status() {
    return account.status();
  }

  /** Whether the account may be used at a time. */
  boolean isUsable(Instant now) {
    return account.isUsable(now);
  }

  User withRoles(List<String> value) {
    return new User(
        name,
        id,
        value,
        anonymous,
        verified,
        canReauthenticate,
        account,
        attributes,
        createdAt,
        updatedAt,
        lastLoginAt);
  }

  User withVerified(boolean value) {
    return new User(
        name,
        id,
        roles,
        anonymous,
        value,
        canReauthenticate,
        account,
        attributes,
        createdAt,
        updatedAt,
        lastLoginAt);
  }

  User withAccount(Account value) {
    return new User(
        name,
        id,
        roles,
        anonymous,
        verified,
        canReauthenticate,
        value,
        attributes,
        createdAt,
        updatedAt,
        lastLoginAt);
  }

  /** What is left of someone whose identities are gone. */
  User withoutIdentities() {
    return new User(
        name,
        id,
        roles,
        anonymous,
        verified,
        false,
        account,
        attributes,
        createdAt,
        updatedAt,
        lastLoginAt);
  }

  /** An anonymous user who signed up. */
  User promoted() {
    return new User(
        name,
        id,
        roles,
        false,
        verified,
        true,
        account,
        attributes,
        createdAt,
        updatedAt,
        lastLoginAt);
  }

  User withAttribute(String attribute, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(attributes);
    more.put(attribute, value);
    return new User(
        name,
        id,
        roles,
        anonymous,
        verified,
        canReauthenticate,
        account,
        more,
        createdAt,
        updatedAt,
        lastLoginAt);
  }

  User changedAt(Instant value) {
    return new User(
        name,
        id,
        roles,
        anonymous,
        verified,
        canReauthenticate,
        account,
        attributes,
        createdAt,
        value,
        lastLoginAt);
  }

  User signedInAt(Instant value) {
    return new User(
        name,
        id,
        roles,
        anonymous,
        verified,
        canReauthenticate,
        account,
        attributes,
        createdAt,
        updatedAt,
        value);
  }

  /** The users of every new project. */
  static List<User> wellKnown(Instant now) {
    User dave = regular("dave", "da7e0000-0000-4000-8000-000000000004", List.of(), true, now);
    return List.of(
        regular(
            "alice", "a11ce000-0000-4000-8000-000000000001", List.of("admin", "editor"), true, now),
        regular("bob", "b0b00000-0000-4000-8000-000000000002", List.of(), false, now),
        new User(
            "carol",
            "ca201000-0000-4000-8000-000000000003",
            List.of(),
            true,
            false,
            false,
            Account.ACTIVE,
            Map.of(),
            now,
            now,
            null),
        dave.withAccount(dave.account().with(Status.DISABLED, null)),
        regular("erin", "e2100000-0000-4000-8000-000000000005", List.of("editor"), true, now));
  }

  /** Somebody who can sign in, as it is at the beginning. */
  static User regular(String name, String id, List<String> roles, boolean verified, Instant now) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("email", name + "@example.test");
    attributes.put("email_verified", verified);
    return new User(
        name, id, roles, false, verified, true, Account.ACTIVE, attributes, now, now, null);
  }
}
