package com.authgear.authrequest.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.Installed;
import com.authgear.authrequest.support.Programs;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One of the servers in {@code examples/mcp}, with an official SDK. */
final class McpServer implements AutoCloseable {

  private static final Path EXAMPLES = Path.of("examples/mcp");
  private static final String LISTENING = "listening on ";

  private final Process process;
  private final Path errors;
  private final InetSocketAddress address;

  private McpServer(List<String> command, Map<String, String> environment) throws IOException {
    errors = Files.createTempFile("mcp-server", ".log");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
    builder.environment().putAll(environment);
    builder.environment().put("PORT", "0");
    process = builder.start();
    String said = process.inputReader().readLine();
    if (said == null) {
      throw new AssertionError(command + ": " + Files.readString(errors));
    }
    assertThat(said).startsWith(LISTENING);
    URI url = URI.create(said.substring(LISTENING.length()));
    address = new InetSocketAddress(url.getHost(), url.getPort());
  }

  /**
   * The pages, by the TypeScript SDK.
   *
   * @param legacy the SDK's option: what happens to requests of versions before 2026-07-28
   */
  static McpServer typescript(String path, String legacy) throws IOException {
    return new McpServer(
        List.of(
            Programs.require("node").toString(),
            Installed.node(EXAMPLES.resolve("typescript/server.mjs")).toString()),
        Map.of("MCP_PATH", path, "LEGACY", legacy));
  }

  /** The notes, by the Python SDK. */
  static McpServer python(String path) throws IOException {
    return new McpServer(
        List.of(
            Installed.python(EXAMPLES.resolve("python/requirements.txt")).toString(),
            EXAMPLES.resolve("python/server.py").toString()),
        Map.of("MCP_PATH", path, "ALLOWED_HOSTS", "127.0.0.1,localhost"));
  }

  InetSocketAddress address() {
    return address;
  }

  @Override
  public void close() throws IOException {
    process.destroy();
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
