package com.authgear.authrequest.http;

import com.authgear.authrequest.http.EncodedFields.Template;
import com.authgear.authrequest.policy.Decision.Subject;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.Principal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The header fields that tell a backend whom it serves. The set is always complete: a field with
 * nothing to say is empty, so that none of a client's own survives in any proxy.
 *
 * <p>Most of it is the same for very many users, whose roles, scopes and flags are a few: that is
 * prepared once, in the bytes of the answer, and what is a user's own is filled in. What was asked
 * for last is remembered, in a bounded table that knows no user.
 */
final class IdentityFields {

  private static final List<IdentityHeader> IDENTITY = List.of(IdentityHeader.values());

  /** With about 1 KiB each, all that are remembered take 4 MiB. */
  private static final int SETS = 1024;

  /** Places of a set, so that a few thousand in turn hardly push each other out. */
  private static final int WAYS = 4;

  /** What principals have in common, each value the very object that is in them. */
  private record Traits(
      Principal.Kind kind,
      @Nullable Boolean anonymous,
      @Nullable Boolean verified,
      @Nullable Boolean canReauthenticate,
      List<String> roles,
      List<String> amr,
      String clientId,
      List<String> scopes,
      Template fields) {

    /** The very objects, not equal ones: to compare those would cost more than it saves. */
    @SuppressWarnings("ReferenceEquality")
    boolean areOf(Principal principal) {
      return kind == principal.kind()
          && roles == principal.roles()
          && amr == principal.amr()
          && clientId == principal.clientId()
          && scopes == principal.scopes()
          && Objects.equals(anonymous, principal.anonymous())
          && Objects.equals(verified, principal.verified())
          && Objects.equals(canReauthenticate, principal.canReauthenticate());
    }

    static int hash(Principal principal) {
      int hash = System.identityHashCode(principal.roles());
      hash = hash * 31 + System.identityHashCode(principal.amr());
      hash = hash * 31 + System.identityHashCode(principal.clientId());
      hash = hash * 31 + System.identityHashCode(principal.scopes());
      hash = hash * 31 + Objects.hashCode(principal.anonymous());
      hash = hash * 31 + Objects.hashCode(principal.verified());
      hash = hash * 31 + Objects.hashCode(principal.canReauthenticate());
      return hash ^ hash >>> 16;
    }
  }

  private final List<ClaimHeader> claims;
  private final EncodedFields nobody;
  private final EncodedFields unproven;
  private final AtomicReferenceArray<@Nullable Traits> remembered =
      new AtomicReferenceArray<>(SETS * WAYS);

  IdentityFields(List<ClaimHeader> claims) {
    this.claims = List.copyOf(claims);
    this.nobody = withoutPrincipal("");
    this.unproven = withoutPrincipal("false");
  }

  EncodedFields of(Subject subject) {
    return switch (subject) {
      case Subject.Known known -> of(known.principal());
      case Subject.Nobody _ -> nobody;
      case Subject.Unproven _ -> unproven;
    };
  }

  /** What {@code Set-Cookie} values take on the wire. */
  static int cookieBytes(List<String> setCookie) {
    int bytes = 0;
    for (String value : setCookie) {
      bytes += EncodedFields.bytes("Set-Cookie", value);
    }
    return bytes;
  }

  private EncodedFields of(Principal principal) {
    String[] own = new String[2 + claims.size()];
    own[0] = IdentityHeader.USER_ID.of(principal);
    own[1] = IdentityHeader.SESSION_AUTHENTICATED_AT.of(principal);
    for (int i = 0; i < claims.size(); i++) {
      own[2 + i] = principal.claims().getOrDefault(claims.get(i).claim(), "");
    }
    return template(principal).with(own);
  }

  private Template template(Principal principal) {
    int hash = Traits.hash(principal);
    int set = (hash & (SETS - 1)) * WAYS;
    int place = set + (hash / SETS & (WAYS - 1));
    for (int i = set; i < set + WAYS; i++) {
      Traits known = remembered.get(i);
      if (known == null) {
        place = i;
      } else if (known.areOf(principal)) {
        return known.fields;
      }
    }
    Template made = made(principal);
    remembered.set(
        place,
        new Traits(
            principal.kind(),
            principal.anonymous(),
            principal.verified(),
            principal.canReauthenticate(),
            principal.roles(),
            principal.amr(),
            principal.clientId(),
            principal.scopes(),
            made));
    return made;
  }

  private Template made(Principal principal) {
    return template(
        header ->
            switch (header) {
              case USER_ID, SESSION_AUTHENTICATED_AT -> Optional.empty();
              default -> Optional.of(header.of(principal));
            },
        Optional.empty());
  }

  private EncodedFields withoutPrincipal(String sessionValid) {
    return template(
            header -> Optional.of(header == IdentityHeader.SESSION_VALID ? sessionValid : ""),
            Optional.of(""))
        .with();
  }

  private Template template(
      Function<IdentityHeader, Optional<String>> identity, Optional<String> claim) {
    SequencedMap<String, Optional<String>> fields = new LinkedHashMap<>();
    for (IdentityHeader header : IDENTITY) {
      fields.put(header.headerName(), identity.apply(header));
    }
    for (ClaimHeader header : claims) {
      fields.put(header.header(), claim);
    }
    return new Template(fields);
  }
}
