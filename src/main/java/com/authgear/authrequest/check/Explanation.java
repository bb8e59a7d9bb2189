package com.authgear.authrequest.check;

import com.authgear.authrequest.bearer.Challenge;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Credential.Bearer;
import com.authgear.authrequest.credential.Credential.Cookies;
import com.authgear.authrequest.credential.Credential.Fault;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.NoCookies;
import com.authgear.authrequest.credential.Credential.None;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.credential.RequestFields;
import com.authgear.authrequest.http.Judge.Answer;
import com.authgear.authrequest.policy.Decision.Allow;
import com.authgear.authrequest.policy.Decision.Forbidden;
import com.authgear.authrequest.policy.Decision.Subject.Known;
import com.authgear.authrequest.policy.Decision.Unauthenticated;
import com.authgear.authrequest.policy.Decision.Unavailable;
import com.authgear.authrequest.principal.Source;
import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.settings.Mode;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.jwt.TokenCheck;
import com.authgear.authrequest.verify.resolver.Outcome;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A decision of the service, and why. Both are told by the parts that decide requests: the decision
 * as a request gets it, the steps as the verifier and the rules find them one by one.
 *
 * @param subject what was decided about, for a sentence
 * @param reason null if the request may pass
 * @param headers what the answer carries beside the framing: for the backend if it may pass, for
 *     the client if not. A cookie's value is left out.
 * @param agrees whether the steps lead to the decision; where not, the last step says so
 */
record Explanation(
    String subject,
    List<Line> steps,
    int status,
    @Nullable Reason reason,
    Map<String, String> headers,
    boolean agrees) {

  /** What a location asks for. */
  sealed interface Location {}

  /** By the query of {@code /auth}. */
  record Query(String text) implements Location {}

  /** By the name of a policy. */
  record Policy(String name) implements Location {}

  /** Decides about a request with these headers, at that location, and explains it. */
  static Explanation of(
      String subject,
      RequestFields fields,
      Location location,
      Settings settings,
      Parts parts,
      InstantSource clock) {
    return new Builder(settings, parts, clock.instant()).explain(subject, fields, location);
  }

  private static final class Builder {
    private final Settings settings;
    private final Parts parts;
    private final Instant now;
    private final List<Line> lines = new ArrayList<>();

    Builder(Settings settings, Parts parts, Instant now) {
      this.settings = settings;
      this.parts = parts;
      this.now = now;
    }

    Explanation explain(String subject, RequestFields fields, Location location) {
      Rules rules =
          switch (location) {
            case Query(String text) -> byQuery(text);
            case Policy(String name) -> byName(name);
          };
      if (rules == null) {
        Line mistake = lines.getLast();
        lines.add(Line.notTried("credential", "there is no requirement to hold it against"));
        return new Explanation(
            subject,
            List.copyOf(lines),
            503,
            mistake.reason(),
            reasonHeader(mistake.reason()),
            true);
      }
      parts.heard().clear();
      Credential credential = parts.credentials().extract(fields);
      Verification verification =
          parts.verifier().verify(credential, () -> new Caller(null, null, null)).await();
      Answer answer = parts.judge().judge(verification, rules, now.getEpochSecond());
      credential(credential, verification);
      resolver(verification);
      if (verification instanceof Verified verified) {
        lines.addAll(RuleLines.of(verified.principal(), rules, now));
        headerBudget(verified);
      } else {
        lines.add(Line.notTried("principal", "nobody is known"));
      }
      return finish(subject, rules, answer);
    }

    private @Nullable Rules byQuery(String text) {
      if (text.indexOf('#') >= 0) {
        lines.add(
            Line.refused(
                "requirement",
                Reason.BAD_REQUIREMENT,
                "a \"#\" ends the requirement",
                "write %23"));
        return null;
      }
      return switch (parts.requirements().ofQuery(text)) {
        case Rules rules -> {
          lines.add(Line.ok("requirement", rules.requirement().print()));
          yield rules;
        }
        case Mistake mistake -> {
          lines.add(
              Line.refused(
                  "requirement",
                  Reason.BAD_REQUIREMENT,
                  Shown.text(mistake.message()),
                  "mend it in the proxy's configuration, wherever it is written like this"));
          yield null;
        }
      };
    }

    private @Nullable Rules byName(String name) {
      Rules rules = parts.requirements().ofPolicy(name);
      if (rules == null) {
        lines.add(
            Line.refused(
                "requirement",
                Reason.UNKNOWN_POLICY,
                "no policy is named \""
                    + Shown.text(name)
                    + "\"; there "
                    + (settings.policies().isEmpty()
                        ? "is none"
                        : "are: "
                            + String.join(
                                ", ", settings.policies().keySet().stream().sorted().toList())),
                "set AUTHGEAR_POLICY_<NAME>, with the name in capital letters"));
      } else {
        lines.add(
            Line.ok(
                "requirement", "policy " + Shown.text(name) + ": " + rules.requirement().print()));
      }
      return rules;
    }

    private void credential(Credential credential, Verification verification) {
      switch (credential) {
        case None _ ->
            lines.add(
                Line.refused(
                    "credential",
                    Reason.NO_CREDENTIALS,
                    "neither a bearer token nor one of Authgear's cookies",
                    "send Authorization: Bearer <access token>; cookies must be named as "
                        + cookieNames()));
        case Malformed(Fault fault) ->
            lines.add(
                fault == Fault.SYNTAX
                    ? Line.refused(
                        "credential",
                        Reason.MALFORMED_CREDENTIALS,
                        "empty, or with characters that no token has, or two different ones",
                        "send one token, as it was issued")
                    : Line.refused(
                        "credential",
                        Reason.TOKEN_TOO_LARGE,
                        "more than " + CredentialExtractor.MAX_TOKEN_BYTES + " bytes",
                        "make the token smaller: fewer roles, scopes or claims"));
        case Cookies cookies -> cookies(cookies);
        case Bearer bearer -> bearer(bearer, verification);
      }
    }

    private String cookieNames() {
      String prefix = settings.cookiePrefix();
      return prefix + "session, " + prefix + "app_session, " + prefix + "app_access_token";
    }

    private void cookies(Cookies cookies) {
      String text = cookies.header().length() + " characters of Authgear's cookies";
      lines.add(
          settings.mode() == Mode.JWT
              ? Line.refused(
                  "credential",
                  Reason.NO_CREDENTIALS,
                  text + ", which do not count in mode jwt",
                  "set AUTHGEAR_MODE=auto, or send a JWT")
              : Line.ok("credential", text + ": the resolver is asked"));
    }

    private void bearer(Bearer bearer, Verification verification) {
      String text =
          "a bearer token of "
              + bearer.token().length()
              + " characters"
              + (bearer.looksLikeJwt() ? ", with dots as a JWT has" : ", without dots: opaque");
      boolean local =
          switch (settings.mode()) {
            case AUTO -> bearer.looksLikeJwt();
            case JWT -> true;
            case RESOLVER -> false;
          };
      if (!local) {
        lines.add(Line.ok("credential", text + ": the resolver is asked"));
        return;
      }
      lines.add(Line.ok("credential", text + ": verified here"));
      List<TokenCheck> checks = parts.jwt().explain(bearer.token());
      Reason alone =
          checks.stream().map(TokenCheck::reason).filter(Objects::nonNull).findFirst().orElse(null);
      boolean rejected = alone != null && alone.outcome() != Reason.Outcome.UNAVAILABLE;
      List<Line> steps =
          TokenLines.of(checks, bearer.token(), settings, parts.keys().algorithms(), now);
      boolean aside =
          rejected && settings.mode() != Mode.JWT && bearer.fallback() instanceof Cookies;
      lines.addAll(aside ? steps.stream().map(Line::setAside).toList() : steps);
      if (aside) {
        lines.add(Line.ok("cookies", "count instead, because the token is not good"));
      } else if (rejected && bearer.fallback() instanceof NoCookies) {
        return;
      } else if (settings.mode() == Mode.JWT && alone == null) {
        lines.add(Line.skipped("resolver", "not asked in mode jwt"));
      } else if (verification.source() == Source.JWT && alone == null && parts.heard().isEmpty()) {
        lines.add(
            Line.skipped(
                "resolver", "not asked: with AUTHGEAR_RECHECK=off a JWT is good until it expires"));
      }
    }

    /**
     * Of several answers only the last one counts: a token that is not good gave way to cookies.
     */
    private void resolver(Verification verification) {
      List<Outcome> heard = List.copyOf(parts.heard());
      for (int i = 0; i < heard.size(); i++) {
        Outcome outcome = heard.get(i);
        Reason reason = i == heard.size() - 1 ? reason(verification) : outcome.result().reason();
        Line line = resolver(outcome, reason);
        lines.add(i == heard.size() - 1 ? line : line.setAside());
      }
    }

    private static @Nullable Reason reason(Verification verification) {
      return switch (verification) {
        case Rejected rejected -> rejected.reason();
        case Verification.Unavailable unavailable -> unavailable.reason();
        case Verified _, Verification.Anonymous _ -> null;
      };
    }

    private static Line resolver(Outcome outcome, @Nullable Reason reason) {
      if (reason == null) {
        return Line.ok("resolver", "knows the session, and it is valid");
      }
      String advice = Shown.text(outcome.advice());
      return switch (outcome.result()) {
        case VALID ->
            Line.refused(
                "resolver",
                reason,
                "says that it is another user's session",
                "see what answers in the resolver's place: it mixes up its users");
        case INVALID ->
            Line.refused(
                "resolver",
                reason,
                "says that the session is not valid",
                "the session has ended, or the user is disabled or deleted: log in again, or look"
                    + " at the user in the portal");
        case ABSENT ->
            Line.refused(
                "resolver",
                reason,
                "does not know this credential",
                "it has expired, was revoked, or is of another project; a machine's token it never"
                    + " knows");
        case UNAVAILABLE,
            ORIGIN_MISMATCH,
            UNKNOWN_PROJECT,
            ERROR,
            BAD_ANSWER,
            OVERLOADED,
            BREAKER_OPEN ->
            Line.refused("resolver", reason, advice, "see resolver above");
      };
    }

    private void headerBudget(Verified verified) {
      int bytes = parts.judge().headerBytes(verified);
      String text =
          bytes + " bytes of headers; AUTHGEAR_HEADER_BUDGET is " + settings.headerBudget();
      lines.add(
          bytes <= settings.headerBudget()
              ? Line.ok("header_budget", text)
              : Line.refused(
                  "header_budget",
                  Reason.HEADER_BUDGET,
                  text,
                  "make the token smaller, or raise it together with the proxy's buffers"));
    }

    private Explanation finish(String subject, Rules rules, Answer answer) {
      Reason found =
          lines.stream().filter(Line::isFailed).map(Line::reason).findFirst().orElse(null);
      boolean known = answer.decision() instanceof Allow allow && allow.subject() instanceof Known;
      boolean letThrough = answer.decision() instanceof Allow && !known;
      boolean agrees = letThrough ? rules.optional() && found != null : found == answer.reason();
      List<Line> steps = new ArrayList<>(lines);
      if (letThrough) {
        steps.replaceAll(Line::setAside);
        steps.add(Line.ok("optional", "optional=true: let through, and the backend is told so"));
      }
      if (!agrees) {
        steps.add(
            Line.warning(
                "explanation",
                "the service decides otherwise than these steps let one expect; what it decides"
                    + " counts",
                "please report this, with the kind of token and the version"));
      }
      return new Explanation(
          subject, List.copyOf(steps), answer.status(), answer.reason(), headers(answer), agrees);
    }

    private Map<String, String> headers(Answer answer) {
      return switch (answer.decision()) {
        case Allow allow -> withCookies(answer.headers(), allow.setCookie());
        case Unauthenticated refused ->
            withCookies(challenge(refused.reason(), refused.challenge()), refused.setCookie());
        case Forbidden refused -> challenge(refused.reason(), refused.challenge());
        case Unavailable unavailable -> reasonHeader(unavailable.reason());
      };
    }

    private Map<String, String> challenge(Reason reason, Challenge challenge) {
      Map<String, String> headers = reasonHeader(reason);
      headers.put("WWW-Authenticate", challenge.toHeader(parts.space()));
      return headers;
    }

    private static Map<String, String> reasonHeader(@Nullable Reason reason) {
      Map<String, String> headers = new LinkedHashMap<>();
      if (reason != null) {
        headers.put("x-auth-reason", reason.code());
      }
      return headers;
    }

    private static Map<String, String> withCookies(
        Map<String, String> headers, List<String> setCookie) {
      if (!setCookie.isEmpty()) {
        headers.put(
            "Set-Cookie",
            String.join(
                ", ",
                setCookie.stream()
                    .map(value -> value.replaceFirst("=.*", "=(not shown)"))
                    .toList()));
      }
      return headers;
    }
  }
}
