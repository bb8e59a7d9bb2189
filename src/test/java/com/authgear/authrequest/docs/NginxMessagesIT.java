package com.authgear.authrequest.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.Nginx;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of docs/nginx.md about what {@code nginx -t} says, each row brought about. */
class NginxMessagesIT {

  private static final Pattern ROW = Pattern.compile("\\| `(?<message>[^`]+)` \\| .+ \\|");
  private static final String HEADING = "## What `nginx -t` says, and what is missing";

  private static final Map<String, UnaryOperator<String>> MISTAKES =
      Map.of(
          "unknown \"authgear_ambiguous\" variable",
          text -> text.replace("include authgear/http.conf;", ""),
          "unknown \"authgear_asked\" variable",
          text -> text.replace("include authgear/server.conf;", ""),
          "unknown \"authgear_cors\" variable",
          twice("include authgear/server.conf;", "include authgear/preflight.conf;"),
          "unknown \"authgear_cors_origin\" variable",
          twice("include authgear/server.conf;", "include authgear/cors.conf;"),
          "host not found in upstream \"authgear_auth\"",
          text -> text.replace("upstream authgear_auth {", "upstream another {"),
          "unknown log format \"authgear\"",
          text -> text.replace("log_format authgear ", "log_format another "),
          "\"auth_request\" directive is duplicate",
          twice("include authgear/protect.conf;", "auth_request /_authgear/auth/admin;"),
          "\"proxy_http_version\" directive is duplicate",
          twice("include authgear/proxy.conf;", "include authgear/proxy.conf;"),
          "duplicate location \"/_authgear/auth\"",
          twice("include authgear/server.conf;", "include authgear/server.conf;"),
          "open() ... failed (2: No such file or directory)",
          text -> text.replace("include authgear/", "include elsewhere/"));

  private static UnaryOperator<String> twice(String line, String next) {
    return text -> text.replace(line, line + "\n" + next);
  }

  static List<String> messages() {
    List<String> lines = Page.read(Path.of("docs/nginx.md")).lines();
    int heading = lines.indexOf(HEADING);
    assertThat(heading).isPositive();
    return lines.subList(heading + 1, lines.size()).stream()
        .takeWhile(line -> !line.startsWith("## "))
        .map(ROW::matcher)
        .filter(Matcher::matches)
        .map(row -> row.group("message"))
        .toList();
  }

  @Test
  void table_hasARowForEachMistake() {
    assertThat(messages()).containsExactlyInAnyOrderElementsOf(MISTAKES.keySet());
  }

  @ParameterizedTest
  @MethodSource("messages")
  void mistake_isSaidSo(String message) {
    assertThat(Nginx.check(Objects.requireNonNull(MISTAKES.get(message))))
        .containsSubsequence(Stream.of(message.split(" \\.\\.\\. ")).toArray(String[]::new));
  }
}
