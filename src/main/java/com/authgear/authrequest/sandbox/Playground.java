package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.sandbox.DecisionSteps.Step;
import com.authgear.authrequest.sandbox.DemoSite.Access;
import com.authgear.authrequest.sandbox.DemoSite.DemoLocation;
import com.authgear.authrequest.sandbox.PlaygroundClient.HttpAnswer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.ForbiddenResponse;
import io.javalin.http.Handler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The page {@code /} and what it asks: credentials, and requests that the sandbox sends for it,
 * because a browser keeps a page from reading answers of another origin. Requests go to the {@link
 * DemoSite} and one of its locations only; nobody names another target.
 */
final class Playground implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_JSON_BYTES = 64 * 1024;

  /** What a client might send to pass for someone else; the last two fool some backends. */
  private static final Map<String, String> FORGED = forged();

  private final Sandbox sandbox;
  private final Traffic traffic;
  private final DemoSite site;
  private final PlaygroundPage page = PlaygroundPage.load();
  private final PlaygroundClient courier = new PlaygroundClient();

  /** One request at a time, so that the calls meanwhile are those that it caused. */
  private final Object lock = new Object();

  private long answersSeen;

  Playground(Sandbox sandbox, Traffic traffic, DemoSite site) {
    this.sandbox = sandbox;
    this.traffic = traffic;
    this.site = site;
  }

  void register(RoutesConfig routes) {
    routes.get("/", page);
    routes.get("/playground/state", ctx -> answer(ctx, state()));
    post(routes, "/playground/credentials", this::mint);
    post(routes, "/playground/requests", this::send);
  }

  @Override
  public void close() {
    courier.close();
  }

  /** Answers a question in JSON by an answer in JSON. */
  private interface Asked {
    Object answer(JsonNode question);
  }

  /** Only for the page itself: a browser says so in Origin, which no other page can write. */
  private static void post(RoutesConfig routes, String path, Asked asked) {
    Handler handler =
        ctx -> {
          if (ctx.header("Origin") == null) {
            throw new ForbiddenResponse("only the playground's page asks this");
          }
          // No form can send it, and no page of another origin without asking first.
          String type = ctx.contentType();
          if (type == null || !type.replaceFirst(" *;.*", "").equals("application/json")) {
            ctx.status(415).result("application/json is expected\n");
            return;
          }
          byte[] body = ctx.req().getInputStream().readNBytes(MAX_JSON_BYTES + 1);
          if (body.length > MAX_JSON_BYTES) {
            ctx.status(413).result("too long\n");
            return;
          }
          try {
            answer(ctx, asked.answer(JSON.readTree(body)));
          } catch (NoSuchElementException e) {
            ctx.status(404).result(e.getMessage() + "\n");
          } catch (IllegalArgumentException | IOException e) {
            // Not the cause: it may repeat the credential.
            ctx.status(400).result("no request that can be sent\n");
          }
        };
    routes.post(path, handler);
  }

  private static void answer(Context ctx, Object value) throws IOException {
    ctx.header("Cache-Control", "no-store")
        .header("X-Content-Type-Options", "nosniff")
        .header("Cross-Origin-Resource-Policy", "same-origin")
        .contentType("application/json")
        .result(JSON.writeValueAsBytes(value));
  }

  private static String text(JsonNode question, String name) {
    JsonNode value = question.path(name);
    if (!value.isTextual()) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return value.textValue();
  }

  // ---- What there is

  record Person(
      String name, String id, List<String> roles, String status, boolean usable, String notes) {}

  record Kind(String code, String label) {}

  record PlaygroundPlace(String path, String title, String requirement, String question) {}

  record State(
      @Nullable String nginx,
      String service,
      String authgear,
      String recheck,
      String cacheTtl,
      List<Person> users,
      List<Kind> kinds,
      List<PlaygroundPlace> places,
      List<String> keys,
      boolean resolverUp,
      boolean webhooks,
      Webhooks.Announced announced,
      @Nullable Long followLagMillis) {}

  private State state() {
    Project project = sandbox.project();
    Duration lag = project.auditLog().lag();
    return new State(
        site.nginx(),
        site.service(),
        sandbox.origin(),
        site.recheck(),
        site.cacheTtl(),
        project.users().stream().map(this::person).toList(),
        Arrays.stream(CredentialKind.values())
            .map(kind -> new Kind(kind.code(), kind.label()))
            .toList(),
        site.locations().stream()
            .map(
                location ->
                    new PlaygroundPlace(
                        location.path(),
                        location.title(),
                        requirement(location),
                        question(location)))
            .toList(),
        project.keyIds(),
        !traffic.isBroken(AuthgearEndpoint.RESOLVER),
        project.hooks().delivery() != Webhooks.Delivery.LOSE,
        project.hooks().announced(),
        lag == null ? null : lag.toMillis());
  }

  private Person person(User user) {
    List<String> notes = new ArrayList<>();
    if (user.anonymous()) {
      notes.add("anonymous");
    }
    notes.add(user.verified() ? "verified" : "not verified");
    return new Person(
        user.name(),
        user.id(),
        user.roles(),
        user.status().name().toLowerCase(Locale.ROOT),
        user.isUsable(sandbox.project().now()),
        String.join(", ", notes));
  }

  /** What the location wants, in the words of its policy; empty if it asks nobody. */
  private static String requirement(DemoLocation location) {
    return switch (location.access()) {
      case Access.Open() -> "";
      case Access.AnyUser() -> "principal=user";
      case Access.Policy(_, var requirement) -> requirement;
    };
  }

  /** What nginx asks the service; empty if it does not. */
  private static String question(DemoLocation location) {
    return switch (location.access()) {
      case Access.Open() -> "";
      case Access.AnyUser() -> "/auth";
      case Access.Policy(var name, _) -> "/auth/" + name;
    };
  }

  private Object mint(JsonNode question) {
    String code = text(question, "kind");
    CredentialKind kind =
        Arrays.stream(CredentialKind.values())
            .filter(known -> known.code().equals(code))
            .findFirst()
            .orElseThrow(() -> new NoSuchElementException("no such kind of credential"));
    return kind.mint(sandbox.project(), text(question, "user"));
  }

  // ---- What becomes of a request

  /**
   * An identity header on its way.
   *
   * @param sent what the client sent, empty for nothing
   * @param said what the service said, empty for nothing
   * @param received what the backend got; null for nothing, or if it was not asked
   */
  record Identity(String name, String sent, String said, @Nullable String received) {}

  /** What the service answers to the same question if it is asked without nginx. */
  record Direct(String question, int status, String reason, Map<String, List<String>> headers) {}

  /**
   * @param through nginx or service
   * @param status 0 if there was no answer
   * @param outcome allowed, refused or undecided
   * @param resolverCalls meanwhile
   * @param resolverCallsBefore since the request before this one: in the background
   * @param received every header that the backend got; null if it was not asked
   */
  record PlaygroundReport(
      String through,
      String url,
      int status,
      long micros,
      String outcome,
      String reason,
      Map<String, List<String>> answer,
      @Nullable Direct service,
      int resolverCalls,
      int resolverCallsBefore,
      List<Step> steps,
      List<Identity> identity,
      @Nullable Map<String, List<String>> received) {}

  private Object send(JsonNode question) {
    String path = text(question, "location");
    DemoLocation location =
        site.locations().stream()
            .filter(known -> known.path().equals(path))
            .findFirst()
            .orElseThrow(() -> new NoSuchElementException("no such location"));
    Map<String, String> headers = new LinkedHashMap<>();
    String name = text(question, "header");
    String value = text(question, "value");
    switch (name) {
      case "Authorization", "Cookie" -> headers.put(name, value);
      case "" -> {}
      default -> throw new NoSuchElementException("no such header");
    }
    Map<String, String> sent =
        question.path("forged").asBoolean(false) ? FORGED : Map.<String, String>of();
    headers.putAll(sent);
    try {
      synchronized (lock) {
        return send(location, headers, sent);
      }
    } catch (IOException e) {
      return unanswered(location, sent);
    }
  }

  private PlaygroundReport send(
      DemoLocation location, Map<String, String> headers, Map<String, String> sent)
      throws IOException {
    boolean asksNobody = question(location).isEmpty();
    String url =
        site.nginx() != null
            ? site.nginx() + location.path()
            : site.service() + (asksNobody ? "/auth" : question(location));
    int before = resolverCalls(traffic.answeredBetween(answersSeen, traffic.answers())).size();
    long mark = traffic.answers();
    HttpAnswer answer = courier.get(url, headers);
    answersSeen = traffic.answers();
    Direct direct = asksNobody ? null : direct(question(location), headers);
    if (direct != null && !agree(answer.status(), direct.status())) {
      // What was changed has begun to count in between; the next answers belong together again.
      answer = courier.get(url, headers);
      answersSeen = traffic.answers();
      direct = direct(question(location), headers);
    }
    List<Traffic.RecordedCall> calls = resolverCalls(traffic.answeredBetween(mark, answersSeen));
    Map<String, List<String>> received = site.nginx() == null ? null : echoed(answer);
    String outcome = outcome(answer.status());
    DecisionSteps explanation =
        new DecisionSteps(
            sandbox.project(), site, location, headers, strict(direct, headers), calls);
    return new PlaygroundReport(
        site.nginx() == null ? "service" : "nginx",
        url,
        answer.status(),
        answer.micros(),
        outcome,
        direct == null ? "" : direct.reason(),
        answer.headers(),
        direct,
        calls.size(),
        before,
        explanation.steps(answer, direct, received != null),
        identity(sent, direct, received),
        received);
  }

  /** nginx makes 500 of what is neither allow nor refusal. */
  private static boolean agree(int client, int service) {
    return client == service || (client == 500 && service == 503);
  }

  private PlaygroundReport unanswered(DemoLocation location, Map<String, String> sent) {
    return new PlaygroundReport(
        site.nginx() == null ? "service" : "nginx",
        (site.nginx() == null ? site.service() : site.nginx()) + location.path(),
        0,
        0,
        "undecided",
        "no answer",
        Map.of(),
        null,
        0,
        0,
        List.of(),
        identity(sent, null, null),
        null);
  }

  private static List<Traffic.RecordedCall> resolverCalls(List<Traffic.RecordedCall> calls) {
    return calls.stream().filter(call -> call.endpoint() == AuthgearEndpoint.RESOLVER).toList();
  }

  private Direct direct(String question, Map<String, String> headers) throws IOException {
    HttpAnswer answer = courier.get(site.service() + question, headers);
    return new Direct(question, answer.status(), answer.header("x-auth-reason"), answer.headers());
  }

  /** Where nobody is refused, why someone would be elsewhere. */
  private @Nullable Direct strict(@Nullable Direct direct, Map<String, String> headers)
      throws IOException {
    return direct != null && direct.status() == 200 && !names(direct)
        ? direct("/auth", headers)
        : direct;
  }

  private static boolean names(Direct direct) {
    return !said(direct, IdentityHeader.USER_ID.headerName()).isEmpty()
        || !said(direct, IdentityHeader.CLIENT_ID.headerName()).isEmpty();
  }

  private static String outcome(int status) {
    return switch (status) {
      case 200 -> "allowed";
      case 401, 403 -> "refused";
      default -> "undecided";
    };
  }

  /** What the backend got, if the answer is its own. */
  private static @Nullable Map<String, List<String>> echoed(HttpAnswer answer) throws IOException {
    if (answer.status() != 200) {
      return null;
    }
    Map<String, List<String>> received = new LinkedHashMap<>();
    for (var header : JSON.readTree(answer.body()).path("headers").properties()) {
      List<String> values = new ArrayList<>();
      header.getValue().forEach(value -> values.add(value.textValue()));
      received.put(header.getKey(), values);
    }
    return received;
  }

  private static List<Identity> identity(
      Map<String, String> sent,
      @Nullable Direct direct,
      @Nullable Map<String, List<String>> received) {
    List<String> names = new ArrayList<>();
    for (IdentityHeader header : IdentityHeader.values()) {
      names.add(header.headerName());
    }
    sent.keySet().stream().filter(name -> !names.contains(name)).forEach(names::add);
    names.sort(Comparator.comparingInt(name -> name.startsWith("x-") ? 0 : 1));
    return names.stream()
        .map(
            name -> {
              List<String> values = received == null ? null : received.get(name);
              return new Identity(
                  name,
                  sent.getOrDefault(name, ""),
                  said(direct, name),
                  values == null ? null : String.join(", ", values));
            })
        .toList();
  }

  private static String said(@Nullable Direct direct, String name) {
    return direct == null ? "" : String.join(", ", direct.headers().getOrDefault(name, List.of()));
  }

  private static Map<String, String> forged() {
    Map<String, String> forged = new LinkedHashMap<>();
    forged.put(IdentityHeader.SESSION_VALID.headerName(), "true");
    forged.put(IdentityHeader.USER_ID.headerName(), "mallory");
    forged.put(IdentityHeader.USER_VERIFIED.headerName(), "true");
    forged.put(IdentityHeader.USER_ROLES.headerName(), "admin,owner");
    forged.put(IdentityHeader.SCOPE.headerName(), "everything");
    forged.put("x-authgear-session-acr", "mallory");
    forged.put("x_authgear_user_id", "mallory");
    return forged;
  }
}
