package com.authgear.authrequest.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpFields;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OriginalUriTest {

  private static final List<String> PIECES =
      List.of(
          "/",
          "/",
          ".",
          ".",
          "..",
          "%2e",
          "%2E",
          "%25",
          "%252e",
          "25",
          "2e",
          "%2f",
          "%252F",
          ";",
          "%3b",
          "%253B",
          "a",
          "%61",
          "%2561",
          "%41",
          "%2d",
          "%7e",
          "?",
          "%",
          "%c0%af",
          "%c1%9c",
          "%e0%80%af",
          "%f0%80",
          "%c3%a4",
          "#",
          "%23",
          "%3f",
          "%253f",
          "\\",
          "%5c",
          "%255c",
          "%00",
          "%2500",
          "%7f",
          "\t",
          "\u007f",
          "%zz",
          "%2",
          "%20",
          "@",
          "\u00e4");

  /** The patterns of the map in nginx/authgear/http.conf, as nginx reads them. */
  private static List<Pattern> shipped() throws IOException {
    Pattern line = Pattern.compile("\\s*\"~(\\*?)(\\^\\[\\^\\?].*)\"\\s+1;");
    return Files.readAllLines(Path.of("nginx/authgear/http.conf")).stream()
        .map(line::matcher)
        .filter(Matcher::matches)
        .map(
            matcher ->
                Pattern.compile(
                    matcher.group(2).replace("\\\\\\\\", "\\\\"),
                    matcher.group(1).isEmpty() ? 0 : Pattern.CASE_INSENSITIVE))
        .toList();
  }

  @Test
  void rule_isThatOfTheShippedNginx() throws IOException {
    List<Pattern> patterns = shipped();
    assertThat(patterns).hasSize(6);
    Random random = new Random(13);
    int refused = 0;
    for (int i = 0; i < 200_000; i++) {
      StringBuilder uri = new StringBuilder("/");
      for (int length = random.nextInt(8); length > 0; length--) {
        uri.append(PIECES.get(random.nextInt(PIECES.size())));
      }
      boolean ambiguous = patterns.stream().anyMatch(each -> each.matcher(uri).find());
      assertThat(OriginalUri.isPlain(uri.toString())).as("%s", uri).isNotEqualTo(ambiguous);
      refused += ambiguous ? 1 : 0;
    }
    assertThat(refused).isBetween(50_000, 199_000);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/x/@scope%2fpkg",
        "/100%25",
        "/a%2eb",
        "/tags/c%23",
        "/.well-known",
        "/a..b",
        "/x?next=/../b//c;",
        "http://app.example.com/x",
        "https://[::1]:8443/x?y",
        "HTTP://a/x"
      })
  void plainPath_passes(String uri) {
    assertThat(OriginalUri.isPlain(uri)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "*",
        "?/x",
        "http://app.example.com",
        "http://app.example.com?/x",
        "http:///x",
        "http://a?b/../admin",
        "http://a?b/admin",
        "http://a#/x",
        "http://u@a/x",
        "http://a;/x",
        "ftp://a/x",
        "http://a/public/../admin",
        "//public/admin"
      })
  void noPathOrNoPlainHost_doesNotPass(String uri) {
    assertThat(OriginalUri.isPlain(uri)).isFalse();
  }

  @Test
  void longPath_takesOnePass() {
    assertThat(OriginalUri.isPlain("/" + "%25".repeat(100_000))).isTrue();
    assertThat(OriginalUri.isPlain("/" + "%25".repeat(100_000) + "2e")).isFalse();
  }

  @Test
  void header_mustComeOnce() {
    OriginalUri told = new OriginalUri("x-original-url");
    assertThat(told.objection(HttpFields.build().add("X-Original-URL", "/x"))).isNull();
    assertThat(told.objection(HttpFields.build())).contains("0 values");
    assertThat(
            told.objection(
                HttpFields.build().add("X-Original-URL", "/x").add("X-Original-URL", "/x")))
        .contains("2 values");
    assertThat(told.objection(HttpFields.build().add("X-Original-URL", "/x;y"))).isNotNull();
    assertThat(OriginalUri.UNTOLD.objection(HttpFields.build())).isNull();
  }
}
