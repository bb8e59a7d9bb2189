package com.authgear.authrequest.check;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.ClaimHeader;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a token's text says about it, found without the verifier (but for the signature): an oracle
 * for the verifier's own trail, which shares no code with it.
 */
final class TokenSteps {

  private static final String USER = "https://authgear.com/claims/user/";
  private static final String CLIENT_SUBJECT = "client_id_";
  private static final double LAST_DATE = 253_402_300_799d;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Settings settings;
  private final Map<String, Set<String>> keys;
  private final Verification verdict;
  private final Instant now;
  private final List<CheckResult> lines = new ArrayList<>();

  private TokenSteps(
      Settings settings, Map<String, Set<String>> keys, Verification verdict, Instant now) {
    this.settings = settings;
    this.keys = keys;
    this.verdict = verdict;
    this.now = now;
  }

  /**
   * @param keys algorithms by {@code kid}; empty if there are none
   * @param verdict what the service's verifier says about the token by itself
   */
  static List<CheckResult> of(
      String token,
      Settings settings,
      Map<String, Set<String>> keys,
      Verification verdict,
      Instant now) {
    TokenSteps steps = new TokenSteps(settings, keys, verdict, now);
    steps.read(token);
    return steps.lines;
  }

  private void ok(String id, String text) {
    lines.add(CheckResult.ok(id, text));
  }

  private void refuse(String id, Reason reason, String text, String fix) {
    lines.add(CheckResult.refused(id, reason, text, fix));
  }

  private void read(String token) {
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3 || parts[0].isEmpty() || parts[1].isEmpty()) {
      refuse(
          "form",
          Reason.MALFORMED_TOKEN,
          "not three parts with dots between, so it is no JWT",
          parts.length == 5
              ? "five parts are an encrypted token (JWE), which Authgear does not issue"
              : "take the whole access token; an opaque one needs AUTHGEAR_MODE=auto or resolver");
      return;
    }
    if (!token.matches("[A-Za-z0-9._-]*")) {
      refuse(
          "form",
          Reason.MALFORMED_TOKEN,
          "has characters that base64url does not have",
          "take the token as it was issued");
      return;
    }
    JsonNode header = json(parts[0]);
    if (header == null) {
      refuse(
          "form",
          Reason.MALFORMED_TOKEN,
          "the first part is no JSON object in base64url",
          "take the token as it was issued");
      return;
    }
    ok("form", "a JWT");
    header(header);
    JsonNode payload = json(parts[1]);
    if (payload == null) {
      refuse(
          "payload",
          Reason.MALFORMED_TOKEN,
          "the second part is no JSON object in base64url, or names a claim twice",
          "take the token as it was issued");
      return;
    }
    claims(payload);
  }

  private void header(JsonNode header) {
    JsonNode typ = header.path("typ");
    String type = typ.isTextual() ? typ.textValue().toLowerCase(Locale.ROOT) : "";
    if (type.equals("at+jwt") || type.equals("application/at+jwt")) {
      ok("typ", shown(typ));
    } else {
      refuse(
          "typ",
          Reason.WRONG_TYPE,
          shown(typ) + ", not at+jwt",
          type.equals("jwt")
              ? "this looks like an ID token: send the access token"
              : "send an access token of this project");
    }
    JsonNode alg = header.path("alg");
    String algorithm = alg.isTextual() ? alg.textValue() : "";
    boolean allowed = settings.tokens().algorithms().contains(algorithm);
    if (allowed) {
      ok("alg", shown(alg));
    } else {
      refuse(
          "alg",
          Reason.ALGORITHM_NOT_ALLOWED,
          shown(alg)
              + " is none of AUTHGEAR_ALGORITHMS ("
              + String.join(", ", settings.tokens().algorithms().stream().sorted().toList())
              + ")",
          algorithm.startsWith("HS") || algorithm.equalsIgnoreCase("none")
              ? "such a token can be forged by anyone: never let it in"
              : "add it there if the project signs with it");
    }
    if (header.has("crit")) {
      refuse(
          "crit",
          Reason.CRITICAL_HEADER,
          shown(header.get("crit")) + " names extensions that must be understood, and none is",
          "send an access token of this project");
    }
    key(header.path("kid"), algorithm);
    if (lines.stream().anyMatch(CheckResult::isFailed)) {
      lines.add(
          CheckResult.notTried(
              "signature",
              "what is above failed; what is below is what the token claims, unproven"));
    } else if (reason(verdict) == Reason.BAD_SIGNATURE) {
      refuse(
          "signature",
          Reason.BAD_SIGNATURE,
          "does not fit: someone changed the token, or it was signed with another key of this name",
          "send the token as it was issued");
    } else {
      ok("signature", "fits the key");
    }
  }

  private void key(JsonNode kid, String algorithm) {
    if (!kid.isTextual()) {
      refuse(
          "kid",
          Reason.UNKNOWN_KEY,
          shown(kid) + ": the token does not say which key signed it",
          "send an access token of this project");
      return;
    }
    Set<String> good = keys.get(kid.textValue());
    if (good == null && (keys.isEmpty() || reason(verdict) == Reason.KEYS_UNAVAILABLE)) {
      refuse(
          "kid",
          Reason.KEYS_UNAVAILABLE,
          shown(kid) + ": there are no keys to hold it against",
          "correct what is said about the keys");
    } else if (good == null) {
      refuse(
          "kid",
          Reason.UNKNOWN_KEY,
          shown(kid)
              + " is none of the project's keys: "
              + String.join(", ", keys.keySet().stream().map(Printable::text).toList()),
          "another project's or an old token, see iss and iat; or the key was removed");
    } else if (!good.contains(algorithm)) {
      refuse(
          "kid",
          Reason.ALGORITHM_NOT_ALLOWED,
          shown(kid) + " is a key for " + String.join(", ", good.stream().sorted().toList()),
          "send the token as it was issued");
    } else {
      ok("kid", shown(kid) + " is a key of the project");
    }
  }

  private void claims(JsonNode claims) {
    issuer(claims.path("iss"));
    expiry(claims.path("exp"));
    beginning(claims);
    if (claims.has("cnf")) {
      refuse(
          "cnf",
          Reason.SENDER_CONSTRAINED,
          "the token is bound to a key of its owner, which this service cannot check",
          "have the client ask for bearer tokens");
    }
    subject(claims.path("sub"), claims.path("client_id"));
    for (String name : List.of("is_anonymous", "is_verified", "can_reauthenticate")) {
      JsonNode flag = claims.path(USER + name);
      if (isSet(flag)) {
        if (flag.isBoolean()) {
          ok(name, shown(flag));
        } else {
          malformed(name, flag, "true or false");
        }
      }
    }
    texts("roles", claims.path(USER + "roles"), ",");
    texts("amr", claims.path("amr"), "");
    JsonNode authTime = claims.path("auth_time");
    if (isSet(authTime)) {
      if (date(authTime) == null) {
        malformed("auth_time", authTime, "a time");
      } else {
        ok("auth_time", time(authTime));
      }
    }
    scope(claims.path("scope"));
    audience(claims.path("aud"));
    for (ClaimHeader further : settings.protection().claimHeaders()) {
      further(further.claim(), claims.path(further.claim()));
    }
  }

  private void issuer(JsonNode iss) {
    String expected = settings.project().endpoint().toString();
    if (iss.isTextual() && iss.textValue().equals(expected)) {
      ok("iss", shown(iss));
    } else {
      refuse(
          "iss",
          Reason.WRONG_ISSUER,
          shown(iss) + ", not " + expected,
          "another project's token; or AUTHGEAR_ENDPOINT is not the origin that clients use");
    }
  }

  private void expiry(JsonNode exp) {
    if (!isSet(exp)) {
      refuse(
          "exp",
          Reason.MISSING_CLAIM,
          "the token has no end",
          "send an access token of this project");
      return;
    }
    Long end = date(exp);
    if (end == null) {
      malformed("exp", exp, "a time");
    } else if (now.getEpochSecond() >= end + settings.tokens().clockSkew().toSeconds()) {
      refuse(
          "exp",
          Reason.EXPIRED,
          time(exp)
              + "; AUTHGEAR_CLOCK_SKEW allows "
              + settings.tokens().clockSkew().toSeconds()
              + " s",
          "let the client refresh its access token; if it just has, compare the clocks");
    } else {
      ok("exp", time(exp));
    }
  }

  /** Both are read before either is judged. */
  private void beginning(JsonNode claims) {
    List<String> names = new ArrayList<>(List.of("nbf", "iat"));
    names.removeIf(name -> !isSet(claims.path(name)));
    for (String name : names) {
      if (date(claims.path(name)) == null) {
        malformed(name, claims.path(name), "a time");
      }
    }
    for (String name : names) {
      Long from = date(claims.path(name));
      if (from == null) {
        continue;
      }
      if (from > now.getEpochSecond() + settings.tokens().clockSkew().toSeconds()) {
        refuse(
            name,
            Reason.NOT_YET_VALID,
            time(claims.path(name))
                + "; AUTHGEAR_CLOCK_SKEW allows "
                + settings.tokens().clockSkew().toSeconds()
                + " s",
            "compare this machine's clock with Authgear's");
      } else {
        ok(name, time(claims.path(name)));
      }
    }
  }

  private void subject(JsonNode sub, JsonNode clientId) {
    boolean good = text("sub", sub);
    String subject = sub.isTextual() ? sub.textValue() : "";
    if (good && subject.isEmpty()) {
      refuse(
          "sub",
          Reason.MISSING_CLAIM,
          "the token does not say whom it is about",
          "send an access token of this project");
    }
    boolean sound = text("client_id", clientId);
    String client = clientId.isTextual() ? clientId.textValue() : "";
    if (good
        && sound
        && subject.startsWith(CLIENT_SUBJECT)
        && !subject.equals(CLIENT_SUBJECT + client)) {
      refuse(
          "client_id",
          Reason.MISSING_CLAIM,
          "sub is a machine, and client_id not the same one",
          "send an access token of this project");
    }
  }

  /** Whether the value is a text that may become a header, or not there. */
  private boolean text(String name, JsonNode value) {
    if (!isSet(value)) {
      return true;
    }
    if (!value.isTextual()) {
      malformed(name, value, "a text");
      return false;
    }
    if (!isHeaderSafe(value.textValue(), "")) {
      unsafe(name, value);
      return false;
    }
    if (!value.textValue().isEmpty()) {
      ok(name, shown(value));
    }
    return true;
  }

  private void texts(String name, JsonNode value, String separator) {
    if (!isSet(value)) {
      return;
    }
    if (!value.isArray()) {
      malformed(name, value, "a list of texts");
      return;
    }
    for (JsonNode element : value) {
      if (!element.isTextual()) {
        malformed(name, value, "a list of texts");
        return;
      }
      if (element.textValue().isEmpty() || !isHeaderSafe(element.textValue(), separator)) {
        unsafe(name, value);
        return;
      }
    }
    ok(name, shown(value));
  }

  private void scope(JsonNode scope) {
    if (!isSet(scope)) {
      return;
    }
    if (!scope.isTextual()) {
      malformed("scope", scope, "a text");
    } else if (!isHeaderSafe(scope.textValue().replace(" ", ""), "")) {
      unsafe("scope", scope);
    } else {
      ok("scope", shown(scope));
    }
  }

  private void audience(JsonNode aud) {
    if (isSet(aud)
        && !aud.isTextual()
        && !(aud.isArray() && aud.valueStream().allMatch(JsonNode::isTextual))) {
      malformed("aud", aud, "a text or a list of texts");
    } else {
      ok("aud", shown(aud));
    }
  }

  private void further(String name, JsonNode value) {
    boolean fit =
        !isSet(value)
            || value.isBoolean()
            || value.isNumber()
            || (value.isTextual() && isHeaderSafe(value.textValue(), ""))
            || (value.isArray()
                && value
                    .valueStream()
                    .allMatch(
                        element ->
                            element.isTextual()
                                && !element.textValue().isEmpty()
                                && isHeaderSafe(element.textValue(), ",")));
    if (!fit) {
      unsafe(Printable.text(name), value);
    } else if (isSet(value)) {
      ok(Printable.text(name), shown(value));
    }
  }

  private void malformed(String name, JsonNode value, String wanted) {
    refuse(
        name,
        Reason.MALFORMED_TOKEN,
        shown(value) + " is not " + wanted,
        "see which hook or client made this token");
  }

  private void unsafe(String name, JsonNode value) {
    refuse(
        name,
        Reason.UNSAFE_VALUE,
        shown(value) + " has a character that may not be in a header, or would split the list",
        "see which hook or client made this token; claims for headers are visible ASCII");
  }

  private static boolean isHeaderSafe(String text, String forbidden) {
    return text.chars().allMatch(c -> c > ' ' && c < 0x7f && forbidden.indexOf(c) < 0);
  }

  private static boolean isSet(JsonNode value) {
    return !value.isMissingNode() && !value.isNull();
  }

  private static @Nullable Long date(JsonNode value) {
    return value.isNumber() && value.doubleValue() >= 0 && value.doubleValue() <= LAST_DATE
        ? (Long) value.longValue()
        : null;
  }

  private String time(JsonNode value) {
    Long seconds = date(value);
    if (seconds == null) {
      return shown(value);
    }
    Instant time = Instant.ofEpochSecond(seconds);
    return shown(value) + ", " + time + ", " + Printable.relative(time, now);
  }

  private static String shown(JsonNode value) {
    if (value.isMissingNode()) {
      return "not there";
    }
    String text = value.isTextual() ? value.textValue() : value.toString();
    return text.isEmpty() ? "empty" : Printable.text(text);
  }

  static @Nullable Reason reason(Verification verification) {
    return switch (verification) {
      case Rejected rejected -> rejected.reason();
      case Unavailable unavailable -> unavailable.reason();
      case Verification.Verified _, Verification.Anonymous _ -> null;
    };
  }

  private static @Nullable JsonNode json(String encoded) {
    if (encoded.length() % 4 == 1) {
      return null;
    }
    try {
      String text = new String(Base64.getUrlDecoder().decode(encoded), StandardCharsets.UTF_8);
      JsonNode node = JSON.readTree(text);
      return node != null && node.isObject() ? node : null;
    } catch (JsonProcessingException | IllegalArgumentException _) {
      return null;
    }
  }
}
