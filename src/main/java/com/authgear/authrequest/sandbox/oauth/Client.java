package com.authgear.authrequest.sandbox.oauth;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A client of the project.
 *
 * @param name what the consent page shows; the id where the client gave none
 * @param secret null for a public client
 * @param redirectUris of which a request names one, letter by letter
 * @param postLogoutRedirectUris of which a logout names one, letter by letter
 */
public record Client(
    String id,
    String name,
    Type type,
    @Nullable String secret,
    List<String> redirectUris,
    List<String> postLogoutRedirectUris) {

  /** As {@code x_application_type} in Authgear's configuration. */
  public enum Type {
    SPA(false),
    TRADITIONAL_WEBAPP(false),
    NATIVE(false),
    THIRD_PARTY_APP(true),
    /** One that registered itself. */
    DYNAMIC_THIRD_PARTY(true);

    private final boolean thirdParty;

    Type(boolean thirdParty) {
      this.thirdParty = thirdParty;
    }

    public boolean isThirdParty() {
      return thirdParty;
    }
  }

  public Client {
    redirectUris = List.copyOf(redirectUris);
    postLogoutRedirectUris = List.copyOf(postLogoutRedirectUris);
  }

  /** Whether it has no secret, and so needs a code challenge (RFC 7636). */
  public boolean isPublic() {
    return secret == null;
  }

  /** Someone else's: it needs the user's consent. */
  public boolean isThirdParty() {
    return type.isThirdParty();
  }
}
