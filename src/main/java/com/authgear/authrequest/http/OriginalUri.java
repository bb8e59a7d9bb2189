package com.authgear.authrequest.http;

import java.util.List;
import org.eclipse.jetty.http.HttpFields;
import org.jspecify.annotations.Nullable;

/**
 * The client's own URI, in a header that the proxy sets, and whether its path may be read as
 * another one: the second line, for proxies that cannot refuse such a path themselves. The rule is
 * that of the map in {@code nginx/authgear/http.conf}; one pass, whatever the client wrote.
 *
 * @param header in lower case; null if no proxy tells, and then nothing is refused
 */
public record OriginalUri(@Nullable String header) {

  /** No header tells it. */
  public static final OriginalUri UNTOLD = new OriginalUri(null);

  /**
   * Why the request must not pass; null if it may. A proxy that tells the URI tells it always, and
   * once: whatever else comes could be the client's doing, so it does not pass.
   */
  @Nullable String objection(HttpFields headers) {
    if (header == null) {
      return null;
    }
    List<String> values = headers.getValuesList(header);
    if (values.size() != 1) {
      return values.size() + " values of " + header + " came; the proxy must set it, and once";
    }
    return isPlain(values.getFirst())
        ? null
        : "the path in " + header + " can be read as another one, or not at all";
  }

  /**
   * @param uri a path with or without a query, or both behind {@code http://host}
   */
  static boolean isPlain(String uri) {
    int start = startOfPath(uri);
    return start >= 0 && new Path(uri, start).isPlain();
  }

  /** -1 if there is no path. What a host may be is narrow: a client can write its Host header. */
  private static int startOfPath(String uri) {
    int host = 0;
    for (String scheme : List.of("http://", "https://")) {
      if (uri.regionMatches(true, 0, scheme, 0, scheme.length())) {
        host = scheme.length();
      }
    }
    int slash = uri.indexOf('/', host);
    if (slash < 0 || (host == 0 ? slash > 0 : slash == host)) {
      return -1;
    }
    for (int i = host; i < slash; i++) {
      char c = uri.charAt(i);
      if (!isLetterOrDigit(c) && ".:-_[]".indexOf(c) < 0) {
        return -1;
      }
    }
    return slash;
  }

  private static boolean isLetterOrDigit(int c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  /** What stands at one place of a path. */
  private enum Token {
    SLASH,
    DOT,
    /** An encoded "?" or "#". */
    MARK,
    OTHER,
    AMBIGUOUS
  }

  private static final class Path {
    private final String uri;
    private int at;

    Path(String uri, int start) {
      this.uri = uri;
      this.at = start;
    }

    boolean isPlain() {
      int dots = 0;
      boolean onlyDots = false;
      boolean afterSlash = false;
      while (at < uri.length() && uri.charAt(at) != '?') {
        Token token = next();
        boolean dotSegment = onlyDots && (dots == 1 || dots == 2);
        switch (token) {
          case AMBIGUOUS -> {
            return false;
          }
          case SLASH -> {
            if (afterSlash || dotSegment) {
              return false;
            }
            dots = 0;
            onlyDots = true;
          }
          case DOT -> dots++;
          case MARK -> {
            if (dotSegment) {
              return false;
            }
            onlyDots = false;
          }
          case OTHER -> onlyDots = false;
        }
        afterSlash = token == Token.SLASH;
      }
      return !(onlyDots && (dots == 1 || dots == 2));
    }

    private Token next() {
      char c = uri.charAt(at++);
      return switch (c) {
        case '/' -> Token.SLASH;
        case '.' -> Token.DOT;
        case '#', ';', '\\', '\u007f' -> Token.AMBIGUOUS;
        case '%' -> escape();
        default -> c <= ' ' ? Token.AMBIGUOUS : Token.OTHER;
      };
    }

    /** Behind "%". A "%" that is encoded itself makes what follows encoded once more. */
    private Token escape() {
      boolean twice = false;
      while (uri.startsWith("25", at)) {
        twice = true;
        at += 2;
      }
      int octet = octet(at);
      if (octet < 0) {
        return twice ? Token.OTHER : Token.AMBIGUOUS;
      }
      at += 2;
      if (octet < ' ' || octet == 0x7f || octet == ';' || octet == '\\') {
        return Token.AMBIGUOUS;
      }
      if (twice && (isLetterOrDigit(octet) || "-._~".indexOf(octet) >= 0)) {
        return Token.AMBIGUOUS;
      }
      if (!twice && isLongerThanUtf8Allows(octet)) {
        return Token.AMBIGUOUS;
      }
      return switch (octet) {
        case '/' -> Token.SLASH;
        case '.' -> Token.DOT;
        case '?', '#' -> Token.MARK;
        default -> Token.OTHER;
      };
    }

    private boolean isLongerThanUtf8Allows(int octet) {
      if (at >= uri.length() || uri.charAt(at) != '%') {
        return false;
      }
      int second = at + 1 < uri.length() ? Character.digit(uri.charAt(at + 1), 16) : -1;
      return switch (octet) {
        case 0xc0, 0xc1 -> second >= 8 && second <= 0xb;
        case 0xe0 -> second == 8 || second == 9;
        case 0xf0 -> second == 8;
        default -> false;
      };
    }

    /** -1 if there are no two hexadecimal digits. */
    private int octet(int from) {
      if (from + 2 > uri.length() || uri.charAt(from) > 'f' || uri.charAt(from + 1) > 'f') {
        return -1;
      }
      int high = Character.digit(uri.charAt(from), 16);
      int low = Character.digit(uri.charAt(from + 1), 16);
      return high < 0 || low < 0 ? -1 : high << 4 | low;
    }
  }
}
