package com.authgear.authrequest.wire;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.wire.HttpMessage.Field;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Identity headers as a client would send them that wants to be someone else. */
public final class Spoofed {

  private Spoofed() {}

  /** Ways to write a header's name that some proxy or backend takes for the same. */
  public static Stream<UnaryOperator<String>> spellings() {
    return Stream.of(
        name -> name,
        name -> name.toUpperCase(Locale.ROOT),
        name -> name.replace("x-a", "X-A").replace("-user", "-User"),
        name -> name.replace('-', '_'),
        name -> name.replace('-', '_').toUpperCase(Locale.ROOT),
        name -> name.replaceFirst("-", "_"),
        name ->
            name.substring(0, Math.min(11, name.length()))
                + name.replace("-", "_").substring(Math.min(11, name.length())),
        name -> name.replace('-', '.'),
        name -> name.replace('-', '~'),
        name -> name.replace('-', '!'),
        name -> "HTTP_" + name.replace('-', '_').toUpperCase(Locale.ROOT),
        name -> name + " ",
        name -> name + "\t",
        name -> " " + name,
        name -> name + "\0");
  }

  /** Every identity header, twice, with a value that says {@code spoofed}. */
  public static String[] lines(UnaryOperator<String> spelling) {
    return Stream.concat(
            Arrays.stream(IdentityHeader.values()).map(IdentityHeader::headerName),
            Stream.of("x-authgear-session-acr"))
        .map(spelling)
        .flatMap(name -> Stream.of(name + ": spoofed", name + ": spoofed again"))
        .toArray(String[]::new);
  }

  /** Header lines that some backend may read as identity, however they are spelled. */
  public static List<Field> identity(HttpMessage request) {
    return request.fields().stream()
        .filter(
            field ->
                field
                    .name()
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^a-z0-9]", "-")
                    .startsWith("x-authgear-"))
        .toList();
  }
}
