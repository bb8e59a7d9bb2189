package com.authgear.authrequest.http;

import com.authgear.authrequest.policy.Decision.Subject;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.Principal;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The header fields that tell a backend whom it serves. The set is always complete: a field with
 * nothing to say is empty, so that none of a client's own survives in any proxy.
 *
 * <p>A principal that a cache gives again and again has its fields prepared once, in the bytes of
 * the answer; those that were asked for last are remembered, in a bounded table.
 */
final class IdentityFields {

  private static final List<IdentityHeader> IDENTITY = List.of(IdentityHeader.values());

  /** With about 1 KiB each, all that are remembered take 4 MiB. */
  private static final int SETS = 1024;

  /** Places of a set, so that a few thousand principals in turn hardly push each other out. */
  private static final int WAYS = 4;

  private record Remembered(Principal principal, EncodedFields fields) {}

  private final List<ClaimHeader> claims;
  private final EncodedFields.Names names;
  private final EncodedFields nobody;
  private final EncodedFields unproven;
  private final AtomicReferenceArray<@Nullable Remembered> remembered =
      new AtomicReferenceArray<>(SETS * WAYS);

  IdentityFields(List<ClaimHeader> claims) {
    this.claims = List.copyOf(claims);
    this.names =
        new EncodedFields.Names(
            Stream.concat(
                    IDENTITY.stream().map(IdentityHeader::headerName),
                    claims.stream().map(ClaimHeader::header))
                .toList());
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

  /** The very object, not one that is equal: to compare two would cost more than it saves. */
  @SuppressWarnings("ReferenceEquality")
  private EncodedFields of(Principal principal) {
    int hash = System.identityHashCode(principal);
    int set = (hash & (SETS - 1)) * WAYS;
    int place = set + (hash / SETS & (WAYS - 1));
    for (int i = set; i < set + WAYS; i++) {
      Remembered known = remembered.get(i);
      if (known == null) {
        place = i;
      } else if (known.principal == principal) {
        return known.fields;
      }
    }
    EncodedFields fields = encode(header -> header.of(principal), principal.claims()::get);
    remembered.set(place, new Remembered(principal, fields));
    return fields;
  }

  private EncodedFields withoutPrincipal(String sessionValid) {
    return encode(header -> header == IdentityHeader.SESSION_VALID ? sessionValid : "", _ -> null);
  }

  private EncodedFields encode(
      Function<IdentityHeader, String> identity, Function<String, @Nullable String> claim) {
    String[] values = new String[IDENTITY.size() + claims.size()];
    int at = 0;
    for (IdentityHeader header : IDENTITY) {
      values[at++] = identity.apply(header);
    }
    for (ClaimHeader header : claims) {
      String value = claim.apply(header.claim());
      values[at++] = value == null ? "" : value;
    }
    return names.with(values);
  }
}
