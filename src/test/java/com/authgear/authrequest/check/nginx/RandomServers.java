package com.authgear.authrequest.check.nginx;

import com.authgear.authrequest.principal.IdentityHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Small servers made by a seed, valid for nginx, of the kinds of lines that {@code check nginx}
 * models: protected and open locations, redirects of every kind between them, and headers that are
 * set, cleared or forgotten.
 */
final class RandomServers {

  /**
   * @param body what stands in {@code server { }} beside listen and the service's location
   * @param paths requests to protected locations, that only who is let in may have answered
   * @param headerPaths requests at which an identity header of the client may not arrive
   */
  record Generated(long seed, String body, List<String> paths, List<String> headerPaths) {}

  private static final List<String> PATHS = List.of("/", "/a/", "/b/", "/a/c/");

  private RandomServers() {}

  static Generated of(long seed) {
    return new Maker(seed).make();
  }

  private static final class Maker {
    private final long seed;
    private final Random random;
    private final List<String> paths = new ArrayList<>();
    private final List<String> headerPaths = new ArrayList<>();

    Maker(long seed) {
      this.seed = seed;
      // Neighbouring seeds begin alike.
      this.random = new Random(seed * 0x9E3779B97F4A7C15L);
    }

    private boolean chance(int percent) {
      return random.nextInt(100) < percent;
    }

    private String one(String... choices) {
      return choices[random.nextInt(choices.length)];
    }

    Generated make() {
      StringBuilder body = new StringBuilder();
      if (chance(15)) {
        body.append(errorPage("404 403"));
      }
      boolean first = true;
      for (String path : PATHS) {
        if (first || chance(60)) {
          body.append(location(path, first || chance(55)));
        }
        first = false;
      }
      if (chance(50)) {
        body.append(location(one("~ \\.php$", "~ ^/(?P<name_1>x+)\\.php$"), chance(40)));
      }
      if (chance(40)) {
        body.append(location("= /login", chance(20)));
      }
      body.append(location("@one", chance(25)));
      body.append(location("@two", chance(25)));
      return new Generated(seed, body.toString(), paths, headerPaths);
    }

    private String errorPage(String codes) {
      return "error_page "
          + codes
          + " "
          + one("= @one", "@two", "/login", "/a/x", "/b$uri")
          + ";\n";
    }

    private String location(String path, boolean isProtected) {
      boolean named = path.startsWith("@");
      StringBuilder lines = new StringBuilder("location " + path + " {\n");
      boolean internal = !named && !path.equals("/") && chance(12);
      if (internal) {
        lines.append("internal;\n");
      }
      String asked = path.startsWith("~") ? "/xx.php" : path.equals("= /login") ? "/login" : path;
      if (!named) {
        headerPaths.add(asked);
        headerPaths.add(path.endsWith("/") ? path + "x9" : asked);
        headerPaths.add(path.endsWith("/") ? path + "x9/" : asked);
        if (isProtected && !internal) {
          paths.add(asked);
          paths.add(path.endsWith("/") ? path + "x9" : asked);
          paths.add(path.endsWith("/") ? path + "x9/" : asked);
        }
      }
      if (isProtected) {
        lines.append("auth_request /_authgear/auth;\n");
        lines.append("auth_request_set $who $upstream_http_x_authgear_user_id;\n");
      }
      if (chance(isProtected ? 25 : 10)) {
        lines.append(errorPage(one("401", "403", "401 403", "404")));
      }
      if (chance(15)) {
        lines.append(
            one(
                isProtected ? "rewrite ^/none /login last;\n" : "rewrite ^ /login last;\n",
                "rewrite ^/(.*)$ /b/$1 last;\n",
                "rewrite ^ /login break;\n",
                "rewrite ^/old /new permanent;\n",
                "if ($arg_never) { return 404; }\n",
                "if ($uri ~ nothing) { rewrite ^ /b/y last; }\n"));
      }
      if (path.equals("/") || chance(75)) {
        lines.append(chance(85) ? headers(isProtected) : "proxy_set_header Other x;\n");
        lines
            .append("proxy_pass ")
            .append(one("http://backend", "http://127.0.0.1:BACKEND", "http://localhost:BACKEND"))
            .append(";\n");
      } else {
        lines.append("root ROOT;\n");
        if (chance(60)) {
          lines.append("try_files /none ").append(one("@one", "@two", "/x.php", "/b/z", "=404"));
          lines.append(";\n");
        } else {
          lines.append("index none x.php;\n");
        }
      }
      return lines.append("}\n").toString();
    }

    private String headers(boolean isProtected) {
      String own = isProtected || chance(50) ? "$who" : "\"\"";
      return IDENTITY.stream()
          .map(
              header ->
                  "proxy_set_header "
                      + header
                      + " "
                      + (header.equals("x-authgear-user-id") ? own : "\"\"")
                      + ";\n")
          .collect(Collectors.joining());
    }
  }

  static final List<String> IDENTITY =
      Arrays.stream(IdentityHeader.values()).map(IdentityHeader::headerName).toList();
}
