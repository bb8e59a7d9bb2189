package com.authgear.authrequest.check;

import com.authgear.authrequest.bearer.Challenge;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.credential.Credential;
import com.authgear.authrequest.credential.Credential.CredentialPlace;
import com.authgear.authrequest.credential.Credential.Defect;
import com.authgear.authrequest.credential.Credential.Malformed;
import com.authgear.authrequest.credential.Credential.None;
import com.authgear.authrequest.credential.Credential.Presented;
import com.authgear.authrequest.credential.CredentialExtractor;
import com.authgear.authrequest.credential.RequestFields;
import com.authgear.authrequest.http.AuthResponder.AuthResponse;
import com.authgear.authrequest.policy.Decision.Allow;
import com.authgear.authrequest.policy.Decision.Forbidden;
import com.authgear.authrequest.policy.Decision.Subject.Known;
import com.authgear.authrequest.policy.Decision.Unauthenticated;
import com.authgear.authrequest.policy.Decision.Undecided;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import com.authgear.authrequest.requirement.Rule;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.serve.Decider;
import com.authgear.authrequest.settings.Mode;
import com.authgear.authrequest.settings.Settings;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.jwt.UnverifiedToken;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.session.Confirmation;
import com.authgear.authrequest.verify.session.SessionQuery;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A decision of the service, and why. Both are told by the parts that decide requests: the decision
 * as a request gets it, the steps as the verifier and the rules find them one by one.
 *
 * @param subject what was decided about, for a sentence
 * @param reason null if the request may pass
 * @param headers what the answer carries in addition to the framing: for the backend if it may
 *     pass, for the client if not. A cookie's value is left out.
 * @param agrees whether the steps lead to the decision; where not, the last step says so
 */
record DecisionExplanation(
    String subject,
    List<CheckResult> steps,
    int status,
    @Nullable Reason reason,
    Map<String, String> headers,
    boolean agrees) {

  /** What a location asks for. */
  sealed interface RequirementSource {}

  /** By the query of {@code /auth}. */
  record ByQuery(String text) implements RequirementSource {}

  /** By the name of a policy. */
  record ByPolicy(String name) implements RequirementSource {}

  /**
   * Decides about a request with these headers, at that location, and explains it.
   *
   * @param heard grows by each answer of the resolver that the decider hears
   */
  static DecisionExplanation of(
      String subject,
      RequestFields fields,
      RequirementSource location,
      Settings settings,
      Decider decider,
      List<ResolverAnswer> heard,
      InstantSource clock) {
    return new Builder(settings, decider, heard, clock.instant())
        .explain(subject, fields, location);
  }

  private static final class Builder {
    private final Settings settings;
    private final Decider decider;
    private final List<ResolverAnswer> heard;
    private final Instant now;
    private final List<CheckResult> lines = new ArrayList<>();

    Builder(Settings settings, Decider decider, List<ResolverAnswer> heard, Instant now) {
      this.settings = settings;
      this.decider = decider;
      this.heard = heard;
      this.now = now;
    }

    DecisionExplanation explain(String subject, RequestFields fields, RequirementSource location) {
      Rules rules =
          switch (location) {
            case ByQuery(String text) -> byQuery(text);
            case ByPolicy(String name) -> byName(name);
          };
      if (rules == null) {
        CheckResult mistake = lines.getLast();
        lines.add(CheckResult.notTried("credential", "there is no requirement to hold it against"));
        return new DecisionExplanation(
            subject,
            List.copyOf(lines),
            503,
            mistake.reason(),
            reasonHeader(mistake.reason()),
            true);
      }
      heard.clear();
      Credential credential = decider.credentials().extract(fields);
      Verification verification =
          decider.authenticator().verify(credential, rules, Builder::nobody).await();
      AuthResponse answer = decider.responder().respond(verification, rules, now.getEpochSecond());
      credential(credential, rules, verification);
      if (verification instanceof Verified verified) {
        lines.addAll(RuleLines.of(verified.principal(), rules, now));
        headerBudget(verified);
      } else {
        lines.add(CheckResult.notTried("principal", "nobody is known"));
      }
      return finish(subject, rules, answer);
    }

    private @Nullable Rules byQuery(String text) {
      if (text.indexOf('#') >= 0) {
        lines.add(
            CheckResult.refused(
                "requirement",
                Reason.BAD_REQUIREMENT,
                "a \"#\" ends the requirement",
                "write %23"));
        return null;
      }
      return switch (decider.requirements().ofQuery(text)) {
        case Rules rules -> {
          lines.add(CheckResult.ok("requirement", rules.requirement().print()));
          yield rules;
        }
        case Mistake mistake -> {
          lines.add(
              CheckResult.refused(
                  "requirement",
                  Reason.BAD_REQUIREMENT,
                  Printable.text(mistake.message()),
                  "correct it in the proxy's configuration, wherever it is written like this"));
          yield null;
        }
      };
    }

    private @Nullable Rules byName(String name) {
      Rules rules = decider.requirements().ofPolicy(name);
      if (rules == null) {
        lines.add(
            CheckResult.refused(
                "requirement",
                Reason.UNKNOWN_POLICY,
                "no policy is named \""
                    + Printable.text(name)
                    + "\"; there "
                    + (settings.protection().policies().isEmpty()
                        ? "is none"
                        : "are: "
                            + String.join(
                                ", ",
                                settings.protection().policies().keySet().stream()
                                    .sorted()
                                    .toList())),
                "set AUTHGEAR_POLICY_<NAME>, with the name in capital letters"));
      } else {
        lines.add(
            CheckResult.ok(
                "requirement",
                "policy " + Printable.text(name) + ": " + rules.requirement().print()));
      }
      return rules;
    }

    private void credential(Credential credential, Rules here, Verification verification) {
      switch (credential) {
        case None _ ->
            lines.add(
                CheckResult.refused(
                    "credential",
                    Reason.NO_CREDENTIALS,
                    "neither a bearer token nor one of Authgear's cookies",
                    "send Authorization: Bearer <access token>; cookies must be named as "
                        + cookieNames()));
        case Malformed(Defect fault) ->
            lines.add(
                fault == Defect.SYNTAX
                    ? CheckResult.refused(
                        "credential",
                        Reason.MALFORMED_CREDENTIALS,
                        "empty, or with characters that no token has, or two different ones",
                        "send one token, as it was issued")
                    : CheckResult.refused(
                        "credential",
                        Reason.TOKEN_TOO_LARGE,
                        "more than " + CredentialExtractor.MAX_TOKEN_BYTES + " bytes",
                        "make the token smaller: fewer roles, scopes or claims"));
        case Presented first -> inTurn(first, here, verification);
      }
    }

    /** Each credential until one counts; those before it are only worth a warning. */
    private void inTurn(Presented first, Rules here, Verification verification) {
      Iterator<ResolverAnswer> answers = List.copyOf(heard).iterator();
      Credential credential = first;
      while (credential instanceof Presented one) {
        if (settings.project().mode() == Mode.JWT && one.place() != CredentialPlace.BEARER) {
          lines.add(
              CheckResult.refused(
                  "credential",
                  Reason.NO_CREDENTIALS,
                  text(one) + ", which does not count in mode jwt",
                  "set AUTHGEAR_MODE=auto, or send a JWT"));
          return;
        }
        List<CheckResult> steps = new ArrayList<>();
        Verification alone =
            isLocal(one)
                ? local(one, here, verification, answers, steps)
                : session(one, here, answers, steps);
        boolean goesOn =
            settings.project().mode() != Mode.JWT
                && one.next() instanceof Presented
                && switch (alone) {
                  case Verified verified -> here.unmetByCredential(verified.principal()) != null;
                  case Rejected rejected -> !rejected.isFinal();
                  case Verification.Unavailable _, Verification.Anonymous _ -> false;
                };
        lines.addAll(goesOn ? steps.stream().map(CheckResult::setAside).toList() : steps);
        if (!goesOn) {
          return;
        }
        lines.add(
            CheckResult.ok(
                "next",
                alone instanceof Verified
                    ? "the next credential counts instead, because this one is not for this"
                        + " location"
                    : "the next credential counts instead, because this one is not good"));
        credential = one.next();
      }
    }

    private boolean isLocal(Presented one) {
      return switch (settings.project().mode()) {
        case AUTO -> one.place() == CredentialPlace.BEARER && one.looksLikeJwt();
        case JWT -> true;
        case RESOLVER -> false;
      };
    }

    private static Caller nobody() {
      return new Caller(null, null, null);
    }

    private static String text(Presented one) {
      String what =
          switch (one.place()) {
            case BEARER -> "a bearer token";
            case APP_SESSION, APP_ACCESS_TOKEN, SESSION ->
                "the cookie " + Printable.text(one.cookie());
          };
      return what
          + " of "
          + one.length()
          + " characters"
          + (one.looksLikeJwt() ? ", with dots as a JWT has" : ", opaque");
    }

    /** A JWT that is verified here, and then perhaps confirmed. */
    private Verification local(
        Presented one,
        Rules here,
        Verification verification,
        Iterator<ResolverAnswer> heard,
        List<CheckResult> steps) {
      steps.add(CheckResult.ok("credential", text(one) + ": verified here"));
      Verification alone = decider.jwt().verify(one.value(), Digest.ofToken(one.value())).await();
      steps.addAll(tokenLines(one));
      if (!(alone instanceof Verified verified)
          || here.unmetByCredential(verified.principal()) != null) {
        return alone;
      }
      if (settings.project().mode() == Mode.JWT) {
        steps.add(CheckResult.skipped("resolver", "not asked in mode jwt"));
        return alone;
      }
      if (!heard.hasNext()) {
        steps.add(
            CheckResult.skipped(
                "resolver", "not asked: with AUTHGEAR_RECHECK=off a JWT is good until it expires"));
        return alone;
      }
      ResolverAnswer outcome = heard.next();
      Verification answer =
          new Confirmation(one, verified, Builder::nobody).meaning(outcome).verification();
      // The token may have ended meanwhile, which only the service's own answer says.
      Verification last =
          answer instanceof Verified && verification.source() == VerifiedBy.JWT
              ? verification
              : answer;
      steps.add(resolver(outcome, reason(last)));
      return last;
    }

    /** A credential that the resolver is asked about, unless it is a JWT for others. */
    private Verification session(
        Presented one, Rules here, Iterator<ResolverAnswer> heard, List<CheckResult> steps) {
      UnverifiedToken.UnverifiedClaims claims = null;
      if (one.looksLikeJwt()) {
        switch (decider.jwt().read(one.value())) {
          case UnverifiedToken.Refused(Reason reason) -> {
            steps.add(CheckResult.ok("credential", text(one)));
            steps.addAll(
                tokenLines(one).stream()
                    .filter(line -> !line.isFailed() || line.reason() == reason)
                    .toList());
            return new Rejected(VerifiedBy.JWT, reason);
          }
          case UnverifiedToken.UnverifiedClaims read -> claims = read;
        }
        Rule unmet = here.unmetByCredential(claims.principal());
        if (unmet != null) {
          steps.add(CheckResult.ok("credential", text(one) + ": not sent to the resolver"));
          steps.addAll(
              RuleLines.of(claims.principal(), here, now).stream()
                  .filter(line -> line.reason() == unmet.reason())
                  .toList());
          return new Rejected(VerifiedBy.JWT, unmet.reason());
        }
      }
      steps.add(CheckResult.ok("credential", text(one) + ": the resolver is asked"));
      if (!heard.hasNext()) {
        return new Verification.Unavailable(VerifiedBy.RESOLVER, Reason.OVERLOADED);
      }
      ResolverAnswer outcome = heard.next();
      Verification answer =
          new SessionQuery(one, claims, Builder::nobody, InstantSource.fixed(now))
              .meaning(outcome)
              .verification();
      steps.add(resolver(outcome, reason(answer)));
      return answer;
    }

    private String cookieNames() {
      String prefix = settings.tokens().cookiePrefix();
      return prefix + "session, " + prefix + "app_session, " + prefix + "app_access_token";
    }

    private static @Nullable Reason reason(Verification verification) {
      return switch (verification) {
        case Rejected rejected -> rejected.reason();
        case Verification.Unavailable unavailable -> unavailable.reason();
        case Verified _, Verification.Anonymous _ -> null;
      };
    }

    private List<CheckResult> tokenLines(Presented one) {
      return TokenLines.of(
          decider.jwt().explain(one.value()),
          one.value(),
          settings,
          decider.keys().algorithms(),
          now);
    }

    private static CheckResult resolver(ResolverAnswer outcome, @Nullable Reason reason) {
      if (reason == null) {
        return CheckResult.ok("resolver", "knows the session, and it is valid");
      }
      String advice = Printable.text(outcome.advice());
      return switch (outcome.result()) {
        case VALID ->
            CheckResult.refused(
                "resolver",
                reason,
                "says that it is another user's session",
                "see what answers in the resolver's place: it mixes up its users");
        case INVALID ->
            CheckResult.refused(
                "resolver",
                reason,
                "says that the session is not valid",
                "the session has ended, or the user is disabled or deleted: log in again, or look"
                    + " at the user in the portal");
        case ABSENT ->
            CheckResult.refused(
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
            CheckResult.refused("resolver", reason, advice, "see resolver above");
      };
    }

    private void headerBudget(Verified verified) {
      int bytes = decider.responder().headerBytes(verified);
      String text =
          bytes
              + " bytes of headers; AUTHGEAR_HEADER_BUDGET is "
              + settings.protection().headerBudget();
      lines.add(
          bytes <= settings.protection().headerBudget()
              ? CheckResult.ok("header_budget", text)
              : CheckResult.refused(
                  "header_budget",
                  Reason.HEADER_BUDGET,
                  text,
                  "make the token smaller, or raise it together with the proxy's buffers"));
    }

    private DecisionExplanation finish(String subject, Rules rules, AuthResponse answer) {
      Reason found =
          lines.stream()
              .filter(CheckResult::isFailed)
              .map(CheckResult::reason)
              .findFirst()
              .orElse(null);
      boolean known = answer.decision() instanceof Allow allow && allow.subject() instanceof Known;
      boolean letThrough = answer.decision() instanceof Allow && !known;
      boolean agrees = letThrough ? rules.optional() && found != null : found == answer.reason();
      List<CheckResult> steps = new ArrayList<>(lines);
      if (letThrough) {
        steps.replaceAll(CheckResult::setAside);
        steps.add(
            CheckResult.ok("optional", "optional=true: let through, and the backend is told so"));
      }
      if (!agrees) {
        steps.add(
            CheckResult.warning(
                "explanation",
                "the service decides otherwise than these steps let one expect; what it decides"
                    + " counts",
                "please report this, with the kind of token and the version"));
      }
      return new DecisionExplanation(
          subject, List.copyOf(steps), answer.status(), answer.reason(), headers(answer), agrees);
    }

    private Map<String, String> headers(AuthResponse answer) {
      return switch (answer.decision()) {
        case Allow allow -> withCookies(answer.headers(), allow.setCookie());
        case Unauthenticated refused ->
            withCookies(challenge(refused.reason(), refused.challenge()), refused.setCookie());
        case Forbidden refused -> challenge(refused.reason(), refused.challenge());
        case Undecided unavailable -> reasonHeader(unavailable.reason());
      };
    }

    private Map<String, String> challenge(Reason reason, Challenge challenge) {
      Map<String, String> headers = reasonHeader(reason);
      headers.put("WWW-Authenticate", challenge.toHeader(decider.space()));
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
