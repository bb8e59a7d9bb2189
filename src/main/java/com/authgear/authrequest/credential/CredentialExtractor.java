package com.authgear.authrequest.credential;

import com.authgear.authrequest.credential.Credential.Bearer;
import com.authgear.authrequest.credential.Credential.Cookies;
import com.authgear.authrequest.credential.Credential.Fault;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.NoCookies;
import com.authgear.authrequest.credential.Credential.None;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds the credential of a request: one bearer token, in {@code Authorization} or where else the
 * settings allow it, and Authgear's cookies. Two different tokens are refused, because no one can
 * say which of them the backend would believe.
 */
public final class CredentialExtractor {

  /** Longest token and longest sum of Authgear cookies that is looked at. */
  public static final int MAX_TOKEN_BYTES = 16 * 1024;

  private static final String SCHEME = "Bearer";
  private static final String QUERY_PARAMETER = "access_token=";
  private static final List<String> COOKIES = List.of("app_session", "app_access_token", "session");

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
   * @param carriers where a bearer token may stand besides {@code Authorization}
   */
  public CredentialExtractor(String cookiePrefix, TokenCarriers carriers) {
    this.cookieNames = COOKIES.stream().map(name -> cookiePrefix + name).toList();
    this.carriers = carriers;
  }

  /** Finds the credential. */
  public Credential extract(RequestFields fields) {
    List<String> authorization = fields.values("Authorization");
    if (authorization.size() > 1) {
      return new Malformed(Fault.SYNTAX);
    }
    List<String> cookie = fields.values("Cookie");
    String token = null;
    if (!authorization.isEmpty() && hasBearerScheme(authorization.getFirst())) {
      token = withoutScheme(authorization.getFirst());
    }
    if (!carriers.equals(TokenCarriers.NONE)) {
      Set<String> tokens = new HashSet<>();
      if (token != null) {
        tokens.add(token);
      }
      if (!addCarried(tokens, fields, cookie) || tokens.size() > 1) {
        return new Malformed(Fault.SYNTAX);
      }
      token = tokens.isEmpty() ? null : tokens.iterator().next();
    }
    return token == null ? cookies(cookie) : bearer(token, cookie);
  }

  /**
   * Whether {@code Authorization} and {@code Cookie}, as a proxy's cache reads them, may not tell
   * who this is: a token stands elsewhere, or one of Authgear's cookie names comes twice, also
   * empty or in other letters. nginx's {@code $cookie_session} is the first of them.
   */
  public boolean isAmbiguous(RequestFields fields) {
    List<String> cookie = fields.values("Cookie");
    Set<String> elsewhere = new HashSet<>();
    addFromHeader(elsewhere, fields);
    if (!addFromUri(elsewhere, fields) || !elsewhere.isEmpty()) {
      return true;
    }
    Set<String> seen = new HashSet<>();
    for (String pair : pairs(cookie)) {
      String name = pair.substring(0, Math.max(0, pair.indexOf('=')));
      for (String known : cookieNames) {
        if (name.equalsIgnoreCase(known) && !(name.equals(known) && seen.add(name))) {
          return true;
        }
      }
    }
    return false;
  }

  private Credential bearer(String token, List<String> cookie) {
    if (token.length() > MAX_TOKEN_BYTES) {
      return new Malformed(Fault.TOO_LARGE);
    }
    if (!isB64Token(token)) {
      return new Malformed(Fault.SYNTAX);
    }
    return switch (cookies(cookie)) {
      case Cookies cookies -> new Bearer(token, cookies);
      case Malformed malformed -> malformed;
      case None _ -> new Bearer(token, new NoCookies());
      case Bearer _ -> throw new AssertionError("a cookie is no bearer token");
    };
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
      String start = carriers.cookie() + "=";
      for (String pair : pairs(cookie)) {
        if (pair.length() > start.length() && pair.startsWith(start)) {
          tokens.add(pair.substring(start.length()));
        }
      }
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

  private static String withoutScheme(String value) {
    return value.substring(SCHEME.length()).strip();
  }

  /** The scheme is case-insensitive (RFC 9110 §11.1) and ends at a space or with the value. */
  private static boolean hasBearerScheme(String value) {
    return value.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        && (value.length() == SCHEME.length() || value.charAt(SCHEME.length()) <= ' ');
  }

  /** {@code b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="}. */
  private static boolean isB64Token(String token) {
    int end = token.length();
    while (end > 0 && token.charAt(end - 1) == '=') {
      end--;
    }
    boolean all = end > 0;
    for (int i = 0; i < end; i++) {
      char c = token.charAt(i);
      all &= c < B64_TOKEN.length && B64_TOKEN[c];
    }
    return all;
  }

  private Credential cookies(List<String> headers) {
    if (headers.isEmpty()) {
      return new None();
    }
    StringBuilder kept = new StringBuilder();
    for (String pair : pairs(headers)) {
      if (isAuthgearCookie(pair)) {
        if (!isVisible(pair)) {
          return new Malformed(Fault.SYNTAX);
        }
        kept.append(kept.isEmpty() ? "" : "; ").append(pair);
      }
    }
    if (kept.length() > MAX_TOKEN_BYTES) {
      return new Malformed(Fault.TOO_LARGE);
    }
    return kept.isEmpty() ? new None() : new Cookies(kept.toString());
  }

  private static List<String> pairs(List<String> headers) {
    List<String> pairs = new ArrayList<>();
    for (String header : headers) {
      for (int start = 0; start < header.length(); ) {
        int end = header.indexOf(';', start);
        end = end < 0 ? header.length() : end;
        pairs.add(header.substring(start, end).strip());
        start = end + 1;
      }
    }
    return pairs;
  }

  private boolean isAuthgearCookie(String pair) {
    for (String name : cookieNames) {
      int length = name.length();
      if (pair.length() > length + 1 && pair.startsWith(name) && pair.charAt(length) == '=') {
        return true;
      }
    }
    return false;
  }

  private static boolean isVisible(String text) {
    return text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }
}
