package com.authgear.authrequest.credential;

import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.credential.Credential.Defect;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.None;
import com.authgear.authrequest.credential.Credential.Presented;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the credential of a request: one bearer token, in {@code Authorization} or where else the
 * settings allow it, and Authgear's cookies. Two different tokens are refused, because no one can
 * say which of them the backend would believe. A cookie that cannot be Authgear's is another
 * program's, and ignored: its names are common ones.
 */
public final class CredentialExtractor {

  /** Longest token, and longest value of a cookie, that can be Authgear's. */
  public static final int MAX_TOKEN_BYTES = 16 * 1024;

  private static final String SCHEME = "Bearer";
  private static final String QUERY_PARAMETER = "access_token=";
  private static final CredentialPlace[] COOKIES = {
    CredentialPlace.APP_SESSION, CredentialPlace.APP_ACCESS_TOKEN, CredentialPlace.SESSION
  };
  private static final None NONE = new None();

  /** By character: each request's whole token is held against it. */
  private static final boolean[] B64_TOKEN = new boolean[128];

  static {
    for (char c = 0; c < B64_TOKEN.length; c++) {
      B64_TOKEN[c] =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "-._~+/".indexOf(c) >= 0;
    }
  }

  private final List<String> cookieNames;
  private final TokenCarriers carriers;

  /**
   * @param cookiePrefix the project's {@code http.cookie_prefix}, empty by default
   * @param carriers where a bearer token may stand in addition to {@code Authorization}
   */
  public CredentialExtractor(String cookiePrefix, TokenCarriers carriers) {
    this.cookieNames =
        Stream.of(COOKIES)
            .map(place -> cookiePrefix + place.name().toLowerCase(Locale.ROOT))
            .toList();
    this.carriers = carriers;
  }

  /** Finds the credential. */
  public Credential extract(RequestFields fields) {
    List<String> authorization = fields.values("Authorization");
    if (authorization.size() > 1) {
      return new Malformed(Defect.SYNTAX);
    }
    List<String> cookie = fields.values("Cookie");
    String field =
        authorization.isEmpty() || !hasBearerScheme(authorization.getFirst())
            ? null
            : authorization.getFirst();
    if (carriers.equals(TokenCarriers.NONE)) {
      return field == null
          ? cookies(cookie)
          : bearer(field, afterScheme(field), beforeBlanks(field), cookie);
    }
    Set<String> tokens = new HashSet<>();
    if (field != null) {
      tokens.add(withoutScheme(field));
    }
    if (!addCarried(tokens, fields, cookie) || tokens.size() > 1) {
      return new Malformed(Defect.SYNTAX);
    }
    if (tokens.isEmpty()) {
      return cookies(cookie);
    }
    String token = tokens.iterator().next();
    return bearer(token, 0, token.length(), cookie);
  }

  /**
   * Whether {@code Authorization} and {@code Cookie}, as a proxy's cache reads them, may not tell
   * who this is: a token stands elsewhere, or one of Authgear's cookies comes twice, also empty, or
   * is spelled as another reader than Go's would not read it: in other letters, with blanks or
   * quotes, or behind a comma. nginx's {@code $cookie_session} is the first of them.
   */
  public boolean isAmbiguous(RequestFields fields) {
    Set<String> elsewhere = new HashSet<>();
    addFromHeader(elsewhere, fields);
    if (!addFromUri(elsewhere, fields) || !elsewhere.isEmpty()) {
      return true;
    }
    Set<String> seen = new HashSet<>();
    for (String header : fields.values("Cookie")) {
      for (String part : header.split(";", -1)) {
        for (String pair : part.split(",", -1)) {
          int equals = pair.indexOf('=');
          String name = (equals < 0 ? pair : pair.substring(0, equals)).strip();
          for (String known : cookieNames) {
            if (name.equalsIgnoreCase(known) && !(isPlain(part, known) && seen.add(known))) {
              return true;
            }
          }
        }
      }
    }
    return false;
  }

  /** What stands between two semicolons is {@code name=value} to every reader. */
  private static boolean isPlain(String part, String name) {
    int value = (part.startsWith(" ") ? 1 : 0) + name.length() + 1;
    return part.length() > value
        && part.startsWith(name + "=", value - name.length() - 1)
        && part.charAt(value) != '"'
        && !CookieReader.isBlank(part.charAt(value))
        && !CookieReader.isBlank(part.charAt(part.length() - 1))
        && part.indexOf(',') < 0;
  }

  /** The token that stands between two places of a text. */
  private Credential bearer(String text, int from, int to, List<String> cookie) {
    if (to - from > MAX_TOKEN_BYTES) {
      return new Malformed(Defect.TOO_LARGE);
    }
    return isB64Token(text, from, to)
        ? new Presented(CredentialPlace.BEARER, "", text, from, to, cookies(cookie))
        : new Malformed(Defect.SYNTAX);
  }

  /**
   * Whether a token may stand where nginx's cache does not look: a request with the same {@code
   * Authorization} and {@code Cookie} as another one may then be somebody else's.
   */
  public boolean looksBeyondAuthorizationAndCookie() {
    return carriers.header() != null || carriers.originalUriHeader() != null;
  }

  /** Adds every token that is not in {@code Authorization}; false if one cannot be read. */
  private boolean addCarried(Set<String> tokens, RequestFields fields, List<String> cookie) {
    addFromHeader(tokens, fields);
    if (carriers.cookie() != null) {
      CookieReader.read(
          cookie,
          List.of(carriers.cookie()),
          (_, value) -> {
            if (isB64Token(value, 0, value.length())) {
              tokens.add(value);
            }
          });
    }
    return addFromUri(tokens, fields);
  }

  private void addFromHeader(Set<String> tokens, RequestFields fields) {
    if (carriers.header() != null) {
      for (String value : fields.values(carriers.header())) {
        if (!value.isBlank()) {
          tokens.add(hasBearerScheme(value) ? withoutScheme(value) : value.strip());
        }
      }
    }
  }

  /** False if a token cannot be read. */
  private boolean addFromUri(Set<String> tokens, RequestFields fields) {
    if (carriers.originalUriHeader() != null) {
      for (String uri : fields.values(carriers.originalUriHeader())) {
        if (!addFromQuery(tokens, uri)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean addFromQuery(Set<String> tokens, String uri) {
    int query = uri.indexOf('?');
    if (query < 0) {
      return true;
    }
    for (String pair : uri.substring(query + 1).split("&", -1)) {
      if (pair.length() > QUERY_PARAMETER.length() && pair.startsWith(QUERY_PARAMETER)) {
        try {
          tokens.add(
              URLDecoder.decode(pair.substring(QUERY_PARAMETER.length()), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException _) {
          return false;
        }
      }
    }
    return true;
  }

  /** What follows the scheme and the spaces behind it (RFC 9110 §11.6.2: {@code 1*SP}). */
  private static String withoutScheme(String value) {
    return value.substring(afterScheme(value), beforeBlanks(value));
  }

  private static int afterScheme(String value) {
    int start = SCHEME.length();
    while (start < value.length() && value.charAt(start) == ' ') {
      start++;
    }
    return start;
  }

  /** Where the blanks at its end begin; not before what {@link #afterScheme} gives. */
  private static int beforeBlanks(String value) {
    int end = value.length();
    int start = afterScheme(value);
    while (end > start && CookieReader.isBlank(value.charAt(end - 1))) {
      end--;
    }
    return end;
  }

  /** The scheme is case-insensitive (RFC 9110 §11.1) and ends at a space or with the value. */
  private static boolean hasBearerScheme(String value) {
    return value.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        && (value.length() == SCHEME.length() || value.charAt(SCHEME.length()) == ' ');
  }

  /** {@code b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="}. */
  private static boolean isB64Token(String text, int from, int to) {
    int end = to;
    while (end > from && text.charAt(end - 1) == '=') {
      end--;
    }
    boolean all = end > from;
    for (int i = from; i < end; i++) {
      char c = text.charAt(i);
      all &= c < B64_TOKEN.length && B64_TOKEN[c];
    }
    return all;
  }

  /** Authgear's cookies. The first of a name counts, also if it is empty or too long to be one. */
  private Credential cookies(List<String> headers) {
    if (headers.isEmpty()) {
      return NONE;
    }
    @Nullable String[] first = new String[COOKIES.length];
    CookieReader.read(
        headers,
        cookieNames,
        (index, value) -> {
          if (first[index] == null) {
            first[index] = value;
          }
        });
    Credential found = NONE;
    for (int i = COOKIES.length - 1; i >= 0; i--) {
      String value = first[i];
      if (value != null && !value.isEmpty() && value.length() <= MAX_TOKEN_BYTES) {
        found = new Presented(COOKIES[i], cookieNames.get(i), value, found);
      }
    }
    return found;
  }
}
