package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An {@code http}, {@code server} or {@code location} block and what it inherits.
 *
 * @param block its directive
 * @param parent the block around it; null for {@code http}
 */
record Level(Directive block, @Nullable Level parent) {

  Stream<Level> blocks(String name) {
    return block.children(name).map(child -> new Level(child, this));
  }

  /** The locations directly inside. */
  List<Level> locations() {
    return blocks("location").toList();
  }

  /** All locations inside, nested ones too, outer ones first. */
  Stream<Level> allLocations() {
    return blocks("location")
        .flatMap(inner -> Stream.concat(Stream.of(inner), inner.allLocations()));
  }

  Level server() {
    Level level = this;
    while (!level.block.name().equals("server") && level.parent != null) {
      level = level.parent;
    }
    return level;
  }

  boolean isLocation() {
    return block.name().equals("location");
  }

  /** {@code =}, {@code ^~}, {@code ~}, {@code ~*}, or empty; it may stick to the path. */
  String modifier() {
    String first = block.argument(0);
    return Stream.of("=", "^~", "~*", "~")
        .filter(block.arguments().size() > 1 ? first::equals : first::startsWith)
        .findFirst()
        .orElse("");
  }

  /** What is compared with the request's path. */
  String path() {
    return block.arguments().size() > 1
        ? block.argument(1)
        : block.argument(0).substring(modifier().length());
  }

  /** The directives of this name that stand in this block itself. */
  List<Directive> own(String name) {
    return block.children(name).toList();
  }

  /** Likewise, and those in its {@code if} and {@code limit_except}, which share its settings. */
  List<Directive> ownAndConditional(String name) {
    List<Directive> found = new ArrayList<>();
    collect(block, name, found);
    return found;
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
    List<Directive> own = own(name);
    return own.isEmpty() && parent != null ? parent.inForce(name) : own;
  }

  /** The first argument of what is in force. */
  Optional<String> value(String name) {
    return inForce(name).stream().findFirst().map(directive -> directive.argument(0));
  }

  boolean isOn(String name, boolean unset) {
    return value(name).map(value -> value.equals("on")).orElse(unset);
  }

  /** The path that {@code auth_request} asks. */
  Optional<String> asks() {
    return value("auth_request").filter(path -> !path.equals("off"));
  }

  /** The location of this server that nginx takes for a path. */
  Optional<Level> find(String path) {
    @Nullable Level prefix = null;
    for (Level location : locations()) {
      String modifier = location.modifier();
      if (modifier.equals("=") && location.path().equals(path)) {
        return Optional.of(location);
      }
      if ((modifier.isEmpty() || modifier.equals("^~"))
          && path.startsWith(location.path())
          && (prefix == null || location.path().length() > prefix.path().length())) {
        prefix = location;
      }
    }
    if (prefix != null) {
      Optional<Level> nested = prefix.find(path);
      if (nested.isPresent()) {
        return nested;
      }
    }
    if (prefix == null || !prefix.modifier().equals("^~")) {
      for (Level location : locations()) {
        if (location.modifier().startsWith("~")
            && Patterns.finds(location.path(), location.modifier().equals("~*"), path)) {
          return Optional.of(location.find(path).orElse(location));
        }
      }
    }
    return Optional.ofNullable(prefix);
  }

  /** As in {@code location /api/ of server example.com}. */
  String title() {
    if (!isLocation()) {
      return block.name().equals("server") ? serverTitle() : block.name();
    }
    return "location " + String.join(" ", block.arguments()) + " of " + server().serverTitle();
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

  /** The same block in the same surroundings; cheap, however much stands in it. */
  @Override
  @SuppressWarnings("ReferenceEquality")
  public boolean equals(@Nullable Object other) {
    return other instanceof Level level
        && level.block == block
        && Objects.equals(level.parent, parent);
  }

  @Override
  public int hashCode() {
    return 31 * System.identityHashCode(block) + Objects.hashCode(parent);
  }
}
