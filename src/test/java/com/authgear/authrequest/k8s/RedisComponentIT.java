package com.authgear.authrequest.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.Programs;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The component's own command and configuration, run by a real Redis; only the place differs. */
class RedisComponentIT {

  private static final Path COMPONENT = Path.of("k8s/components/redis");
  private static final String PASSWORD = "3f786850e387550fdab836ed7e6dc881de23001b";

  @Test
  void command_startsARedisThatAsksForThePassword_andEndsBySigterm() throws Exception {
    Programs.require("redis-server");
    JsonNode command =
        new YAMLMapper()
            .readTree(COMPONENT.resolve("deployment.yaml").toFile())
            .at("/spec/template/spec/containers/0/command");
    assertThat(command.get(0).asText()).isEqualTo("sh");
    // The kubelet would put the password into the command.
    assertThat(command.get(2).asText()).doesNotContain("$(");
    int port = FreePort.find();
    String script =
        command
            .get(2)
            .asText()
            .replace(
                "/etc/redis/redis.conf",
                COMPONENT.resolve("redis.conf").toAbsolutePath().toString())
            .replace("requirepass", "port " + port + "\nbind 127.0.0.1\nrequirepass");
    ProcessBuilder shell = new ProcessBuilder("sh", "-c", script);
    shell.environment().put("REDIS_PASSWORD", PASSWORD);
    Process redis =
        shell.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    try {
      Awaitility.await("Redis to listen")
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> !redis.isAlive() || accepts(port));
      assertThat(answer(port, "PING")).startsWith("-NOAUTH");
      assertThat(answer(port, "AUTH wrong")).startsWith("-WRONGPASS");
      assertThat(answer(port, "AUTH " + PASSWORD)).isEqualTo("+OK");
      assertThat(Files.readString(Path.of("/proc/" + redis.pid() + "/cmdline")))
          .as("the shell has become Redis, so that SIGTERM reaches it")
          .startsWith("redis-server");
    } finally {
      redis.destroy();
    }
    assertThat(redis.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  private static boolean accepts(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private static String answer(int port, String command) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        OutputStream out = socket.getOutputStream();
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      out.write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
      return String.valueOf(in.readLine());
    }
  }
}
