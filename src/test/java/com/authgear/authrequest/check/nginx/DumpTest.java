package com.authgear.authrequest.check.nginx;

import static com.authgear.authrequest.check.nginx.Examples.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DumpTest {

  private static String places(List<Directive> directives) {
    return String.join(
        " ",
        directives.stream()
            .map(
                directive ->
                    directive.children().isEmpty()
                        ? directive.place().toString()
                        : directive.place() + "{" + places(directive.children()) + "}")
            .toList());
  }

  private static String read(String text) throws UnusableDumpException {
    return places(Dump.read("stdin", text).directives());
  }

  @Test
  void read_includes_areReplacedWithPlacesOfTheirFiles() throws UnusableDumpException {
    assertThat(
            read(
                "nginx: the configuration file /e/n.conf syntax is ok\n"
                    + file("/e/n.conf", "a;\nhttp {\n include d/x;\n b;\n include /o/y;\n}")
                    + file("/e/d/x", "\nc {\n include z; }")
                    + file("/e/z", "d;")
                    + file("/o/y", "e;")))
        .isEqualTo("/e/n.conf:1 /e/n.conf:2{/e/d/x:2{/e/z:1} /e/n.conf:4 /o/y:1}");
  }

  @ParameterizedTest
  @CsvSource({
    "d/*.conf, /e/d/a.conf:1 /e/d/b.conf:1",
    "/e/d/*.conf, /e/d/a.conf:1 /e/d/b.conf:1",
    "d/[!a].conf, /e/d/b.conf:1",
    "d/[a-c].conf, /e/d/a.conf:1 /e/d/b.conf:1",
    "d/?.conf, /e/d/a.conf:1 /e/d/b.conf:1",
    "*/*/*.conf, /e/d/s/c.conf:1",
    "d/.*, /e/d/.hidden.conf:1",
    "none/*, ''",
  })
  void read_glob_matchesAsTheShellDoes(String pattern, String included)
      throws UnusableDumpException {
    assertThat(
            read(
                file("/e/n.conf", "include " + pattern + ";")
                    + file("/e/d/b.conf", "b;")
                    + file("/e/d/a.conf", "a;")
                    + file("/e/d/.hidden.conf", "h;")
                    + file("/e/d/s/c.conf", "c;")))
        .isEqualTo(included);
  }

  @Test
  void read_fileThatIsNotThere_isUnusable() {
    assertThatThrownBy(() -> read(file("/e/n.conf", "\ninclude x;")))
        .hasMessage(
            "/e/n.conf:2: /e/x is not in the input, which must be all that nginx -T prints");
  }

  @Test
  void read_filesThatIncludeEachOther_isUnusable() {
    assertThatThrownBy(() -> read(file("/e/n.conf", "include n.conf;")))
        .hasMessage("/e/n.conf:1: files include each other");
  }

  @Test
  void read_singleFile_isReadUnderItsName() throws UnusableDumpException {
    assertThat(read("\na;")).isEqualTo("stdin:2");
    assertThatThrownBy(() -> read("include *.conf;")).isInstanceOf(UnusableDumpException.class);
  }
}
