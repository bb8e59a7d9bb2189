package com.authgear.authrequest.follow;

import com.authgear.authrequest.http.FollowHandler;
import com.authgear.authrequest.verify.changes.FollowMessage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** Posts to {@code /hooks/follow} of services, signed. */
final class HookClient implements AutoCloseable {

  private static final MediaType TEXT = MediaType.get("text/plain; charset=utf-8");
  private static final String HMAC = "HmacSHA256";

  private final SecretKeySpec key;
  private final InstantSource clock;
  private final OkHttpClient client;

  HookClient(String secret, Duration timeout, InstantSource clock) {
    this.key = new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), HMAC);
    this.clock = clock;
    this.client =
        new OkHttpClient.Builder()
            .followRedirects(false)
            .followSslRedirects(false)
            .callTimeout(timeout)
            .build();
  }

  /** A service at one address. */
  Recipient at(URI target, InetAddress address) {
    HttpUrl base = HttpUrl.get(target.toString());
    return new Recipient(
        base.newBuilder().encodedPath(FollowHandler.PATH).build(),
        client.newBuilder().dns(_ -> List.of(address)).build());
  }

  /** Where a service is told. */
  final class Recipient {
    private final HttpUrl url;
    private final OkHttpClient connection;

    private Recipient(HttpUrl url, OkHttpClient connection) {
      this.url = url;
      this.connection = connection;
    }

    HttpUrl url() {
      return url;
    }

    /**
     * @return which process took it in
     * @throws IOException if none did; the message says why, and what to look at
     */
    String post(FollowMessage message) throws IOException {
      byte[] body = message.text().getBytes(StandardCharsets.UTF_8);
      String time = Long.toString(clock.millis());
      Request request =
          new Request.Builder()
              .url(url)
              .header(FollowHandler.TIME, time)
              .header(FollowHandler.SIGNATURE, signature(time, body))
              .post(RequestBody.create(body, TEXT))
              .build();
      try (Response response = connection.newCall(request).execute()) {
        String answered = response.header(FollowHandler.INSTANCE);
        if (response.code() != 200 || answered == null) {
          throw new IOException(
              "it answers "
                  + response.code()
                  + (response.code() == 401
                      ? ": is AUTHGEAR_FOLLOW_SECRET the same there, and the time?"
                      : ": does the service have AUTHGEAR_FOLLOW_SECRET?"));
        }
        return answered;
      }
    }
  }

  private String signature(String time, byte[] body) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(key);
      mac.update((time + ".").getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + HMAC, e);
    }
  }

  @Override
  public void close() {
    client.dispatcher().cancelAll();
    client.connectionPool().evictAll();
  }
}
