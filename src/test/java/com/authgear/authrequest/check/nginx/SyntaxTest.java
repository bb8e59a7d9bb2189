package com.authgear.authrequest.check.nginx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SyntaxTest {

  private static List<Directive> read(String text) throws UnusableDumpException {
    return Syntax.read("f", text);
  }

  private static Directive one(String text) throws UnusableDumpException {
    assertThat(read(text)).hasSize(1);
    return read(text).getFirst();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a b c; | b / c",
        "a  b\tc ; | b / c",
        "a \"b c\" 'd;e'; | b c / d;e",
        "a \"b\\\"c\" 'd\\'e'; | b\"c / d'e",
        "a \"x\\ty\" z\\tw; | x\ty / z\tw",
        "a ^/b\\.php$; | ^/b\\.php$",
        "a \"\"; | ``",
        "a b'c d\"e; | b'c / d\"e",
        "a b#c; | b#c",
        "a ${b}c x${d}; | ${b}c / x${d}",
        "a \"{b}\" '}'; | {b} / }",
        "a b\\;c; | b\\;c",
        "a b}c; | b}c",
      })
  void read_words_areAsNginxReadsThem(String text, String words) throws UnusableDumpException {
    assertThat(one(text).arguments()).isEqualTo(List.of(words.split(" / ", -1)));
  }

  @Test
  void read_linesAndComments_placesAreThoseOfTheFirstWord() throws UnusableDumpException {
    List<Directive> read = read("# a;\n\nb 1 # {\n  2;\nc { # }\n  d \"x\ny\";\r\n  e;\n}\n f { }");

    assertThat(read.stream().map(Directive::name)).containsExactly("b", "c", "f");
    assertThat(read.stream().map(directive -> directive.place().line())).containsExactly(3, 5, 10);
    assertThat(read.getFirst().arguments()).containsExactly("1", "2");
    assertThat(read.get(1).children().stream().map(Directive::place))
        .containsExactly(new SourceLine("f", 6), new SourceLine("f", 8));
    assertThat(read.get(1).children().getFirst().arguments()).containsExactly("x\ny");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "local a = { b = {} }",
        "-- it's }",
        "--[[ } \n } ]]",
        "s = \"}\" .. '\\'}'",
        "s = [[ } ]] .. [==[ ]] } ]==]",
        "if a[1] then b() end",
      })
  void read_lua_isSkipped(String lua) throws UnusableDumpException {
    List<Directive> read = read("access_by_lua_block {\n" + lua + "\n} next;");

    assertThat(read.stream().map(Directive::name)).containsExactly("access_by_lua_block", "next");
    assertThat(read.getLast().place().line()).isEqualTo(2 + lua.lines().toList().size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a | f:1: the file ends where \";\" or \"{\" is missing",
        "a {; | f:1: unexpected \";\"",
        "'a | f:1: a quote that never ends",
        "a { | f:1: the file ends inside a block",
        "a; } | f:1: unexpected \"}\"",
        "a { b } | f:1: unexpected \"}\", \";\" is missing before it",
        "{ } | f:1: unexpected \"{\"",
        "x_by_lua_block { { } | f:1: the file ends inside a block of Lua",
      })
  void read_broken_isUnusableWithItsLine(String text, String message) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(UnusableDumpException.class)
        .hasMessage(message);
  }

  @Test
  void read_endlessNesting_isUnusable() {
    String text = Stream.generate(() -> "a {").limit(100_000).reduce("", String::concat);
    assertThatThrownBy(() -> read(text)).hasMessage("f:1: blocks are nested too deeply");
  }
}
