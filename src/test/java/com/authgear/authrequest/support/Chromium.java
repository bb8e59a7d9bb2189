package com.authgear.authrequest.support;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A real Chromium without a window, with one tab, driven by the DevTools protocol. A test that
 * starts it is skipped where there is none, unless the environment says {@code
 * REQUIRE_PROGRAMS=true}.
 */
public final class Chromium implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final Path folder;
  private final HttpClient http = HttpClient.newHttpClient();
  private final AtomicInteger lastId = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> asked = new ConcurrentHashMap<>();
  private final List<JsonNode> events = new CopyOnWriteArrayList<>();
  private final WebSocket socket;
  private final @Nullable String session;

  private Chromium(Path program) throws IOException {
    folder = Files.createTempDirectory("chromium");
    process =
        new ProcessBuilder(
                program.toString(),
                "--headless=new",
                "--no-sandbox", // for root, as in containers
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-extensions",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--no-default-browser-check",
                "--no-proxy-server",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--remote-debugging-address=127.0.0.1",
                "--remote-debugging-port=0",
                "--user-data-dir=" + folder.resolve("profile"),
                "about:blank")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile())
            .start();
    try {
      socket = connect();
      String target =
          send(null, "Target.createTarget", Map.of("url", "about:blank")).text("targetId");
      session =
          send(null, "Target.attachToTarget", Map.of("targetId", target, "flatten", true))
              .text("sessionId");
      for (String domain : List.of("Page", "Runtime", "Network", "Log", "DOM", "Accessibility")) {
        send(domain + ".enable", Map.of());
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  public static Chromium start() {
    try {
      return new Chromium(Programs.require("chromium"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The result of a command. */
  public record Result(JsonNode json) {
    String text(String name) {
      return json.path(name).asText();
    }
  }

  private WebSocket connect() {
    Path where = folder.resolve("profile").resolve("DevToolsActivePort");
    Awaitility.await("chromium to listen")
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> Files.exists(where) && Files.readAllLines(where).size() == 2);
    try {
      List<String> lines = Files.readAllLines(where);
      return http.newWebSocketBuilder()
          .buildAsync(URI.create("ws://127.0.0.1:" + lines.get(0) + lines.get(1)), new Messages())
          .join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Messages implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        try {
          JsonNode message = JSON.readTree(text.toString());
          if (message.has("id")) {
            CompletableFuture<JsonNode> waiting = asked.remove(message.get("id").intValue());
            if (waiting != null) {
              waiting.complete(message);
            }
          } else {
            events.add(message);
          }
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        } finally {
          text.setLength(0);
        }
      }
      from.request(1);
      return null;
    }
  }

  /** A command for the tab. */
  public Result send(String method, Map<String, Object> parameters) {
    return send(session, method, parameters);
  }

  private Result send(@Nullable String tab, String method, Map<String, Object> parameters) {
    int id = lastId.incrementAndGet();
    ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
    message.set("params", JSON.valueToTree(parameters));
    if (tab != null) {
      message.put("sessionId", tab);
    }
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    asked.put(id, answer);
    try {
      socket.sendText(message.toString(), true).join();
      JsonNode json = answer.get(60, TimeUnit.SECONDS);
      assertThat(json.has("error")).as("%s: %s", method, json).isFalse();
      return new Result(json.path("result"));
    } catch (ExecutionException | TimeoutException | InterruptedException e) {
      throw new AssertionError(method, e);
    }
  }

  /** Goes to a page, as wide as given, and waits until it is loaded. */
  public void open(String url, int width, int height) {
    size(width, height);
    send("Page.navigate", Map.of("url", url));
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(
            () ->
                evaluate("location.href + document.readyState").asText().equals(url + "complete"));
  }

  public void size(int width, int height) {
    send(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  /** The value of an expression, as JSON. */
  public JsonNode evaluate(String expression) {
    JsonNode answer =
        send(
                "Runtime.evaluate",
                Map.of("expression", expression, "returnByValue", true, "awaitPromise", true))
            .json();
    assertThat(answer.has("exceptionDetails")).as("%s: %s", expression, answer).isFalse();
    return answer.path("result").path("value");
  }

  /** Presses a key of a keyboard. */
  public void press(String key, int code) {
    String text = key.equals("Enter") ? "\r" : key.equals(" ") ? " " : "";
    for (String type : List.of("keyDown", "keyUp")) {
      send(
          "Input.dispatchKeyEvent",
          Map.of(
              "type",
              type,
              "key",
              key,
              "code",
              key.equals(" ") ? "Space" : key,
              "windowsVirtualKeyCode",
              code,
              "text",
              type.equals("keyDown") ? text : ""));
    }
  }

  /** What the browser told by itself, of one kind, such as {@code Network.requestWillBeSent}. */
  public List<JsonNode> events(String method) {
    return events.stream()
        .filter(event -> event.path("method").asText().equals(method))
        .map(event -> event.path("params"))
        .toList();
  }

  public void forgetEvents() {
    events.clear();
  }

  /** The whole page as PNG. */
  public byte[] screenshot() {
    return Base64.getDecoder()
        .decode(
            send("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true))
                .text("data"));
  }

  @Override
  public void close() {
    // The children end with their parent; killed, it leaves none behind either.
    Stream.concat(process.descendants(), Stream.of(process.toHandle()))
        .toList()
        .forEach(ProcessHandle::destroyForcibly);
    try {
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    http.close();
    Awaitility.await().ignoreExceptions().until(() -> delete(folder));
  }

  private static boolean delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
    return true;
  }
}
