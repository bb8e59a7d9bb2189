package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.principal.IdentityHeader;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What ingress-nginx renders for many hosts, in the shape of its template: all services stand
 * behind one upstream, and Lua picks one by {@code $proxy_upstream_name}.
 */
class IngressNginxDumpTest {

  private static String location(int host, String service, boolean asks) {
    String headers =
        Arrays.stream(IdentityHeader.values())
            .map(
                header ->
                    String.format(
                        Locale.ROOT,
                        """
                        auth_request_set $authHeader_%1$s $upstream_http_%2$s;
                        proxy_set_header '%3$s' $authHeader_%1$s;
                        """,
                        header.headerName().replace('-', '_'),
                        header.headerName().replace('-', '_'),
                        header.headerName()))
            .collect(Collectors.joining());
    String auth =
        """
        auth_request /_external-auth-Lw-Prefix;
        auth_request_set $auth_cookie $upstream_http_set_cookie;
        add_header Set-Cookie $auth_cookie;
        """;
    return String.format(
        Locale.ROOT,
        """
        location / {
            set $namespace "default";
            set $ingress_name "app%1$d";
            set $proxy_upstream_name "%2$s";
            set $balancer_ewma_score -1;
            rewrite_by_lua_block { lua_ingress.rewrite({ force_ssl_redirect = false }) }
            access_by_lua_block { }
            log_by_lua_block { balancer.log() }
            port_in_redirect off;
            set $pass_access_scheme $scheme;
            set $best_http_host $http_host;
            %3$s
            client_max_body_size 1m;
            proxy_set_header Host $best_http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header Proxy "";
            proxy_next_upstream error timeout;
            proxy_pass http://upstream_balancer;
            proxy_redirect off;
        }
        """,
        host,
        service,
        asks ? auth + headers : "");
  }

  private static String server(int host, boolean asks, String service) {
    String question =
        """
        location = /_external-auth-Lw-Prefix {
            internal;
            access_log off;
            set $proxy_upstream_name "default-app-80";
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Host authgear-auth-request.authgear.svc.cluster.local;
            proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_buffer_size 16k;
            proxy_http_version 1.1;
            set $target http://authgear-auth-request.authgear.svc.cluster.local:8080/auth;
            proxy_pass $target;
        }
        """;
    return String.format(
        Locale.ROOT,
        """
        ## start server host%1$d.example.com
        server {
            server_name host%1$d.example.com;
            listen 80;
            listen [::]:80;
            listen 443 ssl http2;
            set $proxy_upstream_name "-";
            ssl_certificate_by_lua_block { certificate.call() }
        %2$s
        %3$s
        }
        """,
        host,
        asks ? question : "",
        location(host, service, asks));
  }

  private static String rendered(String upstream, IntFunction<String> server) {
    return "http {\n"
        + " lua_package_path \"/etc/nginx/lua/?.lua;;\";\n"
        + " init_by_lua_block { collectgarbage(\"collect\") }\n"
        + " large_client_header_buffers 4 20k;\n"
        + " map $http_upgrade $connection_upgrade { default upgrade; '' ''; }\n"
        + " upstream upstream_balancer { "
        + upstream
        + " keepalive 320; }\n"
        + IntStream.range(0, 2000).mapToObj(server).collect(Collectors.joining())
        + "server { listen 8181; location /healthz { return 200; } location / { return 404; } }\n"
        + "}\n";
  }

  private static NginxCheck.Checked check(String dump) {
    NginxCheck result = NginxCheck.of("stdin", dump, Expected.DEFAULTS);
    assertThat(result).isInstanceOf(NginxCheck.Checked.class);
    return (NginxCheck.Checked) result;
  }

  private static long errors(NginxCheck.Checked checked) {
    return checked.findings().stream()
        .filter(finding -> finding.hazard().severity() == Severity.ERROR)
        .count();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "server 0.0.0.1; balancer_by_lua_block { balancer.balance() }",
        "server 0.0.0.1; balancer_by_lua_file /etc/nginx/lua/nginx/ngx_conf_balancer.lua;",
        "server 127.0.0.1:9000;",
      })
  void check_manyHostsOfWhichOneIsProtected_findsNoErrorInTheOthers(String upstream) {
    NginxCheck.Checked checked =
        check(rendered(upstream, host -> server(host, host == 7, "default-app" + host + "-80")));

    assertThat(errors(checked)).isZero();
    assertThat(checked.protectedLocations()).isEqualTo(1);
  }

  @Test
  void check_manyProtectedHosts_findsNoError() {
    NginxCheck.Checked checked =
        check(
            rendered(
                "server 0.0.0.1; balancer_by_lua_block { balancer.balance() }",
                host -> server(host, true, "default-app" + host % 50 + "-80")));

    assertThat(errors(checked)).isZero();
    assertThat(checked.protectedLocations()).isEqualTo(2000);
  }

  /** The same service behind a protected and an open host is what the check is for. */
  @Test
  void check_oneOpenHostToAProtectedService_isFound() {
    NginxCheck.Checked checked =
        check(
            rendered(
                "server 0.0.0.1; balancer_by_lua_block { balancer.balance() }",
                host -> server(host, host != 7, "default-app-80")));

    assertThat(checked.findings())
        .filteredOn(finding -> finding.hazard() == Hazard.HEADER_NOT_CLEARED)
        .singleElement()
        .satisfies(
            finding ->
                assertThat(finding.locations())
                    .containsExactly("location / of server host7.example.com"));
  }
}
