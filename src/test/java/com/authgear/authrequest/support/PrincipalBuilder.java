package com.authgear.authrequest.support;

import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.principal.Principal.Proof;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Makes principals: first one of whom nothing more is known, then what a test says of it. */
public final class PrincipalBuilder {

  private final Kind kind;
  private final String userId;
  private @Nullable Boolean anonymous;
  private @Nullable Boolean verified;
  private @Nullable Boolean canReauthenticate;
  private List<String> roles = List.of();
  private List<String> amr = List.of();
  private OptionalLong authTime = OptionalLong.empty();
  private String clientId = "";
  private List<String> scopes = List.of();
  private List<String> audiences = List.of();
  private Map<String, String> claims = Map.of();
  private Proof proof = Proof.JWT;

  private PrincipalBuilder(Kind kind, String userId) {
    this.kind = kind;
    this.userId = userId;
  }

  public static PrincipalBuilder user(String id) {
    return new PrincipalBuilder(Kind.USER, id);
  }

  /** A client has no user. */
  public static PrincipalBuilder of(Kind kind, String userId) {
    return new PrincipalBuilder(kind, userId);
  }

  public PrincipalBuilder anonymous(@Nullable Boolean value) {
    anonymous = value;
    return this;
  }

  public PrincipalBuilder verified(@Nullable Boolean value) {
    verified = value;
    return this;
  }

  public PrincipalBuilder canReauthenticate(@Nullable Boolean value) {
    canReauthenticate = value;
    return this;
  }

  public PrincipalBuilder roles(List<String> values) {
    roles = values;
    return this;
  }

  public PrincipalBuilder amr(List<String> values) {
    amr = values;
    return this;
  }

  /** In Unix seconds. */
  public PrincipalBuilder authTime(OptionalLong value) {
    authTime = value;
    return this;
  }

  public PrincipalBuilder clientId(String value) {
    clientId = value;
    return this;
  }

  public PrincipalBuilder scopes(List<String> values) {
    scopes = values;
    return this;
  }

  public PrincipalBuilder audiences(List<String> values) {
    audiences = values;
    return this;
  }

  public PrincipalBuilder claims(Map<String, String> values) {
    claims = values;
    return this;
  }

  public PrincipalBuilder proof(Proof value) {
    proof = value;
    return this;
  }

  public Principal build() {
    return new Principal(
        kind,
        userId,
        anonymous,
        verified,
        canReauthenticate,
        roles,
        amr,
        authTime,
        clientId,
        scopes,
        audiences,
        claims,
        proof);
  }
}
