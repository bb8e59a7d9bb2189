package com.authgear.authrequest.verify.changes;

/**
 * What the command {@code follow} says after each poll of the audit log: whatever happened since a
 * time, and was in the log when the poll began, has been told. As one line: {@code beat 1 <sent>
 * <took> <since> <follower>}.
 *
 * @param follower which process says so; 1 to 64 characters of a UUID
 * @param sent when the poll began, Unix milliseconds by the follower's clock
 * @param took milliseconds from then until this was said, by a steady clock
 * @param since Unix seconds by Authgear's clock
 */
public record Heartbeat(String follower, long sent, long took, long since) {

  private static final String BEGINNING = "beat 1 ";
  private static final int MAX_LENGTH = 256;

  /** The end of the year 9999. */
  private static final long MAX_MILLIS = 253_402_300_799_999L;

  /**
   * @throws IllegalArgumentException if a part is not as said; the message does not quote it
   */
  public Heartbeat {
    if (follower.isEmpty()
        || follower.length() > 64
        || !follower
            .chars()
            .allMatch(c -> c == '-' || (c < 0x7f && Character.isLetterOrDigit(c)))) {
      throw new IllegalArgumentException("the follower's id has an unexpected form");
    }
    if (sent < 0 || sent > MAX_MILLIS || took < 0 || took > MAX_MILLIS) {
      throw new IllegalArgumentException("the time is out of range");
    }
    if (since < 0 || since > MAX_MILLIS / 1000) {
      throw new IllegalArgumentException("since is out of range");
    }
  }

  /** The same, said so many milliseconds later. */
  Heartbeat afterMore(long millis) {
    return new Heartbeat(follower, sent, took + millis, since);
  }

  static boolean isOne(String text) {
    return text.startsWith(BEGINNING);
  }

  /** One line, not ended. */
  public String text() {
    return BEGINNING + sent + " " + took + " " + since + " " + follower;
  }

  /**
   * @throws IllegalArgumentException if the text is no heartbeat
   */
  static Heartbeat read(String text) {
    if (text.length() > MAX_LENGTH || !isOne(text)) {
      throw new IllegalArgumentException("not a heartbeat of this version");
    }
    String[] parts = text.substring(BEGINNING.length()).split(" ", -1);
    if (parts.length != 4) {
      throw new IllegalArgumentException("not a heartbeat of this version");
    }
    return new Heartbeat(
        parts[3], Long.parseLong(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2]));
  }
}
