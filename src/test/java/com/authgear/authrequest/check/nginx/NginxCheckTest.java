package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.principal.IdentityHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NginxCheckTest {

  private static NginxCheck check(String dump) {
    return NginxCheck.of("stdin", dump, Expected.DEFAULTS);
  }

  private static List<NginxFinding> findings(NginxCheck result) {
    assertThat(result).isInstanceOf(NginxCheck.Checked.class);
    return ((NginxCheck.Checked) result).findings();
  }

  private static NginxFinding only(NginxCheck result) {
    assertThat(findings(result)).hasSize(1);
    return findings(result).getFirst();
  }

  static List<String> examples() {
    return Examples.names();
  }

  @ParameterizedTest
  @MethodSource("examples")
  void check_example_hasExactlyWhatItsCommentsSay(String name) {
    assertThat(Examples.found(check(Examples.dump(name)))).isEqualTo(Examples.expected(name));
  }

  @Test
  void examples_showEveryHazard() {
    assertThat(
            examples().stream()
                .flatMap(name -> Examples.expected(name).stream())
                .map(expected -> expected.split(" ", -1)[0])
                .collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(Hazard.values()).map(Hazard::id).toList());
  }

  @Test
  void check_shippedFiles_findsNothing() {
    assertThat(check(Examples.shippedDump())).isEqualTo(new NginxCheck.Checked(List.of(), 2));
  }

  @Test
  void check_shippedFilesForMcp_findsNothing() {
    assertThat(check(Examples.dumpWithShipped(Examples.shippedMcp())))
        .isEqualTo(new NginxCheck.Checked(List.of(), 3));
  }

  /** Each line of mcp.conf that is about streams is needed, and its absence is named. */
  @ParameterizedTest
  @CsvSource({
    "proxy_buffering off;, STREAM_BUFFERED",
    "proxy_request_buffering off;, STREAM_REQUEST_BUFFERED",
    "proxy_read_timeout 6h;, STREAM_CUT_OFF",
    "proxy_set_header Mcp-Protocol-Version $http_mcp_protocol_version;, MCP_HEADER_NOT_SET",
    "proxy_set_header Mcp-Method           $http_mcp_method;, MCP_HEADER_NOT_SET",
    "proxy_set_header Mcp-Name             $http_mcp_name;, MCP_HEADER_NOT_SET",
    "2026-07-28\\|tools/call\\|(?:search|get_page)$, MCP_LIST_INCOMPLETE"
  })
  void check_lineRemovedFromTheFilesForMcp_isNamed(String line, Hazard hazard) {
    String dump = Examples.dumpWithShipped(Examples.shippedMcp());
    // The last is the end of an expression.
    String without = dump.replace(line, line.endsWith("$") ? line.replaceFirst("\\$$", "") : "");
    assertThat(without).isNotEqualTo(dump);

    assertThat(findings(check(without))).extracting(NginxFinding::hazard).containsOnly(hazard);
  }

  /** What a fix says can be pasted where the finding is. */
  @ParameterizedTest
  @ValueSource(strings = {"stream-cut-off", "stream-buffered", "stream-connection"})
  void check_fixOfAStream_pastedIntoTheLocation_leavesNothing(String name) {
    String pasted = Examples.read(name + ".conf");
    for (int round = 0; round < 10; round++) {
      List<NginxFinding> found = findings(check(Examples.dumpWithShipped(pasted)));
      if (found.isEmpty()) {
        return;
      }
      NginxFinding first = found.getFirst();
      List<String> lines = new ArrayList<>(pasted.lines().toList());
      int line = first.place().line() - 1;
      String directive = first.fix().split(" ", 2)[0];
      if (lines.get(line).contains(directive)) {
        lines.set(line, first.fix());
      } else {
        lines.add(line, first.fix());
      }
      pasted = String.join("\n", lines);
    }
    assertThat(findings(check(Examples.dumpWithShipped(pasted)))).isEmpty();
  }

  @Test
  void check_tlsThatIsVerified_findsNothing() {
    String verified =
        Examples.read("tls-unverified.conf").replace("# <- ", "\nproxy_ssl_verify on; # ");

    assertThat(findings(check(Examples.dumpWithShipped(verified)))).isEmpty();
  }

  /** Printed by nginx 1.22: patterns in include, a file used by two servers, a mime.types. */
  private static String sites() {
    return Examples.read("sites.dump")
        .replace(
            "\n    location /health {",
            " if ($request_uri ~*"
                + " \"^[^?]*(?:[#;\\\\\\\\]|%(?:3b|5c)|(?:/|%2f){2}|(?:/|%2f)(?:\\.|%2e|%252e){1,2}(?:/|%2f|\\?|$))\")"
                + " { return 400; }\n"
                + "    location /health {");
  }

  @Test
  void check_dumpOfSeveralSites_findsNothing() {
    assertThat(check(sites())).isEqualTo(new NginxCheck.Checked(List.of(), 3));
  }

  @Test
  void check_dumpOfOlderFiles_findsThatPathsAreNotRefused() {
    assertThat(only(check(Examples.read("sites.dump"))))
        .satisfies(
            finding -> {
              assertThat(finding.hazard()).isEqualTo(Hazard.AMBIGUOUS_PATHS);
              assertThat(finding.place())
                  .isEqualTo(new SourceLine("/etc/nginx/sites-enabled/api", 1));
            });
  }

  @Test
  void check_dumpOfSeveralSites_findsWhatOneSiteForgot() {
    String dump = sites().replaceFirst("include authgear/public.conf;", "");

    assertThat(only(check(dump)))
        .satisfies(
            finding -> {
              assertThat(finding.hazard()).isEqualTo(Hazard.HEADER_NOT_CLEARED);
              assertThat(finding.place())
                  .isEqualTo(new SourceLine("/etc/nginx/sites-enabled/api", 10));
              assertThat(finding.locations())
                  .containsExactly("location /health of server api.example.com");
            });
  }

  static Stream<String> identityHeaders() {
    return Arrays.stream(IdentityHeader.values()).map(IdentityHeader::headerName);
  }

  /** Each line that protects is needed, and its absence is named. */
  @ParameterizedTest
  @MethodSource("identityHeaders")
  void check_oneHeaderRemovedFromProtectConf_isNamed(String header) {
    String line = "(?m)^proxy_set_header " + header + " +\\$.*$";
    String dump = Examples.shippedDump();
    assertThat(dump.replaceAll(line, "")).isNotEqualTo(dump);

    List<NginxFinding> found = findings(check(dump.replaceAll(line, "")));

    assertThat(found)
        .hasSize(2)
        .allSatisfy(
            finding -> {
              assertThat(finding.hazard()).isEqualTo(Hazard.HEADER_NOT_SET);
              assertThat(finding.why()).endsWith("as the client wrote them: " + header + ".");
              assertThat(finding.fix()).contains("proxy_set_header " + header + " $");
            });
  }

  @ParameterizedTest
  @MethodSource("identityHeaders")
  void check_oneHeaderRemovedFromPublicConf_isNamed(String header) {
    String line = "(?m)^proxy_set_header " + header + " +\"\";$";
    NginxFinding found = only(check(Examples.shippedDump().replaceAll(line, "")));

    assertThat(found.hazard()).isEqualTo(Hazard.HEADER_NOT_CLEARED);
    assertThat(found.locations()).containsExactly("location /public/ of server on 8000");
    assertThat(found.why()).endsWith("as the client wrote them: " + header + ".");
    assertThat(found.fix()).contains("proxy_set_header " + header + " \"\";");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "internal; | not-internal",
        "proxy_pass_request_body off; | body-passed",
        "proxy_set_header Content-Length \"\"; | body-passed",
        "proxy_set_header Connection \"\"; | no-keepalive",
      })
  void check_oneLineRemovedFromAskConf_isFound(String line, String id) {
    String dump = Examples.shippedDump();
    assertThat(dump).contains("\n" + line + "\n");

    assertThat(only(check(dump.replace("\n" + line + "\n", "\n\n"))).hazard().id()).isEqualTo(id);
  }

  /** One file that two servers include is one place to mend. */
  @Test
  void check_fileIncludedTwice_isOneFindingWithBothLocations() {
    String conf = Examples.read("not-internal.conf");
    String server = conf.substring(conf.indexOf("    server {\n"), conf.lastIndexOf('}'));
    String dump =
        Examples.dumpWithShipped(
            "http { include /etc/nginx/site; include /etc/nginx/site;\n"
                + conf.substring(conf.indexOf("include authgear/http.conf"), conf.indexOf(server))
                + "}");

    NginxFinding found = only(check(dump + Examples.file("/etc/nginx/site", server)));

    assertThat(found.hazard()).isEqualTo(Hazard.NOT_INTERNAL);
    assertThat(found.place().file()).isEqualTo("/etc/nginx/site");
    assertThat(found.locations()).containsExactly("location = /_authgear/auth of server on 8000");
  }

  @Test
  void check_headerBudgetRaised_wantsLargerBuffer() {
    String dump = Examples.shippedDump();

    assertThat(findings(NginxCheck.of("stdin", dump, new Expected(7168, List.of())))).isEmpty();
    assertThat(only(NginxCheck.of("stdin", dump, new Expected(7169, List.of()))))
        .satisfies(
            finding -> {
              assertThat(finding.hazard()).isEqualTo(Hazard.HEADER_BUFFER_SMALL);
              assertThat(finding.fix()).isEqualTo("proxy_buffer_size 12k;");
            });
  }

  /** nginx takes the first cookie of a name in any letters, the service another one. */
  @Test
  void check_cacheKeyOfSingleCookies_isNotEnough() {
    String dump =
        Examples.dump("cache-key-without-credential.conf")
            .replace(
                "$cookie_session", "$cookie_session$cookie_app_session$cookie_app_access_token");

    assertThat(only(check(dump)).why()).contains("$http_cookie");
    assertThat(
            findings(
                check(
                    Examples.dump("cache-key-without-credential.conf")
                        .replace("$cookie_session", "$http_cookie"))))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "proxy_set_header x-authgear-user-id $anyone;",
        "proxy_set_header X-AUTHGEAR-USER-ID ${http_x_user};",
        "proxy_set_header x-authgear-user-id \"$authgear_user_id$arg_user\";",
        "set $who $cookie_user; proxy_set_header x-authgear-user-id $who;",
      })
  void check_secondValueFromTheClient_isFoundBesideTheGoodOne(String line) {
    String dump =
        Examples.shippedDump()
            .replaceFirst("\nhttp \\{", "\nhttp { map \\$http_x_who \\$anyone { default me; }")
            .replaceFirst(
                "include authgear/protect.conf;",
                "include authgear/protect.conf; " + line.replace("$", "\\$"));

    assertThat(findings(check(dump)))
        .extracting(NginxFinding::hazard)
        .containsExactly(Hazard.HEADER_FROM_CLIENT);
  }

  @Test
  void check_mapOfWhatTheServiceSaid_isGood() {
    String dump =
        Examples.shippedDump()
            .replaceFirst(
                "\nhttp \\{", "\nhttp { map \\$authgear_user_roles \\$roles { default guest; }")
            .replaceFirst(
                "(proxy_set_header x-authgear-user-roles +)\\$authgear_user_roles", "$1\\$roles");

    assertThat(dump).contains("$roles;");
    assertThat(findings(check(dump))).isEmpty();
  }

  /** With no header of the client's passed on, none can be spoofed. */
  @Test
  void check_clientHeadersNotPassed_needNotBeCleared() {
    String dump =
        Examples.dump("header-not-cleared.conf")
            .replace("location /public/ {", "location /public/ { proxy_pass_request_headers off;");

    assertThat(findings(check(dump))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "error_page 401 = @login; location @login { return 302 /login; }",
        "error_page 401 /login.html; location = /login.html { root /srv; }",
        "error_page 500 502 503 504 /50x.html; location = /50x.html { root /srv; }",
        "error_page 404 =200 /index.html;",
      })
  void check_errorPagesThatKeepTheRefusal_areGood(String lines) {
    String dump = Examples.shippedDump().replace("server_name _;", "server_name _; " + lines);

    assertThat(findings(check(dump))).isEmpty();
  }

  /** Another server of the same address may be its default, whose rules nginx reads headers by. */
  @ParameterizedTest
  @CsvSource({"8000, 1", "8001, 0"})
  void check_underscoresInAServerOfTheSameAddress_areFound(String listen, int count) {
    String dump =
        Examples.dump("underscores-accepted-invalid.conf")
            .replace("ignore_invalid_headers off;", "")
            .replace(
                "    upstream backend {",
                "server { listen "
                    + listen
                    + " default_server; underscores_in_headers on; ignore_invalid_headers on; }"
                    + "    upstream backend {")
            .replaceFirst("(?m)^underscores_in_headers off;\n", "\n")
            .replaceFirst("(?m)^ignore_invalid_headers on;\n", "\n");

    assertThat(findings(check(dump)))
        .hasSize(count)
        .allSatisfy(
            finding -> {
              assertThat(finding.hazard()).isEqualTo(Hazard.UNDERSCORES_ACCEPTED);
              assertThat(finding.locations()).containsExactly("server on 8000");
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "worker_processes 1;", "events { }"})
  void check_withoutHttp_asksWhetherNginxTakesIt(String text) {
    assertThat(check(text)).isInstanceOf(NginxCheck.Unusable.class);
    assertThat(CheckNginxReport.text(check(text))).contains("nginx -t");
  }

  @ParameterizedTest
  @ValueSource(strings = {"auth_request_set;", "auth_request_set $a;", "auth_request;", "map;"})
  void check_lineWithoutArguments_isNoMistakeOfTheCheck(String line) {
    assertThat(findings(check(Examples.shippedDump().replace("server_name _;", line)))).isEmpty();
  }

  @Test
  void check_claimHeaderThatNobodySets_isNamed() {
    Expected claims = new Expected(3072, List.of("x-claim-email"));

    assertThat(findings(NginxCheck.of("stdin", Examples.shippedDump(), claims)))
        .hasSize(3)
        .allSatisfy(finding -> assertThat(finding.why()).endsWith(": x-claim-email."));
  }
}
