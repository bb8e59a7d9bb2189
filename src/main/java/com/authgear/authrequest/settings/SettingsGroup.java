package com.authgear.authrequest.settings;

import java.util.List;
import java.util.stream.Stream;

/** Settings that are looked for together. Each setting is in one group; a new one needs a place. */
enum SettingsGroup {
  FIRST(
      "The five that matter first",
      "ENDPOINT",
      "AUDIENCE",
      "RECHECK",
      "WEBHOOK_SECRET",
      "POLICY_<NAME>"),
  AUTHGEAR("Where Authgear is", "INTERNAL_URL", "RESOLVER_URL", "ALLOW_HTTP", "COOKIE_PREFIX"),
  TOKENS(
      "Which tokens count, and where they are looked for",
      "MODE",
      "CLIENT_IDS",
      "ALGORITHMS",
      "CLOCK_SKEW",
      "TOKEN_HEADER",
      "TOKEN_COOKIE",
      "TOKEN_QUERY_FROM",
      "ORIGINAL_URI_HEADER"),
  ANSWERS(
      "What backends and clients are told", "CLAIM_HEADERS", "HEADER_BUDGET", "REALM", "RESOURCE"),
  FRESHNESS(
      "Memory, freshness and load on Authgear",
      "CACHE_SIZE",
      "RESOLVER_CACHE_TTL",
      "STALE_IF_ERROR",
      "EDGE_CACHE_TTL",
      "RESOLVER_TIMEOUT",
      "RESOLVER_MAX_CALLS",
      "WEBHOOK_SECRET_PREVIOUS",
      "REDIS_URL",
      "FRESHNESS",
      "FOLLOW_SECRET"),
  LISTENERS(
      "Where it listens, TLS",
      "LISTEN",
      "SOCKET_MODE",
      "MANAGEMENT_LISTEN",
      "TLS_CERTIFICATE",
      "TLS_KEY",
      "TLS_CLIENT_CA"),
  OPERATION(
      "Log, traces, stopping",
      "LOG_FORMAT",
      "LOG_LEVEL",
      "LOG_ALLOWED",
      "LOG_USER_ID",
      "CLIENT_ADDRESS_HEADER",
      "OTLP_ENDPOINT",
      "TRACE_RATIO",
      "SHUTDOWN_DELAY",
      "DRAIN");

  private final String title;

  @SuppressWarnings("ImmutableEnumChecker") // it is: Stream.toList
  private final List<String> keys;

  SettingsGroup(String title, String... names) {
    this.title = title;
    keys = Stream.of(names).map(name -> SettingsTable.PREFIX + name).toList();
  }

  String title() {
    return title;
  }

  /** Keys of settings, in the order in which users see them. */
  List<String> keys() {
    return keys;
  }
}
