package com.authgear.authrequest.sandbox;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Webhooks.Delivery;
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
  void temporaryDisabling_isAnnouncedBeforeItTakesEffect() throws Exception {
    assertThat(client.post("/sandbox/users/bob/disable-temporarily?from=60&until=120", "").status())
        .isEqualTo(200);
    JsonNode user = next().at("/payload/user");
    assertThat(user.at("/is_disabled").asBoolean()).isFalse();
    assertThat(user.at("/temporarily_disabled_from").asText()).isEqualTo("2026-09-01T12:01:00Z");
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
    assertThat(next().at("/seq").asLong()).isEqualTo(2);
    assertThat(next().at("/seq").asLong()).isEqualTo(2);
    project.hooks().deliver(Delivery.HOLD, Duration.ZERO);
    project.disable("alice");
    project.enable("alice");
    assertThat(client.post("/sandbox/hooks/release-reversed", "").status()).isEqualTo(200);
    assertThat(List.of(next().at("/seq").asLong(), next().at("/seq").asLong()))
        .containsExactly(4L, 3L);
    assertThat(client.post("/sandbox/hooks/delivery?how=badly", "").status()).isEqualTo(400);
  }
}
