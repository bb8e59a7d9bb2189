package com.authgear.authrequest.verify.changes;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of Authgear's webhooks (authgear-server, {@code pkg/api/event/event.go} and {@code
 * pkg/api/model/user.go}). Fields that are not needed are not looked at; those that are must be
 * there and of their type.
 */
public final class EventReader {

  /** What a body turns out to be. */
  public sealed interface Reading {}

  /** An event that changes what a user may do. */
  public record Relevant(String id, String type, UserEvent event) implements Reading {}

  /** An event that changes nothing here, or one that is not known. */
  public record Irrelevant(String id, String type, long seq) implements Reading {}

  /**
   * Not an event.
   *
   * @param what says what is wrong without quoting it
   */
  public record Malformed(String what) implements Reading {}

  private static final Pattern ID = Pattern.compile("[0-9A-Za-z_-]{1,64}");
  private static final Pattern TYPE = Pattern.compile("[0-9a-z._]{1,64}");

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  static {
    JSON.getFactory()
        .setStreamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(64).build());
  }

  private EventReader() {}

  /** Reads a body whose signature is good. */
  public static Reading read(byte[] body) {
    try (JsonParser parser = JSON.createParser(body)) {
      JsonNode root = JSON.readTree(parser);
      return root == null ? new Malformed("the body is empty") : read(root);
    } catch (IOException _) {
      return new Malformed("the body is not JSON");
    } catch (Fault fault) {
      return new Malformed(String.valueOf(fault.getMessage()));
    }
  }

  private static Reading read(JsonNode root) {
    String id = word(root, "id", ID);
    String type = word(root, "type", TYPE);
    long seq = wholeNumber(root, "seq");
    long at = wholeNumber(object(root, "context"), "timestamp");
    JsonNode payload = object(root, "payload");
    return switch (type) {
      case "user.disabled",
          "user.reenabled",
          "user.deletion_scheduled",
          "user.deletion_unscheduled",
          "user.deleted",
          "user.anonymization_scheduled",
          "user.anonymization_unscheduled",
          "user.anonymized",
          "user.profile.updated" -> {
        JsonNode user = object(payload, "user");
        String userId = text(user, "id");
        try {
          yield new Relevant(id, type, new UserEvent(userId, seq, at, disabled(type, at, user)));
        } catch (IllegalArgumentException | ArithmeticException e) {
          throw new Fault(String.valueOf(e.getMessage()), e);
        }
      }
      default -> new Irrelevant(id, type, seq);
    };
  }

  /**
   * When the account is of no use, by the rules of Authgear's {@code account_status.go}: {@code
   * is_disabled} is the sum of all causes at the moment of the event, so what no bound explains has
   * no bound.
   */
  private static List<Interval> disabled(String type, long at, JsonNode user) {
    boolean isDisabled = flag(user, "is_disabled", true);
    boolean deactivated = flag(user, "is_deactivated", false);
    boolean anonymized = flag(user, "is_anonymized", false);
    Long disabledFrom = time(user, "temporarily_disabled_from");
    Long disabledUntil = time(user, "temporarily_disabled_until");
    Long validFrom = time(user, "account_valid_from");
    Long validUntil = time(user, "account_valid_until");
    Long deleteAt = time(user, "delete_at");
    Long anonymizeAt = time(user, "anonymize_at");

    List<Interval> bounded = new ArrayList<>();
    if (disabledFrom != null || disabledUntil != null) {
      bounded.add(
          new Interval(
              disabledFrom == null ? Interval.ALWAYS : disabledFrom,
              disabledUntil == null ? Interval.NEVER : disabledUntil));
    }
    if (validFrom != null) {
      bounded.add(new Interval(Interval.ALWAYS, validFrom));
    }
    if (validUntil != null) {
      bounded.add(new Interval(validUntil, Interval.NEVER));
    }
    boolean temporary = disabledFrom != null || disabledUntil != null;
    boolean scheduled = deleteAt != null || anonymizeAt != null;
    boolean gone = type.equals("user.deleted") || type.equals("user.anonymized");
    // A temporary span and being disabled for good exclude each other at Authgear.
    boolean forGood =
        isDisabled
            && !temporary
            && (scheduled || type.equals("user.disabled") || !explains(bounded, at));
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

  /** Whether a span holds at some moment of the second of the event. */
  private static boolean explains(List<Interval> spans, long at) {
    long millis = Math.multiplyExact(at, 1000);
    return spans.stream().anyMatch(span -> span.contains(millis) || span.contains(millis + 999));
  }

  private static JsonNode object(JsonNode parent, String name) {
    JsonNode value = parent.get(name);
    if (value == null || !value.isObject()) {
      throw new Fault(name + " is not an object");
    }
    return value;
  }

  private static String text(JsonNode parent, String name) {
    JsonNode value = parent.get(name);
    if (value == null || !value.isTextual()) {
      throw new Fault(name + " is not a string");
    }
    return value.textValue();
  }

  private static String word(JsonNode parent, String name, Pattern pattern) {
    String text = text(parent, name);
    if (!pattern.matcher(text).matches()) {
      throw new Fault(name + " has an unexpected form");
    }
    return text;
  }

  private static long wholeNumber(JsonNode parent, String name) {
    JsonNode value = parent.get(name);
    if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new Fault(name + " is not a whole number");
    }
    return value.longValue();
  }

  private static boolean flag(JsonNode parent, String name, boolean required) {
    JsonNode value = parent.get(name);
    if (value == null && !required) {
      return false;
    }
    if (value == null || !value.isBoolean()) {
      throw new Fault(name + " is not a boolean");
    }
    return value.booleanValue();
  }

  /** Unix milliseconds of an RFC 3339 time, rounded up; null if there is none. */
  private static @Nullable Long time(JsonNode parent, String name) {
    JsonNode value = parent.get(name);
    if (value == null || value.isNull()) {
      return null;
    }
    try {
      return OffsetDateTime.parse(text(parent, name)).toInstant().plusNanos(999_999).toEpochMilli();
    } catch (DateTimeException | ArithmeticException e) {
      throw new Fault(name + " is not a time", e);
    }
  }

  /** Leaves the reading; never leaves this class. */
  private static final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1;

    Fault(String message) {
      super(message);
    }

    Fault(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
