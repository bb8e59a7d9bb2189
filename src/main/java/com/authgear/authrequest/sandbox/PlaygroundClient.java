package com.authgear.authrequest.sandbox;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** Sends the playground's requests. */
final class PlaygroundClient implements AutoCloseable {

  /** More than any echo has. */
  private static final long MAX_BODY_BYTES = 512 * 1024;

  /**
   * An answer.
   *
   * @param headers in the order in which they came; names as they came
   * @param micros from the first byte sent to the last one read
   */
  record HttpAnswer(int status, Map<String, List<String>> headers, String body, long micros) {
    String header(String name) {
      return headers.entrySet().stream()
          .filter(entry -> entry.getKey().equalsIgnoreCase(name))
          .flatMap(entry -> entry.getValue().stream())
          .findFirst()
          .orElse("");
    }
  }

  private final OkHttpClient http =
      new OkHttpClient.Builder()
          .followRedirects(false)
          .retryOnConnectionFailure(true)
          .callTimeout(Duration.ofSeconds(15))
          .build();

  /**
   * Sends a GET.
   *
   * @throws IllegalArgumentException if a header cannot be sent
   */
  HttpAnswer get(String url, Map<String, String> headers) throws IOException {
    Request.Builder request =
        new Request.Builder()
            .url(HttpUrl.get(url))
            .header("User-Agent", "authgear-playground")
            .header("Accept-Encoding", "identity");
    headers.forEach(request::header);
    long start = System.nanoTime();
    try (Response response = http.newCall(request.build()).execute()) {
      String body = response.peekBody(MAX_BODY_BYTES).string();
      long micros = (System.nanoTime() - start) / 1000;
      Map<String, List<String>> received = new LinkedHashMap<>();
      for (String name : response.headers().names()) {
        received.put(name, response.headers(name));
      }
      return new HttpAnswer(response.code(), received, body, micros);
    }
  }

  @Override
  public void close() {
    http.connectionPool().evictAll();
    http.dispatcher().executorService().shutdown();
  }
}
