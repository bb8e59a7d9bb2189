package com.authgear.authrequest.check.nginx;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the variables of a configuration may hold: what {@code set} and {@code map} put there. */
final class Variables {
  private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)}|(\\w+))");

  /** What a client writes as it likes, beside the families below. */
  private static final Set<String> FROM_CLIENT =
      Set.of(
          "args",
          "query_string",
          "request_uri",
          "request",
          "request_body",
          "host",
          "remote_user",
          "proxy_add_x_forwarded_for");

  private static final Set<String> MAP_PARAMETERS = Set.of("hostnames", "volatile");

  private final List<Directive> maps;

  Variables(Level http) {
    this.maps = http.own("map");
  }

  /** The names of the variables in a text. */
  static Set<String> in(String text) {
    Set<String> names = new LinkedHashSet<>();
    Matcher variable = VARIABLE.matcher(text);
    while (variable.find()) {
      String braced = variable.group(1);
      names.add(braced == null ? variable.group(2) : braced);
    }
    return names;
  }

  /** The variable, if a text is nothing else. */
  static Optional<String> only(String text) {
    return VARIABLE.matcher(text).matches() ? in(text).stream().findFirst() : Optional.empty();
  }

  static boolean isFromClient(String name) {
    return name.startsWith("http_")
        || name.startsWith("arg_")
        || name.startsWith("cookie_")
        || FROM_CLIENT.contains(name)
        || name.matches("\\d");
  }

  /** Every {@code set} of a variable that may act on a request of this server. */
  static Stream<Directive> sets(Level level, String name) {
    Level server = level.server();
    return Stream.concat(Stream.of(server), server.allLocations())
        .flatMap(block -> block.ownAndConditional("set").stream())
        .filter(set -> set.argument(0).equals("$" + name));
  }

  /** All variables that a text may depend on, through {@code set} and {@code map}. */
  Set<String> behind(String text, Level level) {
    Set<String> seen = new LinkedHashSet<>();
    Deque<String> open = new ArrayDeque<>(in(text));
    while (!open.isEmpty()) {
      String name = open.pop();
      if (seen.add(name)) {
        List<String> texts = new ArrayList<>();
        sets(level, name).forEach(set -> texts.add(set.argument(1)));
        maps.stream()
            .filter(map -> map.argument(1).equals("$" + name))
            .forEach(
                map -> {
                  texts.add(map.argument(0));
                  map.children().stream()
                      .filter(line -> !MAP_PARAMETERS.contains(line.name()))
                      .forEach(line -> texts.add(line.argument(0)));
                });
        texts.forEach(origin -> open.addAll(in(origin)));
      }
    }
    return seen;
  }

  boolean isMapped(String name) {
    return maps.stream().anyMatch(map -> map.argument(1).equals("$" + name));
  }

  /** The text with each variable replaced that is fixed here: set in this block or the server's. */
  static String withConstants(String text, Level level) {
    String replaced = text;
    for (String name : in(text)) {
      List<String> values = values(level, name);
      if (values.isEmpty()) {
        values = values(level.server(), name);
      }
      if (values.size() == 1 && in(values.getFirst()).isEmpty()) {
        replaced = replaced.replace("${" + name + "}", values.getFirst());
        replaced =
            replaced.replaceAll(
                "\\$" + name + "(?!\\w)", Matcher.quoteReplacement(values.getFirst()));
      }
    }
    return replaced;
  }

  private static List<String> values(Level level, String name) {
    return level.ownAndConditional("set").stream()
        .filter(set -> set.argument(0).equals("$" + name))
        .map(set -> set.argument(1))
        .distinct()
        .toList();
  }
}
