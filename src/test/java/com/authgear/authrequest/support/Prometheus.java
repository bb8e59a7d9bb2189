package com.authgear.authrequest.support;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A real Prometheus on loopback that scrapes a few addresses and evaluates rules, both each second,
 * in a folder of its own. A test that starts it is skipped where it is not installed, unless the
 * environment says {@code REQUIRE_PROGRAMS=true}.
 */
public final class Prometheus implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final int port = FreePort.find();
  private final RunningProgram process;

  /**
   * Starts it and waits until it is ready.
   *
   * @param targets hosts and ports whose {@code /metrics} are scraped
   * @param rules a file of rules
   */
  public Prometheus(List<String> targets, Path rules) {
    Path program = Programs.require("prometheus");
    try {
      Path folder = Files.createTempDirectory("prometheus");
      Path config = folder.resolve("prometheus.yml");
      Files.writeString(
          config,
          """
          global:
            scrape_interval: 1s
            evaluation_interval: 1s
          rule_files:
            - RULES
          scrape_configs:
            - job_name: auth
              static_configs:
                - targets: TARGETS
          """
              .replace("RULES", rules.toAbsolutePath().toString())
              .replace("TARGETS", "[" + String.join(", ", targets) + "]"));
      process =
          RunningProgram.start(
              folder,
              List.of(
                  program.toString(),
                  "--config.file=" + config,
                  "--storage.tsdb.path=" + folder.resolve("data"),
                  "--web.listen-address=127.0.0.1:" + port),
              Map.of());
      process.awaitThat(Duration.ofSeconds(60), this::isReady);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isReady() {
    try {
      return http.send(request("/-/ready"), BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false; // not yet
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private HttpRequest request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .timeout(Duration.ofSeconds(20))
        .build();
  }

  private JsonNode data(String path) {
    try {
      String body = http.send(request(path), BodyHandlers.ofString()).body();
      JsonNode answer = JSON.readTree(body);
      if (!answer.path("status").asText().equals("success")) {
        throw new AssertionError(path + ": " + body);
      }
      return answer.path("data");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The values of a query's series now; those that are not numbers are left out. */
  public List<Double> query(String query) {
    List<Double> values = new ArrayList<>();
    for (JsonNode series :
        data("/api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8))
            .path("result")) {
      double value = Double.parseDouble(series.path("value").path(1).asText());
      if (!Double.isNaN(value)) {
        values.add(value);
      }
    }
    return values;
  }

  /** The rules as Prometheus knows them: name, query, health, and so on. */
  public List<JsonNode> rules() {
    List<JsonNode> rules = new ArrayList<>();
    data("/api/v1/rules").path("groups").forEach(group -> group.path("rules").forEach(rules::add));
    return rules;
  }

  @Override
  public void close() {
    process.close();
    http.close();
  }
}
