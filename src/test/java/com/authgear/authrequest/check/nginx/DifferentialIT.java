package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.Programs;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code check nginx} says against what nginx does: random servers run in a real nginx, in
 * front of a backend that says which path and which identity it got. Nobody is let in by the
 * service here; so whoever sees the backend at a protected path got past the check. A user is let
 * in elsewhere, and no identity of the client's may arrive.
 */
class DifferentialIT {
  private static final long SEEDS = Long.getLong("nginx.seeds", 150);
  private static final long FROM = Long.getLong("nginx.from", 1);

  private static final Set<Hazard> POSSIBLE =
      Set.of(Hazard.REDIRECT_TARGET_OPEN, Hazard.HEADER_NOT_CLEARED, Hazard.HEADER_NOT_SET);

  @Test
  void check_randomServers_saysWhatNginxDoes(@TempDir Path folder) throws Exception {
    Path program = Programs.require("nginx");
    List<RandomServers.Generated> servers =
        LongStream.range(FROM, FROM + SEEDS).mapToObj(RandomServers::of).toList();
    int backend;
    List<String> wrong = new ArrayList<>();
    try (Answering service = new Answering(DifferentialIT::decided);
        Answering site = new Answering(DifferentialIT::echoed)) {
      backend = site.port();
      List<Path> sockets = servers.stream().map(one -> folder.resolve("s" + one.seed())).toList();
      for (String file : List.of("", "a/", "a/c/", "b/", "x9/", "a/x9/", "a/c/x9/", "b/x9/")) {
        Path page = folder.resolve("root").resolve(file + "x.php");
        Files.createDirectories(page.getParent());
        Files.writeString(page, "file");
      }
      String conf = conf(folder, servers, sockets, service.port(), backend);
      Files.writeString(folder.resolve("nginx.conf"), conf);
      Process nginx =
          new ProcessBuilder(
                  program.toString(),
                  "-p",
                  folder.toString(),
                  "-c",
                  folder + "/nginx.conf",
                  "-e",
                  folder + "/error.log")
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("output").toFile())
              .start();
      try {
        Awaitility.await("nginx to listen")
            .atMost(30, TimeUnit.SECONDS)
            .until(() -> !nginx.isAlive() || accepts(sockets.getLast()));
        assertThat(nginx.isAlive()).as(Files.readString(folder.resolve("output"))).isTrue();
        for (int i = 0; i < servers.size(); i++) {
          compare(servers.get(i), sockets.get(i), service.port(), backend, folder)
              .ifPresent(wrong::add);
        }
      } finally {
        nginx.destroy();
        assertThat(nginx.waitFor(20, TimeUnit.SECONDS)).isTrue();
      }
    }
    assertThat(wrong).as(wrong.size() + " of " + servers.size()).isEmpty();
  }

  private static Optional<String> compare(
      RandomServers.Generated server, Path socket, int service, int backend, Path folder)
      throws IOException {
    List<String> gotIn = new ArrayList<>();
    boolean files = false;
    for (String path : server.paths()) {
      for (String user : List.of("nobody", "forbidden")) {
        String answer = get(socket, path, user);
        files |= answer.equals("file");
        if (answer.contains("got " + path + " ")
            || answer.contains("x9")
            || (path.length() > 1 && answer.contains(path))) {
          gotIn.add(path + " -> " + answer);
        }
      }
    }
    List<String> forged = new ArrayList<>();
    for (String path : server.headerPaths()) {
      String answer = get(socket, path, "yes");
      if (answer.contains("as evil")) {
        forged.add(path + " -> " + answer);
      }
    }
    NginxCheck result =
        NginxCheck.of(
            "stdin",
            http(folder, block(server, socket, backend), service, backend),
            Expected.DEFAULTS);
    List<NginxFinding> errors =
        ((NginxCheck.Checked) result)
            .findings().stream()
                .filter(finding -> finding.hazard().severity() == Severity.ERROR)
                .filter(finding -> finding.hazard() != Hazard.AMBIGUOUS_PATHS)
                .toList();
    boolean happened = !gotIn.isEmpty() || !forged.isEmpty();
    // A file that is shown to nobody in particular may be what its location protects, or another's.
    if (happened != errors.isEmpty() || isOnlyPossible(errors) || (files && !errors.isEmpty())) {
      return Optional.empty();
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "\nseed %d\ngot in: %s\nforged: %s\nerrors: %s\n%s",
            server.seed(),
            gotIn,
            forged,
            errors,
            server.body()));
  }

  /**
   * What is an error although no request of these shows it: a location that is open although
   * another's requests end there, and headers that are forgotten where no request gets to yet.
   */
  private static boolean isOnlyPossible(List<NginxFinding> errors) {
    return !errors.isEmpty()
        && errors.stream().map(NginxFinding::hazard).allMatch(POSSIBLE::contains);
  }

  // nginx and what stands around it.

  private static String conf(
      Path folder,
      List<RandomServers.Generated> servers,
      List<Path> sockets,
      int service,
      int backend) {
    StringBuilder blocks = new StringBuilder();
    for (int i = 0; i < servers.size(); i++) {
      blocks.append(block(servers.get(i), sockets.get(i), backend));
    }
    String user = System.getProperty("user.name").equals("root") ? "user root;" : "";
    return String.format(
            Locale.ROOT,
            "daemon off; worker_processes 1; pid %s/pid; %s events { worker_connections 2000; }\n",
            folder,
            user)
        + http(folder, blocks.toString(), service, backend);
  }

  private static String http(Path folder, String blocks, int service, int backend) {
    StringBuilder temp = new StringBuilder();
    for (String name : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
      temp.append(String.format(Locale.ROOT, "%s_temp_path %s/%s;", name, folder, name));
    }
    return String.format(
            Locale.ROOT,
            "http { access_log off; %s large_client_header_buffers 4 20k;"
                + " upstream backend { server 127.0.0.1:%d; }"
                + " upstream authgear_auth { server 127.0.0.1:%d; keepalive 8; }\n%s}\n",
            temp,
            backend,
            service,
            blocks)
        .replace("ROOT", folder + "/root");
  }

  private static String block(RandomServers.Generated server, Path socket, int backend) {
    return String.format(
        Locale.ROOT,
        "server { listen unix:%s;\nlocation ^~ /_authgear/auth { internal; error_page 599"
            + " =500 /; proxy_buffer_size 8k; proxy_pass http://authgear_auth/auth;"
            + " proxy_pass_request_body off; proxy_set_header Content-Length \"\"; }\n%s}\n",
        socket,
        server.body().replace("BACKEND", String.valueOf(backend)));
  }

  private static boolean accepts(Path socket) {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      return channel.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** The body of the answer. */
  private static String get(Path socket, String path, String user) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      StringBuilder request =
          new StringBuilder("GET " + path + " HTTP/1.0\r\nHost: x\r\nx-user: " + user + "\r\n");
      RandomServers.IDENTITY.forEach(header -> request.append(header).append(": evil\r\n"));
      channel.write(
          ByteBuffer.wrap(request.append("\r\n").toString().getBytes(StandardCharsets.UTF_8)));
      String answer =
          new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
      return answer.substring(answer.indexOf("\r\n\r\n") + 4).strip();
    }
  }

  /** Lets a user in who says so. */
  private static String decided(List<String> request) {
    boolean user = request.contains("x-user: yes");
    boolean forbidden = request.contains("x-user: forbidden");
    return (user
            ? "HTTP/1.0 200 OK\r\nx-authgear-user-id: bob"
            : forbidden ? "HTTP/1.0 403 No" : "HTTP/1.0 401 No")
        + "\r\nContent-Length: 0\r\n\r\n";
  }

  private static String echoed(List<String> request) {
    boolean evil =
        request.stream()
            .anyMatch(line -> line.startsWith("x-authgear-") && line.endsWith(": evil"));
    String body = "got " + request.getFirst().split(" ", -1)[1] + " as " + (evil ? "evil" : "told");
    return "HTTP/1.0 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  /** One answer for each connection. */
  private static final class Answering implements AutoCloseable {
    private final ServerSocket socket = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    private final Thread thread;

    Answering(Function<List<String>, String> answer) throws IOException {
      this.thread =
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (!socket.isClosed()) {
                      answer(answer);
                    }
                  });
    }

    private void answer(Function<List<String>, String> answer) {
      try (Socket client = socket.accept()) {
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
        List<String> lines = new ArrayList<>();
        for (String line = reader.readLine();
            line != null && !line.isEmpty();
            line = reader.readLine()) {
          lines.add(line);
        }
        if (!lines.isEmpty()) {
          client.getOutputStream().write(answer.apply(lines).getBytes(StandardCharsets.ISO_8859_1));
        }
      } catch (IOException e) {
        // The client went away, or the test is over.
      }
    }

    int port() {
      return socket.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      socket.close();
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
