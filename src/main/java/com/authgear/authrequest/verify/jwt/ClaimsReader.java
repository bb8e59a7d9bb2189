package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks the claims of a token whose signature is good, and reads who its principal is. The
 * audience is not judged here: it belongs to the location.
 */
final class ClaimsReader {

  private static final String USER = "https://authgear.com/claims/user/";

  /** Authgear's {@code sub} of a client that acts for itself is this and the client id. */
  private static final String CLIENT_SUBJECT = "client_id_";

  /** The last second of the year 9999; a later NumericDate is no date. */
  private static final double LAST_DATE = 253_402_300_799d;

  private final String issuer;
  private final long skewSeconds;
  private final InstantSource clock;
  private final Set<String> further;

  /**
   * @param further names of claims that the principal is to keep
   */
  ClaimsReader(String issuer, Duration skew, InstantSource clock, Set<String> further) {
    this.issuer = issuer;
    this.further = Set.copyOf(further);
    this.skewSeconds = skew.toSeconds();
    this.clock = clock;
  }

  /**
   * What a token says.
   *
   * @param notBefore Unix seconds before which it is refused: {@code nbf} or {@code iat}, less the
   *     skew; {@link Long#MIN_VALUE} if there is neither
   * @param issuedAt {@code iat} in Unix seconds; {@link Long#MIN_VALUE} if there is none
   * @param expiresAt Unix seconds from which on it is refused: {@code exp} plus the skew
   */
  record Claims(Principal principal, long notBefore, long issuedAt, long expiresAt) {}

  Claims read(Map<String, Object> claims) throws Refusal {
    long now = clock.instant().getEpochSecond();
    if (!issuer.equals(claims.get("iss"))) {
      throw new Refusal(Reason.WRONG_ISSUER);
    }
    long expiresAt = required(date(claims, "exp")) + skewSeconds;
    if (now >= expiresAt) {
      throw new Refusal(Reason.EXPIRED);
    }
    long notBefore = date(claims, "nbf").orElse(Long.MIN_VALUE);
    long issuedAt = date(claims, "iat").orElse(Long.MIN_VALUE);
    long latest = Math.max(notBefore, issuedAt);
    if (latest > now + skewSeconds) {
      throw new Refusal(Reason.NOT_YET_VALID);
    }
    if (claims.containsKey("cnf")) {
      // Bound to a key that a bearer presentation does not prove (RFC 7800).
      throw new Refusal(Reason.SENDER_CONSTRAINED);
    }
    long from = latest == Long.MIN_VALUE ? latest : latest - skewSeconds;
    return new Claims(principal(claims), from, issuedAt, expiresAt);
  }

  private Principal principal(Map<String, Object> claims) throws Refusal {
    String subject = text(claims, "sub");
    if (subject.isEmpty()) {
      throw new Refusal(Reason.MISSING_CLAIM);
    }
    String clientId = text(claims, "client_id");
    boolean client = subject.startsWith(CLIENT_SUBJECT);
    if (client && !subject.equals(CLIENT_SUBJECT + clientId)) {
      throw new Refusal(Reason.MISSING_CLAIM);
    }
    return new Principal(
        client ? Kind.CLIENT : Kind.USER,
        client ? "" : subject,
        flag(claims, USER + "is_anonymous"),
        flag(claims, USER + "is_verified"),
        flag(claims, USER + "can_reauthenticate"),
        texts(claims, USER + "roles", ","),
        texts(claims, "amr", ""),
        date(claims, "auth_time"),
        clientId,
        scopes(claims),
        audiences(claims),
        further(claims));
  }

  private Map<String, String> further(Map<String, Object> claims) throws Refusal {
    if (further.isEmpty()) {
      return Map.of();
    }
    Map<String, String> kept = new HashMap<>();
    for (String name : further) {
      Object value = claims.get(name);
      if (value != null) {
        kept.put(name, fieldValue(value));
      }
    }
    return kept;
  }

  /** A text, number, flag or list of texts as a header value. */
  private static String fieldValue(Object value) throws Refusal {
    return switch (value) {
      case String text -> headerSafe(text, "");
      case Boolean flag -> flag.toString();
      case Number number -> plain(number);
      case List<?> list -> {
        List<String> texts = new ArrayList<>(list.size());
        for (Object element : list) {
          if (!(element instanceof String text) || text.isEmpty()) {
            throw new Refusal(Reason.UNSAFE_VALUE);
          }
          texts.add(headerSafe(text, ","));
        }
        yield String.join(",", texts);
      }
      default -> throw new Refusal(Reason.UNSAFE_VALUE);
    };
  }

  /** Without exponent; what is no number in JSON cannot be written. */
  private static String plain(Number number) throws Refusal {
    try {
      return new BigDecimal(number.toString()).toPlainString();
    } catch (NumberFormatException _) {
      throw new Refusal(Reason.UNSAFE_VALUE);
    }
  }

  private static long required(OptionalLong value) throws Refusal {
    if (value.isEmpty()) {
      throw new Refusal(Reason.MISSING_CLAIM);
    }
    return value.getAsLong();
  }

  /** NumericDate (RFC 7519 §2), fractions cut off. */
  private static OptionalLong date(Map<String, Object> claims, String name) throws Refusal {
    Object value = claims.get(name);
    if (value == null) {
      return OptionalLong.empty();
    }
    if (value instanceof Number number
        && number.doubleValue() >= 0
        && number.doubleValue() <= LAST_DATE) {
      return OptionalLong.of(number.longValue());
    }
    throw new Refusal(Reason.MALFORMED_TOKEN);
  }

  /** A text that may become a header value; empty if absent. */
  private static String text(Map<String, Object> claims, String name) throws Refusal {
    Object value = claims.get(name);
    return value == null ? "" : headerSafe(string(value), "");
  }

  private static @Nullable Boolean flag(Map<String, Object> claims, String name) throws Refusal {
    Object value = claims.get(name);
    if (value == null || value instanceof Boolean) {
      return (Boolean) value;
    }
    throw new Refusal(Reason.MALFORMED_TOKEN);
  }

  /** An array of texts, each free of the separator that will join them. */
  private static List<String> texts(Map<String, Object> claims, String name, String separator)
      throws Refusal {
    Object value = claims.get(name);
    if (value == null) {
      return List.of();
    }
    if (!(value instanceof List<?> values)) {
      throw new Refusal(Reason.MALFORMED_TOKEN);
    }
    List<String> texts = new ArrayList<>(values.size());
    for (Object element : values) {
      String text = headerSafe(string(element), separator);
      if (text.isEmpty()) {
        throw new Refusal(Reason.UNSAFE_VALUE);
      }
      texts.add(text);
    }
    return texts;
  }

  private static List<String> scopes(Map<String, Object> claims) throws Refusal {
    Object value = claims.get("scope");
    if (value == null) {
      return List.of();
    }
    List<String> scopes = new ArrayList<>();
    for (String scope : string(value).split(" ", -1)) {
      if (!scope.isEmpty()) {
        scopes.add(headerSafe(scope, ""));
      }
    }
    return scopes;
  }

  /** One text or an array of texts (RFC 7519 §4.1.3). Never emitted, only compared. */
  private static List<String> audiences(Map<String, Object> claims) throws Refusal {
    Object value = claims.get("aud");
    if (value == null) {
      return List.of();
    }
    if (!(value instanceof List<?> values)) {
      return List.of(string(value));
    }
    List<String> audiences = new ArrayList<>(values.size());
    for (Object element : values) {
      audiences.add(string(element));
    }
    return audiences;
  }

  private static String string(@Nullable Object value) throws Refusal {
    if (value instanceof String text) {
      return text;
    }
    throw new Refusal(Reason.MALFORMED_TOKEN);
  }

  private static String headerSafe(String text, String forbidden) throws Refusal {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c >= 0x7f || forbidden.indexOf(c) >= 0) {
        throw new Refusal(Reason.UNSAFE_VALUE);
      }
    }
    return text;
  }
}
