package com.authgear.authrequest.commands;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.JavaProgram;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The two programs' commands as processes: what they print where, and how they end. */
class CommandsIT {

  private static final String SERVICE = System.getProperty("service.jar");
  private static final String SANDBOX = System.getProperty("sandbox.jar");

  private record Ended(int status, String out, String err) {}

  @TempDir private Path folder;

  private Ended run(Map<String, String> environment, String input, String... arguments)
      throws Exception {
    return run(List.of(), environment, input, arguments);
  }

  private Ended run(
      List<String> options, Map<String, String> environment, String input, String... arguments)
      throws Exception {
    return run(SERVICE, options, environment, input, arguments);
  }

  private Ended runSandboxJar(String... arguments) throws Exception {
    return run(SANDBOX, List.of(), Map.of(), "", arguments);
  }

  private Ended run(
      String jar,
      List<String> options,
      Map<String, String> environment,
      String input,
      String... arguments)
      throws Exception {
    List<String> command = JavaProgram.command(jar, options, arguments);
    Path in = Files.writeString(folder.resolve("in"), input);
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().keySet().removeIf(key -> key.startsWith("AUTHGEAR_"));
    builder.environment().put("LC_ALL", "C"); // as in a container
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("did not end: " + command);
    }
    return new Ended(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"follow", "check follow"})
  void follow_settingsHaveProblems_saysAllAndExitsWithOne(String line) throws Exception {
    Ended ended =
        run(
            Map.of(
                "AUTHGEAR_ENDPOINT", "https://project.example.test",
                "AUTHGEAR_ADMIN_API_KEY", "not-a-key-but-secret"),
            "",
            line.split(" "));

    assertThat(ended.status()).isOne();
    assertThat(ended.out() + ended.err())
        .contains("AUTHGEAR_ADMIN_API_URL", "AUTHGEAR_ADMIN_API_APP_ID", "AUTHGEAR_ADMIN_API_KEY")
        .doesNotContain("not-a-key-but-secret");
  }

  @Test
  void check_withAToken_explainsItAndExitsWithZero() throws Exception {
    try (Sandbox sandbox =
        Sandbox.start(SandboxOptions.loopback(InstantSource.system()).withEdge())) {
      String token = sandbox.project().accessToken("alice");
      Ended ended =
          run(
              Map.of("AUTHGEAR_ENDPOINT", sandbox.origin()),
              token + "\n",
              "check",
              "--token",
              "--require",
              "role=admin");

      assertThat(ended.err()).isEmpty();
      assertThat(ended.out())
          .startsWith("✓ settings: AUTHGEAR_ENDPOINT is " + sandbox.origin() + ", mode auto\n")
          .contains("\n✓ role: role=admin is met by admin, editor\n")
          .contains("\nallowed: 200\n  x-authgear-session-valid: true\n")
          .doesNotContain(token.substring(token.lastIndexOf('.')));
      assertThat(ended.status()).isZero();
    }
  }

  @Test
  void check_denied_exitsWithOneAndIsJsonForMachines() throws Exception {
    try (Sandbox sandbox =
        Sandbox.start(SandboxOptions.loopback(InstantSource.system()).withEdge())) {
      Ended ended =
          run(
              Map.of("AUTHGEAR_ENDPOINT", sandbox.origin(), "AUTHGEAR_LOG_LEVEL", "debug"),
              "session=un.known",
              "check",
              "--cookie",
              "--json");

      assertThat(ended.status()).isEqualTo(1);
      assertThat(ended.err()).isEmpty();
      JsonNode json = new ObjectMapper().readTree(ended.out());
      assertThat(json.at("/decision/reason").textValue()).isEqualTo("session_invalid");
      assertThat(json.at("/checks/0/status").textValue()).isEqualTo("ok");
    }
  }

  @Test
  void check_overTls_isGoodWithTheAuthorityAndSaysWhatIsWrongWithoutIt() throws Exception {
    HeldCertificate certificate =
        new HeldCertificate.Builder()
            .commonName("localhost")
            .addSubjectAlternativeName("localhost")
            .duration(100, TimeUnit.DAYS)
            .build();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("sandbox", certificate.certificate());
    Path truststore = folder.resolve("truststore.p12");
    try (var file = Files.newOutputStream(truststore)) {
      store.store(file, "changeit".toCharArray());
    }
    try (MockWebServer tls = new MockWebServer()) {
      // So that requests have a Host that can be passed on.
      tls.setProtocols(List.of(Protocol.HTTP_1_1));
      tls.useHttps(
          new HandshakeCertificates.Builder()
              .heldCertificate(certificate)
              .build()
              .sslSocketFactory());
      tls.start(InetAddress.getLoopbackAddress(), 0);
      String origin = "https://localhost:" + tls.getPort();
      try (Sandbox sandbox =
          Sandbox.start(
              SandboxOptions.loopback(InstantSource.system())
                  .withEdge()
                  .withPublicOrigin(origin))) {
        tls.setDispatcher(new PassOn(sandbox.address()));

        Ended trusted =
            run(
                List.of(
                    "-Djavax.net.ssl.trustStore=" + truststore,
                    "-Djavax.net.ssl.trustStorePassword=changeit"),
                Map.of("AUTHGEAR_ENDPOINT", origin),
                sandbox.project().accessToken("bob"),
                "check",
                "--token");
        assertThat(trusted.out())
            .contains("\n✓ tls: TLSv1.3, the certificate of localhost is good until ")
            .contains("\n✓ issuer: " + origin + "\n")
            .contains("\n✓ resolver: " + origin + "/_resolver/resolve answers as a resolver")
            .contains("\nallowed: 200\n");
        assertThat(trusted.status()).isZero();

        Ended unreadable =
            run(
                List.of("-Djavax.net.ssl.trustStore=" + truststore),
                Map.of("AUTHGEAR_ENDPOINT", origin),
                "",
                "check");
        assertThat(unreadable.out())
            .contains(
                "\n✗ tls: this Java trusts no certificate authority at all\n"
                    + "    fix: its truststore is empty or cannot be read: check"
                    + " javax.net.ssl.trustStore, and give javax.net.ssl.trustStorePassword with"
                    + " it\n");

        Ended untrusted = run(Map.of("AUTHGEAR_ENDPOINT", origin), "", "check");
        assertThat(untrusted.out())
            .contains(
                "\n"
                    + "✗ tls: the certificate of localhost is from \"CN=localhost\", whom this Java"
                    + " does not trust\n")
            .contains("\n– keys: not tried because tls failed\n");
        assertThat(untrusted.status()).isEqualTo(1);
      }
    }
  }

  /** Ends TLS in front of a server, as a load balancer does. */
  private static final class PassOn extends Dispatcher {
    private final OkHttpClient client = new OkHttpClient.Builder().followRedirects(false).build();
    private final String target;

    PassOn(String target) {
      this.target = target;
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
      Request passed =
          new Request.Builder()
              .url(target + request.getUrl().encodedPath())
              .headers(request.getHeaders())
              .build();
      try (Response answer = client.newCall(passed).execute()) {
        return new MockResponse.Builder()
            .code(answer.code())
            .headers(answer.headers().newBuilder().removeAll("Transfer-Encoding").build())
            .body(answer.body().string())
            .build();
      } catch (IOException e) {
        return new MockResponse.Builder().code(502).build();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "check, check --help",
    "check nginx, check nginx -h",
    "check follow, check follow --help",
    "follow, help follow",
    "health, health --help",
    "check nginx, help check nginx",
    "[serve], serve --help"
  })
  void help_ofACommand_isAboutItAndExitsWithZero(String command, String line) throws Exception {
    Ended ended = run(Map.of(), "", line.split(" "));

    assertThat(ended.status()).isZero();
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out())
        .contains("java -jar authgear-auth-request.jar " + command)
        .contains("Exit status");
  }

  @ParameterizedTest
  @CsvSource({"demo, help demo", "sandbox, sandbox -h", "sandbox, sandbox --help"})
  void help_ofACommandOfTheSandboxJar_isAboutItAndExitsWithZero(String command, String line)
      throws Exception {
    Ended ended = runSandboxJar(line.split(" "));

    assertThat(ended.status()).isZero();
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out())
        .contains("java -jar authgear-auth-request-sandbox.jar " + command)
        .contains("Exit status");
  }

  @ParameterizedTest
  @CsvSource({"demo, demo", "sandbox, sandbox", "demo, demo now", "sandbox, sandbox 8091"})
  void commandOfTheSandboxJar_givenToTheService_namesThatJarAndExitsWithOne(
      String command, String line) throws Exception {
    assertThat(run(Map.of(), "", line.split(" ")))
        .isEqualTo(
            new Ended(
                1,
                "",
                command
                    + " is in another jar, which the same build makes:"
                    + " java -jar authgear-auth-request-sandbox.jar "
                    + command
                    + "\n"));
    assertThat(run(Map.of(), "", command, "--help").out())
        .contains("java -jar authgear-auth-request-sandbox.jar " + command);
  }

  @ParameterizedTest
  @CsvSource({
    "demo --port, demo: the argument \"--port\" is not understood",
    "sandbox 8091, sandbox: the argument \"8091\" is not understood",
    "check, authgear-auth-request-sandbox: the argument \"check\" is not understood",
    "serve, authgear-auth-request-sandbox: the argument \"serve\" is not understood",
    "help me, authgear-auth-request-sandbox: the argument \"me\" is not understood"
  })
  void argument_thatTheSandboxJarDoesNotUnderstand_isNamedAndExitsWithTwo(
      String line, String complaint) throws Exception {
    Ended ended = runSandboxJar(line.split(" "));

    assertThat(ended.status()).isEqualTo(2);
    assertThat(ended.out()).isEmpty();
    assertThat(ended.err().lines().toList()).startsWith(complaint, "");
  }

  @Test
  void sandboxJar_withoutACommand_listsThemAndExitsWithTwo() throws Exception {
    Ended nothing = runSandboxJar();
    Ended help = runSandboxJar("--help");

    assertThat(nothing.status()).isEqualTo(2);
    assertThat(nothing.out()).isEmpty();
    assertThat(nothing.err()).contains(" demo ", " sandbox ", "Exit status: 0 ");
    assertThat(help).isEqualTo(new Ended(0, nothing.err(), ""));
  }

  @ParameterizedTest
  @CsvSource({
    "health now, health: the argument \"now\" is not understood",
    "chekc, authgear-auth-request: the argument \"chekc\" is not understood",
    "--help me, authgear-auth-request: the argument \"me\" is not understood",
    "help me, authgear-auth-request: the argument \"me\" is not understood",
    "serve now, serve: the argument \"now\" is not understood",
    "follow now, follow: the argument \"now\" is not understood",
    "check follow --jsom, check follow: the argument \"--jsom\" is not understood",
    "check nginx --jsom, check nginx: the argument \"--jsom\" is not understood"
  })
  void argument_thatIsNotUnderstood_isNamedAndExitsWithTwo(String line, String complaint)
      throws Exception {
    Ended ended = run(Map.of(), "", line.split(" "));

    assertThat(ended.status()).isEqualTo(2);
    assertThat(ended.out()).isEmpty();
    assertThat(ended.err().lines().toList()).startsWith(complaint, "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "-h", "help"})
  void help_listsCommandsExitStatusesAndSettings(String word) throws Exception {
    Ended ended = run(Map.of(), "", word);

    assertThat(ended.status()).isZero();
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out())
        .contains(" [serve] ", "Exit status: 0 ", "AUTHGEAR_ENDPOINT (required)");
  }

  @Test
  void serve_isWhatNoArgumentMeansToo() throws Exception {
    Ended serve = run(Map.of(), "", "serve");

    assertThat(serve.status()).isEqualTo(1);
    assertThat(serve.err()).contains("AUTHGEAR_ENDPOINT: is missing");
    assertThat(run(Map.of(), "")).isEqualTo(serve);
  }

  @Test
  void health_needsNoOtherSettingThanItsOwn() throws Exception {
    int port = FreePort.find();
    String address = "127.0.0.1:" + port;
    Path file = Files.writeString(folder.resolve("address"), address + "\n");
    for (Map<String, String> environment :
        List.of(
            Map.of("AUTHGEAR_MANAGEMENT_LISTEN", address),
            Map.of("AUTHGEAR_MANAGEMENT_LISTEN_FILE", file.toString()),
            Map.of(
                "AUTHGEAR_MANAGEMENT_LISTEN",
                address,
                "AUTHGEAR_MODE",
                "fast",
                "AUTHGEAR_X",
                "y"))) {
      assertThat(run(environment, "", "health"))
          .isEqualTo(
              new Ended(
                  1,
                  "",
                  "not alive: no answer from http://"
                      + address
                      + "/healthz: Connection refused\n"));
    }
  }

  @Test
  void health_withAnAddressThatIsNone_saysSo() throws Exception {
    Ended ended = run(Map.of("AUTHGEAR_MANAGEMENT_LISTEN", "here"), "", "health");

    assertThat(ended.status()).isEqualTo(1);
    assertThat(ended.out()).isEmpty();
    assertThat(ended.err())
        .startsWith(
            """
            1 problem in the settings:

              AUTHGEAR_MANAGEMENT_LISTEN: "here" is not an address of the form host:port
            """);
  }

  @Test
  void health_withoutService_saysWhereItAsked() throws Exception {
    int port = FreePort.find();
    Ended ended =
        run(
            Map.of(
                "AUTHGEAR_ENDPOINT",
                "https://auth.example.test",
                "AUTHGEAR_MANAGEMENT_LISTEN",
                "0.0.0.0:" + port),
            "",
            "health");

    assertThat(ended)
        .isEqualTo(
            new Ended(
                1,
                "",
                "not alive: no answer from http://127.0.0.1:"
                    + port
                    + "/healthz: Connection refused\n"));
  }

  @Test
  void sandboxAndDemo_onAnOccupiedPort_sayItInOneLine() throws Exception {
    // Someone else's port 8090 will do as well as ours.
    try (ServerSocket _ = occupy(8090)) {
      assertThat(runSandboxJar("sandbox"))
          .isEqualTo(new Ended(1, "", "cannot listen on 127.0.0.1:8090: Address already in use\n"));
      Ended demo = runSandboxJar("demo");
      assertThat(demo.status()).isEqualTo(1);
      assertThat(demo.out()).isEmpty();
      assertThat(demo.err().lines())
          .singleElement()
          .asString()
          .startsWith("the demo needs ports of 127.0.0.1 that are not free: ")
          .contains("8090 (sandbox)");
    }
  }

  private static ServerSocket occupy(int port) throws IOException {
    ServerSocket socket = new ServerSocket();
    try {
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
    } catch (BindException _) {
      assertThat(socket.isBound()).isFalse();
    }
    return socket;
  }
}
