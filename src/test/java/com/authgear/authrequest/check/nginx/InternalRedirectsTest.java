package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Requests that nginx itself sends elsewhere. Each configuration is what a server has beside {@code
 * include authgear/server.conf}; {@code P} checks, {@code C} clears, {@code B} hands on.
 */
class InternalRedirectsTest {

  static String dump(String server) {
    return dump(server, "");
  }

  static String dump(String server, String http) {
    return Examples.dumpWithShipped(
        """
        http {
            include authgear/http.conf;
            upstream authgear_auth { server 127.0.0.1:8080; keepalive 32; }
            upstream backend { server 127.0.0.1:9000; }
            HTTP
            server {
                listen 8000;
                include authgear/server.conf;
                SERVER
            }
        }
        """
            .replace("SERVER", words(server))
            .replace("HTTP", http));
  }

  static String words(String server) {
    return server
        .replaceAll("(?<!\\?)\\bP\\b;?", "include authgear/protect.conf;")
        .replaceAll("\\bC\\b;?", "include authgear/public.conf;")
        .replaceAll("\\bB\\b;?", "proxy_pass http://backend;");
  }

  static List<NginxFinding> findings(String dump) {
    NginxCheck result = NginxCheck.of("stdin", dump, Expected.DEFAULTS);
    assertThat(result).isInstanceOf(NginxCheck.Checked.class);
    return ((NginxCheck.Checked) result).findings();
  }

  static List<NginxFinding> errors(String dump) {
    return findings(dump).stream()
        .filter(finding -> finding.hazard().severity() == Severity.ERROR)
        .toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Another location handles what this one has checked, and no header is set there.
        "location / { P root /srv; try_files $uri @app; } location @app { B }",
        "location / { P root /srv; try_files $uri $uri/ @app; } location @app { B }",
        "location / { P root /srv; try_files $uri @a; } location @a { error_page 502 = @b;"
            + " proxy_intercept_errors on; error_page 404 = @b; proxy_pass http://127.0.0.1:7000; }"
            + " location @b { B }",
        "location / { P root /srv; error_page 404 = @app; } location @app { B }",
        "error_page 404 = @app; location / { P root /srv; } location @app { B }",
        "location / { P root /srv; error_page 403 404 =200 @app; } location @app { B }",
        "location / { P root /srv; error_page 404 /index.php; } location ~ \\.php$ {"
            + " fastcgi_pass 127.0.0.1:9000; fastcgi_param REQUEST_URI $request_uri; }",
        // Whoever asks for that location directly is not checked.
        "location / { P root /srv; try_files $uri /index.php; } location ~ \\.php$ { C B }",
        "location / { P root /srv; try_files $uri /index.php?$args; } location = /index.php { C B"
            + " }",
        "location / { P root /srv; try_files $uri /index.php$is_args$args; } location ~ \\.php$ {"
            + " fastcgi_pass 127.0.0.1:9000; }",
        "location / { P root /srv; index index.php; } location ~ \\.php$ { fastcgi_pass unix:/p; }",
        "index index.html index.php; location / { P root /srv; } location ~ \\.php$ {"
            + " fastcgi_pass unix:/p; }",
        "location /app/ { P root /srv; index /front; } location /front { uwsgi_pass 127.0.0.1:1; }",
        "location / { P root /srv; try_files $uri /a; } location = /a { rewrite ^ /b last; }"
            + " location = /b { C B }",
        "location / { P root /srv; try_files $uri /x.php; } location ~ ^/(?P<file_name>.+)\\.php$ {"
            + " scgi_pass 127.0.0.1:9000; }",
        "location / { P root /srv; mirror /copy; } location /copy { C B }",
        // It leaves before it is checked.
        "location / { P B } location /old/ { P rewrite ^/old/(.*)$ /new/$1 last; }"
            + " location /new/ { C B }",
        "location / { P B } location /old/ { P rewrite ^/old/(.*)$ /new/$1; }"
            + " location /new/ { C B }",
        "location / { P B } location = /home { P rewrite ^ /new/home last; } location /new/ { C B"
            + " }",
        "location / { P error_page 418 = @app; if ($http_x_fast) { return 418; } B }"
            + " location @app { C B }",
        "location / { P error_page 413 = @app; B } location @app { C B }",
        "error_page 400 494 = @app; location / { P B } location @app { C B }",
        "location / { P error_page 503 = @app; limit_req zone=one; B } location @app { C B }",
        "location / { P rewrite ^/(.*)$ /in/$1 last; B } location /in/ { internal; C B }",
        // Whoever is refused is served.
        "location / { P error_page 401 = @app; B } location @app { C B }",
        "location / { P error_page 403 /open$uri; B } location /open/ { C B }",
        "location / { P error_page 401 /open$request_uri; B } location /open/ { C B }",
        "location / { P error_page 401 = @a; B } location @a { rewrite ^(.*)$ /open$1 last; }"
            + " location /open/ { C proxy_pass http://backend/; }",
        "location / { P error_page 401 = @a; B } location @a { try_files /none @b; root /srv; }"
            + " location @b { C B }",
        "error_page 500 = @app; location / { P B } location @app { C B }",
        "location / { P error_page 401 = @app; root /srv; } location @app { root /srv; }",
        "location / { P B } location /admin/ { auth_request /_authgear/auth/admin; include"
            + " authgear/identity.conf; error_page 403 = @user; B } location @user { P B }",
      })
  void check_requestsThatLandUnchecked_areAnError(String server) {
    String http = server.contains("limit_req") ? "limit_req_zone $uri zone=one:1m rate=1r/s;" : "";
    assertThat(errors(dump(server, http)).stream().map(NginxFinding::hazard)).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "location / { P root /srv; try_files $uri @app; } location @app { P B }",
        "location / { P root /srv; try_files $uri @app; } location @app { C B }",
        "location / { P root /srv; try_files $uri =404; }",
        "location / { P root /srv; try_files $uri /index.html; }",
        "location / { P root /srv; index index.php; } location ~ \\.php$ { P C internal; B }",
        "location / { P root /srv; try_files $uri /index.php; } location = /index.php { internal; C"
            + " fastcgi_pass unix:/p; fastcgi_param HTTP_X_AUTHGEAR_USER_ID x;"
            + " fastcgi_pass_request_headers off; }",
        // A page that is the same for everyone, of the same backend.
        "location / { P error_page 401 /login; B } location = /login { C B }",
        "location / { P error_page 401 403 = /login; B } location = /login { C B }",
        "error_page 401 /login; location / { P B } location /login { C B }",
        "location / { P error_page 401 = @login; B } location @login { C rewrite ^ /login break; B"
            + " }",
        "location / { P error_page 401 /x; B } location /x { C rewrite ^ /login? break; B }",
        "location / { P error_page 401 = @login; B } location @login { C"
            + " proxy_pass http://backend/login$is_args; }",
        "location / { P error_page 404 /404.html; proxy_intercept_errors on; B }"
            + " location = /404.html { C B }",
        // Elsewhere.
        "location / { P error_page 401 = @login; B } location @login { return 302 /login; }",
        "location / { P error_page 401 = @login; B } location @login {"
            + " proxy_pass http://127.0.0.1:7777; }",
        "location / { P error_page 401 https://login.example/; B }",
        "location / { P error_page 401 =302 https://login.example/?rd=$request_uri; B }",
        "location / { P rewrite ^/old/(.*)$ /new/$1 break; B }",
        "location / { P rewrite ^/old/(.*)$ /new/$1 permanent; B }",
        "location / { P rewrite ^/old/(.*)$ https://else.example/$1; B }",
        "location / { P B } location /old/ { P rewrite ^/old/(.*)$ /$1 last; }",
        "location / { P if (-f /srv/down) { rewrite ^ /down.html last; } B }"
            + " location = /down.html { root /srv; }",
        "rewrite ^/(.*)/$ /$1 permanent; location / { P B }",
        "rewrite ^ https://$host$request_uri? permanent; location / { P B }",
        "rewrite ^/(.*)$ /$1 redirect; location / { P B }",
        "if ($scheme = http) { return 301 https://$host$request_uri; } location / { P B }",
        "auth_request /_authgear/auth; root /srv;",
        "auth_request /_authgear/auth; root /srv; location /images/ { expires 1h; }",
        "location / { P root /srv; error_page 404 = @app; } location @app {"
            + " proxy_pass_request_headers off; B }",
      })
  void check_requestsThatAreCheckedOrTurnedAway_areNoError(String server) {
    assertThat(errors(dump(server))).isEmpty();
  }
}
