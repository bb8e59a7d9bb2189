package com.authgear.authrequest.telemetry;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Our own metrics: what is registered, and what the docs' table says. Names are final, as
 * Prometheus sees them.
 */
enum Metric {
  BUILD_INFO(
      "authgear_auth_build_info",
      Type.GAUGE,
      "Always 1; `version` is the one that runs.",
      "version"),
  CRYPTO_PROVIDER_INFO(
      "authgear_auth_crypto_provider_info",
      Type.GAUGE,
      "Always 1; `provider` computes signatures: `AmazonCorrettoCryptoProvider`, or `JDK` where"
          + " that does not load.",
      "provider"),
  READY(
      "authgear_auth_ready",
      Type.GAUGE,
      "1 if requests can be decided, 0 if not; what `/readyz` says."),
  DECISION(
      "authgear_auth_decision_seconds",
      Type.HISTOGRAM,
      "Decisions and how long they took. `outcome`: `allow`, `unauthenticated` (401), `forbidden`"
          + " (403), `unavailable` (503). `reason`: as in `x-auth-reason`; `none` if allowed."
          + " `verifier`: `jwt`, `resolver`, `none`.",
      "outcome",
      "reason",
      "verifier"),
  DECISION_MAX(
      "authgear_auth_decision_seconds_max",
      Type.GAUGE,
      "The longest decision of the last minutes.",
      "outcome",
      "reason",
      "verifier"),
  IDENTITY_HEADER_BYTES(
      "authgear_auth_identity_header_bytes",
      Type.HISTOGRAM,
      "What the headers for the backend take on an allowed request; more than"
          + " `AUTHGEAR_HEADER_BUDGET` is refused."),
  IDENTITY_HEADER_BYTES_MAX(
      "authgear_auth_identity_header_bytes_max", Type.GAUGE, "The most of the last minutes."),
  REQUESTS_WAITING(
      "authgear_auth_requests_waiting",
      Type.GAUGE,
      "Requests that wait for an answer from the network. At the most that may wait, a further one"
          + " is denied with reason `overloaded`."),
  KEY_SET_AGE(
      "authgear_auth_key_set_age_seconds",
      Type.GAUGE,
      "Seconds since the keys in use were fetched; `NaN` while there are none."),
  KEY_SET_KEYS("authgear_auth_key_set_keys", Type.GAUGE, "Keys in use."),
  KEY_SET_REFRESHES(
      "authgear_auth_key_set_refreshes_total",
      Type.COUNTER,
      "Attempts to fetch the key set. `result`: `success`, `failure`. `trigger`: `start`,"
          + " `scheduled`, `unknown_key` (a token named a key that is not in the set).",
      "result",
      "trigger"),
  CACHE_HITS(
      "authgear_auth_cache_hits_total",
      Type.COUNTER,
      "Answers given from memory. `cache`: `token` (verified JWTs), `session` (the resolver's"
          + " answers about cookies and opaque tokens), `confirmation` (its answers about JWTs).",
      "cache"),
  CACHE_MISSES(
      "authgear_auth_cache_misses_total",
      Type.COUNTER,
      "Answers that were not remembered: a good JWT was verified, or the resolver's answer was"
          + " needed.",
      "cache"),
  CACHE_EVICTIONS(
      "authgear_auth_cache_evictions_total",
      Type.COUNTER,
      "Answers that made room for others; if this grows fast, raise `AUTHGEAR_CACHE_SIZE`.",
      "cache"),
  CACHE_ENTRIES("authgear_auth_cache_entries", Type.GAUGE, "Good answers in memory.", "cache"),
  COALESCED(
      "authgear_auth_resolver_coalesced_total",
      Type.COUNTER,
      "Requests that shared another request's call to the resolver."),
  STALE_ANSWERS(
      "authgear_auth_stale_answers_total",
      Type.COUNTER,
      "Answers of the resolver that were used past their time because it failed"
          + " (`AUTHGEAR_STALE_IF_ERROR`)."),
  RECHECK_AGE(
      "authgear_auth_recheck_age_seconds",
      Type.HISTOGRAM,
      "How old the resolver's confirmation of a JWT was when it was used from memory."),
  RECHECK_AGE_MAX(
      "authgear_auth_recheck_age_seconds_max",
      Type.GAUGE,
      "The oldest confirmation of the last minutes."),
  RECHECK_INTERVAL(
      "authgear_auth_recheck_interval_seconds",
      Type.GAUGE,
      "How old a confirmation may be: `AUTHGEAR_RECHECK`. Only with it."),
  BREAKER(
      "authgear_auth_resolver_breaker",
      Type.GAUGE,
      "1 for the state that holds, else 0. `state`: `closed` (the resolver is called), `open` (it"
          + " is not, since nearly all calls failed), `half_open` (a few calls try).",
      "state"),
  RESOLVER_CALL(
      "authgear_auth_resolver_call_seconds",
      Type.HISTOGRAM,
      "Calls to Authgear's resolver, by their result, and how long they took.",
      "result"),
  RESOLVER_CALL_MAX(
      "authgear_auth_resolver_call_seconds_max",
      Type.GAUGE,
      "The longest call of the last minutes.",
      "result"),
  RESOLVER_CALLS_IN_FLIGHT(
      "authgear_auth_resolver_calls_in_flight",
      Type.GAUGE,
      "Calls to the resolver without an answer yet."),
  WEBHOOKS(
      "authgear_auth_webhooks_total",
      Type.COUNTER,
      "Calls to `/hooks/authgear`. `result`: `accepted`, `duplicate`, `too_old`, `ignored` (an"
          + " event that changes nothing here), `bad_signature`, `malformed`, `too_large`,"
          + " `not_post`, `timeout`, `aborted`, `overloaded`, `failed`. Only with"
          + " `AUTHGEAR_WEBHOOK_SECRET`.",
      "result"),
  MARKS("authgear_auth_marks", Type.GAUGE, "Users that are marked as changed."),
  MARKS_DROPPED(
      "authgear_auth_marks_dropped_total",
      Type.COUNTER,
      "Marks that went before their time because there was no room."),
  REDIS_UP(
      "authgear_auth_redis_up",
      Type.GAUGE,
      "1 if marks are shared by Redis, 0 if there is no connection. Only with"
          + " `AUTHGEAR_REDIS_URL`."),
  REDIS_MARKS(
      "authgear_auth_redis_marks_total",
      Type.COUNTER,
      "Marks that went through Redis. `result`: `received` (this replica did not have it),"
          + " `published`, `malformed`.",
      "result"),
  FOLLOWED(
      "authgear_auth_followed",
      Type.GAUGE,
      "Whether the command `follow` tells everything within `AUTHGEAR_FRESHNESS` (1), or JWTs are"
          + " confirmed as with `AUTHGEAR_RECHECK` (0). This and the next: only with"
          + " `AUTHGEAR_FRESHNESS`."),
  HEARTBEAT_AGE(
      "authgear_auth_follow_heartbeat_age_seconds",
      Type.GAUGE,
      "How long ago the poll of the audit log began that this replica last heard of; `NaN` before"
          + " the first."),
  FOLLOW_POSTS(
      "authgear_auth_follow_posts_total",
      Type.COUNTER,
      "Calls to `/hooks/follow`. `result`: `accepted`, `other_instance` (the follower tells all"
          + " again), `bad_signature`, `wrong_time`, `malformed`, `too_large`, `not_post`,"
          + " `timeout`, `aborted`, `overloaded`, `failed`. Only with `AUTHGEAR_FOLLOW_SECRET`.",
      "result"),
  SPANS(
      "authgear_auth_spans_total",
      Type.COUNTER,
      "What became of spans. `result`: `exported`, `failed` (the collector did not take them),"
          + " `dropped` (there was no room, or no time at the end). Only with"
          + " `AUTHGEAR_OTLP_ENDPOINT`.",
      "result"),
  TLS_CERTIFICATE_EXPIRY(
      "authgear_auth_tls_certificate_expiry_timestamp_seconds",
      Type.GAUGE,
      "When the first certificate of the chain in use ends, in seconds since 1970. This and the two"
          + " below: only with `AUTHGEAR_TLS_CERTIFICATE`."),
  TLS_RELOADS(
      "authgear_auth_tls_reloads_total",
      Type.COUNTER,
      "Attempts to use changed TLS files. `result`: `success`, `failure` (tried again every five"
          + " seconds; what was in use before stays).",
      "result"),
  TLS_HANDSHAKES(
      "authgear_auth_tls_handshakes_total",
      Type.COUNTER,
      "Handshakes. `result`: `success`, `failure` (such as no client certificate, or one that is"
          + " not trusted).",
      "result"),
  VIRTUAL_THREADS(
      "authgear_auth_virtual_threads",
      Type.GAUGE,
      "Virtual threads. `state`: `mounted` (running), `queued` (want to run, no processor is"
          + " free).",
      "state");

  enum Type {
    COUNTER,
    GAUGE,
    HISTOGRAM;

    String code() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final String metricName;
  private final Type type;
  private final String meaning;

  @SuppressWarnings("ImmutableEnumChecker") // it is: List.of
  private final List<String> labels;

  Metric(String metricName, Type type, String meaning, String... labels) {
    this.metricName = metricName;
    this.type = type;
    this.meaning = meaning;
    this.labels = List.of(labels);
  }

  String metricName() {
    return metricName;
  }

  /** The same in Micrometer's spelling, by which it knows that a name ending in info is one. */
  String meterName() {
    return metricName.replace('_', '.');
  }

  Type type() {
    return type;
  }

  /** One or more sentences in Markdown. */
  String meaning() {
    return meaning;
  }

  /** The same for {@code # HELP}, which is plain text. */
  String help() {
    return meaning.replace("`", "");
  }

  List<String> labels() {
    return labels;
  }

  static String markdownTable() {
    StringBuilder table =
        new StringBuilder("| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (Metric metric : values()) {
      String labels =
          metric.labels.stream().map(label -> "`" + label + "`").collect(Collectors.joining(", "));
      table
          .append("| `")
          .append(metric.metricName)
          .append("` | ")
          .append(metric.type.code())
          .append(" | ")
          .append(labels)
          .append(" | ")
          .append(metric.meaning)
          .append(" |\n");
    }
    return table.toString();
  }
}
