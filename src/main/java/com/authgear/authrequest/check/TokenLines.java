package com.authgear.authrequest.check;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.verify.jwt.TokenCheck;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the verifier checked about a token, with what to do about each check that failed. */
final class TokenLines {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String USER = "https://authgear.com/claims/user/";
  private static final Set<String> TIMES = Set.of("exp", "nbf", "iat", "auth_time");
  private static final Set<String> HEADER =
      Set.of(TokenCheck.PARTS, TokenCheck.ENCODING, TokenCheck.HEADER, "typ", "alg", "crit", "kid");

  private final String token;
  private final Settings settings;
  private final Map<String, Set<String>> keys;
  private final Instant now;

  private TokenLines(String token, Settings settings, Map<String, Set<String>> keys, Instant now) {
    this.token = token;
    this.settings = settings;
    this.keys = keys;
    this.now = now;
  }

  /**
   * @param keys algorithms by {@code kid}; empty if there are none
   */
  static List<CheckResult> of(
      List<TokenCheck> checks,
      String token,
      Settings settings,
      Map<String, Set<String>> keys,
      Instant now) {
    TokenLines explain = new TokenLines(token, settings, keys, now);
    List<CheckResult> lines = new ArrayList<>();
    boolean header = true;
    for (TokenCheck check : checks) {
      if (header && !HEADER.contains(check.name())) {
        header = false;
        if (!check.name().equals(TokenCheck.SIGNATURE)) {
          lines.add(
              CheckResult.notTried(
                  "signature",
                  "what is above failed; what is below is what the token claims, unproven"));
        }
      }
      if (check.reason() != null) {
        lines.add(explain.refused(check, check.reason()));
      } else if (!check.name().equals(TokenCheck.PAYLOAD)) {
        lines.add(explain.passed(check));
      }
    }
    return lines;
  }

  private CheckResult passed(TokenCheck check) {
    String shown = shown(check.value());
    String text =
        switch (check.name()) {
          case TokenCheck.HEADER -> "a JWT";
          case TokenCheck.SIGNATURE -> "fits the key";
          case "kid" -> shown + " is a key of the project";
          default -> TIMES.contains(check.name()) ? time(check.value()) : shown;
        };
    return CheckResult.ok(id(check), text);
  }

  private static String id(TokenCheck check) {
    return switch (check.name()) {
      case TokenCheck.PARTS, TokenCheck.ENCODING, TokenCheck.HEADER -> "form";
      default ->
          Printable.text(
              check.name().startsWith(USER) ? check.name().substring(USER.length()) : check.name());
    };
  }

  private CheckResult refused(TokenCheck check, Reason reason) {
    String shown = shown(check.value());
    String genuine = "send an access token of this project";
    String asIssued = "send the token as it was issued";
    return switch (check.name()) {
      case TokenCheck.PARTS ->
          refused(
              check,
              reason,
              "not three parts with dots between, so it is no JWT",
              token.chars().filter(c -> c == '.').count() == 4
                  ? "five parts are an encrypted token (JWE), which Authgear does not issue"
                  : "take the whole access token; an opaque one needs AUTHGEAR_MODE=auto or"
                      + " resolver");
      case TokenCheck.ENCODING ->
          refused(
              check,
              reason,
              "has characters that base64url does not have, or a part is cut off",
              "take the token as it was issued");
      case TokenCheck.HEADER ->
          refused(
              check,
              reason,
              "the first part is no JSON object in base64url",
              "take the token as it was issued");
      case TokenCheck.PAYLOAD ->
          refused(
              check,
              reason,
              "the second part is no JSON object in base64url, or names a claim twice",
              "take the token as it was issued");
      case TokenCheck.SIGNATURE ->
          refused(
              check,
              reason,
              "does not fit: someone changed the token, or it was signed with another key of this"
                  + " name",
              asIssued);
      case "typ" ->
          refused(
              check,
              reason,
              shown + ", not at+jwt",
              shown.equalsIgnoreCase("jwt")
                  ? "this looks like an ID token: send the access token"
                  : genuine);
      case "alg" ->
          refused(
              check,
              reason,
              shown
                  + " is none of AUTHGEAR_ALGORITHMS ("
                  + sorted(settings.tokens().algorithms())
                  + ")",
              shown.startsWith("HS") || shown.equalsIgnoreCase("none")
                  ? "such a token can be forged by anyone: never let it in"
                  : "add it there if the project signs with it");
      case "crit" ->
          refused(
              check,
              reason,
              shown + " names extensions that must be understood, and none is",
              genuine);
      case "kid" -> key(check, reason);
      case "iss" ->
          refused(
              check,
              reason,
              shown + ", not " + settings.project().endpoint(),
              "another project's token; or AUTHGEAR_ENDPOINT is not the origin that clients use");
      case "cnf" ->
          refused(
              check,
              reason,
              "the token is bound to a key of its owner, which this service cannot check",
              "have the client ask for bearer tokens");
      default -> claim(check, reason);
    };
  }

  private static CheckResult refused(TokenCheck check, Reason reason, String text, String fix) {
    return CheckResult.refused(id(check), reason, text, fix);
  }

  private CheckResult key(TokenCheck check, Reason reason) {
    String shown = shown(check.value());
    if (!(check.value() instanceof String kid)) {
      return refused(
          check,
          reason,
          shown + ": the token does not say which key signed it",
          "send an access token of this project");
    }
    return switch (reason) {
      case KEYS_UNAVAILABLE ->
          refused(
              check,
              reason,
              shown + ": there are no keys to hold it against",
              "correct what is said about the keys");
      case ALGORITHM_NOT_ALLOWED ->
          refused(
              check,
              reason,
              shown + " is a key for " + sorted(keys.getOrDefault(kid, Set.of())),
              "send the token as it was issued");
      default ->
          refused(
              check,
              reason,
              shown
                  + " is none of the project's keys: "
                  + String.join(", ", keys.keySet().stream().map(Printable::text).toList()),
              "another project's or an old token, see iss and iat; or the key was removed");
    };
  }

  private CheckResult claim(TokenCheck check, Reason reason) {
    String shown = shown(check.value());
    return switch (reason) {
      case EXPIRED ->
          refused(
              check,
              reason,
              time(check.value()) + skew(),
              "let the client refresh its access token; if it just has, compare the clocks");
      case NOT_YET_VALID ->
          refused(
              check,
              reason,
              time(check.value()) + skew(),
              "compare this machine's clock with Authgear's");
      case MISSING_CLAIM ->
          refused(check, reason, missing(check.name()), "send an access token of this project");
      case UNSAFE_VALUE ->
          refused(
              check,
              reason,
              shown + " has a character that may not be in a header, or would split the list",
              "see which hook or client made this token; claims for headers are visible ASCII");
      default ->
          refused(
              check,
              reason,
              shown + " is not " + wanted(check.name()),
              "see which hook or client made this token");
    };
  }

  private static String missing(String name) {
    return switch (name) {
      case "exp" -> "the token has no end";
      case "sub" -> "the token does not say whom it is about";
      default -> "sub is a machine, and client_id not the same one";
    };
  }

  private static String wanted(String name) {
    return switch (name) {
      case "exp", "nbf", "iat", "auth_time" -> "a time";
      case "aud" -> "a text or a list of texts";
      case "amr", USER + "roles" -> "a list of texts";
      case USER + "is_anonymous", USER + "is_verified", USER + "can_reauthenticate" ->
          "true or false";
      default -> "a text";
    };
  }

  private String skew() {
    return "; AUTHGEAR_CLOCK_SKEW allows " + settings.tokens().clockSkew().toSeconds() + " s";
  }

  private String time(@Nullable Object value) {
    if (!(value instanceof Number seconds)) {
      return shown(value);
    }
    Instant time = Instant.ofEpochSecond(seconds.longValue());
    return shown(value) + ", " + time + ", " + Printable.relative(time, now);
  }

  private static String sorted(Collection<String> values) {
    return String.join(", ", values.stream().sorted().toList());
  }

  private static String shown(@Nullable Object value) {
    if (value == null) {
      return "not there";
    }
    String text = value instanceof String string ? string : JSON.valueToTree(value).toString();
    return text.isEmpty() ? "empty" : Printable.text(text);
  }
}
