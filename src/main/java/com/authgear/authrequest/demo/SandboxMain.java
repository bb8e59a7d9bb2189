package com.authgear.authrequest.demo;

import com.authgear.authrequest.Command;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
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
import java.util.concurrent.atomic.AtomicReference;

/** The commands for people who try things. */
public final class SandboxMain {

  private static final String USAGE =
      """
      A stand-in Authgear for demos, CI and tests. It gives credentials to whoever asks.

        java -jar authgear-auth-request-sandbox.jar demo       sandbox, service, backend and nginx on
                                                               loopback
        java -jar authgear-auth-request-sandbox.jar sandbox    a stand-in Authgear on 127.0.0.1:8090
        java -jar authgear-auth-request-sandbox.jar --help     this text; after a command, about that
                                                               one; -h and "help [command]" are the
                                                               same
        java -jar authgear-auth-request-sandbox.jar --version

      Exit status: 0 done, or stopped by SIGTERM; 1 failed, and the output says why; 2 an argument is
      missing or not understood. Each command's own --help says more.
      """;

  private static final int SANDBOX_PORT = 8090;
  private static final int RESOLVER_PORT = 8091;

  private static final List<Command> COMMANDS =
      List.of(
          Command.plain(
              "demo",
              """
              java -jar authgear-auth-request-sandbox.jar demo

                Starts a stand-in Authgear (ports 8090, 8091), the service (8080, 8081), a backend that
                shows what it received (9000) and, where nginx is installed, nginx with the shipped
                files (8000), all on 127.0.0.1, and prints lines for a shell. Takes no settings.
                Ctrl-C ends it. Exit status 1: a port is not free, or nginx did not start.
              """,
              SandboxMain::demo),
          Command.plain(
              "sandbox",
              """
              java -jar authgear-auth-request-sandbox.jar sandbox

                A stand-in Authgear on 127.0.0.1:8090, its resolver on 8091, that gives tokens and
                cookies to whoever asks; its page http://127.0.0.1:8090 lists its users and what can
                be done to them. Takes no settings. Ctrl-C ends it. Exit status 1: a port is not
                free.
              """,
              SandboxMain::sandbox));

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
  private static int sandbox() throws IOException {
    Logging.silence(); // a port that is not free is said below
    SandboxOptions options =
        SandboxOptions.loopback(Clock.systemUTC())
            .withPort(SANDBOX_PORT)
            .withResolverPort(RESOLVER_PORT);
    AtomicReference<Sandbox> started = new AtomicReference<>();
    Service.listen(
        () -> started.set(Sandbox.start(options)),
        new ListenAddress(options.host(), options.port()).toString());
    Logging.configure(LogFormat.TEXT, LogLevel.INFO);
    Sandbox sandbox = started.get();
    OwnProcess.closeAtTheEnd(sandbox);
    System.out.println(
        """
        A stand-in Authgear; its page lists its users and what can be done to them.

        AUTHGEAR_ENDPOINT=%s
        AUTHGEAR_RESOLVER_URL=%s

        For the command follow, whose key is at %s/sandbox/admin-api-key:
        AUTHGEAR_ADMIN_API_URL=%s
        AUTHGEAR_ADMIN_API_APP_ID=%s
        AUTHGEAR_ADMIN_API_KEY_ID=%s\
        """
            .formatted(
                sandbox.origin(),
                sandbox.resolverUrl(),
                sandbox.origin(),
                sandbox.adminApiUrl(),
                sandbox.adminApiAppId(),
                sandbox.adminApiKeyId()));
    return Command.GOES_ON;
  }
}
