package com.authgear.authrequest.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * The project's webhooks: signed, delivered once, in the background, without a retry. {@link
 * Delivery} makes them as bad as Authgear's may be. Thread-safe.
 */
public final class Webhooks implements AutoCloseable {

  /** What becomes of the next events. */
  public enum Delivery {
    NORMAL,
    /** They are never sent. */
    LOSE,
    /** They are sent twice. */
    DOUBLE,
    /** They wait for {@link #release}, which sends them. */
    HOLD
  }

  /**
   * The last event.
   *
   * @param seq its number; 0 if there was none yet
   */
  record Announced(long seq, String type) {}

  private static final MediaType JSON_TYPE = MediaType.get("application/json");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final OkHttpClient http =
      new OkHttpClient.Builder()
          .followRedirects(false)
          .retryOnConnectionFailure(false)
          .callTimeout(Duration.ofSeconds(10))
          .build();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("sandbox-webhooks").factory());

  private final Object lock = new Object();
  private final List<byte[]> held = new ArrayList<>();
  private final List<byte[]> sent = new ArrayList<>();
  private @Nullable HttpUrl url;
  private String secret = "";
  private Delivery delivery = Delivery.NORMAL;
  private Duration delay = Duration.ZERO;
  private long seq;
  private String lastType = "";

  Webhooks() {}

  /** From now on events go there, signed with the secret. */
  public void configure(String hookUrl, String hookSecret) {
    synchronized (lock) {
      url = HttpUrl.get(hookUrl);
      secret = hookSecret;
    }
  }

  /**
   * @param before how long each delivery takes to begin
   */
  public void deliver(Delivery how, Duration before) {
    synchronized (lock) {
      delivery = how;
      delay = before;
    }
  }

  /**
   * Sends what was held.
   *
   * @param reversed the newest first
   */
  public void release(boolean reversed) {
    synchronized (lock) {
      List<byte[]> bodies = new ArrayList<>(held);
      held.clear();
      if (reversed) {
        Collections.reverse(bodies);
      }
      bodies.forEach(this::post);
    }
  }

  /** Sends every event once more that was ever sent, as someone might who recorded them. */
  public void replay() {
    synchronized (lock) {
      sent.forEach(this::sendLater);
    }
  }

  Delivery delivery() {
    synchronized (lock) {
      return delivery;
    }
  }

  /** The last event, sent or not. */
  Announced announced() {
    synchronized (lock) {
      return new Announced(seq, lastType);
    }
  }

  /** An event about a user; nothing happens without a configured URL. */
  void announce(String type, User user, Instant now) {
    synchronized (lock) {
      if (url == null) {
        return;
      }
      byte[] body = body(type, user, now, ++seq);
      lastType = type;
      switch (delivery) {
        case NORMAL -> post(body);
        case LOSE -> {}
        case DOUBLE -> {
          post(body);
          post(body);
        }
        case HOLD -> held.add(body);
      }
    }
  }

  private void post(byte[] body) {
    sent.add(body);
    sendLater(body);
  }

  private void sendLater(byte[] body) {
    HttpUrl target = url;
    if (target == null) {
      return;
    }
    Request request =
        new Request.Builder()
            .url(target)
            .header("x-authgear-body-signature", sign(body))
            .post(RequestBody.create(body, JSON_TYPE))
            .build();
    ScheduledFuture<?> _ =
        timer.schedule(() -> send(request), delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** One after the other, so that their order is the one that was asked for. */
  private void send(Request request) {
    try (Response _ = http.newCall(request).execute()) {
      // Whatever the answer: Authgear has no retry.
    } catch (IOException _) {
      // Lost.
    }
  }

  private String sign(byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  private static byte[] body(String type, User user, Instant now, long seq) {
    Map<String, @Nullable Object> person = new LinkedHashMap<>();
    person.put("id", user.id());
    person.put("is_anonymous", user.anonymous());
    person.put("is_verified", user.verified());
    person.put("is_disabled", !user.isUsable(now));
    person.put("is_deactivated", false);
    person.put("is_anonymized", false);
    person.put("can_reauthenticate", user.canReauthenticate());
    person.put("roles", user.roles());
    putTime(person, "temporarily_disabled_from", user.disabledFrom());
    putTime(person, "temporarily_disabled_until", user.disabledUntil());
    putTime(person, "account_valid_from", user.validFrom());
    putTime(person, "account_valid_until", user.validUntil());
    Map<String, Object> event = new LinkedHashMap<>();
    event.put("id", String.format(Locale.ROOT, "%016x", seq));
    event.put("seq", seq);
    event.put("type", type);
    event.put("payload", Map.of("user", person));
    event.put(
        "context",
        Map.of(
            "timestamp", now.getEpochSecond(), "app_id", "sandbox", "triggered_by", "admin_api"));
    try {
      return JSON.writeValueAsBytes(event);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("maps of strings and numbers are JSON", e);
    }
  }

  private static void putTime(
      Map<String, @Nullable Object> person, String name, @Nullable Instant time) {
    if (time != null) {
      person.put(name, time.toString());
    }
  }

  /** The event that tells a change, or null if Authgear has none. */
  static @Nullable String typeOf(User before, User after) {
    boolean sameSpan =
        Objects.equals(before.disabledFrom(), after.disabledFrom())
            && Objects.equals(before.disabledUntil(), after.disabledUntil());
    if (before.status() != after.status()) {
      return switch (after.status()) {
        case ACTIVE -> "user.reenabled";
        case DISABLED -> "user.disabled";
        case DELETED -> "user.deleted";
      };
    }
    if (!sameSpan) {
      return after.disabledFrom() == null && after.disabledUntil() == null
          ? "user.reenabled"
          : "user.disabled";
    }
    // Roles are never announced; the rest is an edited profile.
    return before.withRoles(List.of()).equals(after.withRoles(List.of()))
        ? null
        : "user.profile.updated";
  }

  @Override
  public void close() {
    timer.shutdownNow();
    http.dispatcher().cancelAll();
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
  }
}
