package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether what refuses ambiguous paths is recognised, however it is written. */
class AmbiguousPathsTest {
  private static final String REGEX =
      "^[^?]*(?:[#;\\\\\\\\]|%(?:00|3b|5c)|(?:/|%2f){2}|(?:/|%2f)(?:\\.|%2e|%252e){1,2}(?:/|%2f|\\?|$))";

  /** README's own pattern, of the files as they were. */
  private static final String LOCATIONS =
      "location /api/ { auth_request /_authgear/auth; IDENTITY B }"
          + " location /api/admin/ { auth_request /_authgear/auth/admin; IDENTITY B }";

  private static final String IDENTITY =
      Examples.shipped("identity.conf")
          .replaceAll("(?s)if \\(\\$authgear_ambiguous\\) \\{.*?\\}", "");

  private static List<Hazard> found(String server, String http) {
    String dump =
        InternalRedirectsTest.dump("REPLACED", http)
            .replace(
                "include authgear/server.conf;",
                "location ^~ /_authgear/auth { include authgear/ask.conf; proxy_buffer_size 8k; }")
            .replace(
                "REPLACED",
                InternalRedirectsTest.words(server).replace("IDENTITY", "\n" + IDENTITY));
    return InternalRedirectsTest.errors(dump).stream().map(NginxFinding::hazard).toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        LOCATIONS,
        "if ($request_uri ~ ';') { return 400; } " + LOCATIONS,
        "if ($request_uri ~* \"^[^?]*(;|\\\\\\\\|%3b|%5c|%2f|%25)\") { return 400; } " + LOCATIONS,
        "if ($uri ~* \"REGEX\") { return 400; } " + LOCATIONS,
        "if ($request_uri ~* \"REGEX\") { set $bad 1; } " + LOCATIONS,
        "if ($refused) { return 400; } " + LOCATIONS,
        "location ~ \\.css$ { if ($request_uri ~* \"REGEX\") { return 400; } C B } " + LOCATIONS,
        "location / { auth_request /_authgear/auth; IDENTITY B } location = /ok { proxy_set_header"
            + " Host x; if ($http_a) { return 400; } include authgear/nothing.conf; B } location"
            + " /admin/ { auth_request /_authgear/auth/admin; IDENTITY B }",
      })
  void check_pathsThatNothingRefuses_areAnError(String server) {
    String conf = server.replace("REGEX", REGEX).replace(" include authgear/nothing.conf;", "");
    assertThat(found(conf, "map $http_x $refused { default ''; a 1; }"))
        .contains(Hazard.AMBIGUOUS_PATHS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "if ($request_uri ~* \"REGEX\") { return 400; } " + LOCATIONS,
        "if ($request_uri ~* \"REGEX\") { return 444; } " + LOCATIONS,
        "if ($request_uri ~* \"REGEX\") { return 403 \"no\"; } " + LOCATIONS,
        "set $bad 0; if ($request_uri ~* \"REGEX\") { set $bad 1; } if ($bad) { return 404; } "
            + LOCATIONS,
        "set $bad no; if ($request_uri ~* \"REGEX\") { set $bad yes; } if ($bad = yes) { return"
            + " 404; } "
            + LOCATIONS,
        "if ($strange) { return 400; } " + LOCATIONS,
        "if ($strange = 1) { return 400; } " + LOCATIONS,
        "if ($twice) { return 400; } " + LOCATIONS,
        "if ($authgear_ambiguous) { return 400; } " + LOCATIONS,
        "if ($plain !~ ^yes$) { return 400; } " + LOCATIONS,
        "location /api/ { if ($strange) { return 400; } auth_request /_authgear/auth; IDENTITY B }"
            + " location /api/admin/ { if ($strange) { return 400; }"
            + " auth_request /_authgear/auth/admin; IDENTITY B }",
        // Nothing to choose between.
        "location /api/ { auth_request /_authgear/auth; IDENTITY B } location / { return 302 /x; }",
        "location / { auth_request /_authgear/auth; IDENTITY B } location /static/ { root /srv; }",
        "location / { auth_request /_authgear/auth; IDENTITY B } location /cms/ {"
            + " proxy_pass http://10.0.0.7; }",
        "location / { auth_request /_authgear/auth; IDENTITY B } location /a/ {"
            + " auth_request /_authgear/auth; IDENTITY B }",
        "location / { auth_request /_authgear/auth; IDENTITY B } location = /health { C"
            + " proxy_pass http://backend/health; }",
        "location / { auth_request /_authgear/auth; IDENTITY B } location = /health { C"
            + " rewrite ^ /health break; B }",
      })
  void check_pathsThatAreRefusedOrTheSame_areNoError(String server) {
    assertThat(
            found(
                server.replace("REGEX", REGEX),
                ("map $request_uri $strange { default 0; \"~*REGEX\" 1; }"
                        + " map $strange $twice { 1 yes; default ''; }"
                        + " map \"$request_uri\" $plain { default yes; \"~*REGEX\" no; }")
                    .replace("REGEX", REGEX)))
        .isEmpty();
  }
}
