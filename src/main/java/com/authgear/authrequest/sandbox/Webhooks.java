package com.authgear.authrequest.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
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

  private final OkHttpClient http =
      new OkHttpClient.Builder()
          .followRedirects(false)
          .retryOnConnectionFailure(false)
          .callTimeout(Duration.ofSeconds(10))
          .build();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("sandbox-webhooks").factory());

  private final SecureRandom random = new SecureRandom();
  private final Object lock = new Object();
  private final List<byte[]> held = new ArrayList<>();
  private final List<byte[]> sent = new ArrayList<>();
  private @Nullable HttpUrl url;
  private String secret = "";
  private Delivery delivery = Delivery.NORMAL;
  private Duration delay = Duration.ZERO;
  private Announced announced = new Announced(0, "");

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
      return announced;
    }
  }

  /** Sends an event if Authgear sends its type and there is a URL. */
  void announce(Event event) {
    if (!isDelivered(event.type())) {
      return;
    }
    synchronized (lock) {
      if (url == null) {
        return;
      }
      announced = new Announced(event.seq(), event.type());
      byte[] body = event.json();
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

  /** Neither a sign-out nor the end of a session nor anything of the Admin API. */
  private static boolean isDelivered(String type) {
    return !type.startsWith("admin_api.")
        && !type.equals("user.signed_out")
        && !type.equals("user.session.terminated");
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
            .header("User-Agent", "Go-http-client/1.1")
            .header("Traceparent", "00-" + hex(16) + "-" + hex(8) + "-01")
            .header("X-Authgear-Body-Signature", sign(body, secret))
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

  static String sign(byte[] body, String secret) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  private String hex(int bytes) {
    byte[] id = new byte[bytes];
    random.nextBytes(id);
    return HexFormat.of().formatHex(id);
  }

  @Override
  public void close() {
    timer.shutdownNow();
    http.dispatcher().cancelAll();
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
  }
}
