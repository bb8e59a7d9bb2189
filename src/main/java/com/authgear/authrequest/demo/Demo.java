package com.authgear.authrequest.demo;

import com.authgear.authrequest.follow.FollowCommand;
import com.authgear.authrequest.http.HookHandler;
import com.authgear.authrequest.sandbox.AuthorizationServer;
import com.authgear.authrequest.sandbox.DemoSite;
import com.authgear.authrequest.sandbox.DemoSite.Access;
import com.authgear.authrequest.sandbox.DemoSite.DemoLocation;
import com.authgear.authrequest.sandbox.EchoBackend;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.FollowSettings;
import com.authgear.authrequest.settings.FollowSettingsReader;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The whole story on one machine, on loopback only: sandbox, service, follower, a backend that
 * shows what it received and, where nginx is installed, nginx with the shipped configuration.
 */
public final class Demo implements AutoCloseable {

  private static final String HOOK_SECRET = "known-to-everyone-here";

  /** After this line of the shipped nginx.conf, in its server. */
  private static final String INCLUDED = "include authgear/server.conf;\n";

  private static final String FOLLOW_SECRET = "known-to-everyone-here-too";

  /** Where login.conf takes the browser back. */
  private static final String LOGIN_ENDS = "/_authgear/login";

  private static final String RECHECK = "10s";
  private static final String CACHE_TTL = "5s";

  /** In addition to those of the shipped nginx.conf, one for each kind of requirement. */
  private static final List<DemoLocation> MORE_LOCATIONS =
      List.of(
          new DemoLocation(
              "/admin/", "users with the role admin", new Access.Policy("admin", "role=admin")),
          new DemoLocation(
              "/settings/",
              "users, signed in within a minute",
              new Access.Policy("step_up", "max_age=60")),
          new DemoLocation(
              "/catalog/",
              "everyone; users are known",
              new Access.Policy("guest", "optional=true")),
          new DemoLocation(
              "/machines/",
              "machines only",
              new Access.Policy("machine", "principal=client&audience=https://api.example.com")));

  private static final List<DemoLocation> LOCATIONS =
      Stream.of(
              List.of(new DemoLocation("/", "every user", new Access.AnyUser())),
              MORE_LOCATIONS,
              List.of(new DemoLocation("/public/", "everyone, unasked", new Access.Open())))
          .flatMap(List::stream)
          .toList();

  private static final List<String> NGINX_FILES =
      List.of(
          "nginx.conf",
          "authgear/ask.conf",
          "authgear/facts.conf",
          "authgear/http.conf",
          "authgear/identity.conf",
          "authgear/login.conf",
          "authgear/protect.conf",
          "authgear/proxy.conf",
          "authgear/public.conf",
          "authgear/refuse.conf",
          "authgear/server.conf",
          "authgear/strip-credentials.conf",
          "authgear/tell.conf");

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final Ports ports;
  private final @Nullable Path nginx = nginxProgram();

  private Demo(Ports ports) {
    this.ports = ports;
  }

  /** Where each part listens on loopback. */
  public record Ports(
      int nginx,
      int service,
      int management,
      int sandbox,
      int resolver,
      int adminApi,
      int backend) {
    public static final Ports DEFAULT = new Ports(8000, 8080, 8081, 8090, 8091, 8092, 9000);
  }

  /** Starts everything, or leaves nothing running. */
  public static Demo start(InstantSource clock, String version, Ports ports)
      throws IOException, InterruptedException {
    Demo demo = new Demo(ports);
    demo.requireFreePorts();
    try {
      demo.startParts(clock, version);
    } catch (IOException | RuntimeException e) {
      demo.close();
      throw new IOException("the demo did not start: " + e.getMessage(), e);
    }
    return demo;
  }

  private void startParts(InstantSource clock, String version)
      throws IOException, InterruptedException {
    Sandbox sandbox = startSandbox(clock);
    startBackend();
    parts.push(Service.start(settings(environment(sandbox)), clock, version));
    sandbox
        .project()
        .hooks()
        .configure("http://127.0.0.1:" + ports.service + HookHandler.PATH, HOOK_SECRET);
    parts.push(FollowCommand.start(followSettings(sandbox), clock));
    if (nginx != null) {
      sandbox.authorizationServer().addWebsite(site() + LOGIN_ENDS, site() + "/public/");
      startNginx(nginx, ports.nginx, ports.service, ports.backend);
    }
  }

  /** So that all are named at once, and before anything has started. */
  private void requireFreePorts() throws IOException {
    Map<String, Integer> wanted = new LinkedHashMap<>();
    if (nginx != null) {
      wanted.put("nginx", ports.nginx);
    }
    wanted.put("service", ports.service);
    wanted.put("its metrics", ports.management);
    wanted.put("sandbox", ports.sandbox);
    wanted.put("its resolver", ports.resolver);
    wanted.put("its Admin API", ports.adminApi);
    wanted.put("backend", ports.backend);
    List<String> taken = new ArrayList<>();
    wanted.forEach(
        (part, port) -> {
          try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
          } catch (IOException _) {
            taken.add(port + " (" + part + ")");
          }
        });
    if (!taken.isEmpty()) {
      throw new IOException(
          "the demo needs ports of 127.0.0.1 that are not free: " + String.join(", ", taken));
    }
  }

  private Sandbox startSandbox(InstantSource clock) throws IOException {
    AtomicReference<Sandbox> started = new AtomicReference<>();
    Service.listen(
        () ->
            started.set(
                Sandbox.start(
                    SandboxOptions.loopback(clock)
                        .withPort(ports.sandbox)
                        .withResolverPort(ports.resolver)
                        .withAdminApiPort(ports.adminApi),
                    new DemoSite(
                        throughNginx() ? site() : null,
                        "http://127.0.0.1:" + ports.service,
                        LOCATIONS,
                        RECHECK,
                        CACHE_TTL))),
        "127.0.0.1:" + ports.sandbox);
    parts.push(started.get());
    return started.get();
  }

  private void startBackend() throws IOException {
    Service.listen(
        () -> parts.push(EchoBackend.start(ports.backend)), "127.0.0.1:" + ports.backend);
  }

  private Map<String, String> environment(Sandbox sandbox) {
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:" + ports.service);
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:" + ports.management);
    environment.put("AUTHGEAR_WEBHOOK_SECRET", HOOK_SECRET);
    environment.put("AUTHGEAR_RECHECK", RECHECK);
    environment.put("AUTHGEAR_FRESHNESS", "2s");
    environment.put("AUTHGEAR_FOLLOW_SECRET", FOLLOW_SECRET);
    environment.put("AUTHGEAR_RESOLVER_CACHE_TTL", CACHE_TTL);
    environment.put("AUTHGEAR_LOG_FORMAT", "text");
    for (DemoLocation location : MORE_LOCATIONS) {
      if (location.access() instanceof Access.Policy(var name, var requirement)) {
        environment.put("AUTHGEAR_POLICY_" + name.toUpperCase(Locale.ROOT), requirement);
      }
    }
    return environment;
  }

  private static Settings settings(Map<String, String> environment) {
    return switch (SettingsReader.read(environment)) {
      case Accepted accepted -> accepted.settings();
      case Refused refused -> throw new IllegalStateException(refused.report());
    };
  }

  private FollowSettings followSettings(Sandbox sandbox) {
    Map<String, String> environment =
        Map.of(
            "AUTHGEAR_ENDPOINT", sandbox.origin(),
            "AUTHGEAR_ADMIN_API_URL", sandbox.adminApiUrl(),
            "AUTHGEAR_ADMIN_API_APP_ID", sandbox.adminApiAppId(),
            "AUTHGEAR_ADMIN_API_KEY_ID", sandbox.adminApiKeyId(),
            "AUTHGEAR_ADMIN_API_KEY", sandbox.adminApiKey(),
            "AUTHGEAR_FOLLOW_TARGETS", "http://127.0.0.1:" + ports.service,
            "AUTHGEAR_FOLLOW_SECRET", FOLLOW_SECRET,
            "AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    return switch (FollowSettingsReader.read(environment)) {
      case FollowSettingsReader.Accepted accepted -> accepted.settings();
      case FollowSettingsReader.Refused refused ->
          throw new IllegalStateException(refused.report());
    };
  }

  private static @Nullable Path nginxProgram() {
    String path = System.getenv().getOrDefault("PATH", "") + File.pathSeparator + "/usr/sbin";
    return Stream.of(path.split(File.pathSeparator, -1))
        .map(folder -> Path.of(folder, "nginx"))
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }

  private void startNginx(Path program, int listen, int service, int backend)
      throws IOException, InterruptedException {
    // Passable for others: started by root, nginx works as another user.
    Path folder =
        Files.createTempDirectory(
            "authgear-demo-nginx",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    parts.push(() -> delete(folder));
    Files.createDirectories(folder.resolve("authgear"));
    for (String name : NGINX_FILES) {
      String text = shipped(name);
      if (name.equals("nginx.conf")) {
        text =
            text.replace("listen 8000;", "listen 127.0.0.1:" + listen + ";")
                .replace("127.0.0.1:8080", "127.0.0.1:" + service)
                .replace("127.0.0.1:9000", "127.0.0.1:" + backend)
                .replace("/var/log/nginx/access.log", folder + "/access.log")
                .replace("http {\n", "http {\n" + temporaryPaths(folder))
                .replace(INCLUDED, INCLUDED + login() + moreLocations());
      }
      Files.writeString(folder.resolve(name), text);
    }
    Process process =
        new ProcessBuilder(
                program.toString(),
                "-p",
                folder.toString(),
                "-c",
                folder.resolve("nginx.conf").toString(),
                "-e",
                folder.resolve("error.log").toString(),
                "-g",
                "daemon off; pid " + folder + "/nginx.pid;")
            .inheritIO()
            .start();
    parts.push(
        () -> {
          process.destroy();
          if (!process.waitFor(5, TimeUnit.SECONDS)) {
            process.destroyForcibly();
          }
        });
    if (process.waitFor(500, TimeUnit.MILLISECONDS)) {
      throw new IOException("nginx ended at once; see " + folder.resolve("error.log"));
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static String temporaryPaths(Path folder) {
    StringBuilder lines = new StringBuilder();
    for (String kind : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
      lines.append(
          "    %KIND%_temp_path %FOLDER%/%KIND%;\n"
              .replace("%KIND%", kind)
              .replace("%FOLDER%", folder.toString()));
    }
    return lines.toString();
  }

  private String site() {
    return "http://127.0.0.1:" + ports.nginx;
  }

  /** As login.conf says. */
  private String login() {
    return String.format(
        Locale.ROOT,
        """
        set $authgear_login "%s/oauth2/authorize?response_type=none&scope=openid&client_id=%s&redirect_uri=%s";
        include authgear/login.conf;
        """,
        "http://127.0.0.1:" + ports.sandbox,
        AuthorizationServer.WEBSITE_CLIENT_ID,
        URLEncoder.encode(site() + LOGIN_ENDS, StandardCharsets.UTF_8));
  }

  /** As in the shipped policies.conf, which says why. */
  private static String moreLocations() {
    StringBuilder lines =
        new StringBuilder(
            """
            if ($request_uri ~* "^[^?]*(;|\\\\|%3b|%5c|%2f|%25)") {
                return 400;
            }
            """);
    for (DemoLocation location : MORE_LOCATIONS) {
      if (location.access() instanceof Access.Policy(var name, _)) {
        lines.append(
            """
            location %PATH% {
                auth_request /_authgear/auth/%POLICY%;
                include authgear/identity.conf;
                include authgear/proxy.conf;
                proxy_pass http://backend;
            }
            """
                .replace("%PATH%", location.path())
                .replace("%POLICY%", name));
      }
    }
    return lines.toString();
  }

  private static String shipped(String name) throws IOException {
    try (InputStream file = Demo.class.getResourceAsStream("/nginx/" + name)) {
      if (file == null) {
        throw new IOException("nginx/" + name + " is not in the jar");
      }
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Lines to paste into a shell, each with the status that it is answered with. */
  public void explain(PrintStream out) {
    String sandbox = "http://127.0.0.1:" + ports.sandbox;
    String url = throughNginx() ? site() + "/" : "http://127.0.0.1:" + ports.service + "/auth";
    String tokens = sandbox + "/sandbox/token?user=alice";
    out.println();
    out.println(
        throughNginx()
            ? "Ready: nginx on " + url + " protects a backend that shows what it received."
            : "Ready, without nginx (install it to see the whole): the service answers " + url);
    out.println("The playground, to try it in a browser: " + sandbox + "/");
    if (throughNginx()) {
      out.println(
          "A website's login: open " + url + " in a browser, and " + url + "settings/ later.");
      out.println(
          "Its logout: "
              + sandbox
              + "/oauth2/end_session?post_logout_redirect_uri="
              + URLEncoder.encode(site() + "/public/", StandardCharsets.UTF_8));
    }
    out.println();
    out.println("# a valid access token: 200");
    out.println("curl -i -H \"Authorization: Bearer $(curl -s '" + tokens + "')\" " + url);
    out.println("# an expired one: 401");
    out.println(
        "curl -i -H \"Authorization: Bearer $(curl -s '" + tokens + "&expires_in=-3600')\" " + url);
    out.println("# a session cookie: 200");
    out.println(
        "curl -i -H \"Cookie: $(curl -s '" + sandbox + "/sandbox/cookie?user=bob')\" " + url);
    out.println("# no credentials: 401");
    out.println("curl -i " + url);
    out.println();
    out.println("Ctrl-C ends it.");
  }

  /** Whether nginx stands in front, or the service answers by itself. */
  public boolean throughNginx() {
    return nginx != null;
  }

  @Override
  public void close() {
    for (AutoCloseable part : parts) {
      try {
        part.close();
      } catch (Exception e) {
        System.err.println("not closed cleanly: " + e);
      }
    }
  }
}
