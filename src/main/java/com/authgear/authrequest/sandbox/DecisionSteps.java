package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.IdentityHeader;
import com.authgear.authrequest.sandbox.DemoSite.Access;
import com.authgear.authrequest.sandbox.DemoSite.DemoLocation;
import com.authgear.authrequest.sandbox.Playground.Direct;
import com.authgear.authrequest.sandbox.PlaygroundClient.HttpAnswer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How a decision came about, in steps. The service's reason says which step failed, so the ones
 * before it passed and the ones after it were not reached; nothing is verified here a second time.
 * What a step looked at is told from the credential itself and from what the sandbox was asked.
 */
final class DecisionSteps {

  /** In the order in which the service goes. */
  enum Stage {
    CREDENTIALS("Credentials"),
    TOKEN("Token"),
    SIGNATURE("Signature"),
    CLAIMS("Claims"),
    SESSION("Session"),
    REQUIREMENT("Requirement"),
    ANSWER("Answer");

    private final String title;

    Stage(String title) {
      this.title = title;
    }

    String title() {
      return title;
    }
  }

  /**
   * @param state passed, failed or skipped
   */
  record Step(String title, String state, String text) {}

  private static final String CLIENT = "client_id_";

  private final Project project;
  private final DemoSite site;
  private final DemoLocation location;
  private final Map<String, String> sent;
  private final @Nullable Reason reason;
  private final List<Traffic.RecordedCall> calls;
  private final @Nullable Jwt jwt;

  /**
   * @param sent the client's headers
   * @param judge the answer of the service that says why the credential is not good, if it is not;
   *     null if it was not asked
   * @param calls of the resolver meanwhile
   */
  DecisionSteps(
      Project project,
      DemoSite site,
      DemoLocation location,
      Map<String, String> sent,
      @Nullable Direct judge,
      List<Traffic.RecordedCall> calls) {
    this.project = project;
    this.site = site;
    this.location = location;
    this.sent = sent;
    this.calls = calls;
    reason = judge == null ? null : reasonOf(judge.reason());
    jwt = Jwt.parse(sent.getOrDefault("Authorization", "").replaceFirst("(?i)^bearer +", ""));
  }

  /** Where a reason comes from. */
  static Stage stageOf(Reason reason) {
    return switch (reason) {
      case NO_CREDENTIALS, MALFORMED_CREDENTIALS, TOKEN_TOO_LARGE -> Stage.CREDENTIALS;
      case MALFORMED_TOKEN, WRONG_TYPE, ALGORITHM_NOT_ALLOWED, CRITICAL_HEADER -> Stage.TOKEN;
      case UNKNOWN_KEY, BAD_SIGNATURE, KEYS_UNAVAILABLE -> Stage.SIGNATURE;
      case WRONG_ISSUER, EXPIRED, NOT_YET_VALID, MISSING_CLAIM, SENDER_CONSTRAINED, UNSAFE_VALUE ->
          Stage.CLAIMS;
      case SESSION_INVALID,
          USER_CHANGED,
          RESOLVER_UNAVAILABLE,
          RESOLVER_ORIGIN_MISMATCH,
          RESOLVER_UNKNOWN_PROJECT,
          RESOLVER_ERROR,
          RESOLVER_BAD_ANSWER ->
          Stage.SESSION;
      case WRONG_AUDIENCE,
          CLIENT_NOT_ALLOWED,
          PRINCIPAL_NOT_ALLOWED,
          ROLE_MISSING,
          SCOPE_MISSING,
          AMR_MISSING,
          NOT_VERIFIED,
          ANONYMOUS_USER,
          STALE_AUTHENTICATION ->
          Stage.REQUIREMENT;
      case HEADER_BUDGET,
          AMBIGUOUS_PATH,
          BAD_REQUIREMENT,
          UNKNOWN_POLICY,
          OVERLOADED,
          DRAINING,
          INTERNAL_ERROR ->
          Stage.ANSWER;
    };
  }

  /**
   * @param answer what the client got
   * @param direct what the service says about this location; null if it is not asked
   * @param reached whether the backend was
   */
  List<Step> steps(HttpAnswer answer, @Nullable Direct direct, boolean reached) {
    if (direct == null) {
      return List.of(
          new Step(
              "Answer",
              "passed",
              site.nginx() == null
                  ? "without nginx there is no open location; the service alone was asked"
                  : "this location is open: nginx asks nobody, removes every identity header, and"
                      + " passes the request on"));
    }
    List<Step> steps = new ArrayList<>();
    for (Stage stage : Stage.values()) {
      if (stage != Stage.ANSWER) {
        steps.add(step(stage, direct));
      }
    }
    steps.add(
        new Step(Stage.ANSWER.title, state(direct.status()), ending(answer, direct, reached)));
    return steps;
  }

  private Step step(Stage stage, Direct direct) {
    boolean letIn = stage == Stage.REQUIREMENT && direct.status() == 200;
    Stage failed = reason == null || letIn ? null : stageOf(reason);
    if (failed != null && failed.compareTo(stage) < 0) {
      return new Step(stage.title, "skipped", "not reached");
    }
    if (failed == Stage.ANSWER) {
      return new Step(stage.title, "skipped", "");
    }
    String text =
        switch (stage) {
          case CREDENTIALS -> credentials();
          case TOKEN -> token();
          case SIGNATURE -> signature();
          case CLAIMS -> claims();
          case SESSION -> session(failed == stage);
          case REQUIREMENT -> requirement();
          case ANSWER -> "";
        };
    if (failed == stage) {
      return new Step(stage.title, "failed", text + because());
    }
    return new Step(stage.title, isNeeded(stage) ? "passed" : "skipped", text);
  }

  private boolean isNeeded(Stage stage) {
    return switch (stage) {
      case CREDENTIALS, REQUIREMENT, ANSWER -> true;
      case TOKEN, SIGNATURE, CLAIMS -> jwt != null;
      case SESSION -> !isMachine();
    };
  }

  private String because() {
    return reason == null ? "" : " \u2192 " + reason.code();
  }

  private static String state(int status) {
    return status == 200 ? "passed" : "failed";
  }

  private String credentials() {
    String authorization = sent.get("Authorization");
    if (authorization != null) {
      return jwt != null ? "Authorization: a bearer token, a JWT" : "Authorization: no JWT";
    }
    String cookies = sent.get("Cookie");
    if (cookies != null) {
      return "Cookie: "
          + Arrays.stream(cookies.split(";", -1))
              .map(cookie -> cookie.strip().replaceFirst("=.*", ""))
              .collect(Collectors.joining(", "));
    }
    return "none";
  }

  private String token() {
    if (jwt == null) {
      return "nothing in it that the service could read; only Authgear can";
    }
    return "typ "
        + jwt.header().path("typ").asText("missing")
        + ", alg "
        + jwt.header().path("alg").asText("missing");
  }

  private String signature() {
    if (jwt == null) {
      return "none";
    }
    String kid = jwt.header().path("kid").asText("missing");
    List<String> published = project.keyIds();
    int place = published.indexOf(kid);
    return "key "
        + (kid.length() > 8 ? kid.substring(0, 8) + "\u2026" : kid)
        + (place < 0
            ? ", which Authgear does not publish"
            : place == 0 ? ", Authgear's current one" : ", an older one, still published");
  }

  private String claims() {
    if (jwt == null) {
      return "none";
    }
    String issuer = jwt.claims().path("iss").asText("missing");
    String end =
        jwt.claims().path("exp").canConvertToLong()
            ? remaining(Instant.ofEpochSecond(jwt.claims().path("exp").longValue()))
            : "no exp";
    return "iss " + (issuer.equals(project.issuer()) ? "is Authgear" : issuer) + ", " + end;
  }

  private String remaining(Instant end) {
    Duration left = Duration.between(project.now(), end);
    return left.isNegative()
        ? "ended " + minutes(left.negated()) + " ago"
        : "ends in " + minutes(left);
  }

  private static String minutes(Duration time) {
    return time.toMinutes() > 0
        ? time.toMinutes() + " min " + time.toSecondsPart() + " s"
        : time.toSeconds() + " s";
  }

  private boolean isMachine() {
    return jwt != null && jwt.claims().path("sub").asText("").startsWith(CLIENT);
  }

  private String session(boolean failed) {
    if (!calls.isEmpty()) {
      return "the resolver was asked: " + told(calls.getLast());
    }
    if (isMachine()) {
      return "none: the resolver does not know machines";
    }
    if (failed && reason != null && reason.outcome() == Reason.DenialKind.UNAVAILABLE) {
      return "the resolver is left alone for a moment, because it failed";
    }
    return "the resolver was not asked: its last answer is less than "
        + (jwt == null ? site.cacheTtl() : site.recheck())
        + " old";
  }

  private static String told(Traffic.RecordedCall call) {
    if (call.status() == 0) {
      return "it closed the connection";
    }
    if (call.status() != 200) {
      return "it answered " + call.status();
    }
    String valid = call.identity().get(IdentityHeader.SESSION_VALID.headerName());
    if (valid == null) {
      return "it knows no such session";
    }
    if (!valid.equals("true")) {
      return "the session is not valid";
    }
    String roles = call.identity().get(IdentityHeader.USER_ROLES.headerName());
    return "valid, " + (roles == null ? "no roles" : "roles " + roles);
  }

  private String requirement() {
    return switch (location.access()) {
      case Access.Open() -> "";
      case Access.AnyUser() -> "any user of the project";
      case Access.Policy(_, var requirement) -> requirement + rolesNow(requirement);
    };
  }

  /** The service may still know others. */
  private String rolesNow(String requirement) {
    String id = jwt == null ? "" : jwt.claims().path("sub").asText("");
    return requirement.startsWith("role=")
        ? project.users().stream()
            .filter(user -> user.id().equals(id))
            .findFirst()
            .map(
                user ->
                    "; at Authgear, "
                        + user.name()
                        + " now has "
                        + (user.roles().isEmpty() ? "no roles" : String.join(",", user.roles())))
            .orElse("")
        : "";
  }

  private String ending(HttpAnswer answer, Direct direct, boolean reached) {
    if (direct.status() != 200) {
      String challenge =
          direct.headers().entrySet().stream()
              .filter(header -> header.getKey().equalsIgnoreCase("WWW-Authenticate"))
              .map(header -> ", WWW-Authenticate: " + String.join(", ", header.getValue()))
              .findFirst()
              .orElse("");
      String end = direct.status() + challenge;
      return answer.status() == direct.status()
          ? end
          : end + "; nginx makes it " + answer.status() + ": nobody is let in";
    }
    long named =
        direct.headers().entrySet().stream()
            .filter(header -> header.getKey().toLowerCase(Locale.ROOT).startsWith("x-authgear-"))
            .filter(header -> !String.join("", header.getValue()).isEmpty())
            .count();
    return "200, "
        + (named == 0
            ? "without an identity"
            : "with " + named + (named == 1 ? " identity header" : " identity headers"))
        + (reached ? "; nginx passes the request on" : "");
  }

  private static @Nullable Reason reasonOf(String code) {
    return Arrays.stream(Reason.values())
        .filter(known -> known.code().equals(code))
        .findFirst()
        .orElse(null);
  }
}
