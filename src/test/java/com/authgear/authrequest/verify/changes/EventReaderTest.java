package com.authgear.authrequest.verify.changes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.verify.changes.EventReader.EventBody;
import com.authgear.authrequest.verify.changes.EventReader.Irrelevant;
import com.authgear.authrequest.verify.changes.EventReader.MalformedEvent;
import com.authgear.authrequest.verify.changes.EventReader.Relevant;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventReaderTest {

  private static final String USER = "a11ce000-0000-4000-8000-000000000001";
  private static final long AT = 1_795_521_600;

  /** As Authgear sends it; the type and more fields of the user to be put in. */
  private static final String BODY =
      """
      {"id": "0123456789abcdef", "seq": 42, "type": "$type",
       "payload": {"user": {"id": "a11ce000-0000-4000-8000-000000000001",
         "created_at": "2025-01-01T00:00:00Z", "is_anonymous": false, "is_verified": true,
         "standard_attributes": {"email": "alice@example.com"}, "roles": ["admin"],
         $user}},
       "context": {"timestamp": 1795521600, "user_id": null, "app_id": "my-project",
         "language": "en"}}
      """;

  private static final String ENABLED =
      "\"is_disabled\": false, \"is_deactivated\": false, \"is_anonymized\": false";
  private static final String DISABLED =
      "\"is_disabled\": true, \"is_deactivated\": false, \"is_anonymized\": false";

  private static String body(String type, String user) {
    return BODY.replace("$type", type).replace("$user", user);
  }

  private static EventBody read(String body) {
    try {
      return EventReader.read(new ByteArrayInputStream(body.getBytes(UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Interval> disabled(String type, String user) {
    EventBody reading = read(body(type, user));
    assertThat(reading).isInstanceOf(Relevant.class);
    return ((Relevant) reading).events().getFirst().disabled();
  }

  private static boolean disabledAt(List<Interval> spans, String time) {
    long millis = Instant.parse(time).toEpochMilli();
    return spans.stream().anyMatch(span -> span.contains(millis));
  }

  @Test
  void read_disabled_saysWhoWhenAndThatItIsForGood() {
    assertThat(read(body("user.disabled", DISABLED)))
        .isEqualTo(
            new Relevant(
                "0123456789abcdef",
                "user.disabled",
                42,
                List.of(new UserEvent(USER, 42, AT, List.of(Interval.always())))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"user.reenabled", "user.deletion_unscheduled", "user.profile.updated"})
  void read_userWhoIsNotDisabled_saysSo(String type) {
    assertThat(disabled(type, ENABLED)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "user.disabled",
        "user.deletion_scheduled",
        "user.anonymization_scheduled",
        "user.profile.updated"
      })
  void read_userWhoIsDisabled_isSoForGood(String type) {
    assertThat(disabled(type, DISABLED)).containsExactly(Interval.always());
  }

  @ParameterizedTest
  @ValueSource(strings = {"user.deleted", "user.anonymized"})
  void read_userWhoIsGone_isDisabledWhateverTheFlagsSay(String type) {
    assertThat(disabled(type, ENABLED)).containsExactly(Interval.always());
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"is_deactivated\": true", "\"is_anonymized\": true"})
  void read_deactivatedOrAnonymized_isDisabled(String flag) {
    assertThat(disabled("user.profile.updated", "\"is_disabled\": false, " + flag))
        .containsExactly(Interval.always());
  }

  @Nested
  class Bounds {

    @Test
    void temporarilyDisabled_beforeItTakesEffect() {
      List<Interval> spans =
          disabled(
              "user.disabled",
              ENABLED
                  + ", \"temporarily_disabled_from\": \"2026-11-25T00:00:00Z\","
                  + " \"temporarily_disabled_until\": \"2026-11-26T00:00:00+00:00\"");
      assertThat(disabledAt(spans, "2026-11-24T23:59:59.999Z")).isFalse();
      assertThat(disabledAt(spans, "2026-11-25T00:00:00Z")).isTrue();
      assertThat(disabledAt(spans, "2026-11-25T23:59:59.999Z")).isTrue();
      assertThat(disabledAt(spans, "2026-11-26T00:00:00Z")).isFalse();
    }

    @Test
    void temporarilyDisabled_atOnce_endsWithItsBound() {
      List<Interval> spans =
          disabled(
              "user.disabled",
              DISABLED
                  + ", \"temporarily_disabled_from\": \"2026-11-24T12:00:00.7Z\","
                  + " \"temporarily_disabled_until\": \"2026-11-26T00:00:00Z\"");
      assertThat(disabledAt(spans, "2026-11-24T12:00:01Z")).isTrue();
      assertThat(disabledAt(spans, "2026-11-26T00:00:00Z")).isFalse();
    }

    @Test
    void validity_isAllThatIsLeftOpen() {
      List<Interval> spans =
          disabled(
              "user.profile.updated",
              ENABLED
                  + ", \"account_valid_from\": \"2026-11-01T00:00:00Z\","
                  + " \"account_valid_until\": \"2026-12-01T00:00:00Z\"");
      assertThat(disabledAt(spans, "2026-10-31T23:59:59Z")).isTrue();
      assertThat(disabledAt(spans, "2026-11-01T00:00:00Z")).isFalse();
      assertThat(disabledAt(spans, "2026-11-30T23:59:59Z")).isFalse();
      assertThat(disabledAt(spans, "2026-12-01T00:00:00Z")).isTrue();
    }

    @Test
    void outsideOfItsValidity_isDisabledNoLongerThanThat() {
      List<Interval> spans =
          disabled(
              "user.profile.updated",
              DISABLED + ", \"account_valid_from\": \"2026-12-01T00:00:00Z\"");
      assertThat(disabledAt(spans, "2026-11-30T00:00:00Z")).isTrue();
      assertThat(disabledAt(spans, "2026-12-01T00:00:00Z")).isFalse();
    }

    @Test
    void disabledWithinItsValidity_isSoForGood() {
      List<Interval> spans =
          disabled(
              "user.profile.updated",
              DISABLED + ", \"account_valid_until\": \"2026-12-01T00:00:00Z\"");
      assertThat(disabledAt(spans, "2026-11-24T13:00:00Z")).isTrue();
    }

    @Test
    void deletion_isABound() {
      List<Interval> spans =
          disabled(
              "user.deletion_scheduled", ENABLED + ", \"delete_at\": \"2026-12-24T00:00:00Z\"");
      assertThat(disabledAt(spans, "2026-12-23T23:59:59Z")).isFalse();
      assertThat(disabledAt(spans, "2026-12-24T00:00:00Z")).isTrue();
    }

    @Test
    void nullBound_isNone() {
      assertThat(disabled("user.reenabled", ENABLED + ", \"delete_at\": null")).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "identity.email.added",
        "identity.phone.removed",
        "identity.username.updated",
        "identity.email.verified",
        "identity.phone.unverified",
        "identity.oauth.connected",
        "identity.oauth.disconnected",
        "identity.biometric.enabled",
        "identity.biometric.disabled",
        "user.anonymous.promoted"
      })
  void read_whatElseChangesAUser_marksAndEndsNothing(String type) {
    assertThat(read(body(type, ENABLED)))
        .isEqualTo(
            new Relevant(
                "0123456789abcdef", type, 42, List.of(new UserEvent(USER, 42, AT, List.of()))));
  }

  @Test
  void read_promotedIntoAnotherUser_marksBoth() {
    String body =
        body("user.anonymous.promoted", ENABLED)
            .replace(
                "\"payload\": {",
                "\"payload\": {\"anonymous_user\": {\"id\": \"anon\", \"is_disabled\": false},");
    assertThat(((Relevant) read(body)).events())
        .extracting(UserEvent::userId)
        .containsExactly(USER, "anon");
  }

  @ParameterizedTest
  @CsvSource({
    "user.disabled, true, true",
    "user.disabled-temporary, true, true",
    "user.deleted, true, true",
    "user.anonymized, true, true",
    "user.deletion_scheduled, true, true",
    "user.anonymization_scheduled, true, true",
    "user.deletion_unscheduled, false, false",
    "user.anonymization_unscheduled, false, false",
    "user.reenabled, false, false",
    "user.profile.updated, false, false",
    "identity.email.verified, false, false"
  })
  void read_recorded_saysWhatEndedAndWhetherTheAccountIsOfUse(
      String name, boolean ended, boolean disabled) throws IOException {
    String recorded =
        Files.readString(Path.of("src/test/resources/recorded/webhook-" + name + ".http"));
    UserEvent event = ((Relevant) read(recorded.split("\n\n", 2)[1])).events().getFirst();
    assertThat(event.sessionsEnded()).isEqualTo(ended ? event.at() : UserEvent.NO_END);
    assertThat(event.isUsable()).isNotEqualTo(disabled);
  }

  @Test
  void read_temporarySpanThatBeginsLater_endsNoSession() {
    String span =
        ", \"temporarily_disabled_from\": \"2026-11-25T00:00:00Z\","
            + " \"temporarily_disabled_until\": \"2026-11-26T00:00:00Z\"";
    for (String type : List.of("user.disabled", "user.profile.updated")) {
      UserEvent event = ((Relevant) read(body(type, ENABLED + span))).events().getFirst();
      assertThat(event.sessionsEnded()).isEqualTo(UserEvent.NO_END);
      assertThat(event.isUsable()).isTrue();
    }
  }

  @Test
  void read_veryLongAttributeAndManyOfThem_arePassedOver() {
    String attributes = "\"standard_attributes\": {\"nickname\": \"" + "n".repeat(5_000_000) + "\"";
    StringBuilder many = new StringBuilder(attributes);
    for (int i = 0; i < 100_000; i++) {
      many.append(", \"a").append(i).append("\": ").append(i);
    }
    String body =
        body("user.disabled", DISABLED)
            .replace("\"standard_attributes\": {\"email\": \"alice@example.com\"", many);
    assertThat(read(body)).isInstanceOf(Relevant.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"user.authenticated", "user.created", "something.new_in_2030"})
  void read_otherEvent_isIrrelevant(String type) {
    assertThat(read(body(type, ENABLED)))
        .isEqualTo(new Irrelevant("0123456789abcdef", type, 42, AT));
  }

  @Test
  void read_irrelevantEventWithoutUser_isIrrelevant() {
    assertThat(
            read(
                """
                {"id": "a", "seq": 1, "type": "project.billing.checkout", "payload": {},
                 "context": {"timestamp": 1}}
                """))
        .isInstanceOf(Irrelevant.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "id": "0123456789abcdef",         | ``                   | id is not a string
          "0123456789abcdef"                | "a\\nb"              | id has an unexpected form
          "seq": 42                         | "seq": "42"          | seq is not a whole number
          "seq": 42                         | "seq": 1e30          | seq is not a whole number
          "seq": 42                         | "seq": -1            | seq is negative
          "seq": 42                         | "seq": 42, "seq": 43 | seq is there twice
          "user.disabled"                   | null                 | type is not a string
          "user.disabled"                   | "User Disabled"      | type has an unexpected form
          "timestamp": 1795521600           | "t": 1               | timestamp is not a whole number
          1795521600                        | 1.5                  | timestamp is not a whole number
          1795521600                        | -1                   | the time is out of range
          1795521600                        | 9223372036854775807  | the time is out of range
          "payload"                         | "load"               | payload is not an object
          "user"                            | "person"             | user is not an object
          "a11ce000-0000-4000-8000-000000000001" | 7               | id is not a string
          "a11ce000-0000-4000-8000-000000000001" | ""              | the user id is not 1 to 128 visible ASCII characters
          "a11ce000-0000-4000-8000-000000000001" | "a b"           | the user id is not 1 to 128 visible ASCII characters
          "is_disabled": true               | "x": true            | is_disabled is not a boolean
          "is_disabled": true               | "is_disabled": 1     | is_disabled is not a boolean
          "is_deactivated": false           | "is_deactivated": 0  | is_deactivated is not a boolean
          "is_deactivated": false           | "delete_at": "soon"  | delete_at is not a time
          "is_deactivated": false           | "delete_at": 5       | delete_at is not a string
          """)
  void read_oneThingWrong_isMalformedAndSaysWhat(String part, String wrong, String what) {
    String body = body("user.disabled", DISABLED);
    assertThat(body).contains(part);
    assertThat(read(body.replace(part, wrong))).isEqualTo(new MalformedEvent(what));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "null", "[]", "{}", "{", "\"text\"", "{} {}"})
  void read_noEnvelope_isMalformed(String body) {
    assertThat(read(body)).isInstanceOf(MalformedEvent.class);
  }

  @Test
  void read_deepNesting_isMalformed() {
    assertThat(read("[".repeat(100_000))).isInstanceOf(MalformedEvent.class);
  }

  @Test
  void read_spanThatIsNone_isMalformed() {
    assertThat(
            read(
                body(
                    "user.disabled",
                    DISABLED
                        + ", \"temporarily_disabled_from\": \"2026-11-26T00:00:00Z\","
                        + " \"temporarily_disabled_until\": \"2026-11-25T00:00:00Z\"")))
        .isEqualTo(new MalformedEvent("from is not before until"));
  }
}
