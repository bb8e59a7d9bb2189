package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A cache in the location that asks the service: it must never give one answer to another. */
final class CacheRules {
  private static final Set<String> HEADERS =
      Set.of("x-accel-expires", "cache-control", "expires", "set-cookie");
  private static final String DEFAULT_KEY = "$scheme$proxy_host$request_uri";

  private final Variables variables;
  private final Findings findings;

  CacheRules(Variables variables, Findings findings) {
    this.variables = variables;
    this.findings = findings;
  }

  private static Optional<Directive> cache(Block service) {
    return service.inForce("proxy_cache").stream()
        .filter(line -> !line.argument(0).equals("off"))
        .findFirst();
  }

  /**
   * @param all every location that asks the service, this one too
   */
  void check(Block service, Set<Block> all) {
    Optional<Directive> cache = cache(service);
    if (cache.isEmpty()) {
      return;
    }
    Optional<Directive> line = service.inForce("proxy_cache_key").stream().findFirst();
    String key = line.map(set -> set.argument(0)).orElse(DEFAULT_KEY);
    SourceLine place = line.orElse(cache.get()).place();
    Set<String> covered = variables.behind(key, service);
    checkCredentials(service, place, covered);
    checkRequirement(service, place, key, covered, all);
    checkHeaders(service);
    checkTimes(service);
    checkStale(service);
  }

  private void checkCredentials(Block service, SourceLine place, Set<String> covered) {
    List<String> missing = new ArrayList<>();
    if (!covered.contains("http_authorization")) {
      missing.add("$http_authorization");
    }
    if (!covered.contains("http_cookie")) {
      // $cookie_session is the first such cookie in any case of letters; the service reads others.
      missing.add("$http_cookie (all of it: $cookie_... is not the cookie that the service reads)");
    }
    if (!missing.isEmpty()) {
      findings.add(
          Hazard.CACHE_KEY_WITHOUT_CREDENTIAL,
          place,
          service,
          "The cache's key lacks "
              + String.join(", ", missing)
              + ": whoever differs only there gets the identity of another.",
          "Put every credential into proxy_cache_key: \"$http_authorization|$http_cookie\", and"
              + " what AUTHGEAR_TOKEN_HEADER or AUTHGEAR_TOKEN_QUERY_FROM names.");
    }
  }

  private void checkRequirement(
      Block service, SourceLine place, String key, Set<String> covered, Set<Block> all) {
    List<String> missing = new ArrayList<>();
    String url = url(service);
    Variables.in(Variables.withConstants(url, service)).stream()
        .filter(name -> !covered.contains(name))
        .forEach(name -> missing.add("$" + name));
    boolean wholeRequest =
        covered.contains("request_uri")
            && (covered.contains("host") || covered.contains("server_name"));
    boolean byPath = covered.contains("uri") || covered.contains("document_uri");
    boolean shared =
        all.stream()
            .filter(other -> !other.equals(service))
            .filter(other -> zone(other).equals(zone(service)) && !url(other).equals(url))
            .anyMatch(other -> other.value("proxy_cache_key").orElse(DEFAULT_KEY).equals(key));
    if (shared && !byPath) {
      missing.add("$uri");
    }
    if (!missing.isEmpty() && !wholeRequest) {
      findings.add(
          Hazard.CACHE_KEY_WITHOUT_REQUIREMENT,
          place,
          service,
          "The cache's key lacks "
              + String.join(", ", missing)
              + ": the answer to one requirement serves for another.",
          "Add it to proxy_cache_key.");
    }
  }

  private static Optional<String> zone(Block service) {
    return cache(service).map(line -> line.argument(0));
  }

  private static String url(Block service) {
    return service.ownAndConditional("proxy_pass").stream()
        .findFirst()
        .map(line -> line.argument(0))
        .orElse("");
  }

  private void checkHeaders(Block service) {
    for (Directive line : service.inForce("proxy_ignore_headers")) {
      List<String> ignored =
          line.arguments().stream()
              .filter(name -> HEADERS.contains(name.toLowerCase(Locale.ROOT)))
              .toList();
      if (!ignored.isEmpty()) {
        findings.add(
            Hazard.CACHE_IGNORES_HEADERS,
            line.place(),
            service,
            "With "
                + String.join(", ", ignored)
                + " ignored, answers are kept past the token's end, and one client's cookie goes to"
                + " others.",
            "Remove the line: the service says how long an answer may be kept.");
      }
    }
  }

  private void checkTimes(Block service) {
    for (Directive line : service.inForce("proxy_cache_valid")) {
      List<String> codes = line.arguments().subList(0, Math.max(0, line.arguments().size() - 1));
      List<String> denials =
          codes.stream()
              .filter(code -> code.equals("any") || code.startsWith("4") || code.startsWith("5"))
              .toList();
      if (!denials.isEmpty()) {
        findings.add(
            Hazard.CACHE_KEEPS_DENIALS,
            line.place(),
            service,
            "Refusals ("
                + String.join(", ", denials)
                + ") are kept: who has just logged in stays refused, and a short outage lasts"
                + " longer.",
            "Remove the line: the service says which answers may be kept.");
      }
      if (codes.isEmpty() || Stream.of("200", "any").anyMatch(codes::contains)) {
        String time = line.arguments().isEmpty() ? "" : line.arguments().getLast();
        findings.add(
            Hazard.CACHE_TIME_FIXED,
            line.place(),
            service,
            "An answer that does not say for how long is kept for "
                + time
                + ", past the token's end, a logout or a disabled user.",
            "Remove the line: the service says for how long an answer may be kept.");
      }
    }
  }

  private void checkStale(Block service) {
    for (Directive line : service.inForce("proxy_cache_use_stale")) {
      if (!line.arguments().equals(List.of("off"))) {
        findings.add(
            Hazard.CACHE_SERVES_STALE,
            line.place(),
            service,
            "While the service is away or slow, answers that are no longer good let people in.",
            "proxy_cache_use_stale off;");
      }
    }
  }

  /** A cache of what a backend says in a location that asks: who is let in sees what others saw. */
  void checkProtected(Block location) {
    for (BackendPass pass : BackendPass.of(location)) {
      pass.protocol()
          .cache()
          .flatMap(name -> cacheOf(location, name))
          .filter(line -> !keepsNothing(location, line.name()))
          .filter(line -> !tellsUsersApart(location, key(location, line.name())))
          .ifPresent(
              line ->
                  findings.add(
                      Hazard.CACHE_MIXES_USERS,
                      line.place(),
                      location,
                      "The backend's answers are kept and given to everyone who is let in: one user"
                          + " sees what was made for another.",
                      line.name()
                          + " off;\nOr say who asks in "
                          + line.name()
                          + "_key: \"...$authgear_user_id|$authgear_client_id\""));
    }
  }

  private static Optional<Directive> cacheOf(Block location, String name) {
    return location.inForce(name).stream()
        .filter(line -> !line.argument(0).equals("off") && !line.argument(0).isEmpty())
        .findFirst();
  }

  private static String key(Block location, String cache) {
    return location.value(cache + "_key").orElse("");
  }

  /** An answer that any of these values forbids is not kept. */
  private boolean keepsNothing(Block location, String cache) {
    String prefix = cache.substring(0, cache.length() - "cache".length());
    List<String> values =
        location.inForce(prefix + "no_cache").stream()
            .flatMap(line -> line.arguments().stream())
            .toList();
    return values.stream()
            .anyMatch(
                value -> !value.isEmpty() && !value.equals("0") && Variables.in(value).isEmpty())
        || values.stream().anyMatch(value -> isUser(location, Variables.in(value)))
        || (values.contains("$http_authorization") && values.contains("$http_cookie"));
  }

  private boolean tellsUsersApart(Block location, String key) {
    Set<String> covered = variables.behind(key, location);
    return isUser(location, covered)
        || (covered.contains("http_authorization") && covered.contains("http_cookie"));
  }

  private static boolean isUser(Block location, Set<String> names) {
    return location.inForce("auth_request_set").stream()
        .filter(set -> Variables.in(set.argument(1)).contains("upstream_http_x_authgear_user_id"))
        .anyMatch(set -> Variables.in(set.argument(0)).stream().anyMatch(names::contains));
  }
}
