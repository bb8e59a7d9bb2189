package com.authgear.authrequest.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.Installed;
import com.authgear.authrequest.support.Programs;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * An official client in a process of its own, which knows the URL of a server and nothing else. See
 * {@code src/test/mcp/typescript/client.mjs} for what is said between it and the test.
 */
final class McpClient implements AutoCloseable {

  /** Whose clients there are. */
  enum Sdk {
    /** {@code @modelcontextprotocol/sdk}, up to version 2025-11-25 of MCP. */
    TYPESCRIPT_1,
    /** {@code @modelcontextprotocol/client}. */
    TYPESCRIPT_2,
    /** {@code mcp}. */
    PYTHON;

    private List<String> command(String url) {
      Path typescript = Path.of("src/test/mcp/typescript/client.mjs");
      return switch (this) {
        case TYPESCRIPT_1 -> node(typescript, "v1", url);
        case TYPESCRIPT_2 -> node(typescript, "v2", url);
        case PYTHON ->
            List.of(
                Installed.python(Path.of("examples/mcp/python/requirements.txt")).toString(),
                "src/test/mcp/python/client.py",
                url);
      };
    }

    private static List<String> node(Path program, String version, String url) {
      return List.of(
          Programs.require("node").toString(), Installed.node(program).toString(), version, url);
    }
  }

  private static final JsonMapper JSON = new JsonMapper();

  private final Process process;
  private final Path errors;
  private final BufferedReader output;
  private final Writer input;
  private final Function<URI, Optional<URI>> browser;
  private final List<URI> opened = new ArrayList<>();

  /**
   * @param browser gets a page and says where its user ended; empty if the user closed it
   */
  McpClient(Sdk sdk, String url, Function<URI, Optional<URI>> browser) throws IOException {
    this.browser = browser;
    errors = Files.createTempFile("mcp-client", ".log");
    process = new ProcessBuilder(sdk.command(url)).redirectError(errors.toFile()).start();
    output = process.inputReader();
    input = process.outputWriter();
    // One that waits for what never comes shall not keep the test waiting.
    CompletableFuture.delayedExecutor(2, TimeUnit.MINUTES).execute(process::destroyForcibly);
  }

  /** What came of a command: a result, or why there is none. */
  record Outcome(JsonNode result, Optional<String> failure) {

    /** What a tool said. */
    String text() {
      assertThat(failure).isEmpty();
      return result.path("text").asText();
    }

    List<Integer> progress() {
      return result.path("progress").valueStream().map(JsonNode::asInt).toList();
    }
  }

  /** The pages that it sent its user to, in order. */
  List<URI> opened() {
    return List.copyOf(opened);
  }

  Outcome connect() {
    return command("connect", Map.of());
  }

  Outcome call(String tool, Map<String, Object> arguments) {
    return command("call", Map.of("tool", tool, "args", arguments));
  }

  List<String> tools() {
    return succeed("tools").valueStream().map(JsonNode::asText).toList();
  }

  /** The access token that it has now. */
  String token() {
    return succeed("token").asText();
  }

  JsonNode succeed(String command) {
    Outcome outcome = command(command, Map.of());
    assertThat(outcome.failure()).isEmpty();
    return outcome.result();
  }

  Outcome command(String name, Map<String, Object> parameters) {
    ObjectNode command = JSON.valueToTree(parameters);
    try {
      send(command.put("do", name));
      for (; ; ) {
        JsonNode line = receive();
        if (line.has("open")) {
          URI page = URI.create(line.get("open").asText());
          opened.add(page);
          ObjectNode answer = JSON.createObjectNode();
          send(answer.put("callback", browser.apply(page).map(URI::toString).orElse(null)));
        } else {
          return new Outcome(
              line.path("result"), Optional.ofNullable(line.get("failed")).map(JsonNode::asText));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void send(JsonNode line) throws IOException {
    input.write(line + "\n");
    input.flush();
  }

  private JsonNode receive() throws IOException {
    String line = output.readLine();
    if (line == null) {
      throw new AssertionError("the client ended: " + Files.readString(errors));
    }
    return JSON.readTree(line);
  }

  @Override
  public void close() throws IOException {
    process.outputWriter().close();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    Files.delete(errors);
  }
}
