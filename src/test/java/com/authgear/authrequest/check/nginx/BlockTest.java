package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlockTest {

  private static Block http(String content) throws UnusableDumpException {
    return Block.http(Syntax.read("f", "http { " + content + " }").getFirst());
  }

  private static Block server(String content) throws UnusableDumpException {
    return http("server { " + content + " }").servers().getFirst();
  }

  @ParameterizedTest
  @CsvSource({
    "/, /",
    "/x, /",
    "/api, /",
    "/api/, /api/",
    "/api/v2/x, /api/v2/",
    "/exact, = /exact",
    "/exact/x, /",
    "/api/a.php, ~ \\.php$",
    "/api/A.PHP, /api/",
    "/api/A.PNG, ~* \\.png$",
    "/static/a.php, ^~ /static/",
    "/tight, =/tight",
    "/api/a.gif, ~*\\.gif$",
    "/sticky/a.php, ^~/sticky/",
  })
  void find_path_isAsNginxChooses(String path, String location) throws UnusableDumpException {
    Block server =
        server(
            "location / {} location = /exact {} location =/tight {} location ^~ /static/ {}"
                + " location /api/ { location /api/v2/ {} } location ~ \\.php$ {} location ~*"
                + " \\.png$ {} location @x {} location ~*\\.gif$ {} location ^~/sticky/ {}");

    assertThat(String.join(" ", server.find(path).getFirst().directive().arguments()))
        .isEqualTo(location);
  }

  @Test
  void find_nothingFits_isEmpty() throws UnusableDumpException {
    assertThat(server("location /a {} location ~ x {}").find("/b")).isEmpty();
  }

  @Test
  void inForce_innermostBlockWithAny_hidesTheOthers() throws UnusableDumpException {
    Block http =
        http(
            "h 1; s 1; l 1; server { s 2; s 3; l 2; location / { l 3; location /a { n 1; } if (x) {"
                + " h 9; } } }");
    Block nested = http.servers().stream().flatMap(Block::allLocations).toList().getLast();

    assertThat(nested.title()).isEqualTo("location /a of server on 80");
    assertThat(values(nested, "h")).containsExactly("1");
    assertThat(values(nested, "s")).containsExactly("2", "3");
    assertThat(values(nested, "l")).containsExactly("3");
    assertThat(values(nested, "n")).containsExactly("1");
    assertThat(values(nested, "m")).isEmpty();
  }

  private static List<String> values(Block level, String name) {
    return level.inForce(name).stream().map(line -> line.argument(0)).toList();
  }
}
