package com.authgear.authrequest.verify;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okio.Buffer;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/**
 * One look at what answers at a URL, for whoever wants to know why something does not work. Asks as
 * a project's public origin, as the fetch of the keys does. No redirect is followed.
 */
public final class HttpProbe {

  /** The first bytes are enough to know what it is. */
  private static final int MOST = 256 * 1024;

  private HttpProbe() {}

  /** What became of it. */
  public sealed interface ProbeResult {}

  /**
   * An answer of any kind.
   *
   * @param redirect the origin of {@code Location}; null if there is none or it is no URL
   * @param contentType without parameters, in lower case; empty if there is none
   * @param date of the server; null if it told none
   * @param body its beginning
   */
  public record Answered(
      int status,
      @Nullable String redirect,
      String contentType,
      @Nullable Instant date,
      String body)
      implements ProbeResult {}

  /** No answer. */
  public record Failed(IOException cause) implements ProbeResult {}

  /**
   * Asks, and waits for a bounded time.
   *
   * @param origin where to connect
   * @param path begins with a slash
   * @param publicOrigin named in {@code Host} and {@code X-Forwarded-*}
   */
  public static ProbeResult get(URI origin, String path, URI publicOrigin, Duration timeout) {
    OkHttpClient client =
        new OkHttpClient.Builder()
            .followRedirects(false)
            .followSslRedirects(false)
            .callTimeout(timeout)
            .build();
    HttpUrl known = HttpUrl.get(publicOrigin.toString());
    String host = LoggedUrl.authority(known);
    Request request =
        new Request.Builder()
            .url(HttpUrl.get(origin + path))
            .header("Accept", "application/json")
            .header("Host", host)
            .header("X-Forwarded-Host", host)
            .header("X-Forwarded-Proto", known.scheme())
            .build();
    try (Response response = client.newCall(request).execute()) {
      String location = response.header("Location");
      HttpUrl target = location == null ? null : known.resolve(location);
      String type = response.header("Content-Type", "");
      return new Answered(
          response.code(),
          target == null ? null : LoggedUrl.origin(target),
          type == null
              ? ""
              : type.replaceFirst(";.*", "").strip().toLowerCase(java.util.Locale.ROOT),
          response.headers().getInstant("Date"),
          beginning(response.body().source()));
    } catch (IOException e) {
      return new Failed(e);
    } finally {
      client.connectionPool().evictAll();
    }
  }

  private static String beginning(BufferedSource source) throws IOException {
    Buffer body = new Buffer();
    while (body.size() < MOST && source.read(body, 8192) >= 0) {
      // until there is no more
    }
    return body.readUtf8();
  }
}
