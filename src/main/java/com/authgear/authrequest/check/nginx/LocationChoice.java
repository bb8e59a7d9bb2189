package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which location nginx takes, by the rules of {@code ngx_http_core_find_location}: an exact path,
 * else the longest prefix and what is nested in it, and then, unless {@code ^~} forbids, the first
 * expression that matches.
 */
final class LocationChoice {
  private final Map<String, Block> exact = new HashMap<>();
  private final Map<String, Block> prefixes = new HashMap<>();
  private final List<Block> expressions = new ArrayList<>();
  private int longestPrefix;

  LocationChoice(Block around) {
    for (Block location : around.locations()) {
      if (location.isRegex()) {
        expressions.add(location);
      } else if (location.modifier().equals("=")) {
        exact.putIfAbsent(location.path(), location);
      } else if (!location.isNamed()) {
        prefixes.putIfAbsent(location.path(), location);
        longestPrefix = Math.max(longestPrefix, location.path().length());
      }
    }
  }

  /**
   * The location for a path. Several if that depends on an expression that only nginx can read;
   * none if the block around answers itself.
   */
  List<Block> find(String path) {
    Set<Block> found = new LinkedHashSet<>();
    @Nullable Block last = search(path, found).location();
    if (last != null) {
      found.add(last);
    }
    return List.copyOf(found);
  }

  /**
   * @param isFinal whether no expression of a block further out can take the request any more
   */
  private record Searched(@Nullable Block location, boolean isFinal) {}

  /**
   * @param maybe gets the locations that may come first
   */
  private Searched search(String path, Set<Block> maybe) {
    @Nullable Block same = exact.get(path);
    if (same != null) {
      return new Searched(same, true);
    }
    @Nullable Block prefix = longestPrefixOf(path);
    @Nullable Block found = prefix;
    if (prefix != null) {
      Searched nested = prefix.choice().search(path, maybe);
      if (nested.isFinal()) {
        return nested;
      }
      found = nested.location() == null ? prefix : nested.location();
    }
    if (prefix == null || !prefix.modifier().equals("^~")) {
      for (Block location : expressions) {
        switch (location.expression().find(path)) {
          case Pcre.NoMatch _ -> {}
          case Pcre.Match _ -> {
            return new Searched(within(location, path, maybe), true);
          }
          case Pcre.Unreadable _ -> maybe.add(within(location, path, maybe));
        }
      }
    }
    return new Searched(found, false);
  }

  private static Block within(Block location, String path, Set<Block> maybe) {
    @Nullable Block nested = location.choice().search(path, maybe).location();
    return nested == null ? location : nested;
  }

  private @Nullable Block longestPrefixOf(String path) {
    for (int length = Math.min(path.length(), longestPrefix); length >= 0; length--) {
      Block location = prefixes.get(path.substring(0, length));
      if (location != null) {
        return location;
      }
    }
    return null;
  }
}
