package com.authgear.authrequest.http;

import com.authgear.authrequest.policy.Decision.Subject;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.Principal;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import java.util.stream.Stream;
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

  /** A power of two. With about 2 KiB each, all of them take 4 MiB. */
  private static final int REMEMBERED = 2048;

  /**
   * The fields for a subject.
   *
   * @param bytes what they take on the wire
   */
  record Prepared(List<HttpField> fields, int bytes) {
    static final Prepared NOTHING = new Prepared(List.of(), 0);

    private static Prepared of(Stream<HttpField> fields) {
      List<HttpField> list = fields.toList();
      return new Prepared(
          list,
          list.stream()
              .mapToInt(f -> f.getName().length() + f.getValue().length() + AROUND_A_VALUE)
              .sum());
    }
  }

  private record Remembered(Principal principal, Prepared prepared) {}

  private final List<ClaimHeader> claims;
  private final Prepared nobody;
  private final Prepared unproven;
  private final AtomicReferenceArray<@Nullable Remembered> remembered =
      new AtomicReferenceArray<>(REMEMBERED);

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
    int slot = System.identityHashCode(principal) & (REMEMBERED - 1);
    Remembered known = remembered.get(slot);
    if (known != null && known.principal == principal) {
      return known.prepared;
    }
    Prepared prepared = prepare(header -> header.of(principal), principal.claims()::get);
    remembered.set(slot, new Remembered(principal, prepared));
    return prepared;
  }

  private Prepared withoutPrincipal(String sessionValid) {
    return prepare(header -> header == IdentityHeader.SESSION_VALID ? sessionValid : "", _ -> null);
  }

  private Prepared prepare(
      Function<IdentityHeader, String> identity, Function<String, @Nullable String> claim) {
    return Prepared.of(
        Stream.concat(
            IDENTITY.stream().map(header -> field(header.headerName(), identity.apply(header))),
            claims.stream().map(header -> field(header.header(), claim.apply(header.claim())))));
  }

  private static HttpField field(String name, @Nullable String value) {
    return new PreEncodedHttpField(name, value == null ? "" : value);
  }
}
