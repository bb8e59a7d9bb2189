package com.authgear.authrequest.sandbox;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import okhttp3.Headers;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Calls the sandbox over HTTP, as its users do. */
final class SandboxClient implements AutoCloseable {

  record Answer(int status, Headers headers, String body) {
    /** The Authgear headers, without the sandbox's own. */
    Map<String, String> identity() {
      Map<String, String> identity = new TreeMap<>();
      for (String name : headers.names()) {
        if (name.startsWith("x-authgear-") && !name.equals(Sandbox.HEADER)) {
          identity.put(name, String.join("|", headers.values(name)));
        }
      }
      return identity;
    }
  }

  private final OkHttpClient http =
      new OkHttpClient.Builder()
          .followRedirects(false)
          .retryOnConnectionFailure(false)
          .callTimeout(Duration.ofSeconds(30))
          .build();
  private final String address;

  SandboxClient(String address) {
    this.address = address;
  }

  /**
   * @param headers names and values in turn
   */
  Answer get(String pathAndQuery, String... headers) throws IOException {
    return send("GET", pathAndQuery, null, headers);
  }

  Answer post(String pathAndQuery, String body) throws IOException {
    return send("POST", pathAndQuery, RequestBody.create(body.getBytes(US_ASCII)));
  }

  Answer send(String method, String pathAndQuery, @Nullable RequestBody body, String... headers)
      throws IOException {
    Request.Builder request =
        new Request.Builder().url(address + pathAndQuery).method(method, body);
    for (int i = 0; i < headers.length; i += 2) {
      request.addHeader(headers[i], headers[i + 1]);
    }
    try (Response response = http.newCall(request.build()).execute()) {
      return new Answer(response.code(), response.headers(), response.body().string());
    }
  }

  @Override
  public void close() {
    http.connectionPool().evictAll();
    http.dispatcher().executorService().shutdown();
  }
}
