import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.sandbox.TokenOptions;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Makes the ahead-of-time cache of the image: runs the service as the image does, against the
 * sandbox, sends what a proxy sends, and lets it end. The JVM then writes which classes and methods
 * were used. Fails if an answer is wrong or no cache comes of it.
 *
 * <pre>java -cp SANDBOX_JAR TrainAotCache.java JAVA JVM_OPTIONS JAR CACHE</pre>
 */
public final class TrainAotCache {

  private static final int ROUNDS = 500;
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private TrainAotCache() {}

  public static void main(String[] args) throws Exception {
    Path cache = Path.of(args[3]);
    int port = freePort();
    int management = freePort();
    try (Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(Clock.systemUTC()))) {
      Process service =
          start(
              args,
              Map.of(
                  "AUTHGEAR_ENDPOINT",
                  sandbox.origin(),
                  "AUTHGEAR_RESOLVER_URL",
                  sandbox.resolverUrl(),
                  "AUTHGEAR_LISTEN",
                  "127.0.0.1:" + port,
                  "AUTHGEAR_MANAGEMENT_LISTEN",
                  "127.0.0.1:" + management,
                  "AUTHGEAR_DRAIN",
                  "1s"));
      try {
        awaitReady(service, management);
        traffic(sandbox.project(), port, management);
        service.destroy();
        if (!service.waitFor(5, TimeUnit.MINUTES) || service.exitValue() != 0) {
          throw new IllegalStateException("the service did not end well");
        }
      } finally {
        service.destroyForcibly();
      }
    }
    System.out.println(cache + ": " + Files.size(cache) / 1024 / 1024 + " MB");
    System.exit(0);
  }

  /** With the image's options, but for the one that names the cache which is to be made. */
  private static Process start(String[] args, Map<String, String> environment) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(args[0]);
    Files.readAllLines(Path.of(args[1])).stream()
        .filter(line -> line.startsWith("-") && !line.startsWith("-XX:AOTCache="))
        .forEach(command::add);
    command.addAll(List.of("-XX:AOTCacheOutput=" + args[3], "-jar", args[2]));
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.environment().keySet().removeIf(key -> key.startsWith("AUTHGEAR_"));
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static void awaitReady(Process service, int management) throws Exception {
    while (service.isAlive()) {
      try {
        if (get(management, "/readyz", "", "").statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // Not listening yet.
      }
      Thread.sleep(50);
    }
    throw new IllegalStateException("the service ended");
  }

  private static void traffic(Project project, int port, int management) throws Exception {
    String valid = "Bearer " + project.accessToken("alice");
    String expired =
        "Bearer "
            + project.accessToken("bob", TokenOptions.DEFAULTS.withExpiresIn(Duration.ofHours(-1)));
    String opaque = "Bearer " + project.opaqueToken("bob");
    String cookie = project.sessionCookie("carol");
    for (int i = 0; i < ROUNDS; i++) {
      expect(200, get(port, "/auth", "Authorization", valid));
      expect(401, get(port, "/auth", "", ""));
      expect(401, get(port, "/auth", "Authorization", expired));
      expect(401, get(port, "/auth", "Authorization", "Bearer a.b.c"));
      if (i % 10 == 0) {
        expect(200, get(port, "/auth", "Authorization", "Bearer " + project.accessToken("alice")));
        expect(200, get(port, "/auth", "Authorization", opaque));
        expect(200, get(port, "/auth", "Cookie", cookie));
        expect(403, get(port, "/auth?role=nobody-has-this", "Authorization", valid));
        expect(503, get(port, "/auth?mistake=1", "Authorization", valid));
        expect(503, get(port, "/ext-authz/unknown/a/b?c", "Authorization", valid));
      }
      if (i % 100 == 0) {
        expect(200, get(management, "/metrics", "", ""));
        expect(200, get(management, "/healthz", "", ""));
      }
    }
  }

  private static void expect(int status, HttpResponse<String> answer) {
    if (answer.statusCode() != status) {
      throw new IllegalStateException("expected " + status + ": " + answer);
    }
  }

  private static HttpResponse<String> get(int port, String target, String name, String value)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + target));
    if (!name.isEmpty()) {
      request.header(name, value);
    }
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }
}
