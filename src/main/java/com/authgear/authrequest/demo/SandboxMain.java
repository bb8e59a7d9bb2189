package com.authgear.authrequest.demo;

import com.authgear.authrequest.Command;
import com.authgear.authrequest.demo.SandboxArguments.NotUnderstoodException;
import com.authgear.authrequest.sandbox.EchoBackend;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Health;
import com.authgear.authrequest.serve.OwnProcess;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.serve.TakesRealClock;
import com.authgear.authrequest.settings.ListenAddress;
import com.authgear.authrequest.settings.LogFormat;
import com.authgear.authrequest.settings.LogLevel;
import com.authgear.authrequest.telemetry.Logging;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;

/** The commands for people who try things. */
public final class SandboxMain {

  private static final String USAGE =
      """
      A stand-in Authgear for demos, CI and tests. It gives credentials to whoever asks.

        java -jar authgear-auth-request-sandbox.jar demo       sandbox, service, backend and nginx on
                                                               loopback
        java -jar authgear-auth-request-sandbox.jar sandbox    a stand-in Authgear on 127.0.0.1:8090
        java -jar authgear-auth-request-sandbox.jar echo       a backend on 127.0.0.1:9000 that shows
                                                               what it received
        java -jar authgear-auth-request-sandbox.jar health     exit 0 if a sandbox or echo answers
        java -jar authgear-auth-request-sandbox.jar --help     this text; after a command, about that
                                                               one; -h and "help [command]" are the
                                                               same
        java -jar authgear-auth-request-sandbox.jar --version

      Exit status: 0 done, or stopped by SIGTERM; 1 failed, and the output says why; 2 an argument is
      missing or not understood. Each command's own --help says more.
      """;

  private static final String SANDBOX_USAGE =
      """
      java -jar authgear-auth-request-sandbox.jar sandbox [options]

        A stand-in Authgear on 127.0.0.1:8090, its resolver on 8091, its Admin API on 8092. It gives
        tokens and cookies to whoever asks; its page http://127.0.0.1:8090 lists its users and what
        can be done to them. It reads no settings. Ctrl-C ends it.

        --listen=HOST:PORT            elsewhere; the other two take the next ports
        --any-address                 also where others can reach it, who then get credentials too
        --origin=URL                  the project's public origin, if it is not where it listens
        --webhook=URL --webhook-secret=SECRET
                                      where changes of users are announced, and what signs them
        --admin-api-key-file=FILE     write the key for the command follow there, a JWK
        --resource="URI SCOPE ..."    an API resource that MCP clients may ask for; repeat it for more

        Exit status: 0 stopped; 1 a port is not free, or an option's value cannot be used; 2 an
        argument is not understood.
      """;

  private static final String ECHO_USAGE =
      """
      java -jar authgear-auth-request-sandbox.jar echo [--listen=HOST:PORT] [--any-address]

        A backend on 127.0.0.1:9000 that answers every request with what it received, credentials
        included. --any-address lets it listen where others can reach it. Ctrl-C ends it.

        Exit status: 0 stopped; 1 the port is not free, or others could reach the address; 2 an
        argument is not understood.
      """;

  private static final String HEALTH_USAGE =
      """
      java -jar authgear-auth-request-sandbox.jar health [HOST:PORT]

        Asks a sandbox (127.0.0.1:8090 if none is named) or an echo, for a container's health check.

        Exit status: 0 it answers; 1 it does not; 2 an argument is not understood.
      """;

  private static final ListenAddress SANDBOX = new ListenAddress("127.0.0.1", 8090);
  private static final ListenAddress ECHO = new ListenAddress("127.0.0.1", 9000);

  private static final List<Command> COMMANDS =
      List.of(
          Command.plain(
              "demo",
              """
              java -jar authgear-auth-request-sandbox.jar demo

                Starts a stand-in Authgear (ports 8090, 8091, 8092), the service (8080, 8081), the
                command follow, a backend that shows what it received (9000) and, where nginx is
                installed, nginx with the shipped files (8000), all on 127.0.0.1, and prints lines for
                a shell. Takes no settings.
                Ctrl-C ends it. Exit status 1: a port is not free, or nginx did not start.
              """,
              SandboxMain::demo),
          new Command(List.of("sandbox"), SANDBOX_USAGE, SandboxMain::sandbox),
          new Command(List.of("echo"), ECHO_USAGE, SandboxMain::echo),
          new Command(List.of("health"), HEALTH_USAGE, SandboxMain::health));

  private static final Command.Program PROGRAM =
      new Command.Program("authgear-auth-request-sandbox", USAGE, "", COMMANDS);

  private SandboxMain() {}

  public static void main(String[] args) throws InterruptedException {
    PROGRAM.run(
        List.of(args),
        () -> {
          System.err.print(USAGE);
          return 2;
        });
  }

  @TakesRealClock
  private static int demo() throws IOException, InterruptedException {
    Demo demo = Demo.start(Clock.systemUTC(), OwnProcess.version(), Demo.Ports.DEFAULT);
    OwnProcess.closeAtTheEnd(demo);
    demo.explain(System.out);
    return Command.GOES_ON;
  }

  @TakesRealClock
  private static int sandbox(List<String> arguments) throws IOException {
    SandboxArguments told;
    try {
      told = SandboxArguments.parse(arguments, SANDBOX);
    } catch (NotUnderstoodException e) {
      return Command.notUnderstood("sandbox", e.argument(), SANDBOX_USAGE, System.err);
    }
    Logging.silence(); // a port that is not free is said below
    SandboxOptions options = told.options(Clock.systemUTC());
    AtomicReference<Sandbox> started = new AtomicReference<>();
    Service.listen(() -> started.set(Sandbox.start(options)), told.listen().toString());
    Logging.configure(LogFormat.TEXT, LogLevel.INFO);
    Sandbox sandbox = started.get();
    try {
      told.prepare(sandbox);
    } catch (IOException e) {
      sandbox.close();
      throw e;
    }
    OwnProcess.closeAtTheEnd(sandbox);
    System.out.println(
        String.format(
            Locale.ROOT,
            """
            A stand-in Authgear; its page lists its users and what can be done to them.

            AUTHGEAR_ENDPOINT=%s
            AUTHGEAR_RESOLVER_URL=%s

            For the command follow, whose key is at %s/sandbox/admin-api-key:
            AUTHGEAR_ADMIN_API_URL=%s
            AUTHGEAR_ADMIN_API_APP_ID=%s
            AUTHGEAR_ADMIN_API_KEY_ID=%s\
            """,
            sandbox.origin(),
            sandbox.resolverUrl(),
            sandbox.origin(),
            sandbox.adminApiUrl(),
            sandbox.adminApiAppId(),
            sandbox.adminApiKeyId()));
    return Command.GOES_ON;
  }

  @TakesRealClock
  private static int echo(List<String> arguments) throws IOException {
    SandboxArguments told;
    try {
      told = SandboxArguments.parseListen(arguments, ECHO);
    } catch (NotUnderstoodException e) {
      return Command.notUnderstood("echo", e.argument(), ECHO_USAGE, System.err);
    }
    Logging.silence();
    // The sandbox's rule: what shows credentials is for this machine, unless told otherwise.
    String host = told.options(Clock.systemUTC()).host();
    AtomicReference<EchoBackend> started = new AtomicReference<>();
    Service.listen(
        () -> started.set(EchoBackend.start(host, told.listen().port())), told.listen().toString());
    OwnProcess.closeAtTheEnd(started.get());
    System.out.println("A backend that shows what it received: http://" + told.listen());
    return Command.GOES_ON;
  }

  private static int health(List<String> arguments) throws IOException {
    ListenAddress at = SANDBOX;
    if (!arguments.isEmpty()) {
      try {
        at = SandboxArguments.parse(List.of("--listen=" + arguments.getFirst()), SANDBOX).listen();
      } catch (NotUnderstoodException _) {
        return Command.notUnderstood("health", arguments.getFirst(), HEALTH_USAGE, System.err);
      }
      if (arguments.size() > 1) {
        return Command.notUnderstood("health", arguments.get(1), HEALTH_USAGE, System.err);
      }
    }
    Health.ask(at, Sandbox.PAGE);
    return 0;
  }
}
