package com.authgear.authrequest.verify.changes;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a follower posts to a service, as lines of text: {@code to 1 <instance>}, then one line for
 * each event as it also stands in Redis, then the heartbeat if all is told with this.
 *
 * @param instance which process has been told all that came before; {@code -} for none
 * @param events in any order
 * @param heartbeat what holds once they are taken in; null: more is to come
 */
public record FollowMessage(
    String instance, List<UserEvent> events, @Nullable Heartbeat heartbeat) {

  /** No process. */
  public static final String NOBODY = "-";

  private static final String BEGINNING = "to 1 ";
  private static final int MAX_INSTANCE = 64;

  public FollowMessage {
    events = List.copyOf(events);
  }

  /** The same without saying that it is all. */
  public FollowMessage withoutHeartbeat() {
    return new FollowMessage(instance, events, null);
  }

  /** Lines, the last one ended too. */
  public String text() {
    StringBuilder text = new StringBuilder(BEGINNING).append(instance).append('\n');
    for (UserEvent event : events) {
      text.append(EventText.write(event)).append('\n');
    }
    if (heartbeat != null) {
      text.append(heartbeat.text()).append('\n');
    }
    return text.toString();
  }

  /**
   * @throws IllegalArgumentException if the text is no message of this version
   */
  public static FollowMessage read(String text) {
    List<String> lines = text.lines().toList();
    if (lines.isEmpty() || !lines.getFirst().startsWith(BEGINNING)) {
      throw new IllegalArgumentException("not a message of this version");
    }
    String instance = lines.getFirst().substring(BEGINNING.length());
    if (instance.isEmpty() || instance.length() > MAX_INSTANCE) {
      throw new IllegalArgumentException("the instance has an unexpected form");
    }
    List<UserEvent> events = new ArrayList<>();
    Heartbeat heartbeat = null;
    for (String line : lines.subList(1, lines.size())) {
      if (heartbeat != null) {
        throw new IllegalArgumentException("something comes after the heartbeat");
      }
      if (Heartbeat.isOne(line)) {
        heartbeat = Heartbeat.read(line);
      } else {
        events.add(EventText.read(line));
      }
    }
    return new FollowMessage(instance, events, heartbeat);
  }
}
