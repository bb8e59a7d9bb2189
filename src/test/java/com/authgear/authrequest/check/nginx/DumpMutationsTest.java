package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever it reads, the check answers: nginx's own grammar is wider than any list of directives.
 * Each configuration is mutated by a fixed seed: arguments are dropped, doubled, swapped and
 * exchanged, lines and blocks are dropped, doubled and moved.
 */
class DumpMutationsTest {
  private static final int ROUNDS = 40;

  static List<String> examples() {
    return Stream.concat(Examples.names().stream(), Stream.of("sites.dump")).toList();
  }

  @ParameterizedTest
  @MethodSource("examples")
  void check_mutatedConfiguration_isAnswered(String name) throws UnusableDumpException {
    String text = name.endsWith(".conf") ? Examples.dump(name) : Examples.read(name);
    List<Directive> directives = Dump.read("stdin", text).directives();
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(name.hashCode() * 31L + seed);
      answered(written(mutated(directives, random, 0.02 + random.nextDouble() * 0.1)));
    }
  }

  /** Every directive that a rule reads, without its arguments, with empty ones and with one. */
  @Test
  void check_everyDirectiveWithAnyNumberOfArguments_isAnswered() throws UnusableDumpException {
    List<Directive> base = Dump.read("stdin", Examples.dump("cache-time-fixed.conf")).directives();
    Stream.of(
            "auth_request_set auth_request set map if rewrite return break error_page try_files"
                + " index mirror root alias internal satisfy allow deny proxy_pass grpc_pass"
                + " fastcgi_pass uwsgi_pass scgi_pass proxy_set_header grpc_set_header"
                + " fastcgi_param uwsgi_param scgi_param proxy_cache proxy_cache_key"
                + " proxy_cache_valid proxy_no_cache proxy_ignore_headers proxy_cache_use_stale"
                + " proxy_buffer_size proxy_http_version proxy_ssl_verify proxy_intercept_errors"
                + " recursive_error_pages listen server_name underscores_in_headers"
                + " ignore_invalid_headers large_client_header_buffers add_header"
                + " add_header_inherit limit_req limit_conn upstream keepalive location server"
                + " limit_except geo types include")
        .flatMap(names -> Stream.of(names.split(" ", -1)))
        .filter(name -> !name.equals("include"))
        .forEach(
            name ->
                Stream.of(
                        "",
                        " \"\"",
                        " $",
                        " $a",
                        " ~",
                        " ~(",
                        " =",
                        " @",
                        " \"\" \"\"",
                        " $ $",
                        " ( )",
                        " (",
                        " )",
                        " ($a",
                        " ($a )",
                        " \"(\" \"\"",
                        " /",
                        " / /",
                        " http://",
                        " http://[",
                        " http://[:",
                        " http://unix:",
                        " unix:",
                        " []",
                        " [::",
                        " =200",
                        " 401 =",
                        " 401",
                        " 401 = @",
                        " 401 $a",
                        " ~ \\",
                        " ~* [",
                        " \"$a{\"",
                        " 999999999999999999999999",
                        " \uD83D")
                    .flatMap(
                        arguments ->
                            Stream.of(
                                name + arguments + ";",
                                name + arguments + " { }",
                                name + arguments + " { default; ~x; a b; }"))
                    .forEach(
                        line -> {
                          answered(everywhere(base, line));
                        }));
  }

  private static String everywhere(List<Directive> base, String line) {
    String text = written(base);
    return text.replaceAll("\\{\n", "{\n" + Matcher.quoteReplacement(line) + "\n");
  }

  private static void answered(String text) {
    assertThatCode(
            () ->
                CheckNginxReport.text(
                    NginxCheck.of("stdin", text, new Expected(3072, List.of("x-claim")))))
        .as(text)
        .doesNotThrowAnyException();
  }

  private static List<Directive> mutated(List<Directive> directives, Random random, double rate) {
    List<Directive> mutated = new ArrayList<>();
    for (Directive directive : directives) {
      Directive inner = directive.withChildren(mutated(directive.children(), random, rate));
      if (random.nextDouble() > rate || directive.name().equals("http")) {
        mutated.add(inner);
        continue;
      }
      List<String> arguments = new ArrayList<>(inner.arguments());
      switch (random.nextInt(8)) {
        case 0 -> arguments.clear();
        case 1 -> arguments.addAll(inner.arguments());
        case 2 -> Collections.shuffle(arguments, random);
        case 3 -> arguments.replaceAll(_ -> "");
        case 4 -> {
          if (!arguments.isEmpty()) {
            arguments.remove(random.nextInt(arguments.size()));
          }
        }
        case 5 -> mutated.add(inner);
        case 6 -> {
          continue;
        }
        default ->
            arguments.replaceAll(
                argument -> argument.substring(0, random.nextInt(argument.length() + 1)));
      }
      mutated.add(new Directive(inner.name(), arguments, inner.children(), inner.place()));
    }
    if (random.nextDouble() < rate) {
      Collections.shuffle(mutated, random);
    }
    return mutated;
  }

  private static String written(List<Directive> directives) {
    StringBuilder text = new StringBuilder();
    for (Directive directive : directives) {
      text.append(directive.name());
      for (String argument : directive.arguments()) {
        text.append(" \"").append(argument.replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
      }
      if (directive.children().isEmpty()) {
        text.append(";\n");
      } else {
        text.append(" {\n").append(written(directive.children())).append("}\n");
      }
    }
    return text.toString();
  }
}
