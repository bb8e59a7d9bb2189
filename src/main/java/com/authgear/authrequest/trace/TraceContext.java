package com.authgear.authrequest.trace;

import com.authgear.authrequest.text.Ascii;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A place in a trace, as two request headers tell it (W3C Trace Context). A client may say what it
 * likes there; nothing is decided by it.
 *
 * @param traceparent valid by §3.2, fit for a header and a log
 * @param tracestate visible ASCII and spaces, at most {@link #MAX_TRACESTATE} characters; empty if
 *     there is none
 */
public record TraceContext(String traceparent, String tracestate) {

  /** What must be passed on at least (§3.3.1.5). */
  static final int MAX_TRACESTATE = 512;

  private static final int LENGTH = 55;
  private static final int MAX_LENGTH = 256;
  private static final int PARENT_ID = 36;
  private static final int FLAGS = 53;

  /** What follows the flags is for later versions than 00 only, and ff is none. */
  private static final Pattern TRACEPARENT =
      Pattern.compile(
          "(?!ff)(?!00-.{53})[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
              + "(-[!-~]*)?");

  /**
   * Reads the lines of the two headers. An invalid first one, or more than one of it, is as none;
   * an invalid second one is dropped alone (§3.2, §3.3).
   */
  public static @Nullable TraceContext of(List<String> traceparents, List<String> tracestates) {
    if (traceparents.size() != 1) {
      return null;
    }
    String traceparent = traceparents.getFirst().strip();
    return traceparent.length() <= MAX_LENGTH && TRACEPARENT.matcher(traceparent).matches()
        ? new TraceContext(traceparent, tracestate(tracestates))
        : null;
  }

  private static String tracestate(List<String> lines) {
    String joined = String.join(",", lines).strip();
    return joined.length() <= MAX_TRACESTATE && Ascii.isPrintable(joined) ? joined : "";
  }

  /** 32 lower-case hexadecimal digits. */
  public String traceId() {
    return traceparent.substring(3, PARENT_ID - 1);
  }

  /** 16 lower-case hexadecimal digits. */
  public String parentId() {
    return traceparent.substring(PARENT_ID, FLAGS - 1);
  }

  /** Two hexadecimal digits. */
  public String flags() {
    return traceparent.substring(FLAGS, LENGTH);
  }

  /** Whether whoever is before us keeps this trace. */
  public boolean isSampled() {
    return (Character.digit(traceparent.charAt(LENGTH - 1), 16) & 1) != 0;
  }
}
