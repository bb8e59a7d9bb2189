package com.authgear.authrequest.bench;

import java.util.List;
import java.util.Set;

/**
 * How much to do.
 *
 * @param rounds how often each candidate has its turn
 * @param seconds how long a turn is
 * @param many different tokens that the service is to remember
 * @param requests after which resident memory is looked at
 * @param idle connections that are open and do nothing
 * @param smoke whether numbers do not matter
 * @param only parts to do; empty for all
 */
record Plan(
    int rounds, int seconds, int many, int requests, int idle, boolean smoke, Set<String> only) {

  static final Set<String> PARTS =
      Set.of(
          "direct", "cookie", "new", "refused", "many", "proxied", "edge", "paced", "start",
          "memory", "idle", "jmh");

  static Plan of(String[] arguments) {
    boolean smoke = List.of(arguments).contains("--smoke");
    int rounds = smoke ? 1 : 5;
    int seconds = smoke ? 1 : 5;
    int many = smoke ? 2_000 : 1_000_000;
    Set<String> only = Set.of();
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--smoke" -> {}
        case "--rounds" -> rounds = Integer.parseInt(arguments[++i]);
        case "--seconds" -> seconds = Integer.parseInt(arguments[++i]);
        case "--tokens" -> many = Integer.parseInt(arguments[++i]);
        case "--only" -> only = Set.of(arguments[++i].split(","));
        default -> throw new IllegalArgumentException("what is " + arguments[i] + "?");
      }
    }
    if (!PARTS.containsAll(only)) {
      throw new IllegalArgumentException("parts are " + PARTS);
    }
    return new Plan(
        rounds, seconds, many, smoke ? 20_000 : 1_000_000, smoke ? 500 : 10_000, smoke, only);
  }

  boolean has(String part) {
    return only.isEmpty() || only.contains(part);
  }

  /** Different tokens that take turns where none may be remembered. */
  int fresh() {
    return smoke ? 6_000 : 60_000;
  }
}
