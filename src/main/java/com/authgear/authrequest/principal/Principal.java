package com.authgear.authrequest.principal;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Who sent a request, as a verifier vouches for it. Every text is visible ASCII (scopes and roles
 * without separators inside), so that it may become a header value as it is.
 *
 * <p>What a verifier cannot know is {@code null} or empty and meets no requirement.
 *
 * @param kind a person, or a machine acting for itself
 * @param userId Authgear's user id; empty for a client
 * @param anonymous {@code is_anonymous}; null if unknown
 * @param verified {@code is_verified}; null if unknown
 * @param canReauthenticate {@code can_reauthenticate}; null if unknown
 * @param roles effective role keys
 * @param amr authentication methods (RFC 8176 and Authgear's own)
 * @param authTime when the user authenticated, in Unix seconds
 * @param clientId OAuth client id; empty if unknown (the resolver does not tell)
 * @param scopes granted scopes; empty if unknown
 * @param audiences whom the credential is meant for; empty if unknown
 * @param claims further claims by name, each ready to be a header value
 * @param proof by what it is known
 */
public record Principal(
    Kind kind,
    String userId,
    @Nullable Boolean anonymous,
    @Nullable Boolean verified,
    @Nullable Boolean canReauthenticate,
    List<String> roles,
    List<String> amr,
    OptionalLong authTime,
    String clientId,
    List<String> scopes,
    List<String> audiences,
    Map<String, String> claims,
    Proof proof) {

  /** What a principal is. */
  public enum Kind {
    USER,
    CLIENT
  }

  /** By what a principal is known, which says what can be known of the credential. */
  public enum Proof {
    /** A JWT names its audience and its client. */
    JWT,
    /** An opaque token or a client's web session: whom it is for, and whose client, is unknown. */
    OPAQUE,
    /** The user's own session at Authgear, which is of no client and names no audience. */
    SESSION
  }

  /** One that is known by a JWT. */
  public Principal(
      Kind kind,
      String userId,
      @Nullable Boolean anonymous,
      @Nullable Boolean verified,
      @Nullable Boolean canReauthenticate,
      List<String> roles,
      List<String> amr,
      OptionalLong authTime,
      String clientId,
      List<String> scopes,
      List<String> audiences,
      Map<String, String> claims) {
    this(
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
        Proof.JWT);
  }

  public Principal {
    roles = List.copyOf(roles);
    amr = List.copyOf(amr);
    scopes = List.copyOf(scopes);
    audiences = List.copyOf(audiences);
    claims = Map.copyOf(claims);
  }
}
