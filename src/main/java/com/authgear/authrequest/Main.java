package com.authgear.authrequest;

import com.authgear.authrequest.check.Check;
import com.authgear.authrequest.check.nginx.CheckNginx;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.settings.ListenAddress;
import com.authgear.authrequest.settings.LogFormat;
import com.authgear.authrequest.settings.LogLevel;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.telemetry.Logging;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The commands: with no argument it serves. */
public final class Main {

  private static final String USAGE =
      """
      Answers nginx auth_request for backends protected by Authgear.

        java -jar authgear-auth-request.jar [serve]    answer nginx; settings come from the
                                                       environment
        java -jar authgear-auth-request.jar check      what is wrong with the settings and all that
                                                       they lead to; why a token is refused
        java -jar authgear-auth-request.jar check nginx [--json] [file]
                                                       what is wrong in the output of nginx -T
        java -jar authgear-auth-request.jar demo       sandbox, service, backend and nginx on loopback
        java -jar authgear-auth-request.jar sandbox    a stand-in Authgear on 127.0.0.1:8090
        java -jar authgear-auth-request.jar health     exit 0 if the service here is alive
        java -jar authgear-auth-request.jar --help     this text; after a command, about that one;
                                                       -h and "help [command]" are the same
        java -jar authgear-auth-request.jar --version

      Exit status: 0 done, or stopped by SIGTERM; 1 failed, and the output says why; 2 an argument is
      not understood. Each command's own --help says more.

      """;

  private static final int SANDBOX_PORT = 8090;
  private static final int RESOLVER_PORT = 8091;

  /** The longer words first. */
  private static final List<Command> COMMANDS =
      List.of(
          new Command(
              List.of("check", "nginx"),
              CheckNginx.USAGE,
              arguments -> CheckNginx.run(arguments, System.in, System.out, System.err)),
          new Command(List.of("check"), Check.USAGE, Main::check),
          Command.plain(
              "serve",
              """
              java -jar authgear-auth-request.jar [serve]

                Answers nginx until it is stopped: /auth on AUTHGEAR_LISTEN; /metrics, /healthz and
                /readyz on AUTHGEAR_MANAGEMENT_LISTEN. With Authgear out of reach it starts all the
                same, denies, and tries again. --help without a command lists the settings.
                SIGTERM ends it: see AUTHGEAR_SHUTDOWN_DELAY and AUTHGEAR_DRAIN.
                Exit status: 0 after SIGTERM; 1 the settings have problems, an address cannot be
                listened on, or a file for TLS cannot be used; 2 an argument is not understood;
                3 out of memory, with the image's or the package's options of the JVM.
              """,
              Main::serve),
          Command.plain(
              "demo",
              """
              java -jar authgear-auth-request.jar demo

                Starts a stand-in Authgear (ports 8090, 8091), the service (8080, 8081), a backend that
                shows what it received (9000) and, where nginx is installed, nginx with the shipped
                files (8000), all on 127.0.0.1, and prints lines for a shell. Takes no settings.
                Ctrl-C ends it. Exit status 1: a port is not free, or nginx did not start.
              """,
              Main::demo),
          Command.plain(
              "sandbox",
              """
              java -jar authgear-auth-request.jar sandbox

                A stand-in Authgear on 127.0.0.1:8090, its resolver on 8091, that gives tokens and
                cookies to whoever asks; its page http://127.0.0.1:8090 lists its users and what can
                be done to them. Takes no settings. Ctrl-C ends it. Exit status 1: a port is not
                free.
              """,
              Main::sandbox),
          Command.plain(
              "health",
              """
              java -jar authgear-auth-request.jar health

                Asks /healthz of the service that runs on this machine, at
                AUTHGEAR_MANAGEMENT_LISTEN (default 0.0.0.0:8081); it reads no other setting.
                Exit status: 0 alive; 1 no answer, another answer, or that setting has a problem.
              """,
              () -> {
                Health.check(System.getenv());
                return 0;
              }));

  private Main() {}

  public static void main(String[] args) throws InterruptedException {
    int status;
    try {
      status = run(List.of(args));
    } catch (IOException e) {
      print(System.err, String.valueOf(e.getMessage()));
      status = 1;
    }
    if (status != Command.GOES_ON) {
      System.exit(status);
    }
  }

  private static int run(List<String> line) throws IOException, InterruptedException {
    if (line.isEmpty()) {
      return serve();
    }
    if (line.size() == 1 && Command.HELP.contains(line.getFirst())) {
      print(System.out, USAGE + SettingsReader.help());
      return 0;
    }
    if (line.equals(List.of("--version"))) {
      print(System.out, version());
      return 0;
    }
    for (Command command : COMMANDS) {
      if (command.isCalledBy(line)) {
        return command.run(line, System.out);
      }
    }
    String first = line.getFirst();
    if (Command.HELP.contains(first)) {
      List<String> words = line.subList(1, line.size());
      for (Command command : COMMANDS) {
        if (command.words().equals(words)) {
          print(System.out, command.usage());
          return 0;
        }
      }
    }
    boolean option = Command.HELP.contains(first) || first.equals("--version");
    return Command.notUnderstood(
        "authgear-auth-request", option ? line.get(1) : first, USAGE, System.err);
  }

  @TakesRealClock
  private static int serve() throws IOException {
    Settings settings = settings(System.getenv());
    Logger log = LoggerFactory.getLogger(Main.class);
    Running running;
    try {
      running = Running.start(settings, Clock.systemUTC(), version());
    } catch (IOException e) {
      // A line of the log like all others: whoever reads it expects its format.
      log.atError()
          .addKeyValue("problem", String.valueOf(e.getMessage()).stripTrailing())
          .log("cannot start");
      return 1;
    }
    closeAtTheEnd(running);
    log.atInfo()
        .addKeyValue("version", version())
        .addKeyValue("address", running.listening())
        .addKeyValue("management_port", running.managementPort())
        .log("listening");
    return Command.GOES_ON;
  }

  @TakesRealClock
  private static int check(List<String> arguments) {
    Logging.silence();
    Clock clock = Clock.systemUTC();
    return new Check(System.getenv(), settings -> CheckParts.of(settings, clock), clock)
        .run(arguments, System.in, utf8(), System.err);
  }

  /** Marks are no ASCII, and a container often has no locale. */
  private static PrintStream utf8() {
    return new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
  }

  @TakesRealClock
  private static int demo() throws IOException, InterruptedException {
    Demo demo = Demo.start(Clock.systemUTC(), version(), Demo.Ports.DEFAULT);
    closeAtTheEnd(demo);
    demo.explain(System.out);
    return Command.GOES_ON;
  }

  @TakesRealClock
  private static int sandbox() throws IOException {
    Logging.silence(); // a port that is not free is said below
    SandboxOptions options =
        SandboxOptions.loopback(Clock.systemUTC())
            .withPort(SANDBOX_PORT)
            .withResolverPort(RESOLVER_PORT);
    AtomicReference<Sandbox> started = new AtomicReference<>();
    Running.listen(
        () -> started.set(Sandbox.start(options)),
        new ListenAddress(options.host(), options.port()).toString());
    Logging.configure(LogFormat.TEXT, LogLevel.INFO);
    Sandbox sandbox = started.get();
    closeAtTheEnd(sandbox);
    print(
        System.out,
        """
        A stand-in Authgear; its page lists its users and what can be done to them.

        AUTHGEAR_ENDPOINT=%s
        AUTHGEAR_RESOLVER_URL=%s
        """
            .formatted(sandbox.origin(), sandbox.resolverUrl()));
    return Command.GOES_ON;
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

  private static Settings settings(Map<String, String> environment) throws IOException {
    return switch (SettingsReader.read(environment)) {
      case Accepted accepted -> accepted.settings();
      case Refused refused -> throw new IOException(refused.report());
    };
  }

  private static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  private static void print(PrintStream stream, String text) {
    stream.println(text.stripTrailing());
  }
}
