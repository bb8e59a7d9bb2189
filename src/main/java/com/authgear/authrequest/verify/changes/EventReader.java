package com.authgear.authrequest.verify.changes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of Authgear's webhooks (authgear-server, {@code pkg/api/event/event.go} and {@code
 * pkg/api/model/user.go}) as it comes, in little memory however long it is: Authgear sets no bound
 * on a user's attributes. Fields that are not needed are passed over; those that are must be there,
 * once, and of their type.
 */
public final class EventReader {

  /** What a body turns out to be. */
  public sealed interface EventBody {}

  /**
   * An event that changes what its users may do, or what is said of them.
   *
   * @param events one for each user; all have this {@code seq}
   */
  public record Relevant(String id, String type, long seq, List<UserEvent> events)
      implements EventBody {}

  /**
   * An event that changes nothing here, or one that is not known.
   *
   * @param at when it happened, Unix seconds
   */
  public record Irrelevant(String id, String type, long seq, long at) implements EventBody {}

  /**
   * Not an event.
   *
   * @param what says what is wrong without quoting it
   */
  public record MalformedEvent(String what) implements EventBody {}

  private static final Set<String> RELEVANT =
      Set.of(
          "user.disabled",
          "user.reenabled",
          "user.deletion_scheduled",
          "user.deletion_unscheduled",
          "user.deleted",
          "user.anonymization_scheduled",
          "user.anonymization_unscheduled",
          "user.anonymized",
          "user.profile.updated",
          "user.anonymous.promoted",
          "identity.email.added",
          "identity.email.removed",
          "identity.email.updated",
          "identity.email.verified",
          "identity.email.unverified",
          "identity.phone.added",
          "identity.phone.removed",
          "identity.phone.updated",
          "identity.phone.verified",
          "identity.phone.unverified",
          "identity.username.added",
          "identity.username.removed",
          "identity.username.updated",
          "identity.oauth.connected",
          "identity.oauth.disconnected",
          "identity.biometric.enabled",
          "identity.biometric.disabled");

  private static final Set<String> ENVELOPE = Set.of("id", "type", "seq");

  private static final Set<String> MOMENT = Set.of("timestamp");

  private static final Set<String> TEMPORARY =
      Set.of("temporarily_disabled_from", "temporarily_disabled_until");

  private static final Set<String> USER =
      Set.of(
          "id",
          "is_disabled",
          "is_deactivated",
          "is_anonymized",
          "temporarily_disabled_from",
          "temporarily_disabled_until",
          "account_valid_from",
          "account_valid_until",
          "delete_at",
          "anonymize_at");

  /** The objects that hold what is needed. */
  private enum EventObject {
    ROOT,
    CONTEXT,
    PAYLOAD,
    PERSON,
    ANONYMOUS;

    /** The names of what is needed in here. */
    Set<String> neededNames() {
      return switch (this) {
        case ROOT -> ENVELOPE;
        case CONTEXT -> MOMENT;
        case PAYLOAD -> TEMPORARY;
        case PERSON, ANONYMOUS -> USER;
      };
    }

    /** The place of an object in here; null if nothing in it is needed. */
    @Nullable EventObject inner(String name) {
      return switch (this) {
        case ROOT ->
            switch (name) {
              case "context" -> CONTEXT;
              case "payload" -> PAYLOAD;
              default -> null;
            };
        case PAYLOAD ->
            switch (name) {
              case "user" -> PERSON;
              case "anonymous_user" -> ANONYMOUS;
              default -> null;
            };
        case CONTEXT, PERSON, ANONYMOUS -> null;
      };
    }
  }

  private static final Pattern ID = Pattern.compile("[0-9A-Za-z_-]{1,64}");
  private static final Pattern TYPE = Pattern.compile("[0-9a-z._]{1,64}");

  /** Longer than any text that is needed. */
  private static final int LONGEST_TEXT = 1024;

  private static final int DEEPEST_NESTING = 64;

  /** Names are not kept: whoever calls could fill a table of them. */
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEEPEST_NESTING)
                  .maxStringLength(LONGEST_TEXT)
                  .build())
          .build();

  /** What stands in place of a value that is neither text, a whole number nor a boolean. */
  private enum Other {
    NULL,
    ELSE
  }

  private final Map<EventObject, Map<String, Object>> found = new EnumMap<>(EventObject.class);

  private EventReader() {}

  /**
   * Reads a body to its end, unless it turns out to be malformed before. It says what the body
   * says; whether that is to be believed is the caller's.
   *
   * @throws IOException if the body cannot be read
   */
  public static EventBody read(InputStream body) throws IOException {
    try (JsonParser parser = JSON.createParser(body)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        return new MalformedEvent("the body is empty");
      }
      if (first != JsonToken.START_OBJECT) {
        return new MalformedEvent("the body is not an object");
      }
      EventReader reader = new EventReader();
      reader.collect(parser, EventObject.ROOT);
      return parser.nextToken() == null
          ? reader.read()
          : new MalformedEvent("the body is not JSON");
    } catch (JsonProcessingException _) {
      return new MalformedEvent("the body is not JSON");
    } catch (EventException fault) {
      return new MalformedEvent(String.valueOf(fault.getMessage()));
    }
  }

  /**
   * What an event of any type says about the account of the user in it; null if it tells of none,
   * or not as Authgear does.
   *
   * @throws IOException if the body cannot be read
   */
  public static @Nullable UserEvent readAccount(InputStream body) throws IOException {
    try (JsonParser parser = JSON.createParser(body)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      EventReader reader = new EventReader();
      reader.collect(parser, EventObject.ROOT);
      Map<String, Object> root = reader.in(EventObject.ROOT);
      return event(
          word(root, "type", TYPE),
          wholeNumber(root, "seq"),
          wholeNumber(reader.in(EventObject.CONTEXT), "timestamp"),
          reader.in(EventObject.PERSON));
    } catch (JsonProcessingException
        | EventException
        | IllegalArgumentException
        | ArithmeticException _) {
      return null;
    }
  }

  private void collect(JsonParser parser, EventObject place) throws IOException {
    if (found.put(place, new HashMap<>()) != null) {
      throw new EventException("an object is there twice");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken token = parser.nextToken();
      EventObject inner = place.inner(name);
      if (inner != null && token == JsonToken.START_OBJECT) {
        collect(parser, inner);
      } else if (place.neededNames().contains(name)) {
        if (in(place).put(name, value(parser, token)) != null) {
          throw new EventException(name + " is there twice");
        }
      } else {
        parser.skipChildren();
      }
    }
  }

  private static Object value(JsonParser parser, JsonToken token) throws IOException {
    return switch (token) {
      case VALUE_STRING -> parser.getText();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> Other.NULL;
      case VALUE_NUMBER_INT ->
          switch (parser.getNumberType()) {
            case INT, LONG -> parser.getLongValue();
            case BIG_INTEGER, FLOAT, DOUBLE, BIG_DECIMAL -> Other.ELSE;
          };
      case NOT_AVAILABLE,
          START_OBJECT,
          END_OBJECT,
          START_ARRAY,
          END_ARRAY,
          FIELD_NAME,
          VALUE_EMBEDDED_OBJECT,
          VALUE_NUMBER_FLOAT -> {
        parser.skipChildren();
        yield Other.ELSE;
      }
    };
  }

  private Map<String, Object> in(EventObject place) {
    Map<String, Object> values = found.get(place);
    if (values == null) {
      throw new EventException(nameOf(place) + " is not an object");
    }
    return values;
  }

  private static String nameOf(EventObject place) {
    return switch (place) {
      case ROOT -> "the body";
      case CONTEXT -> "context";
      case PAYLOAD -> "payload";
      case PERSON -> "user";
      case ANONYMOUS -> "anonymous_user";
    };
  }

  private EventBody read() {
    Map<String, Object> root = in(EventObject.ROOT);
    String id = word(root, "id", ID);
    String type = word(root, "type", TYPE);
    long seq = wholeNumber(root, "seq");
    long at = wholeNumber(in(EventObject.CONTEXT), "timestamp");
    Map<String, Object> payload = in(EventObject.PAYLOAD);
    if (!RELEVANT.contains(type)) {
      return new Irrelevant(id, type, seq, at);
    }
    Map<String, Object> user = in(EventObject.PERSON);
    if (type.equals("user.disabled")) {
      // The span stands in both.
      TEMPORARY.stream()
          .filter(payload::containsKey)
          .forEach(name -> user.putIfAbsent(name, payload.get(name)));
    }
    List<UserEvent> events = new ArrayList<>();
    try {
      events.add(event(type, seq, at, user));
      Map<String, Object> anonymous = found.get(EventObject.ANONYMOUS);
      if (anonymous != null && !text(anonymous, "id").equals(text(user, "id"))) {
        events.add(event(type, seq, at, anonymous));
      }
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new EventException(String.valueOf(e.getMessage()), e);
    }
    return new Relevant(id, type, seq, List.copyOf(events));
  }

  private static UserEvent event(String type, long seq, long at, Map<String, Object> user) {
    String id = text(user, "id");
    // Checks the time before it is used.
    UserEvent event = new UserEvent(id, seq, at, List.of());
    return new UserEvent(id, seq, at, disabled(type, event, user));
  }

  /**
   * When the account is of no use, by the rules of Authgear's {@code account_status.go}: {@code
   * is_disabled} is the sum of all causes at the moment of the event, so what no bound explains has
   * no bound. What is in effect by the event itself has no beginning here, as it ended the user's
   * sessions. For what is gone the type counts and not the flags, which are those of before.
   */
  private static List<Interval> disabled(String type, UserEvent event, Map<String, Object> user) {
    boolean isDisabled = flag(user, "is_disabled", true);
    boolean deactivated = flag(user, "is_deactivated", false);
    boolean anonymized = flag(user, "is_anonymized", false);
    Long disabledFrom = time(user, "temporarily_disabled_from");
    Long disabledUntil = time(user, "temporarily_disabled_until");
    Long validFrom = time(user, "account_valid_from");
    Long validUntil = time(user, "account_valid_until");
    Long deleteAt = time(user, "delete_at");
    Long anonymizeAt = time(user, "anonymize_at");

    boolean temporary = disabledFrom != null || disabledUntil != null;
    boolean endsSessions = isDisabled && type.equals("user.disabled");
    List<Interval> bounded = new ArrayList<>();
    if (temporary) {
      long until = disabledUntil == null ? Interval.NEVER : disabledUntil;
      Interval span = new Interval(beginning(disabledFrom, until), until);
      bounded.add(endsSessions ? new Interval(Interval.ALWAYS, until) : span);
    }
    if (validFrom != null) {
      Interval before = new Interval(Interval.ALWAYS, validFrom);
      bounded.add(
          before.holdsWithin(event.at())
              ? before
              : new Interval(beginning(null, validFrom), validFrom));
    }
    if (validUntil != null) {
      bounded.add(new Interval(validUntil, Interval.NEVER));
    }
    boolean scheduled = deleteAt != null || anonymizeAt != null;
    boolean gone = type.equals("user.deleted") || type.equals("user.anonymized");
    boolean explained = bounded.stream().anyMatch(span -> span.holdsWithin(event.at()));
    // A temporary span and being disabled for good exclude each other at Authgear.
    boolean forGood = isDisabled && (scheduled || (!temporary && (endsSessions || !explained)));
    if (gone || anonymized || deactivated || forGood) {
      bounded.add(Interval.always());
    }
    for (Long end : new Long[] {deleteAt, anonymizeAt}) {
      if (end != null) {
        bounded.add(new Interval(end, Interval.NEVER));
      }
    }
    return bounded;
  }

  /** A beginning that says nothing of sessions: long ago where there is none. */
  private static long beginning(@Nullable Long from, long until) {
    return from == null ? Math.min(0, until - 1) : from;
  }

  private static String text(Map<String, Object> object, String name) {
    if (!(object.get(name) instanceof String text)) {
      throw new EventException(name + " is not a string");
    }
    return text;
  }

  private static String word(Map<String, Object> object, String name, Pattern pattern) {
    String text = text(object, name);
    if (!pattern.matcher(text).matches()) {
      throw new EventException(name + " has an unexpected form");
    }
    return text;
  }

  private static long wholeNumber(Map<String, Object> object, String name) {
    if (!(object.get(name) instanceof Long number)) {
      throw new EventException(name + " is not a whole number");
    }
    return number;
  }

  private static boolean flag(Map<String, Object> object, String name, boolean required) {
    Object value = object.get(name);
    if (value == null && !required) {
      return false;
    }
    if (!(value instanceof Boolean flag)) {
      throw new EventException(name + " is not a boolean");
    }
    return flag;
  }

  /** Unix milliseconds of an RFC 3339 time, rounded up; null if there is none. */
  private static @Nullable Long time(Map<String, Object> object, String name) {
    Object value = object.get(name);
    if (value == null || value == Other.NULL) {
      return null;
    }
    try {
      return OffsetDateTime.parse(text(object, name)).toInstant().plusNanos(999_999).toEpochMilli();
    } catch (DateTimeException | ArithmeticException e) {
      throw new EventException(name + " is not a time", e);
    }
  }

  /** Leaves the reading; never leaves this class. */
  private static final class EventException extends RuntimeException {
    private static final long serialVersionUID = 1;

    EventException(String message) {
      super(message);
    }

    EventException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
