package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An {@code http}, {@code server} or {@code location} block, or an {@code if} or {@code
 * limit_except} in one of them, and what it inherits. Each is made once, so one is equal to itself
 * only, even if it comes from a file that is included twice.
 */
final class Block {
  private final Directive directive;
  private final @Nullable Block parent;
  private final Map<String, List<Directive>> own = new HashMap<>();
  private final List<Block> servers = new ArrayList<>();
  private final List<Block> locations = new ArrayList<>();
  private final IdentityHashMap<Directive, Block> conditions = new IdentityHashMap<>();
  private final Map<String, List<Directive>> conditional = new HashMap<>();
  private @Nullable LocationChoice choice;
  private @Nullable Pcre expression;

  private Block(Directive directive, @Nullable Block parent) {
    this.directive = directive;
    this.parent = parent;
    for (Directive child : directive.children()) {
      own.computeIfAbsent(child.name(), _ -> new ArrayList<>()).add(child);
      switch (child.name()) {
        case "server" -> servers.add(new Block(child, this));
        case "location" -> locations.add(new Block(child, this));
        case "if", "limit_except" -> conditions.put(child, new Block(child, this));
        default -> {}
      }
    }
  }

  static Block http(Directive directive) {
    return new Block(directive, null);
  }

  Directive directive() {
    return directive;
  }

  @Nullable Block parent() {
    return parent;
  }

  List<Block> servers() {
    return servers;
  }

  /** The locations directly inside. */
  List<Block> locations() {
    return locations;
  }

  /** All locations inside, nested ones too, outer ones first. */
  Stream<Block> allLocations() {
    return locations.stream()
        .flatMap(inner -> Stream.concat(Stream.of(inner), inner.allLocations()));
  }

  /** The block of an {@code if} or {@code limit_except} that stands directly in this one. */
  Optional<Block> condition(Directive line) {
    return Optional.ofNullable(conditions.get(line));
  }

  Block server() {
    Block block = this;
    while (!block.isServer() && block.parent != null) {
      block = block.parent;
    }
    return block;
  }

  boolean isServer() {
    return directive.name().equals("server");
  }

  boolean isLocation() {
    return directive.name().equals("location");
  }

  private boolean isCondition() {
    return directive.name().equals("if") || directive.name().equals("limit_except");
  }

  /** The location that a condition stands in; the block itself if it is none. */
  Block unconditional() {
    Block block = this;
    while (block.isCondition() && block.parent != null) {
      block = block.parent;
    }
    return block;
  }

  /** {@code =}, {@code ^~}, {@code ~}, {@code ~*}, or empty; it may stick to the path. */
  String modifier() {
    String first = directive.argument(0);
    return Stream.of("=", "^~", "~*", "~")
        .filter(directive.arguments().size() > 1 ? first::equals : first::startsWith)
        .findFirst()
        .orElse("");
  }

  /** What is compared with the request's path. */
  String path() {
    return directive.arguments().size() > 1
        ? directive.argument(1)
        : directive.argument(0).substring(modifier().length());
  }

  boolean isNamed() {
    return isLocation() && modifier().isEmpty() && path().startsWith("@");
  }

  boolean isRegex() {
    return isLocation() && modifier().startsWith("~");
  }

  /** The expression of a location that has one. */
  Pcre expression() {
    if (expression == null) {
      expression = Pcre.of(path(), modifier().equals("~*"));
    }
    return expression;
  }

  /** Which of the locations inside nginx takes. */
  LocationChoice choice() {
    if (choice == null) {
      choice = new LocationChoice(this);
    }
    return choice;
  }

  /** The locations of this server that nginx may take for a path; see {@link LocationChoice}. */
  List<Block> find(String path) {
    return choice().find(path);
  }

  /** The directives of this name that stand in this block itself. */
  List<Directive> own(String name) {
    return own.getOrDefault(name, List.of());
  }

  /** Likewise, and those in its {@code if} and {@code limit_except}, which share its settings. */
  List<Directive> ownAndConditional(String name) {
    return conditional.computeIfAbsent(
        name,
        _ -> {
          List<Directive> found = new ArrayList<>();
          collect(directive, name, found);
          return found;
        });
  }

  private static void collect(Directive block, String name, List<Directive> into) {
    for (Directive child : block.children()) {
      if (child.name().equals(name)) {
        into.add(child);
      }
      if (child.name().equals("if") || child.name().equals("limit_except")) {
        collect(child, name, into);
      }
    }
  }

  /**
   * What is in force here: nginx takes all directives of the innermost block that has any, and none
   * of those further out.
   */
  List<Directive> inForce(String name) {
    List<Directive> here = own(name);
    return here.isEmpty() && parent != null ? parent.inForce(name) : here;
  }

  /** The first argument of what is in force. */
  Optional<String> value(String name) {
    return inForce(name).stream().findFirst().map(line -> line.argument(0));
  }

  boolean isOn(String name, boolean unset) {
    return value(name).map(value -> value.equalsIgnoreCase("on")).orElse(unset);
  }

  /** The path that {@code auth_request} asks. */
  Optional<String> asks() {
    return value("auth_request").filter(path -> !path.equals("off") && !path.isEmpty());
  }

  /** Whether every request is answered by a {@code return}, before anybody is asked. */
  boolean alwaysReturns() {
    return !own("return").isEmpty();
  }

  /** Only nginx itself gets here, by an internal redirect or a subrequest. */
  boolean isInternal() {
    return isNamed() || !inForce("internal").isEmpty();
  }

  /** As in {@code location /api/ of server example.com}. */
  String title() {
    if (isCondition() && parent != null) {
      return parent.title();
    }
    if (!isLocation()) {
      return isServer() ? serverTitle() : directive.name();
    }
    return "location " + String.join(" ", directive.arguments()) + " of " + server().serverTitle();
  }

  /** What a server listens on, as it is written. */
  List<String> addresses() {
    List<String> addresses = own("listen").stream().map(line -> line.argument(0)).toList();
    return addresses.isEmpty() ? List.of("80") : addresses;
  }

  private String serverTitle() {
    List<String> names =
        own("server_name").stream().flatMap(name -> name.arguments().stream()).toList();
    String listen = addresses().getFirst();
    String name = names.isEmpty() ? "" : names.getFirst();
    return name.isEmpty() || name.equals("_") ? "server on " + listen : "server " + name;
  }
}
