package com.authgear.authrequest;

import com.authgear.authrequest.check.Check;
import com.authgear.authrequest.check.CheckFollow;
import com.authgear.authrequest.check.nginx.CheckNginx;
import com.authgear.authrequest.follow.FollowCommand;
import com.authgear.authrequest.serve.Health;
import com.authgear.authrequest.serve.OwnProcess;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.serve.Systemd;
import com.authgear.authrequest.serve.TakesRealClock;
import com.authgear.authrequest.settings.FollowSettings;
import com.authgear.authrequest.settings.FollowSettingsReader;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.telemetry.Logging;
import com.authgear.authrequest.verify.jwt.CryptoProvider;
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
        java -jar authgear-auth-request.jar check follow [--json]
                                                       whether follow can read the audit log and tell
                                                       the services
        java -jar authgear-auth-request.jar follow     tell the services at once who has changed: reads
                                                       Authgear's audit log
        java -jar authgear-auth-request.jar health     exit 0 if the service here is alive
        java -jar authgear-auth-request.jar --help     this text; after a command, about that one;
                                                       -h and "help [command]" are the same
        java -jar authgear-auth-request.jar --version

      Exit status: 0 done, or stopped by SIGTERM; 1 failed, and the output says why; 2 an argument is
      not understood. Each command's own --help says more.

      A stand-in Authgear and a demo are in authgear-auth-request-sandbox.jar, never in this one.

      """;

  private static final String SANDBOX_JAR = "authgear-auth-request-sandbox.jar";

  /** The longer words first. */
  private static final List<Command> COMMANDS =
      List.of(
          new Command(
              List.of("check", "nginx"),
              CheckNginx.USAGE,
              arguments -> CheckNginx.run(arguments, System.in, System.out, System.err)),
          new Command(List.of("check", "follow"), CheckFollow.USAGE, Main::checkFollow),
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
              "follow",
              """
              java -jar authgear-auth-request.jar follow

                See first with "check follow" that all it depends on is there.
                Reads Authgear's audit log by its Admin API and tells the services, by Redis or by
                posts, who has signed out, lost a session or a role, or changed otherwise; see
                docs/freshness.md. Run it in a process of its own: its key has full rights over the
                project. /metrics, /healthz and /readyz on AUTHGEAR_MANAGEMENT_LISTEN. Two of them do
                no harm. SIGTERM ends it.
                Exit status: 0 after SIGTERM; 1 the settings have problems, or the address cannot be
                listened on; 2 an argument is not understood.

              """
                  + FollowSettingsReader.help(),
              Main::follow),
          inTheOtherJar("demo"),
          inTheOtherJar("sandbox"),
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

  private static final Command.Program PROGRAM =
      new Command.Program("authgear-auth-request", USAGE, SettingsReader.help(), COMMANDS);

  private Main() {}

  public static void main(String[] args) throws InterruptedException {
    PROGRAM.run(List.of(args), Main::serve);
  }

  /** A command for people who try things, which no production image has. */
  private static Command inTheOtherJar(String word) {
    String other = "java -jar " + SANDBOX_JAR + " " + word;
    return new Command(
        List.of(word),
        word + " is in another jar, which the same build makes:\n\n  " + other + "\n",
        _ -> {
          throw new IOException(word + " is in another jar, which the same build makes: " + other);
        });
  }

  @TakesRealClock
  private static int serve() throws IOException {
    Settings settings = settings(System.getenv());
    Logger log = LoggerFactory.getLogger(Main.class);
    Service running;
    try {
      running = Service.start(settings, Clock.systemUTC(), OwnProcess.version());
    } catch (IOException e) {
      // A line of the log like all others: whoever reads it expects its format.
      log.atError()
          .addKeyValue("problem", String.valueOf(e.getMessage()).stripTrailing())
          .log("cannot start");
      return 1;
    }
    OwnProcess.closeAtTheEnd(running);
    log.atInfo()
        .addKeyValue("version", OwnProcess.version())
        .addKeyValue("address", running.listening())
        .addKeyValue("management_port", running.managementPort())
        .log("listening");
    Systemd.ready(System.getenv());
    return Command.GOES_ON;
  }

  @TakesRealClock
  private static int follow() throws IOException {
    FollowSettings settings =
        switch (FollowSettingsReader.read(System.getenv())) {
          case FollowSettingsReader.Accepted accepted -> accepted.settings();
          case FollowSettingsReader.Refused refused -> throw new IOException(refused.report());
        };
    Logging.configure(settings.log().format(), settings.log().level());
    AtomicReference<FollowCommand> started = new AtomicReference<>();
    Service.listen(
        () -> started.set(FollowCommand.start(settings, Clock.systemUTC())),
        settings.managementListen() + " (AUTHGEAR_MANAGEMENT_LISTEN)");
    OwnProcess.closeAtTheEnd(started.get());
    LoggerFactory.getLogger(Main.class)
        .atInfo()
        .addKeyValue("version", OwnProcess.version())
        .addKeyValue("admin_api", settings.adminApi().graphql())
        .addKeyValue("management_port", started.get().managementPort())
        .log("following");
    return Command.GOES_ON;
  }

  @TakesRealClock
  private static int check(List<String> arguments) {
    Logging.silence();
    Clock clock = Clock.systemUTC();
    return new Check(System.getenv(), CryptoProvider::choose, clock)
        .run(arguments, System.in, utf8(), System.err);
  }

  @TakesRealClock
  private static int checkFollow(List<String> arguments) {
    Logging.silence();
    return CheckFollow.run(arguments, System.getenv(), Clock.systemUTC(), utf8(), System.err);
  }

  /** Marks are no ASCII, and a container often has no locale. */
  private static PrintStream utf8() {
    return new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
  }

  private static Settings settings(Map<String, String> environment) throws IOException {
    return switch (SettingsReader.read(environment)) {
      case Accepted accepted -> accepted.settings();
      case Refused refused -> throw new IOException(refused.report());
    };
  }
}
