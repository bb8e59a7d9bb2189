package com.authgear.authrequest.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.demo.SandboxArguments.NotUnderstoodException;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.settings.ListenAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SandboxArgumentsTest {

  private static final ListenAddress USUAL = new ListenAddress("127.0.0.1", 8090);

  @TempDir private Path folder;

  private static SandboxArguments parse(String... arguments) throws NotUnderstoodException {
    return SandboxArguments.parse(List.of(arguments), USUAL);
  }

  @Test
  void nothing_isLoopback() throws Exception {
    SandboxOptions options = parse().options(InstantSource.system());

    assertThat(options.host()).isEqualTo("127.0.0.1");
    assertThat(options.port()).isEqualTo(8090);
    assertThat(options.resolverPort()).isEqualTo(8091);
    assertThat(options.adminApiPort()).isEqualTo(8092);
    assertThat(options.anyAddress()).isFalse();
  }

  @Test
  void addressThatOthersReach_isRefusedUnlessItIsMeant() throws Exception {
    assertThatThrownBy(() -> parse("--listen=0.0.0.0:8090").options(InstantSource.system()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("loopback only")
        .hasMessageEndingWith("see --any-address");

    assertThat(parse("--listen=0.0.0.0:80", "--any-address").options(InstantSource.system()))
        .satisfies(options -> assertThat(options.host()).isEqualTo("0.0.0.0"))
        .satisfies(options -> assertThat(options.port()).isEqualTo(80));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "8091",
        "--listen",
        "--listen=",
        "--listen=8090",
        "--listen=here:0",
        "--listen=127.0.0.1:65534",
        "--any-address=yes",
        "--webhook=http://127.0.0.1/",
        "--webhook-secret=a",
        "--orgin=http://127.0.0.1:1"
      })
  void argument_thatIsNotUnderstood_isRefused(String argument) {
    assertThatThrownBy(() -> parse(argument)).isInstanceOf(NotUnderstoodException.class);
  }

  @Test
  void option_thatComesTwice_isRefused() {
    assertThatThrownBy(() -> parse("--origin=http://a.example", "--origin=http://b.example"))
        .isInstanceOf(NotUnderstoodException.class);
    assertThatThrownBy(() -> parse("--any-address", "--any-address"))
        .isInstanceOf(NotUnderstoodException.class);
  }

  @Test
  void echo_understandsOnlyWhereToListen() {
    assertThatThrownBy(
            () -> SandboxArguments.parseListen(List.of("--origin=http://a.example"), USUAL))
        .isInstanceOf(NotUnderstoodException.class);
  }

  @Test
  void prepare_writesTheKeyForItsOwnerOnly_andAddsResources() throws Exception {
    Path file = folder.resolve("key.json");
    try (Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()))) {
      parse("--admin-api-key-file=" + file, "--resource=https://mcp.example.com/a a:use a:write")
          .prepare(sandbox);

      assertThat(Files.readString(file))
          .contains("\"kid\":\"" + sandbox.adminApiKeyId() + "\"", "\"d\":");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
      assertThat(sandbox.authorizationServer().resources().all())
          .containsEntry("https://mcp.example.com/a", List.of("a:use", "a:write"));
    }
  }

  @Test
  void prepare_withAResourceThatIsNone_saysSo() throws Exception {
    try (Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(InstantSource.system()))) {
      SandboxArguments arguments = parse("--resource=notes notes:use");
      assertThatThrownBy(() -> arguments.prepare(sandbox))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("'notes' is no resource");
    }
  }
}
