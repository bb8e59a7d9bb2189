package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckNginxTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String input, String... arguments) {
    return CheckNginx.run(
        List.of(arguments),
        new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private String said() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String complained() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void run_nothingFound_exitsWithZero() {
    assertThat(run(Examples.shippedDump())).isZero();
    assertThat(said()).isEqualTo("nothing found, protected locations: 2\n");
  }

  @Test
  void run_onlyNotes_exitsWithZero() {
    assertThat(run(Examples.dump("open-location.conf"), "-")).isZero();
    assertThat(said())
        .startsWith("note open-location /etc/nginx/nginx.conf:")
        .endsWith("\n1 note, protected locations: 1\n");
  }

  @Test
  void run_finding_saysAllOfItAndExitsWithOne() {
    assertThat(run(Examples.dump("satisfy-any.conf"))).isEqualTo(1);
    assertThat(said())
        .isEqualTo(
            """
            error satisfy-any /etc/nginx/nginx.conf:22
              in location / of server on 8000
              With "satisfy any" an allowed address or a Basic password passes without asking the service.
              fix: satisfy all;

            1 error, protected locations: 1
            """);
  }

  @Test
  void run_json_hasTheSameForMachines() throws IOException {
    assertThat(run(Examples.dump("satisfy-any.conf"), "--json")).isEqualTo(1);

    JsonNode json = JsonMapper.builder().build().readTree(said());
    assertThat(json.get("protected_locations").asInt()).isEqualTo(1);
    assertThat(json.get("findings")).hasSize(1);
    JsonNode finding = json.get("findings").get(0);
    assertThat(finding.get("severity").asText()).isEqualTo("error");
    assertThat(finding.get("id").asText()).isEqualTo("satisfy-any");
    assertThat(finding.get("file").asText()).isEqualTo("/etc/nginx/nginx.conf");
    assertThat(finding.get("line").asInt()).isEqualTo(22);
    assertThat(finding.get("locations").get(0).asText()).isEqualTo("location / of server on 8000");
    assertThat(finding.get("why").asText()).isNotEmpty();
    assertThat(finding.get("fix").asText()).isEqualTo("satisfy all;");
  }

  @Test
  void run_file_isReadInsteadOfStdin(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("dump"), Examples.shippedDump());

    assertThat(run("", "--header-budget=7169", file.toString())).isEqualTo(1);
    assertThat(said()).startsWith("warning header-buffer-small ");
  }

  @Test
  void run_noSuchFile_exitsWithTwo(@TempDir Path folder) {
    assertThat(run("", folder.resolve("none").toString())).isEqualTo(2);
    assertThat(complained()).startsWith("cannot be checked: cannot read ");
    assertThat(said()).isEmpty();
  }

  @Test
  void run_unusableInput_exitsWithTwo() {
    assertThat(run("http {")).isEqualTo(2);
    assertThat(complained())
        .isEqualTo("cannot be checked: stdin:1: the file ends inside a block\n");
    assertThat(run("", "--json")).isEqualTo(2);
    assertThat(said()).startsWith("{\"unusable\":\"there is no http");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--jsom", "--header-budget=x"})
  void run_unknownArgument_isNamedAndExitsWithTwo(String argument) {
    assertThat(run(Examples.shippedDump(), argument)).isEqualTo(2);
    assertThat(complained())
        .isEqualTo(
            "check nginx: the argument \""
                + argument
                + "\" is not understood\n\n"
                + CheckNginx.USAGE);
    assertThat(said()).isEmpty();
  }

  @Test
  void run_twoFiles_isSaidAndExitsWithTwo() {
    assertThat(run(Examples.shippedDump(), "a", "b")).isEqualTo(2);
    assertThat(complained())
        .startsWith(
            "check nginx: \"a\" is not the last argument; one file may be named, after the"
                + " options\n");
  }
}
