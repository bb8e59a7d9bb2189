package com.authgear.authrequest.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.SandboxClient.Answer;
import com.authgear.authrequest.support.SettableClock;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The stand-in beside a real Authgear: for each situation that was recorded it says the same, but
 * for what is different each time (ids, times, keys, nonces).
 */
class RecordedTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RECORDED_ORIGIN = "http://127.0.0.1:13100";
  private static final String UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

  private final SettableClock clock = new SettableClock();
  private final Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
  private final Project project = sandbox.project();

  @AfterEach
  void stop() {
    sandbox.close();
  }

  private static String recorded(String file) throws IOException {
    try (InputStream in = RecordedTest.class.getResourceAsStream("/recorded/" + file)) {
      return new String(requireNonNull(in, file).readAllBytes(), UTF_8);
    }
  }

  /** A recorded message, taken apart. */
  private record Message(String start, Map<String, String> headers, JsonNode body) {
    static Message of(String file) throws IOException {
      String[] parts = recorded(file).replace("\r\n", "\n").split("\n\n", 2);
      List<String> lines = parts[0].lines().toList();
      Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      for (String line : lines.subList(1, lines.size())) {
        int colon = line.indexOf(':');
        headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
      return new Message(lines.getFirst(), headers, JSON.readTree(parts[1]));
    }
  }

  /** Without what is different each time, but with the names and their order. */
  private static JsonNode shape(JsonNode node) {
    if (node instanceof ObjectNode object) {
      ObjectNode shape = JsonNodeFactory.instance.objectNode();
      object.properties().forEach(member -> shape.set(member.getKey(), shape(member.getValue())));
      return shape;
    }
    if (node instanceof ArrayNode array) {
      ArrayNode shape = JsonNodeFactory.instance.arrayNode();
      array.forEach(element -> shape.add(shape(element)));
      return shape;
    }
    if (node.isNumber()) {
      return TextNode.valueOf("NUMBER");
    }
    return node.isTextual() ? TextNode.valueOf(shape(node.textValue())) : node;
  }

  private static String shape(String text) {
    return text.replaceAll(UUID, "UUID")
        .replaceAll("^[0-9a-f]{32}-[0-9a-f]{16}$", "TRACKING")
        .replaceAll("^[0-9a-f]{16}$", "EVENT")
        .replaceAll("^[0-9a-f]{64}$", "HASH")
        .replaceAll("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$", "TIME")
        .replaceAll("^[^@ ]+@example\\.test$", "EMAIL")
        .replaceAll("^http://127\\.0\\.0\\.1:[0-9]+", "ORIGIN");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/oauth2/jwks"
      })
  void mainListener_saysTheSame(String path) throws IOException {
    Message recorded = Message.of("main-" + path.substring(1).replace('/', '-') + ".http");
    try (SandboxClient client = new SandboxClient(sandbox.address())) {
      Answer answer = client.get(path);

      assertThat("HTTP/1.1 " + answer.status() + " OK").isEqualTo(recorded.start());
      Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      for (int i = 0; i < answer.headers().size(); i++) {
        headers.put(answer.headers().name(i), answer.headers().value(i));
      }
      assertThat(headers.remove(Sandbox.HEADER)).isEqualTo(Sandbox.NOTICE);
      assertThat(withoutNonce(headers)).isEqualTo(withoutNonce(recorded.headers()));
      JsonNode body = JSON.readTree(answer.body());
      if (path.endsWith("jwks")) {
        assertThat(shapeOfKeys(body)).isEqualTo(shapeOfKeys(recorded.body()));
      } else {
        assertThat(answer.body())
            .isEqualTo(recorded.body().toString().replace(RECORDED_ORIGIN, sandbox.origin()));
      }
    }
  }

  private static Map<String, String> withoutNonce(Map<String, String> headers) {
    Map<String, String> same = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    headers.forEach(
        (name, value) -> same.put(name, value.replaceAll("(nonce[-=])[0-9A-Z]{32}", "$1NONCE")));
    same.remove("Date");
    same.remove("Content-Length");
    return same;
  }

  private static String shapeOfKeys(JsonNode set) {
    return shape(set).toString().replaceAll("\"n\":\"[A-Za-z0-9_-]{342}\"", "\"n\":\"N\"");
  }

  /** What was recorded, and how the sandbox gets into the same situation. */
  enum Credential {
    JWT_AFTER_LOGIN("jwt after login") {
      @Override
      String mint(Project project, String user) {
        return project.accessToken(user);
      }
    },
    JWT_AFTER_REFRESH("jwt after refresh") {
      @Override
      String mint(Project project, String user) {
        return project.accessToken(
            user, TokenOptions.DEFAULTS.withSessionOf(project.accessToken(user)));
      }
    },
    ID_TOKEN("id token") {
      @Override
      String mint(Project project, String user) {
        return project.idToken(user);
      }
    },
    SESSION_COOKIE("session cookie") {
      @Override
      String mint(Project project, String user) {
        return project.sessionCookie(user);
      }
    },
    JWT_IN_COOKIE("jwt in cookie") {
      @Override
      String mint(Project project, String user) {
        return project.appAccessTokenCookie(user);
      }
    },
    JWT_BY_CREATE_SESSION("jwt by createSession") {
      @Override
      String mint(Project project, String user) {
        return project.accessToken(
            user, TokenOptions.DEFAULTS.withSessionOf(project.opaqueToken(user)));
      }
    },
    OPAQUE("opaque") {
      @Override
      String mint(Project project, String user) {
        return project.opaqueToken(user);
      }
    },
    ANONYMOUS("anonymous jwt") {
      @Override
      String mint(Project project, String user) {
        return project.accessToken("carol");
      }
    },
    M2M("m2m") {
      @Override
      String mint(Project project, String user) {
        return project.m2mToken("https://api.example.test/orders", "read:orders");
      }
    },
    RESOURCE_BOUND("resource-bound jwt of a dynamic client") {
      @Override
      String mint(Project project, String user) {
        return project.accessToken(
            user,
            TokenOptions.DEFAULTS
                .withClientId("dcrc_UpGfJ90btB2XjMa4LAjCBL")
                .withScope("openid offline_access read:orders")
                .withAudience(List.of("https://api.example.test/orders")));
      }
    },
    OPAQUE_OF_A_DYNAMIC_CLIENT("opaque of a dynamic client") {
      @Override
      String mint(Project project, String user) {
        return project.opaqueToken(
            user, TokenOptions.DEFAULTS.withClientId("dcrc_UpGfJ90btB2XjMa4LAjCBL"));
      }
    },
    REFRESH_TOKEN("refresh token") {
      @Override
      String mint(Project project, String user) {
        return project.sessionCookie(user).replaceFirst("^session=", "");
      }
    };

    private final String name;

    Credential(String name) {
      this.name = name;
    }

    abstract String mint(Project project, String user);
  }

  @ParameterizedTest
  @EnumSource(Credential.class)
  void credential_isOfTheSameShapeAndTheResolverSaysTheSame(Credential credential)
      throws IOException {
    JsonNode recorded =
        JSON.readTree(recorded("tokens-and-answers.json"))
            .path("credentials")
            .path(credential.name);
    project.setRoles("bob", List.of("admin", "editor"));
    String minted = credential.mint(project, "bob");
    String header = recorded.path("header").asText();

    try (SandboxClient client = new SandboxClient(sandbox.resolverAddress())) {
      Answer answer =
          client.get("/resolve", header, header.equals("Cookie") ? minted : "Bearer " + minted);

      assertThat(answer.status()).isEqualTo(recorded.at("/resolver/status").intValue());
      Map<String, String> expected = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      for (JsonNode pair : recorded.at("/resolver/headers")) {
        expected.put(pair.get(0).textValue(), changing(pair.get(1).textValue()));
      }
      Map<String, String> said = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      answer.identity().forEach((name, value) -> said.put(name, changing(value)));
      assertThat(said).isEqualTo(expected);
    }
    if (recorded.has("jwt_claims")) {
      String[] parts = minted.substring(minted.indexOf('=') + 1).split("\\.", -1);
      assertThat(shape(part(parts[0])).toString())
          .isEqualTo(shape(recorded.get("jwt_header")).toString());
      assertThat(claims(part(parts[1]))).isEqualTo(claims(recorded.get("jwt_claims")));
      assertThat(lifetime(part(parts[1]))).isEqualTo(lifetime(recorded.get("jwt_claims")));
    } else {
      assertThat(Jwt.parse(minted)).isNull();
    }
  }

  @Test
  void credentials_thatWereRecorded_areAllTried() throws IOException {
    List<String> names = new ArrayList<>();
    JSON.readTree(recorded("tokens-and-answers.json"))
        .path("credentials")
        .fieldNames()
        .forEachRemaining(names::add);
    assertThat(List.of(Credential.values()))
        .extracting(credential -> credential.name)
        .containsExactlyInAnyOrderElementsOf(names);
  }

  private static JsonNode part(String text) throws IOException {
    return JSON.readTree(Base64.getUrlDecoder().decode(text));
  }

  private static String changing(String value) {
    return shape(value).replaceAll("^[0-9]{10}$", "SECONDS");
  }

  private static long lifetime(JsonNode claims) {
    return claims.get("exp").longValue() - claims.get("iat").longValue();
  }

  /** The names of the clients are not what was recorded. */
  private static String claims(JsonNode claims) throws IOException {
    String sid = claims.path("sid").asText("");
    return shape(claims)
        .toString()
        .replace(Project.APP_CLIENT_ID, "spa-jwt")
        .replace(Project.M2M_CLIENT_ID, "m2m")
        .replace(
            "\"" + sid + "\"",
            "\"" + shape(new String(Base64.getUrlDecoder().decode(sid), UTF_8)) + "\"");
  }

  /** What was recorded, and what happens to a user for it. */
  enum Delivery {
    IDENTITY_EMAIL_VERIFIED("identity.email.verified", false) {
      @Override
      void happen(Project project, Instant now) {
        project.setVerified("bob", true);
      }
    },
    ANONYMIZATION_SCHEDULED("user.anonymization_scheduled", true) {
      @Override
      void happen(Project project, Instant now) {
        project.scheduleAnonymization("bob");
      }
    },
    ANONYMIZATION_UNSCHEDULED("user.anonymization_unscheduled", false) {
      @Override
      void happen(Project project, Instant now) {
        project.scheduleAnonymization("bob");
        project.unscheduleAnonymization("bob");
      }
    },
    ANONYMIZED("user.anonymized", true) {
      @Override
      void happen(Project project, Instant now) {
        project.anonymize("bob");
      }
    },
    AUTHENTICATED("user.authenticated", false) {
      @Override
      void happen(Project project, Instant now) {
        String _ = project.signIn("bob");
      }
    },
    CREATED("user.created", false) {
      @Override
      void happen(Project project, Instant now) {
        project.create("frank");
      }
    },
    DELETED("user.deleted", true) {
      @Override
      void happen(Project project, Instant now) {
        project.delete("bob");
      }
    },
    DELETION_SCHEDULED("user.deletion_scheduled", true) {
      @Override
      void happen(Project project, Instant now) {
        project.scheduleDeletion("bob");
      }
    },
    DELETION_UNSCHEDULED("user.deletion_unscheduled", false) {
      @Override
      void happen(Project project, Instant now) {
        project.scheduleDeletion("bob");
        project.unscheduleDeletion("bob");
      }
    },
    DISABLED_TEMPORARILY("user.disabled-temporary", true) {
      @Override
      void happen(Project project, Instant now) {
        project.disableTemporarily("bob", now.minusSeconds(10), now.plusSeconds(3600));
      }
    },
    DISABLED("user.disabled", true) {
      @Override
      void happen(Project project, Instant now) {
        project.disable("bob", "test");
      }
    },
    PROFILE_UPDATED("user.profile.updated", false) {
      @Override
      void happen(Project project, Instant now) {
        project.setAttribute("bob", "name", "New Name");
      }
    },
    REENABLED("user.reenabled", false) {
      @Override
      void happen(Project project, Instant now) {
        project.disable("bob");
        project.enable("bob");
      }
    };

    private final String name;
    private final boolean afterASignIn;

    Delivery(String name, boolean afterASignIn) {
      this.name = name;
      this.afterASignIn = afterASignIn;
    }

    abstract void happen(Project project, Instant now);
  }

  @ParameterizedTest
  @EnumSource(Delivery.class)
  void delivery_saysTheSame(Delivery delivery) throws Exception {
    Message recorded = Message.of("webhook-" + delivery.name + ".http");
    if (delivery.afterASignIn) {
      String _ = project.signIn("bob");
    }
    try (MockWebServer receiver = new MockWebServer()) {
      receiver.start();
      receiver.enqueue(new MockResponse.Builder().build());
      receiver.enqueue(new MockResponse.Builder().build());
      project
          .hooks()
          .configure(receiver.url("/hook").toString(), "throwaway-webhook-secret-0123456");

      delivery.happen(project, clock.instant());

      RecordedRequest request = requireNonNull(receiver.takeRequest(20, TimeUnit.SECONDS));
      String type = recorded.body().path("type").textValue();
      JsonNode body = JSON.readTree(requireNonNull(request.getBody()).utf8());
      if (!body.path("type").textValue().equals(type)) {
        request = requireNonNull(receiver.takeRequest(20, TimeUnit.SECONDS));
        body = JSON.readTree(requireNonNull(request.getBody()).utf8());
      }
      assertThat(event(body)).isEqualTo(event(recorded.body()));
      assertThat(request.getRequestLine()).isEqualTo(recorded.start());
      List<String> names = new ArrayList<>(request.getHeaders().names());
      names.remove("Connection");
      assertThat(names)
          .usingElementComparator(String.CASE_INSENSITIVE_ORDER)
          .containsExactlyInAnyOrderElementsOf(recorded.headers().keySet());
      for (String same : List.of("User-Agent", "Accept-Encoding")) {
        assertThat(request.getHeaders().get(same)).isEqualTo(recorded.headers().get(same));
      }
      assertThat(request.getHeaders().get("Content-Type")).startsWith("application/json");
      assertThat(request.getHeaders().get("Traceparent"))
          .matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01");
    }
  }

  @Test
  void deliveries_thatWereRecorded_areSignedAsOursAre() throws IOException {
    for (Delivery delivery : Delivery.values()) {
      String[] parts = recorded("webhook-" + delivery.name + ".http").split("\r?\n\r?\n", 2);
      String signature =
          Message.of("webhook-" + delivery.name + ".http")
              .headers()
              .get("X-Authgear-Body-Signature");
      assertThat(Webhooks.sign(parts[1].getBytes(UTF_8), "throwaway-webhook-secret-0123456"))
          .as(delivery.name)
          .isEqualTo(signature);
    }
  }

  /** But for the client, the app and the programs that called. */
  private static String event(JsonNode body) {
    return shape(body)
        .toString()
        .replaceAll(
            "\"(app_id|client_id|user_agent|userAgent|displayName|state)\":\"[^\"]*\"",
            "\"$1\":\"X\"");
  }
}
