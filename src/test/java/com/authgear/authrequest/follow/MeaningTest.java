package com.authgear.authrequest.follow;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.verify.changes.UserEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What recorded entries, and others like them, mean. */
class MeaningTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String USER = "37d3284f-422b-4125-b8b3-3b4a0235e355";

  private final Meaning meaning = new Meaning(false);

  private static Map<String, AuditEntry> recorded() throws IOException {
    Map<String, AuditEntry> byType = new HashMap<>();
    try (var file =
        Objects.requireNonNull(
            MeaningTest.class.getResourceAsStream("/recorded/audit-poll.json"))) {
      for (JsonNode edge :
          JSON.readTree(file).path("response").path("data").path("auditLogs").path("edges")) {
        JsonNode node = edge.path("node");
        String user = "";
        if (node.path("user").path("id").isTextual()) {
          user =
              new String(
                      Base64.getUrlDecoder().decode(node.path("user").path("id").textValue()),
                      StandardCharsets.UTF_8)
                  .substring("User:".length());
        }
        byType.putIfAbsent(
            node.path("activityType").asText(),
            new AuditEntry(
                node.path("id").asText(),
                OffsetDateTime.parse(node.path("createdAt").asText()).toEpochSecond(),
                node.path("activityType").asText(),
                user,
                node.path("data")));
      }
    }
    return byType;
  }

  private List<UserEvent> recorded(String type) throws IOException {
    return meaning.of(Objects.requireNonNull(recorded().get(type), type));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "USER_SIGNED_OUT",
        "USER_SESSION_TERMINATED",
        "ADMIN_API_MUTATION_REVOKE_SESSION_EXECUTED",
        "ADMIN_API_MUTATION_REVOKE_ALL_SESSIONS_EXECUTED"
      })
  void sessionsEnd_forTheUser(String type) throws IOException {
    List<UserEvent> events = recorded(type);
    assertThat(events).hasSize(1);
    UserEvent event = events.getFirst();
    assertThat(event).isEqualTo(UserEvent.signedOut(USER, event.seq(), event.at()));
    assertThat(event.seq()).isPositive();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ADMIN_API_MUTATION_ADD_ROLE_TO_USERS_EXECUTED",
        "ADMIN_API_MUTATION_REMOVE_ROLE_FROM_USERS_EXECUTED",
        "ADMIN_API_MUTATION_ADD_USER_TO_ROLES_EXECUTED",
        "ADMIN_API_MUTATION_ADD_USER_TO_GROUPS_EXECUTED"
      })
  void roles_markTheUser_andRefuseOnlyIfSaidSo(String type) throws IOException {
    UserEvent event = recorded(type).getFirst();
    assertThat(event).isEqualTo(UserEvent.changed(USER, event.seq(), event.at()));
    assertThat(new Meaning(true).of(Objects.requireNonNull(recorded().get(type))))
        .containsExactly(UserEvent.signedOut(USER, event.seq(), event.at()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ADMIN_API_MUTATION_ADD_GROUP_TO_ROLES_EXECUTED",
        "ADMIN_API_MUTATION_DELETE_ROLE_EXECUTED"
      })
  void whatNamesNoUser_concernsEveryone(String type) throws IOException {
    assertThat(recorded(type)).extracting(UserEvent::userId).containsExactly(UserEvent.EVERYONE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "USER_AUTHENTICATED",
        "USER_CREATED",
        "ADMIN_API_MUTATION_CREATE_USER_EXECUTED",
        "ADMIN_API_MUTATION_CREATE_ROLE_EXECUTED"
      })
  void whatChangesNothing_marksNobody(String type) throws IOException {
    assertThat(recorded(type)).isEmpty();
  }

  @Test
  void disabled_isTheWebhooksEvent() throws IOException {
    UserEvent event = recorded("USER_DISABLED").getFirst();
    assertThat(event.tellsAccount()).isTrue();
    assertThat(event.disabled()).isNotEmpty();
  }

  @Test
  void deleted_isKnownByTheContext() throws IOException {
    assertThat(recorded("USER_DELETED"))
        .extracting(UserEvent::userId)
        .containsExactly("6c1f3d15-9294-4b9b-ba8d-c0a88327a89a");
  }

  @Test
  void validity_tellsItsTimes() throws IOException {
    UserEvent event = recorded("ADMIN_API_MUTATION_SET_ACCOUNT_VALID_UNTIL_EXECUTED").getFirst();
    assertThat(event.tellsAccount()).isTrue();
    assertThat(event.disabled()).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "ADMIN_API_MUTATION_SOMETHING_NEW_EXECUTED, UNKNOWN_MUTATION",
    "USER_SOMETHING_NEW, UNKNOWN",
    "SOMETHING_NEW, UNKNOWN",
    "EMAIL_SENT, NOTHING"
  })
  void unknownType_marksWhomItNames(String type, Activity activity) throws IOException {
    AuditEntry known = Objects.requireNonNull(recorded().get("USER_SIGNED_OUT"));
    AuditEntry entry =
        new AuditEntry(known.id(), known.createdAt(), type, known.user(), known.event());
    assertThat(Activity.of(type)).isEqualTo(activity);
    assertThat(meaning.of(entry)).hasSize(activity == Activity.NOTHING ? 0 : 1);
  }

  private static AuditEntry ofNobody(String type) {
    return new AuditEntry("id", 1_795_886_994, type, "", JSON.createObjectNode().put("seq", 7));
  }

  @Test
  void unknownMutationThatNamesNobody_concernsEveryone() {
    assertThat(meaning.of(ofNobody("ADMIN_API_MUTATION_SOMETHING_NEW_EXECUTED")))
        .containsExactly(UserEvent.changed(UserEvent.EVERYONE, 7, 1_795_886_994));
    assertThat(meaning.of(ofNobody("SOMETHING_NEW"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ADMIN_API_MUTATION_SET_VERIFIED_STATUS_EXECUTED",
        "ADMIN_API_MUTATION_DELETE_AUTHORIZATION_EXECUTED",
        "ADMIN_API_MUTATION_SOMETHING_NEW_EXECUTED",
        "PROJECT_APP_UPDATED"
      })
  void whatIsNoChangeOfRoles_refusesNobody(String type) {
    assertThat(new Meaning(true).of(ofNobody(type)))
        .containsExactly(UserEvent.changed(UserEvent.EVERYONE, 7, 1_795_886_994));
  }

  @Test
  void rolesOfAGroup_refuseEveryoneIfSaidSo() {
    assertThat(
            new Meaning(true).of(ofNobody("ADMIN_API_MUTATION_REMOVE_ROLE_FROM_GROUPS_EXECUTED")))
        .containsExactly(UserEvent.signedOut(UserEvent.EVERYONE, 7, 1_795_886_994));
  }
}
