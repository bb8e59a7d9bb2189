package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where one request can get to in a server: nginx's phases, one after the other, with every
 * internal redirect ({@code rewrite}, {@code error_page}, {@code try_files}, {@code index}, named
 * locations, {@code mirror}). Whatever depends on what only nginx can know, such as whether a file
 * is there, is walked both ways. Not walked: {@code X-Accel-Redirect}, Lua, SSI.
 */
final class RequestWalk {
  private static final int MOST_STEPS = 2000;
  private static final int MOST_REDIRECTS = 10;

  /** Errors that nginx makes before it asks the service. */
  private static final Set<Integer> BEFORE_ASKING =
      Set.of(400, 408, 413, 414, 494, 495, 496, 497, 505);

  private static final Set<Integer> OF_REFUSALS = Set.of(401, 403, 500);
  private static final Set<Integer> OF_BACKENDS = Set.of(413, 500, 502, 503, 504, 507);
  private static final Set<Integer> OF_FILES = Set.of(403, 404, 405, 416, 500);

  private static final Pattern REDIRECT = Pattern.compile("(?:https?://|\\$scheme).*");

  /** What the service said so far. */
  enum AuthAnswer {
    NOT_ASKED,
    ALLOWED,
    REFUSED
  }

  /**
   * Where a request ends at something that answers.
   *
   * @param place the location; the server's block where no location is chosen
   * @param pass the line that hands it on; empty if files answer
   * @param sent what the other side gets to see of the target, or the file's name
   * @param answer what the service said about it
   * @param allowedIn the locations in which it was let in
   * @param left the protected location that it left without being let in; null if none
   * @param trail the lines by which it was redirected
   * @param errorPage whether one of them was an {@code error_page}
   * @param conditional whether an {@code if} that may be false led here
   */
  record Arrival(
      Block place,
      Optional<BackendPass> pass,
      String sent,
      AuthAnswer answer,
      Set<Block> allowedIn,
      @Nullable Block left,
      List<Directive> trail,
      boolean errorPage,
      boolean conditional) {}

  /** Where a request stands. */
  private static final class Request {
    private Block place;
    private String raw;
    private String path;
    private String query;
    private boolean asReceived = true;
    private boolean internal;
    private boolean subrequest;
    private boolean errorPage;
    private boolean conditional;
    private boolean stopped;
    private boolean stays;
    private boolean rewritten;
    private int redirects;
    private AuthAnswer answer = AuthAnswer.NOT_ASKED;
    private @Nullable Block left;
    private Set<Block> allowedIn = new LinkedHashSet<>();
    private Map<String, String> variables = new HashMap<>();
    private List<String> groups = List.of();
    private List<Directive> trail = new ArrayList<>();

    Request(Block place, RequestTarget target) {
      this.place = place;
      this.raw = target.raw();
      this.path = target.path();
      this.query = target.query();
    }

    Request(Request other) {
      this.place = other.place;
      this.raw = other.raw;
      this.path = other.path;
      this.query = other.query;
      this.asReceived = other.asReceived;
      this.internal = other.internal;
      this.subrequest = other.subrequest;
      this.errorPage = other.errorPage;
      this.conditional = other.conditional;
      this.stopped = other.stopped;
      this.stays = other.stays;
      this.rewritten = other.rewritten;
      this.redirects = other.redirects;
      this.answer = other.answer;
      this.left = other.left;
      this.allowedIn = new LinkedHashSet<>(other.allowedIn);
      this.variables = new HashMap<>(other.variables);
      this.groups = other.groups;
      this.trail = new ArrayList<>(other.trail);
    }

    /** It goes elsewhere; the location that would have asked does not. */
    void leave(Directive line) {
      trail.add(line);
      Block location = place.unconditional();
      boolean entered = internal || !location.isInternal();
      if (left == null && entered && location.asks().isPresent() && !allowedIn.contains(location)) {
        left = location;
      }
    }
  }

  private final Block server;
  private final Variables variables;
  private final Set<Arrival> arrivals = new LinkedHashSet<>();
  private final Set<String> returned = new LinkedHashSet<>();
  private final Set<List<Object>> seen = new HashSet<>();
  private int steps;

  private RequestWalk(Block server, Variables variables) {
    this.server = server;
    this.variables = variables;
  }

  /** A client's request. */
  static RequestWalk ofClient(Block server, Variables variables, RequestTarget target) {
    return ofClient(server, variables, target, Map.of());
  }

  /**
   * @param known variables whose value is known, such as a header of the request
   */
  static RequestWalk ofClient(
      Block server, Variables variables, RequestTarget target, Map<String, String> known) {
    RequestWalk walk = new RequestWalk(server, variables);
    Request request = new Request(server, target);
    request.variables.putAll(known);
    walk.serverPhase(request);
    return walk;
  }

  /**
   * The subrequest by which a location asks.
   *
   * @param asker the location with {@code auth_request}, whose {@code set} lines have run
   */
  static RequestWalk ofQuestion(Block asker, Variables variables, String path) {
    Block server = asker.server();
    RequestWalk walk = new RequestWalk(server, variables);
    Request request = new Request(server, new RequestTarget(Variables.UNKNOWN, path, ""));
    request.asReceived = false;
    request.internal = true;
    request.subrequest = true;
    for (Block block : List.of(server, asker)) {
      for (Directive set : block.own("set")) {
        walk.set(request, set);
      }
    }
    walk.serverPhase(request);
    return walk;
  }

  Set<Arrival> arrivals() {
    return arrivals;
  }

  /** The codes of {@code return} lines that may answer it. */
  Set<String> returned() {
    return returned;
  }

  // The phases, in nginx's order.

  private void serverPhase(Request request) {
    request.place = server;
    for (Request next : rewrite(server.directive().children(), request)) {
      next.rewritten = false;
      chooseLocation(next);
    }
  }

  private void chooseLocation(Request request) {
    if (++steps > MOST_STEPS || !seen.add(key(request))) {
      return;
    }
    List<Block> found = server.find(request.path);
    if (found.isEmpty()) {
      request.place = server;
      access(request);
    }
    for (Block location : found) {
      Request next = found.size() > 1 ? new Request(request) : request;
      next.place = location;
      if (location.isRegex()
          && location.expression().find(request.path) instanceof Pcre.Match match) {
        capture(next, match);
      }
      if (location.isInternal() && !next.internal) {
        fail(next, Set.of(404));
      } else {
        enter(next);
      }
    }
  }

  private static List<Object> key(Request request) {
    return List.of(
        request.path,
        request.query,
        request.asReceived,
        request.internal,
        request.errorPage,
        request.conditional,
        request.answer,
        Optional.ofNullable(request.left),
        request.allowedIn,
        request.variables);
  }

  /** The location's own rewriting. */
  private void enter(Request request) {
    request.stopped = false;
    request.stays = false;
    request.rewritten = false;
    Block location = request.place;
    for (Request next : rewrite(location.directive().children(), request)) {
      if (next.rewritten && !next.stays) {
        if (++next.redirects <= MOST_REDIRECTS) {
          next.rewritten = false;
          next.stopped = false;
          chooseLocation(next);
        }
      } else {
        access(next);
      }
    }
  }

  private void access(Request request) {
    if (request.subrequest) {
      content(request);
      return;
    }
    fail(request, BEFORE_ASKING);
    if (limitsRequests(request.place)) {
      fail(request, Set.of(429, 503));
    }
    if (deniesEveryone(request.place)) {
      fail(request, Set.of(403));
      return;
    }
    if (request.place.asks().isPresent()) {
      Request refused = new Request(request);
      refused.answer = AuthAnswer.REFUSED;
      fail(refused, OF_REFUSALS);
      request.answer = AuthAnswer.ALLOWED;
      request.allowedIn.add(request.place.unconditional());
    }
    mirror(request);
    tryFiles(request);
  }

  private static boolean limitsRequests(Block place) {
    return !place.inForce("limit_req").isEmpty() || !place.inForce("limit_conn").isEmpty();
  }

  private static boolean deniesEveryone(Block place) {
    List<Directive> rules = new ArrayList<>();
    for (Block block = place; block != null && rules.isEmpty(); block = block.parent()) {
      for (Directive line : block.directive().children()) {
        if (line.name().equals("allow") || line.name().equals("deny")) {
          rules.add(line);
        }
      }
    }
    return !rules.isEmpty()
        && rules.getFirst().is("deny", "all")
        && place.value("satisfy").filter("any"::equals).isEmpty();
  }

  private void mirror(Request request) {
    for (Directive line : request.place.inForce("mirror")) {
      if (line.argument(0).startsWith("/")) {
        Request copy = new Request(request);
        copy.trail.add(line);
        copy.subrequest = true;
        redirect(copy, value(request, line.argument(0)));
      }
    }
  }

  private void tryFiles(Request request) {
    Optional<Directive> line = request.place.own("try_files").stream().findFirst();
    if (line.isEmpty() || line.get().arguments().isEmpty()) {
      content(request);
      return;
    }
    List<String> files = line.get().arguments();
    for (String file : files.subList(0, files.size() - 1)) {
      Request found = new Request(request);
      found.conditional = true;
      found.path = value(request, file);
      found.asReceived = false;
      content(found);
    }
    String last = files.getLast();
    if (last.startsWith("=")) {
      failWith(request, last.substring(1));
    } else if (last.startsWith("@")) {
      request.trail.add(line.get());
      named(request, last);
    } else {
      request.trail.add(line.get());
      redirect(request, value(request, last));
    }
  }

  private void content(Request request) {
    List<BackendPass> passes = passes(request.place);
    for (BackendPass pass : passes) {
      arrive(request, Optional.of(pass), sent(request, pass));
      Set<Integer> codes = new HashSet<>(OF_BACKENDS);
      if (pass.interceptsErrors()) {
        request
            .place
            .inForce("error_page")
            .forEach(page -> codes.addAll(new ErrorPage(page).codes()));
      }
      fail(request, codes);
    }
    if (!passes.isEmpty()) {
      return;
    }
    arrive(request, Optional.empty(), root(request.place) + request.path);
    if (request.path.endsWith("/")) {
      index(request);
    }
    fail(request, OF_FILES);
  }

  /** What hands the request on here; an {@code if} without such a line has its location's. */
  private static List<BackendPass> passes(Block place) {
    for (@Nullable Block block = place; block != null; block = block.parent()) {
      List<BackendPass> passes = BackendPass.own(block, place.unconditional());
      if (!passes.isEmpty() || block.equals(place.unconditional())) {
        return passes;
      }
    }
    return List.of();
  }

  /** The folder of the files that answer here. */
  static String root(Block place) {
    return place
        .value("alias")
        .or(() -> place.value("root"))
        .map(folder -> folder.endsWith("/") ? folder.substring(0, folder.length() - 1) : folder)
        .orElse("html");
  }

  private void index(Request request) {
    List<Directive> lines = request.place.inForce("index");
    List<String> files =
        lines.isEmpty()
            ? List.of("index.html")
            : lines.stream().flatMap(line -> line.arguments().stream()).toList();
    for (String file : files) {
      Request next = new Request(request);
      next.conditional = true;
      next.trail.add(lines.isEmpty() ? request.place.directive() : lines.getFirst());
      String path = value(request, file);
      redirect(next, path.startsWith("/") ? path : request.path + path, request.query);
    }
  }

  private void arrive(Request request, Optional<BackendPass> pass, String sent) {
    arrivals.add(
        new Arrival(
            request.place.unconditional(),
            pass,
            sent,
            request.answer,
            Set.copyOf(request.allowedIn),
            request.left,
            List.copyOf(request.trail),
            request.errorPage,
            request.conditional));
  }

  /** What the other side gets to see of the target. */
  private String sent(Request request, BackendPass pass) {
    if (pass.protocol() == BackendPass.Protocol.PROXY) {
      String url = pass.directive().argument(0);
      String whole = value(request, url);
      String target = BackendPass.pathOf(whole);
      if (!target.isEmpty() && url.indexOf('$') >= 0) {
        return whole;
      }
      String path = request.path;
      if (!target.isEmpty()) {
        Block location = request.place.unconditional();
        String matched = location.isRegex() ? "" : location.path();
        path =
            !request.rewritten && path.startsWith(matched)
                ? target + path.substring(matched.length())
                : path;
      }
      return BackendPass.addressOf(whole)
          + (target.isEmpty() && request.asReceived ? request.raw : path + queryOf(request));
    }
    if (pass.protocol() == BackendPass.Protocol.GRPC) {
      return request.asReceived ? request.raw : request.path + queryOf(request);
    }
    StringBuilder sent = new StringBuilder(request.path + queryOf(request));
    for (Directive line : pass.setters()) {
      sent.append('\n').append(value(request, line.argument(1)));
    }
    return sent.toString();
  }

  private static String queryOf(Request request) {
    return request.query.isEmpty() ? "" : "?" + request.query;
  }

  // Redirects inside nginx.

  private void failWith(Request request, String code) {
    if (code.matches("\\d{3}")) {
      fail(request, Set.of(Integer.parseInt(code)));
    }
  }

  /** One of these errors happens: the pages for them act. */
  private void fail(Request request, Set<Integer> codes) {
    if (request.errorPage && !request.place.isOn("recursive_error_pages", false)) {
      return;
    }
    Set<Integer> seenCodes = new HashSet<>();
    for (Directive line : request.place.inForce("error_page")) {
      ErrorPage page = new ErrorPage(line);
      Set<Integer> own = new HashSet<>(page.codes());
      own.removeAll(seenCodes);
      seenCodes.addAll(own);
      if (own.stream().anyMatch(codes::contains)) {
        Request next = new Request(request);
        next.leave(line);
        next.errorPage = true;
        if (page.path().startsWith("@")) {
          named(next, page.path());
        } else {
          redirect(next, value(next, page.path()), "");
        }
      }
    }
  }

  private void named(Request request, String name) {
    for (Block location : server.locations()) {
      if (location.isNamed()
          && location.path().equals(name)
          && ++steps <= MOST_STEPS
          && ++request.redirects <= MOST_REDIRECTS) {
        request.internal = true;
        request.place = location;
        enter(request);
        return;
      }
    }
  }

  /** To a path, whose query is its own. */
  private void redirect(Request request, String target) {
    int question = target.indexOf('?');
    redirect(
        request,
        question < 0 ? target : target.substring(0, question),
        question < 0 ? "" : target.substring(question + 1));
  }

  private void redirect(Request request, String target, String query) {
    if (!target.startsWith("/") || ++request.redirects > MOST_REDIRECTS) {
      return;
    }
    int question = target.indexOf('?');
    request.path = question < 0 ? target : target.substring(0, question);
    request.query = question < 0 ? query : target.substring(question + 1);
    request.asReceived = false;
    request.internal = true;
    request.stopped = false;
    serverPhase(request);
  }

  // The rewrite module.

  /** The requests that go on behind these lines; those that a {@code return} ends do not. */
  private List<Request> rewrite(List<Directive> lines, Request request) {
    List<Request> open = List.of(request);
    for (Directive line : lines) {
      List<Request> next = new ArrayList<>();
      for (Request one : open) {
        if (one.stopped) {
          next.add(one);
        } else {
          rewrite(line, one, next);
        }
      }
      open = next;
      if (open.size() > 64) {
        steps = MOST_STEPS;
        return open.subList(0, 64);
      }
    }
    return open;
  }

  private void rewrite(Directive line, Request request, List<Request> next) {
    switch (line.name()) {
      case "set" -> {
        set(request, line);
        next.add(request);
      }
      case "break" -> {
        request.stopped = true;
        request.stays = true;
        next.add(request);
      }
      case "return" -> {
        returned.add(line.argument(0));
        if (line.arguments().size() == 1) {
          failWith(request, line.argument(0));
        }
      }
      case "rewrite" -> change(line, request, next);
      case "if" -> condition(line, request, next);
      default -> next.add(request);
    }
  }

  private void set(Request request, Directive line) {
    if (line.argument(0).startsWith("$")) {
      request.variables.put(line.argument(0).substring(1), value(request, line.argument(1)));
    }
  }

  private void change(Directive line, Request request, List<Request> next) {
    String replacement = line.argument(1);
    String flag = line.argument(2);
    switch (Pcre.of(line.argument(0), false).find(request.path)) {
      case Pcre.NoMatch _ -> {
        next.add(request);
        return;
      }
      case Pcre.Match match -> capture(request, match);
      case Pcre.Unreadable _ -> {
        next.add(new Request(request));
        request.conditional = true;
        request.groups = List.of();
      }
    }
    if (REDIRECT.matcher(replacement).matches()
        || flag.equals("redirect")
        || flag.equals("permanent")) {
      return;
    }
    String target = value(request, replacement);
    int question = target.indexOf('?');
    String query = request.query;
    if (question >= 0) {
      String own = target.substring(question + 1);
      query =
          target.endsWith("?") || query.isEmpty()
              ? own.replaceFirst("\\?$", "")
              : own + "&" + query;
      target = target.substring(0, question);
    }
    if (!flag.equals("break")) {
      request.leave(line);
    }
    request.path = target;
    request.query = query;
    request.asReceived = false;
    // nginx takes a changed path for its own, so "internal" does not keep it out.
    request.internal = true;
    request.rewritten = true;
    request.stopped = flag.equals("last") || flag.equals("break");
    request.stays = flag.equals("break");
    next.add(request);
  }

  private void condition(Directive line, Request request, List<Request> next) {
    Optional<Boolean> holds = holds(line, request);
    if (holds.filter(value -> !value).isPresent()) {
      next.add(request);
      return;
    }
    if (holds.isEmpty()) {
      if (line.children().stream().allMatch(child -> child.name().equals("set"))) {
        for (Directive set : line.children()) {
          String name = set.argument(0).isEmpty() ? "" : set.argument(0).substring(1);
          if (!value(request, set.argument(1)).equals(request.variables.get(name))) {
            request.variables.put(name, Variables.UNKNOWN);
          }
        }
        next.add(request);
        return;
      }
      next.add(new Request(request));
      request.conditional = true;
    }
    request.place.unconditional().condition(line).ifPresent(block -> request.place = block);
    next.addAll(rewrite(line.children(), request));
  }

  /** Empty if it cannot be told. */
  private Optional<Boolean> holds(Directive line, Request request) {
    List<String> words = new ArrayList<>(line.arguments());
    if (words.isEmpty() || !words.getFirst().startsWith("(") || !words.getLast().endsWith(")")) {
      return Optional.empty();
    }
    words.set(0, words.getFirst().substring(1));
    String last = words.getLast();
    words.set(words.size() - 1, last.isEmpty() ? "" : last.substring(0, last.length() - 1));
    if (words.getFirst().isEmpty()) {
      words.removeFirst();
    }
    if (words.size() > 1 && words.getLast().isEmpty() && words.size() % 2 == 0) {
      words.removeLast();
    }
    if (words.isEmpty() || !words.getFirst().startsWith("$")) {
      return Optional.empty();
    }
    String value = value(request, words.getFirst());
    boolean known = !value.contains(Variables.UNKNOWN);
    if (words.size() == 1) {
      return known ? Optional.of(!value.isEmpty() && !value.equals("0")) : Optional.empty();
    }
    String operator = words.get(1);
    String other = words.size() > 2 ? words.get(2) : "";
    return switch (operator) {
      case "=", "!=" -> {
        String compared = value(request, other);
        yield known && !compared.contains(Variables.UNKNOWN)
            ? Optional.of(value.equals(compared) == operator.equals("="))
            : Optional.empty();
      }
      case "~", "~*", "!~", "!~*" -> matches(request, value, operator, other);
      default -> Optional.empty();
    };
  }

  private static Optional<Boolean> matches(
      Request request, String value, String operator, String expression) {
    boolean known = !value.contains(Variables.UNKNOWN);
    boolean not = operator.startsWith("!");
    return switch (Pcre.of(expression, operator.endsWith("*")).find(value)) {
      case Pcre.Unreadable _ -> Optional.empty();
      case Pcre.NoMatch _ -> known ? Optional.of(not) : Optional.empty();
      case Pcre.Match match -> {
        if (!known) {
          yield Optional.empty();
        }
        capture(request, match);
        yield Optional.of(!not);
      }
    };
  }

  private static void capture(Request request, Pcre.Match match) {
    request.groups = match.groups();
    request.variables.putAll(match.named());
  }

  private String value(Request request, String text) {
    return variables.value(text, name -> held(request, name));
  }

  private static @Nullable String held(Request request, String name) {
    return switch (name) {
      case "request_uri" -> request.raw;
      case "uri", "document_uri" -> request.path;
      case "args", "query_string" -> request.query;
      case "is_args" -> request.query.isEmpty() ? "" : "?";
      case "1", "2", "3", "4", "5", "6", "7", "8", "9" -> {
        int index = name.charAt(0) - '1';
        yield index < request.groups.size() ? request.groups.get(index) : "";
      }
      default -> request.variables.get(name);
    };
  }
}
