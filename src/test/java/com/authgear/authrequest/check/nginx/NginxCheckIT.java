package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.Nginx;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The examples are valid for nginx, and what it prints about them is read as it means it. */
class NginxCheckIT {

  private static NginxCheck check(UnaryOperator<String> edit) {
    String printed = Nginx.dump(edit);
    assertThat(printed).contains("test is successful").doesNotContain("[warn]", "[emerg]");
    return NginxCheck.of("stdin", printed, Expected.DEFAULTS);
  }

  static List<String> examples() {
    return Examples.names();
  }

  @Test
  void check_shippedFilesAsNginxPrintsThem_findsNothing() {
    assertThat(check(UnaryOperator.identity())).isEqualTo(new NginxCheck.Checked(List.of(), 2));
  }

  @Test
  void check_shippedFilesForMcpAsNginxPrintsThem_findsNothing() {
    assertThat(check(shipped -> inPlaceOf(shipped, Examples.shippedMcp())))
        .isEqualTo(new NginxCheck.Checked(List.of(), 3));
  }

  @ParameterizedTest
  @MethodSource("examples")
  void check_exampleAsNginxPrintsIt_hasExactlyWhatItsCommentsSay(String name) {
    assertThat(Examples.found(check(shipped -> inPlaceOf(shipped, Examples.read(name)))))
        .isEqualTo(Examples.expected(name));
  }

  /** With the places of temporary files on one line, so that the lines keep their numbers. */
  private static String inPlaceOf(String shipped, String conf) {
    return conf.replaceFirst("access_log /.*", "")
        .replaceFirst(
            "http \\{",
            "http { access_log off; "
                + shipped
                    .lines()
                    .filter(line -> line.contains("_temp_path "))
                    .collect(Collectors.joining(" ")));
  }
}
