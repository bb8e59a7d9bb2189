package com.authgear.authrequest.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.ProtectionSpace;
import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.policy.Decision.Allow;
import com.authgear.authrequest.policy.Decision.Forbidden;
import com.authgear.authrequest.policy.Decision.Subject;
import com.authgear.authrequest.policy.Decision.Unauthenticated;
import com.authgear.authrequest.policy.Decision.Undecided;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Kind;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.requirement.RandomRequirements;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.RequirementParser;
import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import com.authgear.authrequest.requirement.RequirementParser.Valid;
import com.authgear.authrequest.requirement.Resource;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.support.PrincipalBuilder;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Anonymous;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Verified;
import java.net.URI;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTest {
  private static final long NOW = 1_800_000_000L;

  private static Principal principal(Kind kind, String audience) {
    return PrincipalBuilder.of(kind, kind == Kind.USER ? "u" : "")
        .anonymous(true)
        .verified(false)
        .canReauthenticate(true)
        .roles(List.of("editor"))
        .amr(List.of("pwd"))
        .authTime(OptionalLong.of(NOW - 300))
        .clientId("app")
        .scopes(List.of("read"))
        .audiences(List.of(audience))
        .build();
  }

  private static Verified user() {
    return new Verified(VerifiedBy.JWT, principal(Kind.USER, "https://project"), NOW + 60);
  }

  private static Rules rules(Requirement requirement) {
    return Rules.of(requirement, List.of("https://project"), Set.of(), "https://project");
  }

  private static Requirement parsed(String requirement) {
    return switch (RequirementParser.parse(requirement)) {
      case Valid valid -> valid.requirement();
      case Mistake mistake -> throw new AssertionError(mistake.message());
    };
  }

  private static Decision decide(Verification verification, String requirement) {
    return Policy.decide(verification, rules(parsed(requirement)), NOW);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "role=admin,editor",
        "scope=read",
        "amr=otp,pwd",
        "client_id=app",
        "audience=https://project",
        "max_age=300",
        "principal=any"
      })
  void decide_metRequirement_allows(String requirement) {
    assertThat(decide(user(), requirement)).isInstanceOf(Allow.class);
  }

  @ParameterizedTest
  @CsvSource({
    "role=admin, ROLE_MISSING",
    "role=editor&role=admin, ROLE_MISSING",
    "verified=true, NOT_VERIFIED",
    "anonymous=false, ANONYMOUS_USER",
    "client_id=other, CLIENT_NOT_ALLOWED",
    "principal=client, PRINCIPAL_NOT_ALLOWED",
    "role=admin&optional=true, ROLE_MISSING"
  })
  void decide_unmetRequirement_isForbidden(String requirement, Reason reason) {
    assertThat(decide(user(), requirement))
        .isInstanceOfSatisfying(
            Forbidden.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo(reason);
              assertThat(refused.challenge().toHeader(ProtectionSpace.UNNAMED)).isEqualTo("Bearer");
            });
  }

  @Test
  void decide_missingScope_namesTheScopeNeeded() {
    assertThat(decide(user(), "scope=write,admin&scope=read"))
        .isInstanceOfSatisfying(
            Forbidden.class,
            refused ->
                assertThat(refused.challenge().toHeader(ProtectionSpace.UNNAMED))
                    .isEqualTo("Bearer error=\"insufficient_scope\", scope=\"write read\""));
  }

  private static final String TOOLS =
      "resource=https://mcp.example/tools&scope=openid&scope=mcp:use,mcp:all";

  private static String challenge(Decision decision) {
    return switch (decision) {
      case Unauthenticated refused -> refused.challenge().toHeader(ProtectionSpace.UNNAMED);
      case Forbidden refused -> refused.challenge().toHeader(ProtectionSpace.UNNAMED);
      case Allow _, Undecided _ -> throw new AssertionError(decision);
    };
  }

  private static Verified ofTools() {
    return new Verified(
        VerifiedBy.JWT, principal(Kind.USER, "https://mcp.example/tools"), NOW + 60);
  }

  /** What clients of MCP are told, whatever the token has. */
  @Test
  void decide_resource_challengesNameItAndAllScopes() {
    String place =
        ", resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/tools\"";
    String all = "scope=\"openid mcp:use\"" + place;
    assertThat(challenge(decide(new Anonymous(), TOOLS))).isEqualTo("Bearer " + all);
    assertThat(challenge(decide(user(), TOOLS)))
        .isEqualTo("Bearer error=\"invalid_token\", " + all);
    assertThat(challenge(decide(new Rejected(VerifiedBy.JWT, Reason.EXPIRED), TOOLS)))
        .isEqualTo("Bearer error=\"invalid_token\", " + all);
    assertThat(challenge(decide(ofTools(), TOOLS)))
        .isEqualTo("Bearer error=\"insufficient_scope\", " + all);
    assertThat(challenge(decide(ofTools(), TOOLS + "&role=admin")))
        .isEqualTo("Bearer " + place.substring(2));
    assertThat(challenge(decide(ofTools(), "resource=https://mcp.example/tools&amr=otp")))
        .isEqualTo("Bearer error=\"insufficient_user_authentication\", scope=\"openid\"" + place);
  }

  @Test
  void decide_resource_isTheAudience() {
    assertThat(decide(ofTools(), "resource=https://mcp.example/tools")).isInstanceOf(Allow.class);
    for (String other : List.of("https://mcp.example", "https://mcp.example/tools/")) {
      assertThat(decide(ofTools(), "resource=" + other))
          .isInstanceOfSatisfying(
              Unauthenticated.class,
              refused -> assertThat(refused.reason()).isEqualTo(Reason.WRONG_AUDIENCE));
    }
    assertThat(decide(ofTools(), "")).isInstanceOf(Unauthenticated.class);
  }

  @Test
  void decide_resourceOfTheSettings_countsWhereThePolicyNamesNoAudience() {
    Resource global = Resource.of(URI.create("https://api.example"));
    Function<String, String> asked =
        requirement ->
            challenge(
                Policy.decide(
                    new Anonymous(),
                    Rules.of(
                        parsed(requirement),
                        List.of("https://api.example"),
                        Set.of(),
                        "https://project",
                        global),
                    NOW));
    String place =
        ", resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\"";
    assertThat(asked.apply("")).isEqualTo("Bearer scope=\"openid\"" + place);
    assertThat(asked.apply("scope=x")).isEqualTo("Bearer scope=\"openid x\"" + place);
    assertThat(asked.apply("audience=b&scope=x")).isEqualTo("Bearer scope=\"x\"");
    assertThat(asked.apply(TOOLS))
        .contains("mcp.example/.well-known")
        .doesNotContain("api.example");
  }

  @ParameterizedTest
  @CsvSource({"max_age=299, STALE_AUTHENTICATION", "amr=otp, AMR_MISSING"})
  void decide_weakAuthentication_asksForAStepUp(String requirement, Reason reason) {
    assertThat(decide(user(), requirement))
        .isInstanceOfSatisfying(
            Unauthenticated.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo(reason);
              assertThat(refused.challenge().toHeader(ProtectionSpace.UNNAMED))
                  .startsWith("Bearer error=\"insufficient_user_authentication\"");
            });
  }

  @Test
  void decide_wrongAudience_isNoAuthenticationHere() {
    Verified foreign =
        new Verified(VerifiedBy.JWT, principal(Kind.USER, "https://other"), NOW + 60);
    assertThat(decide(foreign, ""))
        .isInstanceOfSatisfying(
            Unauthenticated.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.WRONG_AUDIENCE));
    assertThat(decide(foreign, "optional=true"))
        .isInstanceOfSatisfying(
            Allow.class, allow -> assertThat(allow.subject()).isEqualTo(new Subject.Unproven()));
  }

  @Test
  void decide_machine_passesOnlyWhereAskedFor() {
    Verified machine =
        new Verified(VerifiedBy.JWT, principal(Kind.CLIENT, "https://api"), NOW + 60);
    assertThat(decide(machine, ""))
        .isInstanceOfSatisfying(
            Forbidden.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.PRINCIPAL_NOT_ALLOWED));
    assertThat(decide(machine, "principal=client&audience=https://api")).isInstanceOf(Allow.class);
  }

  @Test
  void decide_clientOutsideTheSetting_isForbidden() {
    Rules strict =
        Rules.of(Requirement.USER, List.of("https://project"), Set.of("other"), "https://project");
    assertThat(Policy.decide(user(), strict, NOW))
        .isInstanceOfSatisfying(
            Forbidden.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.CLIENT_NOT_ALLOWED));
  }

  @Test
  void decide_unknownFacts_meetNothing() {
    Principal unknown = PrincipalBuilder.user("u").audiences(List.of("https://project")).build();
    Verified session = new Verified(VerifiedBy.RESOLVER, unknown, Long.MAX_VALUE);
    for (String requirement :
        List.of("verified=true", "anonymous=false", "scope=x", "client_id=x", "max_age=9")) {
      assertThat(decide(session, requirement)).as(requirement).isNotInstanceOf(Allow.class);
    }
  }

  @Test
  void decide_noCredentials_isChallengedWithoutAnErrorOrLetThroughAsNobody() {
    assertThat(decide(new Anonymous(), ""))
        .isInstanceOfSatisfying(
            Unauthenticated.class,
            refused ->
                assertThat(refused.challenge().toHeader(ProtectionSpace.UNNAMED))
                    .isEqualTo("Bearer"));
    assertThat(decide(new Anonymous(), "optional=true"))
        .isInstanceOfSatisfying(
            Allow.class, allow -> assertThat(allow.subject()).isEqualTo(new Subject.Nobody()));
  }

  @ParameterizedTest
  @CsvSource({
    "EXPIRED, invalid_token",
    "SESSION_INVALID, invalid_token",
    "MALFORMED_CREDENTIALS, invalid_request",
    "TOKEN_TOO_LARGE, invalid_request"
  })
  void decide_rejected_carriesTheRfcError(Reason reason, String error) {
    assertThat(decide(new Rejected(VerifiedBy.JWT, reason, List.of("session=")), ""))
        .isInstanceOfSatisfying(
            Unauthenticated.class,
            refused -> {
              assertThat(refused.challenge().toHeader(ProtectionSpace.UNNAMED))
                  .isEqualTo("Bearer error=\"" + error + "\"");
              assertThat(refused.setCookie()).containsExactly("session=");
            });
  }

  @Test
  void decide_unavailable_isNeverOptional() {
    assertThat(
            decide(
                new Verification.Unavailable(VerifiedBy.JWT, Reason.KEYS_UNAVAILABLE),
                "optional=true"))
        .isEqualTo(new Undecided(VerifiedBy.JWT, Reason.KEYS_UNAVAILABLE));
  }

  /**
   * Whatever is added to a requirement, nobody is vouched for who was not before. (Optional access
   * lets in without a name whoever has no credential for this audience, as if they sent none.)
   */
  @Test
  void stricterRequirement_neverAllowsWhatAWeakerOneDenies() {
    Random random = new Random(9470);
    int denied = 0;
    for (int i = 0; i < 20_000; i++) {
      Requirement weaker = RandomRequirements.next(random);
      Verified verified =
          new Verified(VerifiedBy.JWT, RandomRequirements.principal(random, NOW), NOW + 60);
      boolean weakerAllows = vouches(Policy.decide(verified, rules(weaker), NOW));
      Requirement stricter = stricter(weaker, random);
      Decision decision = Policy.decide(verified, rules(stricter), NOW);
      denied += weakerAllows ? 0 : 1;
      assertThat(weakerAllows || !vouches(decision))
          .as("%s denies, %s allows %s", weaker.print(), stricter.print(), verified)
          .isTrue();
    }
    assertThat(denied).isGreaterThan(1000);
  }

  private static boolean vouches(Decision decision) {
    return decision instanceof Allow allow && allow.subject() instanceof Subject.Known;
  }

  /** The same requirement with one more condition, or with one alternative less. */
  private static Requirement stricter(Requirement weaker, Random random) {
    String text = weaker.print();
    String more =
        switch (random.nextInt(8)) {
          case 0 -> "&role=a";
          case 1 -> "&scope=b";
          case 2 -> "&amr=a";
          case 3 -> "&client_id=b,a";
          case 4 -> text.contains("verified=true") ? "" : "&verified=true";
          case 5 -> text.contains("anonymous=false") ? "" : "&anonymous=false";
          case 6 -> text.contains("max_age=") ? "" : "&max_age=100";
          default -> !text.contains("audience=") ? "" : "&audience=a";
        };
    if (more.isEmpty()) {
      text =
          text.replaceFirst("principal=any", "principal=user").replaceFirst("&optional=true", "");
    }
    return parsed(text + more);
  }

  @Test
  void allow_withMaxAge_isFreshNoLongerThanTheAuthentication() {
    Decision decision = decide(user(), "max_age=310");
    assertThat(((Allow) decision).freshUntil()).isEqualTo((NOW + 10 + 1) * 1000);
    assertThat(((Allow) decide(user(), "max_age=3000")).freshUntil()).isEqualTo((NOW + 60) * 1000);
    assertThat(((Allow) decide(user(), "role=editor")).freshUntil()).isEqualTo((NOW + 60) * 1000);
  }
}
