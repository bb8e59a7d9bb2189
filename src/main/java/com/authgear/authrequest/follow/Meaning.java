package com.authgear.authrequest.follow;

import com.authgear.authrequest.verify.changes.EventReader;
import com.authgear.authrequest.verify.changes.EventReader.Irrelevant;
import com.authgear.authrequest.verify.changes.EventReader.MalformedEvent;
import com.authgear.authrequest.verify.changes.EventReader.Relevant;
import com.authgear.authrequest.verify.changes.UserEvent;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an entry of the audit log says about users. An entry is the event that webhooks carry, with
 * the same {@code seq}, so what both tell is known as one.
 */
final class Meaning {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final boolean rolesRefuse;

  /**
   * @param rolesRefuse whether a change of roles ends what was issued before, as a logout does
   */
  Meaning(boolean rolesRefuse) {
    this.rolesRefuse = rolesRefuse;
  }

  /** Who has changed, and how; empty for an entry that concerns nobody, or nobody who is named. */
  List<UserEvent> of(AuditEntry entry) {
    Activity activity = Activity.of(entry.activity());
    long seq = Math.max(0, entry.event().path("seq").asLong(0));
    JsonNode timestamp = entry.event().path("context").path("timestamp");
    long at = timestamp.canConvertToLong() ? timestamp.longValue() : entry.createdAt();
    Set<String> users = users(entry);
    return switch (activity) {
      case NOTHING -> List.of();
      case EVERYONE -> List.of(UserEvent.changed(UserEvent.EVERYONE, seq, at));
      case SESSION_END ->
          named(users).stream().map(user -> UserEvent.signedOut(user, seq, at)).toList();
      case ROLES -> named(users).stream().map(user -> roles(user, seq, at)).toList();
      case VALIDITY -> {
        UserEvent account = account(entry);
        yield account == null
            ? changed(named(users), seq, at)
            : List.of(account.endingSessionsIfUnusable());
      }
      case ACCOUNT, ATTRIBUTES -> {
        List<UserEvent> told = asWebhook(entry);
        yield told.isEmpty() ? changed(named(users), seq, at) : told;
      }
      // A change that was missed lets someone in; a mark too many costs questions.
      case UNKNOWN_MUTATION -> changed(named(users), seq, at);
      case UNKNOWN -> changed(users, seq, at);
    };
  }

  private UserEvent roles(String user, long seq, long at) {
    return rolesRefuse ? UserEvent.signedOut(user, seq, at) : UserEvent.changed(user, seq, at);
  }

  private static List<UserEvent> changed(Set<String> users, long seq, long at) {
    return users.stream().map(user -> UserEvent.changed(user, seq, at)).toList();
  }

  /** Something changed for sure, so without a name it is everyone. */
  private static Set<String> named(Set<String> users) {
    return users.isEmpty() ? Set.of(UserEvent.EVERYONE) : users;
  }

  private static List<UserEvent> asWebhook(AuditEntry entry) {
    try {
      return switch (EventReader.read(json(entry))) {
        case Relevant relevant -> relevant.events();
        case Irrelevant _, MalformedEvent _ -> List.of();
      };
    } catch (IOException e) {
      throw new UncheckedIOException("memory can be read", e);
    }
  }

  private static @Nullable UserEvent account(AuditEntry entry) {
    try {
      return EventReader.readAccount(json(entry));
    } catch (IOException e) {
      throw new UncheckedIOException("memory can be read", e);
    }
  }

  private static ByteArrayInputStream json(AuditEntry entry) {
    try {
      return new ByteArrayInputStream(JSON.writeValueAsBytes(entry.event()));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("what was read can be written", e);
    }
  }

  /** The users that an entry names, wherever it does. */
  private static Set<String> users(AuditEntry entry) {
    Set<String> users = new LinkedHashSet<>();
    add(users, entry.user());
    add(users, entry.event().path("context").path("user_id").asText(""));
    JsonNode payload = entry.event().path("payload");
    add(users, payload.path("user").path("id").asText(""));
    add(users, payload.path("user_id").asText(""));
    payload.path("user_ids").forEach(id -> add(users, id.asText("")));
    return users;
  }

  private static void add(Set<String> users, String id) {
    if (!id.isEmpty() && !id.equals("null") && UserEvent.isUserId(id)) {
      users.add(id);
    }
  }
}
