package com.authgear.authrequest.check.nginx;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the variables of a configuration may hold: what {@code set} and {@code map} put there. */
final class Variables {
  private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)}|(\\w+))");

  /** What a client writes as it likes, in addition to the families below. */
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

  /** Stands for a part of a text that is not known. */
  static final String UNKNOWN = "\uFFFC";

  private static final int MOST_NESTED = 20;
  private static final int MOST_VALUES = 64;

  /** The {@code map} blocks by the variable that they make, without its {@code $}. */
  private final Map<String, Directive> maps = new HashMap<>();

  private final Map<String, Pcre> expressions = new HashMap<>();

  Variables(Block http) {
    for (Directive map : http.own("map")) {
      if (map.argument(1).startsWith("$")) {
        maps.put(map.argument(1).substring(1), map);
      }
    }
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

  /**
   * A text with its variables replaced by what they hold in one request.
   *
   * @param known what they hold; null for one that is not known
   * @return the text, with {@link #UNKNOWN} where it is not known
   */
  String value(String text, Function<String, @Nullable String> known) {
    return value(text, known, 0);
  }

  private String value(String text, Function<String, @Nullable String> known, int depth) {
    if (text.indexOf('$') < 0) {
      return text;
    }
    StringBuilder value = new StringBuilder();
    Matcher variable = VARIABLE.matcher(text);
    int end = 0;
    while (variable.find()) {
      value.append(text, end, variable.start());
      String braced = variable.group(1);
      value.append(held(braced == null ? variable.group(2) : braced, known, depth));
      end = variable.end();
    }
    return value.append(text.substring(end)).toString();
  }

  private String held(String name, Function<String, @Nullable String> known, int depth) {
    @Nullable String value = known.apply(name);
    if (value != null) {
      return value;
    }
    Directive map = maps.get(name);
    return map == null || depth > MOST_NESTED ? UNKNOWN : mapped(map, known, depth + 1);
  }

  /** As {@code map} chooses: a text in any letters, then the first expression, then the default. */
  private String mapped(Directive map, Function<String, @Nullable String> known, int depth) {
    String source = value(map.argument(0), known, depth);
    boolean uncertain = source.contains(UNKNOWN);
    String fallback = "";
    for (Directive line : map.children()) {
      if (line.arguments().isEmpty()) {
        continue;
      }
      String key = line.name();
      if (key.equals("default")) {
        fallback = line.argument(0);
      } else if (!key.startsWith("~")
          && !uncertain
          && (key.startsWith("\\") ? key.substring(1) : key).equalsIgnoreCase(source)) {
        return value(line.argument(0), known, depth);
      }
    }
    for (Directive line : map.children()) {
      if (line.name().startsWith("~") && !line.arguments().isEmpty()) {
        Pcre expression =
            expressions.computeIfAbsent(
                line.name(),
                key ->
                    key.startsWith("~*")
                        ? Pcre.of(key.substring(2), true)
                        : Pcre.of(key.substring(1), false));
        switch (expression.find(source)) {
          case Pcre.Unreadable _ -> {
            return UNKNOWN;
          }
          case Pcre.NoMatch _ -> {
            if (uncertain) {
              return UNKNOWN;
            }
          }
          case Pcre.Match match -> {
            // What is not known is at most more text around what was found.
            return value(line.argument(0), name -> group(match, name, known), depth);
          }
        }
      }
    }
    return uncertain ? UNKNOWN : value(fallback, known, depth);
  }

  private static @Nullable String group(
      Pcre.Match match, String name, Function<String, @Nullable String> known) {
    @Nullable String named = match.named().get(name);
    if (named != null) {
      return named;
    }
    if (name.matches("[1-9]")) {
      int index = name.charAt(0) - '1';
      return index < match.groups().size() ? match.groups().get(index) : "";
    }
    return known.apply(name);
  }

  /** Every {@code set} of a variable that may act on a request of this server. */
  static Stream<Directive> sets(Block inside, String name) {
    Block server = inside.server();
    return Stream.concat(Stream.of(server), server.allLocations())
        .flatMap(block -> block.ownAndConditional("set").stream())
        .filter(set -> set.argument(0).equals("$" + name));
  }

  /** All variables that a text may depend on, through {@code set} and {@code map}. */
  Set<String> behind(String text, Block block) {
    Set<String> seen = new LinkedHashSet<>();
    Deque<String> open = new ArrayDeque<>(in(text));
    while (!open.isEmpty()) {
      String name = open.pop();
      if (seen.add(name)) {
        List<String> texts = new ArrayList<>();
        sets(block, name).forEach(set -> texts.add(set.argument(1)));
        Directive map = maps.get(name);
        if (map != null) {
          texts.add(map.argument(0));
          map.children().stream()
              .filter(line -> !MAP_PARAMETERS.contains(line.name()))
              .forEach(line -> texts.add(line.argument(0)));
        }
        texts.forEach(origin -> open.addAll(in(origin)));
      }
    }
    return seen;
  }

  /** Likewise, with what {@code set} puts into variables in a location or its server. */
  String value(String text, Block location, Map<String, String> known) {
    return value(text, name -> setOrKnown(name, location, known, 0));
  }

  private @Nullable String setOrKnown(
      String name, Block location, Map<String, String> known, int depth) {
    @Nullable String value = known.get(name);
    if (value != null || depth > MOST_NESTED) {
      return value;
    }
    List<String> values = values(location, name);
    if (values.isEmpty()) {
      values = values(location.server(), name);
    }
    return values.isEmpty()
        ? null
        : value(values.getLast(), other -> setOrKnown(other, location, known, depth + 1));
  }

  /**
   * Every value that a text may have, as far as {@code set} and {@code map} say; {@link #UNKNOWN}
   * stands for what they do not.
   */
  Set<String> possible(String text, Block location) {
    Set<String> texts = new LinkedHashSet<>(Set.of(text));
    for (int round = 0; round < MOST_NESTED; round++) {
      Set<String> next = new LinkedHashSet<>();
      for (String one : texts) {
        Matcher variable = VARIABLE.matcher(one);
        if (!variable.find()) {
          next.add(one);
          continue;
        }
        String braced = variable.group(1);
        for (String value : held(braced == null ? variable.group(2) : braced, location)) {
          next.add(one.substring(0, variable.start()) + value + one.substring(variable.end()));
        }
      }
      if (next.equals(texts)) {
        return texts;
      }
      if (next.size() > MOST_VALUES) {
        break;
      }
      texts = next;
    }
    return Set.of(UNKNOWN);
  }

  /** What a variable may be set to, nearest first: in the location, the server, elsewhere in it. */
  private List<String> held(String name, Block location) {
    List<String> values = values(location, name);
    if (values.isEmpty()) {
      values = values(location.server(), name);
    }
    Directive map = maps.get(name);
    if (values.isEmpty() && map != null) {
      List<String> mapped =
          map.children().stream()
              .filter(line -> !MAP_PARAMETERS.contains(line.name()))
              .map(line -> line.argument(0))
              .distinct()
              .toList();
      values =
          map.children().stream().anyMatch(line -> line.name().equals("default"))
              ? mapped
              : Stream.concat(mapped.stream(), Stream.of("")).distinct().toList();
    }
    if (values.isEmpty() && !isBuiltIn(name)) {
      values = sets(location, name).map(set -> set.argument(1)).distinct().toList();
    }
    return values.isEmpty() ? List.of(UNKNOWN) : values;
  }

  private static boolean isBuiltIn(String name) {
    return isFromClient(name) || Set.of("uri", "document_uri", "scheme").contains(name);
  }

  boolean isMapped(String name) {
    return maps.containsKey(name);
  }

  /** The text with each variable replaced that is fixed here: set in this block or the server's. */
  static String withConstants(String text, Block block) {
    String replaced = text;
    for (String name : in(text)) {
      List<String> values = values(block, name);
      if (values.isEmpty()) {
        values = values(block.server(), name);
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

  private static List<String> values(Block block, String name) {
    return block.ownAndConditional("set").stream()
        .filter(set -> set.argument(0).equals("$" + name))
        .map(set -> set.argument(1))
        .distinct()
        .toList();
  }
}
