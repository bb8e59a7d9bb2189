package com.authgear.authrequest.check.nginx;

import com.authgear.authrequest.check.nginx.RequestWalk.Arrival;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the rules ask: who asks what, who answers, and where requests get to. */
final class NginxModel {

  /** What {@code auth_request} asks in a server. */
  record AuthRequest(Block server, String path) {}

  /**
   * A sample request to a location and where it gets to.
   *
   * @param path decoded
   */
  record Walk(String path, Set<Arrival> arrivals) {

    /** Whether what an arrival shows depends on what the client asked for. */
    boolean shows(Arrival arrival) {
      if (path.contains(SamplePaths.MARK)) {
        return arrival.sent().contains(SamplePaths.MARK);
      }
      int end = arrival.sent().indexOf('?');
      String sent = BackendPass.pathOf(end < 0 ? arrival.sent() : arrival.sent().substring(0, end));
      return sent.equals(path) || (path.length() > 1 && arrival.sent().contains(path));
    }

    /** A page of its own for an error, the same whatever was asked for. */
    boolean isErrorPage(Arrival arrival) {
      return arrival.errorPage() && !shows(arrival);
    }
  }

  private final Block http;
  private final Variables variables;
  private final Backends backends;
  private final List<Block> locations;
  private final Map<AuthRequest, List<Block>> questions = new LinkedHashMap<>();
  private final Set<Block> services = new LinkedHashSet<>();
  private final Map<Block, String> needs = new HashMap<>();
  private final Map<Block, List<Walk>> walks = new HashMap<>();
  private final Map<AuthRequest, Set<Arrival>> answers = new LinkedHashMap<>();
  private final Set<String> asking;

  NginxModel(Block http) {
    this.http = http;
    this.variables = new Variables(http);
    this.backends = new Backends(http, variables);
    this.locations =
        http.servers().stream()
            .flatMap(
                server ->
                    server.alwaysReturns()
                        ? Stream.<Block>empty()
                        : Stream.concat(
                            SamplePaths.of(server).isEmpty() ? Stream.empty() : Stream.of(server),
                            server.allLocations()))
            .toList();
    for (Block location : locations) {
      if (!location.alwaysReturns()) {
        location
            .asks()
            .ifPresent(
                path ->
                    questions
                        .computeIfAbsent(
                            new AuthRequest(location.server(), path), _ -> new ArrayList<>())
                        .add(location));
      }
    }
    this.asking =
        locations.stream()
            .filter(location -> location.asks().isPresent() && !isMadeForQuestions(location))
            .flatMap(location -> BackendPass.of(location).stream())
            .flatMap(pass -> backends.of(pass).stream())
            .collect(Collectors.toSet());
    for (AuthRequest question : questions.keySet()) {
      for (Arrival arrival : answers(question)) {
        if (isService(arrival, question.path())) {
          services.add(arrival.place());
        }
      }
    }
  }

  Block http() {
    return http;
  }

  Variables variables() {
    return variables;
  }

  Backends backends() {
    return backends;
  }

  /** All locations, and the servers that answer some paths themselves. */
  List<Block> locations() {
    return locations;
  }

  /** Who asks. */
  Map<AuthRequest, List<Block>> questions() {
    return questions;
  }

  /** The locations that ask the service. */
  Set<Block> services() {
    return services;
  }

  /** Where a question gets to; error pages aside. */
  Set<Arrival> answers(AuthRequest question) {
    return answers.computeIfAbsent(
        question,
        asked ->
            RequestWalk.ofQuestion(asked.server(), variables, asked.path()).arrivals().stream()
                .filter(arrival -> !arrival.errorPage())
                .collect(Collectors.toCollection(LinkedHashSet::new)));
  }

  /** Whether a {@code return} with a status of 2xx, a yes, may answer. */
  boolean mayBeAnsweredByReturn(AuthRequest question) {
    return RequestWalk.ofQuestion(question.server(), variables, question.path()).returned().stream()
        .anyMatch(code -> code.startsWith("2"));
  }

  boolean isProtected(Block location) {
    return location.asks().isPresent() && !services.contains(location);
  }

  /** Whether clients get here without nginx sending them. */
  boolean isOpenToClients(Block location) {
    return !location.isInternal() && !services.contains(location) && !location.alwaysReturns();
  }

  /** What a location requires, in words that are equal for the same requirement. */
  String need(Block location) {
    return needs.computeIfAbsent(
        location,
        asker ->
            asker
                .asks()
                .map(
                    path ->
                        path
                            + " "
                            + RequestWalk.ofQuestion(asker, variables, path).arrivals().stream()
                                .filter(arrival -> !arrival.errorPage())
                                .map(Arrival::sent)
                                .collect(Collectors.toCollection(TreeSet::new)))
                .orElse(""));
  }

  /** Where requests get to that take this location. */
  List<Walk> walks(Block location) {
    return walks.computeIfAbsent(
        location,
        place ->
            SamplePaths.of(place).stream()
                .flatMap(path -> walk(place.server(), SamplePaths.encoded(path), Map.of()).stream())
                .toList());
  }

  /** Empty if nginx answers such a request with 400. */
  Optional<Walk> walk(Block server, String raw, Map<String, String> known) {
    return Optional.ofNullable(RequestTarget.of(raw))
        .map(
            target ->
                new Walk(
                    target.path(),
                    RequestWalk.ofClient(server, variables, target, known).arrivals()));
  }

  /** The backends behind an arrival; none if files answer. */
  Set<String> backends(Arrival arrival) {
    return arrival.pass().map(backends::of).orElse(Set.of());
  }

  /**
   * Whether this is the service, and not something else that happens to catch the question. It is
   * asked by a path of its own, /auth or /auth/&lt;policy&gt;, or by a location that was made for
   * questions; and no backend is the service.
   */
  boolean isService(Arrival arrival, String question) {
    if (arrival.pass().filter(pass -> pass.protocol() == BackendPass.Protocol.PROXY).isEmpty()) {
      return false;
    }
    boolean made = isMadeForQuestions(arrival.place()) || arrival.place().path().equals(question);
    boolean itsPath =
        BackendPass.pathOf(arrival.sent())
            .matches("(?s)/+(?:auth|ext-authz)(?:/[^/?]*)*(?:\\?.*)?");
    boolean backend = Backends.meet(backends(arrival), asking);
    return itsPath ? made || !backend : made && !backend;
  }

  private static boolean isMadeForQuestions(Block location) {
    return location.isInternal()
        || (location.modifier().equals("=")
            && location.server().asks().filter(location.path()::equals).isPresent());
  }
}
