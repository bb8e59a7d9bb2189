package com.authgear.authrequest.http;

import com.authgear.authrequest.policy.Decision.Subject;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.Principal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.PreEncodedHttpField;
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

  /** Colon, space, carriage return, line feed. */
  private static final int AROUND_A_VALUE = 4;

  /** With about 2 KiB each, all that are remembered take 8 MiB. */
  private static final int SETS = 1024;

  /** Places of a set, so that a few thousand principals in turn hardly push each other out. */
  private static final int WAYS = 4;

  /**
   * The fields for a subject.
   *
   * @param bytes what they take on the wire
   */
  record Prepared(List<HttpField> fields, int bytes) {
    static final Prepared NOTHING = new Prepared(List.of(), 0);
  }

  private record Remembered(Principal principal, Prepared prepared) {}

  private final List<ClaimHeader> claims;
  private final Prepared nobody;
  private final Prepared unproven;
  private final AtomicReferenceArray<@Nullable Remembered> remembered =
      new AtomicReferenceArray<>(SETS * WAYS);

  IdentityFields(List<ClaimHeader> claims) {
    this.claims = List.copyOf(claims);
    this.nobody = withoutPrincipal("");
    this.unproven = withoutPrincipal("false");
  }

  Prepared of(Subject subject) {
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
      bytes += "Set-Cookie".length() + value.length() + AROUND_A_VALUE;
    }
    return bytes;
  }

  /** The very object, not one that is equal: to compare two would cost more than it saves. */
  @SuppressWarnings("ReferenceEquality")
  private Prepared of(Principal principal) {
    int hash = System.identityHashCode(principal);
    int set = (hash & (SETS - 1)) * WAYS;
    int place = set + (hash / SETS & (WAYS - 1));
    for (int i = set; i < set + WAYS; i++) {
      Remembered known = remembered.get(i);
      if (known == null) {
        place = i;
      } else if (known.principal == principal) {
        return known.prepared;
      }
    }
    Prepared prepared = prepare(header -> header.of(principal), principal.claims()::get);
    remembered.set(place, new Remembered(principal, prepared));
    return prepared;
  }

  private Prepared withoutPrincipal(String sessionValid) {
    return prepare(header -> header == IdentityHeader.SESSION_VALID ? sessionValid : "", _ -> null);
  }

  private Prepared prepare(
      Function<IdentityHeader, String> identity, Function<String, @Nullable String> claim) {
    List<HttpField> fields = new ArrayList<>(IDENTITY.size() + claims.size());
    for (IdentityHeader header : IDENTITY) {
      fields.add(field(header.headerName(), identity.apply(header)));
    }
    for (ClaimHeader header : claims) {
      fields.add(field(header.header(), claim.apply(header.claim())));
    }
    int bytes = 0;
    for (HttpField field : fields) {
      bytes += field.getName().length() + field.getValue().length() + AROUND_A_VALUE;
    }
    return new Prepared(List.copyOf(fields), bytes);
  }

  /** Jetty writes what is encoded beforehand as it is, so a line break would begin a new field. */
  private static HttpField field(String name, @Nullable String value) {
    if (value == null) {
      return new PreEncodedHttpField(name, "");
    }
    if (value.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
      throw new IllegalStateException("a verifier let a control character pass, for " + name);
    }
    return new PreEncodedHttpField(name, value);
  }
}
