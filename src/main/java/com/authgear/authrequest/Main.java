package com.authgear.authrequest;

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
        java -jar authgear-auth-request.jar health     exit 0 if the service here is alive
        java -jar authgear-auth-request.jar --help     this text
        java -jar authgear-auth-request.jar --version

      """;

  private Main() {}

  public static void main(String[] args) throws InterruptedException {
    List<String> command = List.of(args);
    if (command.isEmpty()) {
      serve();
    } else if (command.equals(List.of("health"))) {
      System.exit(health());
    } else if (command.equals(List.of("--help"))) {
      print(System.out, USAGE + SettingsReader.help());
    } else if (command.equals(List.of("--version"))) {
      print(System.out, version());
    } else {
      print(System.err, USAGE);
      System.exit(2);
    }
  }

  private static void serve() throws InterruptedException {
    Running running = Running.start(settings(System.getenv()), Clock.systemUTC(), version());
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("drain")
                .unstarted(
                    () -> {
                      running.close();
                      // Without this the JVM reports the signal instead of a clean end.
                      Runtime.getRuntime().halt(0);
                    }));
    Logger log = LoggerFactory.getLogger(Main.class);
    log.atInfo()
        .addKeyValue("version", version())
        .addKeyValue("port", running.port())
        .addKeyValue("management_port", running.managementPort())
        .log("listening");
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
