package com.authgear.authrequest.verify.changes;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An event as one line between replicas: {@code 1 <seq> <at> <spans> <user id>}, where a span is
 * {@code <from>:<until>} in Unix milliseconds, either of which may be missing; several are
 * separated by commas, none is {@code -}. A {@code ?} in front of them says that they are not all
 * that there is to say of the account. The user id {@code *} stands for every user. The leading 1
 * is the version.
 */
final class EventText {

  private static final String VERSION = "1";
  private static final String NO_SPANS = "-";
  private static final String IN_PART = "?";

  /** Far more than the longest line. */
  private static final int MAX_LENGTH = 1024;

  private EventText() {}

  static String write(UserEvent event) {
    String spans =
        event.disabled().isEmpty()
            ? NO_SPANS
            : event.disabled().stream().map(EventText::write).collect(Collectors.joining(","));
    return VERSION
        + " "
        + event.seq()
        + " "
        + event.at()
        + " "
        + (event.tellsAccount() ? "" : IN_PART)
        + spans
        + " "
        + event.userId();
  }

  private static String write(Interval span) {
    return (span.from() == Interval.ALWAYS ? "" : span.from())
        + ":"
        + (span.until() == Interval.NEVER ? "" : span.until());
  }

  /**
   * @throws IllegalArgumentException if the text is no event
   */
  static UserEvent read(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("too long");
    }
    String[] parts = text.split(" ", -1);
    if (parts.length != 5 || !parts[0].equals(VERSION)) {
      throw new IllegalArgumentException("not of this version");
    }
    boolean inPart = parts[3].startsWith(IN_PART);
    return new UserEvent(
        parts[4],
        Long.parseLong(parts[1]),
        Long.parseLong(parts[2]),
        spans(inPart ? parts[3].substring(1) : parts[3]),
        !inPart);
  }

  private static List<Interval> spans(String text) {
    List<Interval> spans = new ArrayList<>();
    if (!text.equals(NO_SPANS)) {
      for (String part : text.split(",", -1)) {
        int colon = part.indexOf(':');
        if (colon < 0) {
          throw new IllegalArgumentException("a span without a colon");
        }
        spans.add(
            new Interval(
                time(part.substring(0, colon), Interval.ALWAYS),
                time(part.substring(colon + 1), Interval.NEVER)));
      }
    }
    return spans;
  }

  private static long time(String text, long missing) {
    return text.isEmpty() ? missing : Long.parseLong(text);
  }
}
