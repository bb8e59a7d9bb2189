package com.authgear.authrequest.http.jetty;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpParser;
import org.jspecify.annotations.Nullable;

/**
 * Jetty's parser, which looks at each character of a header by itself, except for the first {@code
 * Authorization} and the first {@code Cookie}: they are most of what a proxy sends, and if they are
 * as plain as nearly all are, each is taken in one piece.
 *
 * <p>Taken is only a whole line of printable ASCII that came together with the request line.
 * Whatever else there is, Jetty judges, so that no request means here what it does not mean there.
 * A line that goes on in the next one it refuses, also behind one that is taken. Only the limit on
 * a header's bytes does not count the two lines, which one input buffer bounds.
 */
final class CredentialFieldsParser extends HttpParser {

  private static final int NOT_THERE = -1;

  /** Longer than nearly all credentials. */
  private static final int ROOM = 4096;

  private static final ThreadLocal<byte[]> SCRATCH = ThreadLocal.withInitial(() -> new byte[ROOM]);

  private static final long LOW_BITS = 0x7f7f7f7f7f7f7f7fL;
  private static final long LINE_FEEDS = 0x0a0a0a0a0a0a0a0aL;

  /** The request line has just ended. */
  private boolean atFirstField;

  /**
   * As Jetty's, but without its cache of fields, which would keep credentials with the connection.
   *
   * @param maxHeaderBytes in addition to the two fields that are taken, which end within the first
   *     buffer
   * @param compliance one that refuses a value on several lines
   */
  CredentialFieldsParser(RequestHandler handler, int maxHeaderBytes, HttpCompliance compliance) {
    super(handler, maxHeaderBytes, compliance);
    if (HttpCompliance.Violation.MULTILINE_FIELD_VALUE.isAllowedBy(compliance)) {
      throw new IllegalArgumentException("a line that is taken must not go on in the next one");
    }
    setHeaderCacheSize(0);
  }

  @Override
  protected void setState(State state) {
    atFirstField = state == State.HEADER;
    super.setState(state);
  }

  @Override
  protected boolean parseFields(ByteBuffer buffer) {
    if (!atFirstField) {
      return super.parseFields(buffer);
    }
    atFirstField = false;
    boolean authorizationCame = false;
    boolean cookieCame = false;
    int line = buffer.position();
    int end = lineFeed(buffer, line);
    while (end != NOT_THERE && !(authorizationCame && cookieCame)) {
      if (!authorizationCame && isNamed(buffer, line, HttpHeader.AUTHORIZATION)) {
        authorizationCame = true;
        take(buffer, line, end, HttpHeader.AUTHORIZATION);
      } else if (!cookieCame && isNamed(buffer, line, HttpHeader.COOKIE)) {
        cookieCame = true;
        take(buffer, line, end, HttpHeader.COOKIE);
      } else if (buffer.get(line) < ' ') {
        break; // the header ends here, and content follows
      }
      line = end + 1;
      end = lineFeed(buffer, line);
    }
    return super.parseFields(buffer);
  }

  /** Takes a line if it is plain, after Jetty has parsed those before it. */
  private void take(ByteBuffer buffer, int line, int end, HttpHeader header) {
    String value = value(buffer, line, end, header);
    if (value == null) {
      return;
    }
    int limit = buffer.limit();
    try {
      buffer.limit(line);
      if (super.parseFields(buffer) || buffer.hasRemaining() || !isState(State.HEADER)) {
        throw new IllegalStateException("a header ended before its end");
      }
    } finally {
      buffer.limit(limit);
    }
    getHandler().parsedHeader(new HttpField(header, value));
    buffer.position(end + 1);
  }

  private static boolean isNamed(ByteBuffer buffer, int line, HttpHeader header) {
    String name = header.lowerCaseName();
    if (buffer.limit() - line <= name.length() || buffer.get(line + name.length()) != ':') {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      if ((buffer.get(line + i) | 0x20) != name.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Null if it is empty, or anything in it is not plain. */
  private static @Nullable String value(ByteBuffer buffer, int line, int end, HttpHeader header) {
    int from = line + header.lowerCaseName().length() + 1;
    int to = end - 1;
    while (from < to && buffer.get(from) == ' ') {
      from++;
    }
    if (from >= to || buffer.get(to) != '\r' || buffer.get(to - 1) == ' ') {
      return null;
    }
    int length = to - from;
    byte[] value = length <= ROOM ? SCRATCH.get() : new byte[length];
    buffer.get(from, value, 0, length);
    int outside = 0; // negative as soon as one is no printable ASCII
    for (int i = 0; i < length; i++) {
      outside |= value[i] - ' ' | '~' - value[i];
    }
    String text = outside < 0 ? null : new String(value, 0, length, StandardCharsets.ISO_8859_1);
    Arrays.fill(value, 0, length, (byte) 0); // nothing of a credential stays
    return text;
  }

  /** Where the next line feed is, eight bytes at a time. */
  private static int lineFeed(ByteBuffer buffer, int from) {
    int limit = buffer.limit();
    int at = from;
    for (; at + Long.BYTES <= limit; at += Long.BYTES) {
      long other = buffer.getLong(at) ^ LINE_FEEDS;
      // The high bit of each byte that is a line feed, and of no other.
      long found = ~((other & LOW_BITS) + LOW_BITS | other | LOW_BITS);
      if (found != 0) {
        return at + Long.numberOfLeadingZeros(found) / Byte.SIZE;
      }
    }
    for (; at < limit; at++) {
      if (buffer.get(at) == '\n') {
        return at;
      }
    }
    return NOT_THERE;
  }
}
