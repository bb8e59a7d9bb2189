package com.authgear.authrequest.follow;

import com.authgear.authrequest.follow.AuditLog.AuditResult;
import com.authgear.authrequest.follow.AuditLog.Failed;
import com.authgear.authrequest.follow.AuditLog.Page;
import com.authgear.authrequest.follow.AuditLog.Refused;
import com.authgear.authrequest.settings.FollowSettings;
import com.authgear.authrequest.verify.changes.FollowMessage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One look at what the command {@code follow} depends on, as that would use it. */
public final class FollowProbe {

  /** How far back entries are looked for. */
  public static final Duration LOOK_BACK = Duration.ofDays(28);

  private FollowProbe() {}

  /** What the Admin API says. */
  public sealed interface ProbeResult {}

  /**
   * It takes the key.
   *
   * @param ahead how far Authgear's clock is ahead of this one
   * @param entries how many there are of {@link #LOOK_BACK}, a page of 100 at most
   * @param newestAt when the newest was created; null if there is none
   * @param newestType its type; empty if there is none
   * @param unknownTypes types of this Authgear that this version does not know
   */
  public record Accepted(
      Duration ahead,
      int entries,
      @Nullable Instant newestAt,
      String newestType,
      List<String> unknownTypes)
      implements ProbeResult {
    public Accepted {
      unknownTypes = List.copyOf(unknownTypes);
    }

    /** Whether there are more entries than were looked at. */
    public boolean isFull() {
      return entries >= AdminApi.PAGE;
    }
  }

  /**
   * It does not take the key, or does not answer.
   *
   * @param advice what it answers and, after a colon, what to look at; never the key
   */
  public record Unusable(String advice) implements ProbeResult {}

  /** Asks the Admin API. */
  public static ProbeResult ask(FollowSettings settings, Duration timeout, InstantSource clock) {
    FollowSettings.AdminApi at = settings.adminApi();
    AdminKey key = new AdminKey(at.appId(), at.keyId(), at.key().key());
    try (AdminApi api = new AdminApi(at.graphql(), settings.endpoint(), key, timeout, clock)) {
      Instant from = clock.instant().minus(LOOK_BACK);
      AuditResult first = api.newest(from);
      // The first answer tells Authgear's time, by which the second token is signed.
      AuditResult result = first instanceof Refused ? api.newest(from) : first;
      return switch (result) {
        case Page page -> {
          List<AuditEntry> entries = page.entries();
          boolean none = entries.isEmpty();
          yield new Accepted(
              api.ahead(),
              entries.size(),
              none ? null : Instant.ofEpochSecond(entries.getFirst().createdAt()),
              none ? "" : entries.getFirst().activity(),
              api.learnTypes().stream().filter(type -> !Activity.isKnown(type)).toList());
        }
        case Refused refused -> new Unusable(refused.advice());
        case Failed failed -> new Unusable(failed.advice());
      };
    }
  }

  /**
   * A service that is to be told.
   *
   * @param address which of the target's addresses; null if its name is unknown
   * @param fault why it cannot be told; empty if it can
   */
  public record Target(URI target, @Nullable InetAddress address, String fault) {}

  /** Posts to each address of each target, a message that says nothing. */
  public static List<Target> tell(FollowSettings settings, Duration timeout, InstantSource clock) {
    if (settings.tell().secret() == null) {
      return List.of();
    }
    List<Target> told = new ArrayList<>();
    try (HookClient client = new HookClient(settings.tell().secret().value(), timeout, clock)) {
      for (URI target : settings.tell().targets()) {
        try {
          for (InetAddress address : InetAddress.getAllByName(target.getHost())) {
            told.add(new Target(target, address, fault(client.at(target, address))));
          }
        } catch (UnknownHostException _) {
          told.add(new Target(target, null, "its name is unknown: check AUTHGEAR_FOLLOW_TARGETS"));
        }
      }
    }
    return told;
  }

  private static String fault(HookClient.Recipient service) {
    try {
      String _ = service.post(new FollowMessage(FollowMessage.NOBODY, List.of(), null));
      return "";
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      return message.startsWith("it answers")
          ? message
          : "it does not answer ("
              + e.getClass().getSimpleName()
              + "): check AUTHGEAR_FOLLOW_TARGETS, that the service runs, and the network";
    }
  }
}
