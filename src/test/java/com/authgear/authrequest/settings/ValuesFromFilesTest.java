package com.authgear.authrequest.settings;

import static com.authgear.authrequest.settings.Reads.accepted;
import static com.authgear.authrequest.settings.Reads.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesFromFilesTest {

  @TempDir Path directory;

  @Test
  void read_everyKeyFromAFile_isAccepted() throws IOException {
    Map<String, String> files = new HashMap<>();
    Map<String, String> plain = new HashMap<>();
    for (Setting<?> setting : Reads.all()) {
      // The example of this one is a socket's file, which goes with no TLS.
      String value = setting.key().equals("AUTHGEAR_LISTEN") ? "0.0.0.0:8443" : setting.example();
      files.put(setting.fileKey(), file(setting.key(), value + "\n"));
      plain.put(setting.key(), value);
    }

    assertThat(SettingsReader.read(files))
        .isInstanceOf(SettingsReader.Accepted.class)
        .isEqualTo(SettingsReader.read(plain));
  }

  @ParameterizedTest
  @ValueSource(strings = {"shop_", "shop_\n", "shop_\r\n"})
  void read_oneNewlineAtTheEnd_isDropped(String content) throws IOException {
    assertThat(
            accepted("AUTHGEAR_COOKIE_PREFIX_FILE", file("prefix", content))
                .tokens()
                .cookiePrefix())
        .isEqualTo("shop_");
  }

  @ParameterizedTest
  @ValueSource(strings = {"shop_\n\n", "shop_\r", " shop_", "\nshop_"})
  void read_otherWhitespace_isPartOfTheValue(String content) throws IOException {
    String file = file("prefix", content);

    assertThat(refused("AUTHGEAR_COOKIE_PREFIX_FILE", file))
        .extracting(Problem::key, Problem::fault)
        .containsExactly(
            tuple(
                "AUTHGEAR_COOKIE_PREFIX",
                "the content of \"" + file + "\" has characters that no cookie name has"));
  }

  @Test
  void read_valueAndFile_isAProblem() throws IOException {
    assertThat(refused("AUTHGEAR_DRAIN", "1s", "AUTHGEAR_DRAIN_FILE", file("drain", "2s")))
        .containsExactly(
            new Problem(
                "AUTHGEAR_DRAIN", "AUTHGEAR_DRAIN_FILE is set too", "keep only one of the two"));
  }

  @Test
  void read_emptyValueAndFile_takesTheFile() throws IOException {
    assertThat(
            accepted("AUTHGEAR_DRAIN", "", "AUTHGEAR_DRAIN_FILE", file("drain", "2s"))
                .listeners()
                .drain())
        .hasSeconds(2);
  }

  @Test
  void read_missingFile_isNamedWithTheCause() {
    String file = directory.resolve("nowhere").toString();

    assertUnreadable(file, "no such file");
  }

  @Test
  void read_directory_isNamedWithTheCause() {
    assertUnreadable(directory.toString(), "Is a directory");
  }

  @Test
  void read_fileInAFile_isNamedWithTheCause() throws IOException {
    assertUnreadable(file("drain", "2s") + "/x", "Not a directory");
  }

  @Test
  void read_fileWithoutPermission_isNamedWithTheCause() throws IOException {
    String file = file("drain", "2s");
    Files.setPosixFilePermissions(Path.of(file), PosixFilePermissions.fromString("---------"));
    assumeThat(Files.isReadable(Path.of(file))).as("root reads everything").isFalse();

    assertUnreadable(file, "permission denied");
  }

  @Test
  void read_emptyFile_isNamedWithTheCause() throws IOException {
    assertUnreadable(file("drain", ""), "it is empty");
    assertUnreadable(file("drain", "\n"), "it is empty");
  }

  @Test
  void read_notUtf8_isNamedWithTheCause() throws IOException {
    Path file = Files.write(directory.resolve("binary"), new byte[] {(byte) 0xff, 'x'});

    assertUnreadable(file.toString(), "not UTF-8 text");
  }

  @Test
  void read_endlessFile_isNamedWithTheCause() {
    assumeThat(Path.of("/dev/zero")).exists();

    assertUnreadable("/dev/zero", "larger than 64 KiB");
  }

  @Test
  void read_pathWithNul_isNamedWithTheCause() {
    assertThat(refused("AUTHGEAR_DRAIN_FILE", "/a\0b"))
        .extracting(Problem::fault)
        .containsExactly("cannot read \"/a\\u0000b\": not a path");
  }

  /** Whatever the fault is, and for every setting, also for those of two keys. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "zq8 zq8",
        "zq8,,zq8",
        "zq8:zq8@zq8.zq8/zq8",
        "http://zq8.zq8/zq8?zq8#zq8",
        "HSzq8",
        "9zq8",
        "http://zq8",
        "zq8:0",
        "[zq8]:1",
        "zq8\u0007=;",
      })
  void report_faultyFiles_neverShowTheirContent(String content) throws IOException {
    Map<String, String> environment = new HashMap<>();
    for (Setting<?> setting : Reads.all()) {
      environment.put(setting.fileKey(), file(setting.key(), content));
    }

    List<Problem> problems = refused(environment);

    assertThat(problems).hasSizeGreaterThan(8);
    assertThat(Problem.report(problems)).doesNotContain("zq8");
  }

  @Test
  void report_contradictionBetweenFiles_doesNotShowTheirContent() throws IOException {
    String report =
        Problem.report(
            refused(
                "AUTHGEAR_LISTEN_FILE", file("l", "zq8:1"),
                "AUTHGEAR_MANAGEMENT_LISTEN_FILE", file("m", "zq8:1")));

    assertThat(report).contains("clashes").doesNotContain("zq8");
  }

  private void assertUnreadable(String file, String cause) {
    assertThat(refused("AUTHGEAR_DRAIN_FILE", file))
        .containsExactly(
            new Problem(
                "AUTHGEAR_DRAIN_FILE",
                "cannot read \"" + file + "\": " + cause,
                "the path of a file that holds only the value of AUTHGEAR_DRAIN"));
  }

  private String file(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(name), content).toString();
  }
}
