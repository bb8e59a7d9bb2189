package com.authgear.authrequest.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Asks once, to know whether those who are about to be measured say the right thing. */
final class Answers {

  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private Answers() {}

  static HttpResponse<String> ask(String url, String headerLine)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
    if (!headerLine.isEmpty()) {
      String[] field = headerLine.split(": ", 2);
      request.header(field[0], field[1]);
    }
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }

  /** The header lines of an answer that are the same each time. */
  static List<String> fixedLines(HttpResponse<?> answer) {
    return answer.headers().map().entrySet().stream()
        .filter(header -> !header.getKey().equalsIgnoreCase("date"))
        .flatMap(header -> header.getValue().stream().map(value -> header.getKey() + ": " + value))
        .toList();
  }

  /** Identity headers by name. Of the time of login, which is each token's own, only the length. */
  static Map<String, String> identity(HttpResponse<?> answer) {
    Map<String, String> found = new TreeMap<>();
    answer
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              if (name.toLowerCase(Locale.ROOT).startsWith("x-authgear-")) {
                String value = values.getFirst().strip();
                found.put(
                    name.toLowerCase(Locale.ROOT),
                    name.equalsIgnoreCase("x-authgear-session-authenticated-at")
                        ? value.replaceAll("[0-9]", "0")
                        : value);
              }
            });
    return found;
  }

  static String metrics(int managementPort) throws IOException, InterruptedException {
    return ask("http://127.0.0.1:" + managementPort + "/metrics", "").body();
  }
}
