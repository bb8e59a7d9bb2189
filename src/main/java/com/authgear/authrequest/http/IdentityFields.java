package com.authgear.authrequest.http;

import com.authgear.authrequest.policy.Decision.Subject;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.principal.Principal;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.http.HttpField;

/**
 * The header fields that tell a backend whom it serves. The set is always complete: a field with
 * nothing to say is empty, so that none of a client's own survives in any proxy.
 */
final class IdentityFields {

  private static final List<IdentityHeader> IDENTITY = List.of(IdentityHeader.values());

  /** Colon, space, carriage return, line feed. */
  private static final int AROUND_A_VALUE = 4;

  private final List<ClaimHeader> claims;
  private final List<HttpField> nobody;
  private final List<HttpField> unproven;

  IdentityFields(List<ClaimHeader> claims) {
    this.claims = List.copyOf(claims);
    this.nobody = withoutPrincipal("");
    this.unproven = withoutPrincipal("false");
  }

  List<HttpField> of(Subject subject) {
    return switch (subject) {
      case Subject.Known known -> of(known.principal());
      case Subject.Nobody _ -> nobody;
      case Subject.Unproven _ -> unproven;
    };
  }

  /** What they take on the wire. */
  static int bytes(List<HttpField> fields) {
    int bytes = 0;
    for (HttpField field : fields) {
      bytes += field.getName().length() + field.getValue().length() + AROUND_A_VALUE;
    }
    return bytes;
  }

  /** The same for {@code Set-Cookie} values. */
  static int cookieBytes(List<String> setCookie) {
    int bytes = 0;
    for (String value : setCookie) {
      bytes += "Set-Cookie".length() + value.length() + AROUND_A_VALUE;
    }
    return bytes;
  }

  private List<HttpField> of(Principal principal) {
    List<HttpField> fields = new ArrayList<>(IDENTITY.size() + claims.size());
    for (IdentityHeader header : IDENTITY) {
      fields.add(new HttpField(header.headerName(), header.of(principal)));
    }
    for (ClaimHeader claim : claims) {
      fields.add(new HttpField(claim.header(), principal.claims().getOrDefault(claim.claim(), "")));
    }
    return fields;
  }

  private List<HttpField> withoutPrincipal(String sessionValid) {
    List<HttpField> fields = new ArrayList<>();
    for (IdentityHeader header : IDENTITY) {
      fields.add(
          new HttpField(
              header.headerName(), header == IdentityHeader.SESSION_VALID ? sessionValid : ""));
    }
    for (ClaimHeader claim : claims) {
      fields.add(new HttpField(claim.header(), ""));
    }
    return List.copyOf(fields);
  }
}
