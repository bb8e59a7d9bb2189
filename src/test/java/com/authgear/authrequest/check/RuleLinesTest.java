package com.authgear.authrequest.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.check.RequirementSteps.Step;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.Principal.Proof;
import com.authgear.authrequest.requirement.RandomRequirements;
import com.authgear.authrequest.requirement.Requirement;
import com.authgear.authrequest.requirement.Requirements;
import com.authgear.authrequest.requirement.Rule;
import com.authgear.authrequest.requirement.Rules;
import com.authgear.authrequest.support.PrincipalBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RuleLinesTest {

  private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000L);

  private static final Principal BARE = PrincipalBuilder.user("u").build();

  /** Explaining takes every rule that is not met, deciding the first: both as the oracle says. */
  @Test
  void randomRequirements_areHeldAsTheOracleHoldsThem() {
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      Requirement requirement = RandomRequirements.next(random);
      Principal principal = RandomRequirements.principal(random, NOW.getEpochSecond());
      List<String> audiences = RandomRequirements.values(random);
      Set<String> clientIds =
          random.nextBoolean() ? Set.of() : Set.copyOf(RandomRequirements.values(random));
      Rules rules = Rules.of(requirement, audiences, clientIds, "https://project.example");
      List<Step> expected =
          RequirementSteps.of(
              principal,
              requirement.print(),
              audiences,
              clientIds,
              "https://project.example",
              NOW.getEpochSecond());
      assertThat(steps(RuleLines.of(principal, rules, NOW)))
          .as("%s of %s", requirement.print(), principal)
          .isEqualTo(expected);
      Rule first = rules.firstUnmet(principal, NOW.getEpochSecond());
      assertThat(first == null ? null : first.reason())
          .isEqualTo(
              expected.stream().map(Step::unmet).filter(Objects::nonNull).findFirst().orElse(null));
    }
  }

  static List<Step> steps(List<CheckResult> lines) {
    List<Step> steps = new ArrayList<>();
    for (CheckResult line : lines) {
      Reason reason = line.reason();
      assertThat(line.isFailed()).isEqualTo(reason != null);
      steps.add(new Step(line.id(), reason));
    }
    return steps;
  }

  /** What is missing is named, and not called "nothing". */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "role=admin,owner | role | role=admin,owner is not met: there is no role",
        "scope=read | scope | scope=read is not met: no scope is known",
        "client_id=app | client_id | client_id=app is not met: the client is not known",
        "amr=otp | amr | amr=otp is not met: the token tells no method of authentication",
        "audience=x | audience | audience=x is not met: the token names no audience",
        "'' | audience | AUTHGEAR_AUDIENCE=https://api is not met: the token names no audience",
        "max_age=9 | max_age | max_age=9 is not met: it is not known when the user logged in",
        "verified=true | verified | verified=true is not met: it is not known"
      })
  void unknownFacts_areSaidToBeMissing(String requirement, String id, String text) {
    assertThat(lines(BARE, requirement))
        .filteredOn(line -> line.id().equals(id))
        .extracting(CheckResult::text)
        .containsExactly(text);
  }

  @ParameterizedTest
  @EnumSource
  void amrThatNothingTells_isAMistakeOfTheLocation_unlessAFreshJwtCouldMeetIt(Proof proof) {
    Principal principal =
        PrincipalBuilder.user("u").audiences(List.of("https://api")).proof(proof).build();
    String mistake = "amr is a mistake at a location for cookies or opaque tokens";

    assertThat(lines(principal, "amr=otp"))
        .filteredOn(line -> line.id().equals("amr"))
        .singleElement()
        .satisfies(
            line -> {
              assertThat(line.reason()).isEqualTo(Reason.AMR_MISSING);
              assertThat(line.fix()).contains("JWT that comes straight from a login", "max_age");
              assertThat(line.fix().contains(mistake)).isEqualTo(proof != Proof.JWT);
            });
  }

  /** The setting that decides is in the fix. */
  @Test
  void wrongAudience_namesTheSetting() {
    assertThat(lines(BARE, ""))
        .filteredOn(CheckResult::isFailed)
        .singleElement()
        .satisfies(line -> assertThat(line.fix()).contains("AUTHGEAR_AUDIENCE"));
    assertThat(lines(BARE, "audience=x"))
        .filteredOn(CheckResult::isFailed)
        .singleElement()
        .satisfies(
            line -> assertThat(line.fix()).contains("audience=...").contains("AUTHGEAR_AUDIENCE"));
  }

  private static List<CheckResult> lines(Principal principal, String requirement) {
    Requirements requirements =
        new Requirements(Map.of(), List.of("https://api"), Set.of(), "https://project");
    return RuleLines.of(principal, (Rules) requirements.ofQuery(requirement), NOW);
  }
}
