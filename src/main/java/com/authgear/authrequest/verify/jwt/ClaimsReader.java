package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.text.Ascii;
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
  private final List<String> further;

  /**
   * @param further names of claims that the principal is to keep
   */
  ClaimsReader(String issuer, Duration skew, InstantSource clock, Set<String> further) {
    this.issuer = issuer;
    this.further = List.copyOf(further);
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

  /**
   * Reads the claims.
   *
   * @param trail where it goes on after a check that failed, what is returned means nothing
   */
  Claims read(Map<String, Object> claims, Trail trail) throws Refusal {
    return new Reading(claims, trail).read();
  }

  private final class Reading {
    private final Map<String, Object> claims;
    private final Trail trail;

    private Reading(Map<String, Object> claims, Trail trail) {
      this.claims = claims;
      this.trail = trail;
    }

    private Claims read() throws Refusal {
      long now = clock.instant().getEpochSecond();
      check("iss", issuer.equals(claims.get("iss")), Reason.WRONG_ISSUER);
      long expiresAt = end(now);
      OptionalLong nbf = date("nbf");
      OptionalLong iat = date("iat");
      begun("nbf", nbf, now);
      begun("iat", iat, now);
      if (claims.containsKey("cnf")) {
        // Bound to a key that a bearer presentation does not prove (RFC 7800).
        trail.failed("cnf", Reason.SENDER_CONSTRAINED, null);
      }
      long issuedAt = iat.orElse(Long.MIN_VALUE);
      long latest = Math.max(nbf.orElse(Long.MIN_VALUE), issuedAt);
      long from = latest == Long.MIN_VALUE ? latest : latest - skewSeconds;
      return new Claims(principal(), from, issuedAt, expiresAt);
    }

    private void check(String name, boolean good, Reason reason) throws Refusal {
      if (good) {
        trail.passed(name, claims.get(name));
      } else {
        trail.failed(name, reason, claims.get(name));
      }
    }

    private long end(long now) throws Refusal {
      if (claims.get("exp") == null) {
        trail.failed("exp", Reason.MISSING_CLAIM, null);
        return Long.MIN_VALUE;
      }
      OptionalLong exp = date("exp");
      if (exp.isEmpty()) {
        return Long.MIN_VALUE;
      }
      long end = exp.getAsLong() + skewSeconds;
      check("exp", now < end, Reason.EXPIRED);
      return end;
    }

    private void begun(String name, OptionalLong from, long now) throws Refusal {
      if (from.isPresent()) {
        check(name, from.getAsLong() <= now + skewSeconds, Reason.NOT_YET_VALID);
      }
    }

    private Principal principal() throws Refusal {
      String subject = text("sub");
      if (subject != null && subject.isEmpty()) {
        trail.failed("sub", Reason.MISSING_CLAIM, claims.get("sub"));
      }
      String clientId = text("client_id");
      boolean client = subject != null && subject.startsWith(CLIENT_SUBJECT);
      String machine = CLIENT_SUBJECT + clientId;
      if (client && clientId != null && !machine.equals(subject)) {
        trail.failed("client_id", Reason.MISSING_CLAIM, claims.get("client_id"));
      }
      return new Principal(
          client ? Kind.CLIENT : Kind.USER,
          client || subject == null ? "" : subject,
          flag(USER + "is_anonymous"),
          flag(USER + "is_verified"),
          flag(USER + "can_reauthenticate"),
          texts(USER + "roles", ","),
          texts("amr", ""),
          authTime(),
          clientId == null ? "" : clientId,
          scopes(),
          audiences(),
          further());
    }

    private Map<String, String> further() throws Refusal {
      if (further.isEmpty()) {
        return Map.of();
      }
      Map<String, String> kept = new HashMap<>();
      for (String name : further) {
        Object value = claims.get(name);
        if (value != null) {
          String field = fieldValue(value);
          check(name, field != null, Reason.UNSAFE_VALUE);
          if (field != null) {
            kept.put(name, field);
          }
        }
      }
      return kept;
    }

    /** NumericDate (RFC 7519 §2), fractions cut off; its time is not judged yet. */
    private OptionalLong date(String name) throws Refusal {
      Object value = claims.get(name);
      if (value == null) {
        return OptionalLong.empty();
      }
      if (value instanceof Number number
          && number.doubleValue() >= 0
          && number.doubleValue() <= LAST_DATE) {
        return OptionalLong.of(number.longValue());
      }
      trail.failed(name, Reason.MALFORMED_TOKEN, value);
      return OptionalLong.empty();
    }

    private OptionalLong authTime() throws Refusal {
      OptionalLong time = date("auth_time");
      if (time.isPresent()) {
        trail.passed("auth_time", claims.get("auth_time"));
      }
      return time;
    }

    /** A text that may become a header value; empty if absent, null if it is none. */
    private @Nullable String text(String name) throws Refusal {
      Object value = claims.get(name);
      if (value == null) {
        return "";
      }
      if (!(value instanceof String text)) {
        trail.failed(name, Reason.MALFORMED_TOKEN, value);
        return null;
      }
      if (!isHeaderSafe(text, "")) {
        trail.failed(name, Reason.UNSAFE_VALUE, value);
        return null;
      }
      if (!text.isEmpty()) {
        trail.passed(name, value);
      }
      return text;
    }

    private @Nullable Boolean flag(String name) throws Refusal {
      Object value = claims.get(name);
      if (value == null) {
        return null;
      }
      check(name, value instanceof Boolean, Reason.MALFORMED_TOKEN);
      return value instanceof Boolean flag ? flag : null;
    }

    /** An array of texts, each free of the separator that will join them. */
    private List<String> texts(String name, String separator) throws Refusal {
      Object value = claims.get(name);
      if (value == null) {
        return List.of();
      }
      if (!(value instanceof List<?> values)) {
        trail.failed(name, Reason.MALFORMED_TOKEN, value);
        return List.of();
      }
      List<String> texts = new ArrayList<>(values.size());
      for (Object element : values) {
        if (!(element instanceof String text)) {
          trail.failed(name, Reason.MALFORMED_TOKEN, value);
          return List.of();
        }
        if (text.isEmpty() || !isHeaderSafe(text, separator)) {
          trail.failed(name, Reason.UNSAFE_VALUE, value);
          return List.of();
        }
        texts.add(text);
      }
      trail.passed(name, value);
      return texts;
    }

    private List<String> scopes() throws Refusal {
      Object value = claims.get("scope");
      if (value == null) {
        return List.of();
      }
      if (!(value instanceof String text)) {
        trail.failed("scope", Reason.MALFORMED_TOKEN, value);
        return List.of();
      }
      List<String> scopes = new ArrayList<>();
      for (String scope : text.split(" ", -1)) {
        if (!isHeaderSafe(scope, "")) {
          trail.failed("scope", Reason.UNSAFE_VALUE, value);
          return List.of();
        }
        if (!scope.isEmpty()) {
          scopes.add(scope);
        }
      }
      trail.passed("scope", value);
      return scopes;
    }

    /** One text or an array of texts (RFC 7519 §4.1.3). Never emitted, only compared. */
    private List<String> audiences() throws Refusal {
      Object value = claims.get("aud");
      List<?> values =
          value == null ? List.of() : value instanceof List<?> many ? many : List.of(value);
      List<String> audiences = new ArrayList<>(values.size());
      for (Object element : values) {
        if (!(element instanceof String text)) {
          trail.failed("aud", Reason.MALFORMED_TOKEN, value);
          return List.of();
        }
        audiences.add(text);
      }
      trail.passed("aud", value);
      return audiences;
    }
  }

  /** A text, number, flag or list of texts as a header value; null if it cannot be one. */
  private static @Nullable String fieldValue(Object value) {
    return switch (value) {
      case String text -> isHeaderSafe(text, "") ? text : null;
      case Boolean flag -> flag.toString();
      case Number number -> plain(number);
      case List<?> list -> {
        List<String> texts = new ArrayList<>(list.size());
        for (Object element : list) {
          if (!(element instanceof String text) || text.isEmpty() || !isHeaderSafe(text, ",")) {
            yield null;
          }
          texts.add(text);
        }
        yield String.join(",", texts);
      }
      default -> null;
    };
  }

  /** Without exponent; null for what is no number in JSON. */
  private static @Nullable String plain(Number number) {
    try {
      return new BigDecimal(number.toString()).toPlainString();
    } catch (NumberFormatException _) {
      return null;
    }
  }

  private static boolean isHeaderSafe(String text, String forbidden) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Ascii.isVisible(c) || forbidden.indexOf(c) >= 0) {
        return false;
      }
    }
    return true;
  }
}
