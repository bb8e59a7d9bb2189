package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who answers what {@code auth_request} asks. */
class QuestionsTest {

  /** In place of {@code authgear/server.conf}. */
  private static String dump(String question, String service) {
    return InternalRedirectsTest.dump(
            "location / { auth_request "
                + question
                + "; include authgear/identity.conf; B } "
                + service.replace(
                    "ASK",
                    "internal; set $authgear_asked 1; proxy_pass_request_body off;"
                        + " proxy_set_header Content-Length \"\"; proxy_http_version 1.1;"
                        + " proxy_set_header Connection \"\"; proxy_set_header X-Forwarded-For"
                        + " $remote_addr;"))
        .replace("include authgear/server.conf;\n", "\n");
  }

  private static List<Hazard> errors(String dump) {
    return InternalRedirectsTest.errors(dump).stream()
        .map(NginxFinding::hazard)
        .distinct()
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/_a | location = /_a { ASK proxy_pass http://authgear:3001/resolve; }",
        "/_a | location = /_a { ASK proxy_pass http://authgear:3001/resolve/; }",
        "/_a | location = /_a { ASK proxy_pass http://authgear:3001/resolve?a=b; }",
        "/_a | location = /_a { ASK proxy_pass http://authgear:3001/resolve$is_args$args; }",
        "/_a | location = /_a { ASK proxy_pass https://x.example/_resolver/resolve/; }",
        "/_a | location = /_a { ASK proxy_pass https://x.example/%5fresolver/./resolve; }",
        "/_a | location = /_a { ASK proxy_pass https://x.example//_resolver//resolve; }",
        "/_a | location = /_a { ASK proxy_pass https://x.example/base/_resolver/resolve; }",
        "/_a | location = /_a { ASK set $r http://x:3001/resolve; proxy_pass $r; }",
        "/_a | location = /_a { ASK set $r resolve; proxy_pass http://x:3001/$r; }",
        "/_a | location = /_a { ASK set $p /resolve; proxy_pass http://x:3001$p; }",
        "/resolve | location = /resolve { ASK proxy_pass http://authgear:3001; }",
        "/_resolver/resolve | location = /_resolver/resolve { ASK proxy_pass http://authgear:3001;"
            + " }",
        "/_resolver/resolve | location /_resolver/ { ASK proxy_pass http://authgear:3001; }",
        "/_a/resolve | location /_a/ { ASK proxy_pass http://authgear:3001/; }",
        "/_a | location = /_a { ASK rewrite ^ /resolve break; proxy_pass http://x:3001; }",
        "/_a | location = /_a { ASK rewrite ^ /_resolver/resolve? break; proxy_pass http://x; }",
        "/_a/resolve | location /_a/ { ASK rewrite ^/_a(/.*)$ $1 break; proxy_pass http://x:3001;"
            + " }",
        "/_a | location = /_a { ASK rewrite ^ /_b last; } location = /_b { ASK proxy_pass"
            + " http://x/resolve; }",
        "/_a | rewrite ^/_a$ /resolve; location = /resolve { ASK proxy_pass http://x:3001; }",
      })
  void check_theResolverItself_isAnError(String question, String service) {
    assertThat(errors(dump(question, service))).contains(Hazard.RESOLVER_ASKED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/_a/auth | location ~ ^/_a/ { B }",
        "/_a/auth | location ~ auth { B }",
        "/_a/auth | location /_a/ { ASK proxy_pass http://authgear_auth/; } location ~"
            + " (?P<any_1>.*) { B }",
        "/_a/auth | location /_a/ { ASK proxy_pass http://authgear_auth/; } location ~ (?&x) { B }",
        "/_a/auth | location /_a/ { ASK proxy_pass http://authgear_auth/; } location ~* /AUTH$ {"
            + " root /srv; }",
        "/_a/auth | location /_a/ { ASK proxy_pass http://authgear_auth/; } location = /_a/auth { B"
            + " }",
        "/_a/auth | location /_a/ { ASK proxy_pass http://authgear_auth/; } location /_a/a { B }",
        "/_a/auth | location /_a/ { ASK proxy_pass http://authgear_auth/; location ~ h$ { B } }",
        "/_a/auth | location = /_a/auth { ASK B }",
        "/_a/auth | location = /_a/auth { ASK proxy_pass http://127.0.0.1:9000; }",
        "/_a/auth | location = /_a/auth { ASK proxy_pass http://localhost:9000/ok; }",
        "/_a/auth | location = /_a/auth { internal; return 200; }",
        "/_a/auth | location = /_a/auth { internal; return 204 ''; }",
        "/_a/auth | location = /_a/auth { internal; root /srv; }",
        "/_a/auth | location = /_a/auth { internal; fastcgi_pass unix:/p; }",
        "/_a/auth | location = /_a/auth { ASK if ($http_x) { return 200; } proxy_pass"
            + " http://authgear_auth/auth; }",
        "/_a/auth | root /srv;",
        "/_a/auth | location = /_a/auth { ASK try_files /ok =403; }",
        "/_a/auth | location = /_a/auth { ASK rewrite ^ /x last; } location /x { C B }",
        "/_a/auth | rewrite ^/_a(.*)$ /x$1; location = /_a/auth { ASK proxy_pass"
            + " http://authgear_auth/auth; }",
      })
  void check_questionsThatSomethingElseAnswers_areAnError(String question, String service) {
    assertThat(errors(dump(question, service)))
        .containsAnyOf(Hazard.SERVICE_NOT_ASKED, Hazard.REWRITTEN);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/_a/auth | location /_a/ { ASK proxy_pass http://authgear_auth/; }",
        "/_a/auth | location /_a/ { ASK proxy_pass http://authgear_auth/; } location ~ \\.php$ { C"
            + " B }",
        "/_a/auth | location ~ ^/_a(/auth.*)$ { ASK proxy_pass http://authgear_auth$1; }",
        "/_a/auth/admin | location ^~ /_a/auth { ASK proxy_pass http://authgear_auth/auth; }"
            + " location ~ . { C B }",
        "/auth | location = /auth { ASK proxy_pass http://authgear_auth; }",
        "/_a | location = /_a { ASK rewrite ^ /auth break; proxy_pass http://authgear_auth; }",
        "/_a | location = /_a { ASK set $t http://authgear.svc:8080/auth?role=admin; proxy_pass $t;"
            + " }",
        "/_a | rewrite ^/old /new permanent; location = /_a { ASK proxy_pass"
            + " http://authgear_auth/auth; }",
        "/_a | rewrite ^/old(.*)$ /new$1 last; location = /_a { ASK proxy_pass"
            + " http://authgear_auth/auth; }",
        "/_a | rewrite ^ https://$host$request_uri? permanent; location = /_a { ASK proxy_pass"
            + " http://authgear_auth/auth; }",
        "/_a | location = /_a { ASK proxy_pass http://authgear_auth/auth/resolve; }",
        "/_a | location = /_a { ASK proxy_pass http://unix:/run/auth.sock:/auth; }",
      })
  void check_theServiceHoweverItIsAsked_isNoError(String question, String service) {
    assertThat(errors(dump(question, service))).isEmpty();
  }

  /** The example of Authgear's documentation, of which there are several spellings. */
  @Test
  void check_authgearsDocumentedExample_isWhatToMigrateFrom() {
    assertThat(
            InternalRedirectsTest.findings(Examples.dump("authgear-docs.conf")).stream()
                .filter(finding -> finding.hazard() == Hazard.RESOLVER_ASKED)
                .map(NginxFinding::fix))
        .singleElement()
        .asString()
        .contains("proxy_pass http://authgear_auth/auth;");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "proxy_pass http://127.0.0.1:9000;",
        "proxy_pass http://localhost:9000/;",
        "proxy_pass http://LOCALHOST:09000;",
        "proxy_pass http://[::1]:9000;",
        "proxy_pass http://[0:0:0:0:0:0:0:1]:9000;",
        "proxy_pass http://[::ffff:127.0.0.1]:9000;",
        "proxy_pass http://127.1:9000;",
        "proxy_pass http://BACKEND;",
        "proxy_pass http://other;",
        "set $where other; proxy_pass http://$where;",
        "set $where 127.0.0.1; proxy_pass http://$where:9000$request_uri;",
        "proxy_pass http://$mapped;",
        "proxy_pass http://$arg_where;",
        "grpc_pass grpc://127.0.0.1:9000;",
        "grpc_pass localhost:9000;",
        "grpc_pass backend;",
        "uwsgi_pass 127.0.0.1:9000;",
        "scgi_pass localhost:9000;",
        "fastcgi_pass backend;",
        "if ($http_x) { proxy_pass http://127.0.0.1:9000; }",
        "limit_except GET { proxy_pass http://127.0.0.1:9000; }",
      })
  void check_theSameBackendByAnotherName_isRecognised(String pass) {
    String dump =
        InternalRedirectsTest.dump(
            "location / { P B } location /open/ { " + pass + " }",
            "upstream other { server localhost:9000; server 10.0.0.1; }"
                + " map $uri $mapped { default cms; ~x 127.0.0.1:9000; }");

    assertThat(errors(dump)).contains(Hazard.HEADER_NOT_CLEARED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http://example.com | http://example.com:80/",
        "http://example.com. | http://EXAMPLE.com",
        "https://example.com | https://example.com:443",
        "http://[2001:db8::1] | http://[2001:DB8:0:0::1]:80",
        "http://[2001:db8::1]:8080 | http://[2001:db8:0000::0001]:8080",
        "http://unix:/run/app.sock | http://unix:/run/app.sock:/x/",
        "http://10.0.0.1:8080 | http://10.1:8080",
        "http://0.0.0.0:9100 | http://127.0.0.1:9100",
      })
  void check_spellingsOfAnAddress_areOne(String one, String other) {
    String dump =
        InternalRedirectsTest.dump(
            "location / { P proxy_pass "
                + one
                + "; } location /open/ { proxy_pass "
                + other
                + "; }");

    assertThat(errors(dump)).contains(Hazard.HEADER_NOT_CLEARED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http://example.com | https://example.com",
        "http://example.com:8080 | http://example.com",
        "http://[2001:db8::1] | http://[2001:db8::2]",
        "http://unix:/run/app.sock | http://unix:/run/other.sock",
        "http://127.0.0.1:9001 | http://127.0.0.1:9002",
        "http://backend | http://example.com",
      })
  void check_otherBackends_areNotTakenForThisOne(String one, String other) {
    String dump =
        InternalRedirectsTest.dump(
            "location / { P proxy_pass "
                + one
                + "; } location /open/ { proxy_pass "
                + other
                + "; }");

    assertThat(errors(dump)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "proxy_cache one; B",
        "proxy_cache one; proxy_cache_key $scheme$host$request_uri; B",
        "proxy_cache one; proxy_cache_valid 200 1h; proxy_cache_key $uri$http_authorization; B",
        "proxy_cache one; proxy_no_cache $cookie_nocache; B",
        "fastcgi_cache one; fastcgi_cache_key $request_uri; fastcgi_pass unix:/p;"
            + " fastcgi_pass_request_headers off;",
        "uwsgi_cache one; uwsgi_cache_key $request_uri; uwsgi_pass u:1;"
            + " uwsgi_pass_request_headers off;",
        "scgi_cache one; scgi_cache_key $request_uri; scgi_pass u:1;"
            + " scgi_pass_request_headers off;",
      })
  void check_cacheInAProtectedLocation_isAnError(String lines) {
    assertThat(errors(InternalRedirectsTest.dump("location / { P " + lines + " }")))
        .containsExactly(Hazard.CACHE_MIXES_USERS);
    assertThat(
            errors(
                InternalRedirectsTest.dump(
                    lines.replaceAll("B|\\w+_pass .*", "")
                        + " location / { P "
                        + lines.replaceAll("\\w+_cache\\w* [^;]*;|\\w+_no_cache [^;]*;", "")
                        + " }")))
        .containsExactly(Hazard.CACHE_MIXES_USERS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "proxy_cache off; B",
        "proxy_cache one; proxy_cache_key $request_uri|$http_authorization|$http_cookie; B",
        "proxy_cache one; proxy_cache_key $request_uri|$authgear_user_id|$authgear_client_id; B",
        "proxy_cache one; proxy_no_cache $http_authorization $http_cookie; B",
        "proxy_cache one; proxy_no_cache 1; B",
      })
  void check_cacheThatTellsUsersApart_isNoError(String lines) {
    assertThat(errors(InternalRedirectsTest.dump("location / { P " + lines + " }"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;",
        "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $authgear_connection;",
        "proxy_set_header upgrade \"${http_upgrade}\";",
        "set $up $http_upgrade; proxy_set_header Upgrade $up;",
        "proxy_set_header Upgrade $contains;",
        "if ($http_upgrade ~* websocket) { set $x 1; } proxy_set_header Upgrade $http_upgrade;",
        "if ($http_upgrade = h2c) { return 400; } proxy_set_header Upgrade $http_upgrade;",
      })
  void check_upgradesOfAnyKind_areFound(String lines) {
    assertThat(
            InternalRedirectsTest.findings(
                    InternalRedirectsTest.dump(
                        "location / { P " + lines + " B }",
                        "map $http_upgrade $contains { default ''; ~*websocket $http_upgrade; }"))
                .stream()
                .map(NginxFinding::hazard))
        .containsExactly(Hazard.UPGRADE_NOT_LIMITED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "include authgear/proxy.conf;",
        "proxy_set_header Upgrade websocket;",
        "proxy_set_header Upgrade $exactly;",
        "if ($http_upgrade !~* \"^(websocket)?$\") { return 400; }"
            + " proxy_set_header Upgrade $http_upgrade;",
      })
  void check_upgradesToWebSocketOnly_areGood(String lines) {
    assertThat(
            InternalRedirectsTest.findings(
                InternalRedirectsTest.dump(
                    "location / { P " + lines + " B }",
                    "map $http_upgrade $exactly { default ''; ~*^websocket$ $http_upgrade; }")))
        .isEmpty();
  }
}
