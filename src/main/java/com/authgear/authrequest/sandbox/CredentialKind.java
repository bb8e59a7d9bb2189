package com.authgear.authrequest.sandbox;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/** What the playground can send: good credentials, and bad ones with one fault each. */
enum CredentialKind {
  JWT("access token (JWT)"),
  COOKIE("session cookie"),
  OPAQUE("access token (opaque)"),
  NONE("nothing"),
  EXPIRED("expired access token"),
  SIGNED_IN_LONG_AGO("access token, signed in an hour ago"),
  TAMPERED("access token with a forged role"),
  WRONG_AUDIENCE("access token for another audience"),
  OTHER_PROJECT("access token of another project"),
  ID_TOKEN("ID token (no access token)"),
  MACHINE("machine-to-machine token");

  /** What machines' tokens are for. */
  static final String MACHINE_AUDIENCE = "https://api.example.com";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String label;

  CredentialKind(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }

  /** As the playground's page calls it. */
  String code() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * A request header that carries it.
   *
   * @param name empty for none
   */
  record Header(String name, String value) {
    private static Header bearer(String token) {
      return new Header("Authorization", "Bearer " + token);
    }
  }

  /** A new one, of a new session. */
  Header mint(Project project, String user) {
    TokenOptions usual = TokenOptions.DEFAULTS;
    return switch (this) {
      case NONE -> new Header("", "");
      case COOKIE -> new Header("Cookie", project.sessionCookie(user));
      case OPAQUE -> Header.bearer(project.opaqueToken(user));
      case JWT -> Header.bearer(project.accessToken(user));
      case EXPIRED ->
          Header.bearer(project.accessToken(user, usual.withExpiresIn(Duration.ofHours(-1))));
      case SIGNED_IN_LONG_AGO ->
          Header.bearer(
              project.accessToken(
                  user, usual.withAuthTime(project.now().minus(Duration.ofHours(1)))));
      case TAMPERED -> Header.bearer(tamper(project.accessToken(user)));
      case WRONG_AUDIENCE ->
          Header.bearer(
              project.accessToken(user, usual.withAudience(List.of("https://other.example.com"))));
      case OTHER_PROJECT -> Header.bearer(ofAnotherProject(project, user));
      case ID_TOKEN -> Header.bearer(project.idToken(user));
      case MACHINE -> Header.bearer(project.m2mToken(MACHINE_AUDIENCE, "read:orders"));
    };
  }

  private static String ofAnotherProject(Project project, String user) {
    Project another = project.another();
    try (Webhooks _ = another.hooks()) {
      return another.accessToken(user);
    }
  }

  /** The payload says more than what was signed. */
  private static String tamper(String token) {
    String[] parts = token.split("\\.", -1);
    try {
      ObjectNode claims = (ObjectNode) JSON.readTree(Base64.getUrlDecoder().decode(parts[1]));
      claims.putArray("https://authgear.com/claims/user/roles").add("admin").add("forged");
      return parts[0]
          + "."
          + Base64.getUrlEncoder().withoutPadding().encodeToString(JSON.writeValueAsBytes(claims))
          + "."
          + parts[2];
    } catch (IOException e) {
      throw new IllegalStateException("our own token is no JSON", e);
    }
  }
}
