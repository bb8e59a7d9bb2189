package com.authgear.authrequest;

import com.authgear.authrequest.check.nginx.CheckNginx;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import java.io.IOException;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The commands: with no argument it serves. */
public final class Main {

  private static final String USAGE =
      """
      Answers nginx auth_request for backends protected by Authgear.

        java -jar authgear-auth-request.jar            serve; settings come from the environment
        java -jar authgear-auth-request.jar demo       sandbox, service, backend and nginx on loopback
        java -jar authgear-auth-request.jar sandbox    a stand-in Authgear on 127.0.0.1:8090
        java -jar authgear-auth-request.jar health     exit 0 if the service here is alive
        java -jar authgear-auth-request.jar check nginx [--json] [file]
                                                       what is wrong in the output of nginx -T
        java -jar authgear-auth-request.jar --help     this text
        java -jar authgear-auth-request.jar --version

      """;

  private Main() {}

  public static void main(String[] args) throws InterruptedException {
    try {
      run(List.of(args));
    } catch (IOException e) {
      print(System.err, String.valueOf(e.getMessage()));
      System.exit(1);
    }
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    if (command.isEmpty()) {
      serve();
    } else if (command.equals(List.of("health"))) {
      System.exit(health());
    } else if (command.equals(List.of("demo"))) {
      demo();
    } else if (command.equals(List.of("sandbox"))) {
      sandbox();
    } else if (command.size() >= 2 && command.subList(0, 2).equals(List.of("check", "nginx"))) {
      System.exit(
          CheckNginx.run(command.subList(2, command.size()), System.in, System.out, System.err));
    } else if (command.equals(List.of("--help"))) {
      print(System.out, USAGE + SettingsReader.help());
    } else if (command.equals(List.of("--version"))) {
      print(System.out, version());
    } else {
      print(System.err, USAGE);
      System.exit(2);
    }
  }

  @TakesRealClock
  private static void serve() throws IOException {
    Running running = Running.start(settings(System.getenv()), Clock.systemUTC(), version());
    closeAtTheEnd(running);
    Logger log = LoggerFactory.getLogger(Main.class);
    log.atInfo()
        .addKeyValue("version", version())
        .addKeyValue("address", running.listening())
        .addKeyValue("management_port", running.managementPort())
        .log("listening");
  }

  @TakesRealClock
  private static void demo() throws IOException, InterruptedException {
    Demo demo = Demo.start(Clock.systemUTC(), version(), Demo.Ports.DEFAULT);
    closeAtTheEnd(demo);
    demo.explain(System.out);
  }

  @TakesRealClock
  private static void sandbox() {
    Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(Clock.systemUTC()).withPort(8090));
    closeAtTheEnd(sandbox);
    print(System.out, "A stand-in Authgear, with its users: " + sandbox.origin());
  }

  private static void closeAtTheEnd(AutoCloseable running) {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("drain")
                .unstarted(
                    () -> {
                      int status = 0;
                      try {
                        running.close();
                      } catch (Exception e) {
                        status = 1;
                        LoggerFactory.getLogger(Main.class).atError().setCause(e).log("stopping");
                      }
                      // Without this the JVM reports the signal instead of a clean end.
                      Runtime.getRuntime().halt(status);
                    }));
  }

  private static Settings settings(Map<String, String> environment) {
    return switch (SettingsReader.read(environment)) {
      case Accepted accepted -> accepted.settings();
      case Refused refused -> {
        print(System.err, refused.report());
        System.exit(1);
        throw new AssertionError("exit returned");
      }
    };
  }

  /** For a container's health check, which has no shell and no curl. */
  private static int health() {
    Settings settings = settings(System.getenv());
    try {
      String host = settings.managementListen().host();
      URI url =
          URI.create(
              "http://"
                  + (host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host)
                  + ":"
                  + settings.managementListen().port()
                  + "/healthz");
      HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
      connection.setConnectTimeout(2000);
      connection.setReadTimeout(2000);
      return connection.getResponseCode() == 200 ? 0 : 1;
    } catch (IOException e) {
      print(System.err, "not alive: " + e.getMessage());
      return 1;
    }
  }

  private static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  private static void print(PrintStream stream, String text) {
    stream.println(text.stripTrailing());
  }
}
