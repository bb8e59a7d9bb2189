package com.authgear.authrequest.sandbox;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Webhooks.Delivery;
import com.authgear.authrequest.support.SettableClock;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okio.ByteString;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WebhooksTest {

  private static final String SECRET = "a-secret-of-the-project";

  private final SettableClock clock = new SettableClock();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
  private final Project project = sandbox.project();
  private final SandboxClient client = new SandboxClient(sandbox.address());
  private final MockWebServer receiver = new MockWebServer();

  @BeforeEach
  void start() throws Exception {
    receiver.start();
    for (int i = 0; i < 10; i++) {
      receiver.enqueue(new MockResponse.Builder().build());
    }
    project.hooks().configure(receiver.url("/hook").toString(), SECRET);
  }

  @AfterEach
  void stop() {
    client.close();
    sandbox.close();
    receiver.close();
  }

  private JsonNode next() throws Exception {
    RecordedRequest request = requireNonNull(receiver.takeRequest(20, TimeUnit.SECONDS));
    ByteString body = requireNonNull(request.getBody());
    assertThat(request.getHeaders().get("x-authgear-body-signature"))
        .isEqualTo(body.hmacSha256(ByteString.encodeUtf8(SECRET)).hex());
    return new ObjectMapper().readTree(body.utf8());
  }

  @Test
  void changes_areAnnouncedInOrderAndSigned() throws Exception {
    project.disable("alice");
    JsonNode event = next();
    assertThat(event.at("/type").asText()).isEqualTo("user.disabled");
    assertThat(event.at("/seq").asLong()).isEqualTo(1);
    assertThat(event.at("/payload/user/is_disabled").asBoolean()).isTrue();
    assertThat(event.at("/context/timestamp").asLong()).isEqualTo(clock.instant().getEpochSecond());
    project.enable("alice");
    assertThat(next().at("/type").asText()).isEqualTo("user.reenabled");
    project.setRoles("alice", List.of("editor"));
    project.logout("alice");
    project.delete("alice");
    assertThat(next().at("/type").asText()).isEqualTo("user.deleted");
  }

  @Test
  void whatAuthgearDoesNotAnnounce_isNotAnnounced() throws Exception {
    String token = project.accessToken("alice");
    project.setValidity("bob", null, clock.instant());
    project.setRoles("alice", List.of());
    project.resetPassword("alice");
    project.endSession(token);
    project.revokeAllSessions("alice");
    project.logout("alice");
    project.delete("alice");

    assertThat(next().at("/type").asText()).isEqualTo("user.deleted");
  }

  @Test
  void identities_areAnnounced() throws Exception {
    project.promote("carol");
    JsonNode promoted = next();
    assertThat(promoted.at("/type").asText()).isEqualTo("user.anonymous.promoted");
    assertThat(promoted.at("/payload/user/is_anonymous").asBoolean()).isFalse();
    assertThat(promoted.at("/payload/anonymous_user/is_anonymous").asBoolean()).isTrue();
    for (String type :
        List.of("identity.phone.updated", "identity.oauth.connected", "identity.email.removed")) {
      assertThat(client.post("/sandbox/users/bob/identity?event=" + type, "").status())
          .isEqualTo(200);
      JsonNode event = next();
      assertThat(event.at("/type").asText()).isEqualTo(type);
      assertThat(event.at("/payload/user/id").asText()).isEqualTo(project.user("bob").id());
    }
  }

  @Test
  void attribute_ofAnyLength_isInTheEvent() throws Exception {
    project.setAttribute("bob", "nickname", "x".repeat(3_000_000));

    assertThat(next().at("/payload/user/standard_attributes/nickname").asText()).hasSize(3_000_000);
  }

  @Test
  void temporaryDisabling_isAnnouncedBeforeItTakesEffect() throws Exception {
    assertThat(client.post("/sandbox/users/bob/disable-temporarily?from=60&until=120", "").status())
        .isEqualTo(200);
    JsonNode user = next().at("/payload/user");
    assertThat(user.at("/is_disabled").asBoolean()).isFalse();
    assertThat(user.at("/temporarily_disabled_from").asText())
        .isEqualTo(SettableClock.START.plusSeconds(60).toString());
    clock.advance(Duration.ofSeconds(60));
    assertThat(project.user("bob").isUsable(clock.instant())).isFalse();
    clock.advance(Duration.ofSeconds(60));
    assertThat(project.user("bob").isUsable(clock.instant())).isTrue();
  }

  @Test
  void lostDoubledHeldAndReversed() throws Exception {
    assertThat(client.post("/sandbox/hooks/delivery?how=lose", "").status()).isEqualTo(200);
    project.disable("alice");
    project.hooks().deliver(Delivery.DOUBLE, Duration.ZERO);
    project.enable("alice");
    assertThat(next().at("/seq").asLong()).isEqualTo(3);
    assertThat(next().at("/seq").asLong()).isEqualTo(3);
    project.hooks().deliver(Delivery.HOLD, Duration.ZERO);
    project.disable("alice");
    project.enable("alice");
    assertThat(client.post("/sandbox/hooks/release-reversed", "").status()).isEqualTo(200);
    assertThat(List.of(next().at("/seq").asLong(), next().at("/seq").asLong()))
        .containsExactly(7L, 5L);
    assertThat(client.post("/sandbox/hooks/delivery?how=badly", "").status()).isEqualTo(400);
  }
}
