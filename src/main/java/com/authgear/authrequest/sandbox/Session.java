package com.authgear.authrequest.sandbox;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Someone signed in.
 *
 * @param user the user's short name
 * @param clientId the client that it is of
 * @param kind an IdP session (the user's own at Authgear) or a client's offline grant
 * @param amr how, as the token of the sign-in says
 * @param authenticatedAt null if nobody knows when
 * @param idpSession the id of the IdP session that a grant came of, and ends with; null for none
 */
record Session(
    String id,
    String user,
    String clientId,
    Kind kind,
    List<String> amr,
    @Nullable Instant authenticatedAt,
    Instant createdAt,
    Instant lastAccess,
    @Nullable String idpSession) {

  /** As events and ID tokens call it. */
  enum Kind {
    IDP("idp"),
    OFFLINE_GRANT("offline_grant");

    private final String type;

    Kind(String type) {
      this.type = type;
    }

    String type() {
      return type;
    }
  }

  Session accessedAt(Instant now) {
    return new Session(id, user, clientId, kind, amr, authenticatedAt, createdAt, now, idpSession);
  }
}
