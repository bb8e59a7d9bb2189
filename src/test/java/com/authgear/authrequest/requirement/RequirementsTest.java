package com.authgear.authrequest.requirement;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import com.authgear.authrequest.requirement.Rule.Attribute;
import com.authgear.authrequest.requirement.Rule.OneOf;
import com.authgear.authrequest.requirement.Rule.PrincipalIs;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RequirementsTest {
  private final Requirements requirements =
      new Requirements(
          Map.of("user", Requirement.USER), List.of("https://api"), Set.of(), "https://project");

  /** A plain location asks two things, not ten. */
  @Test
  void ofQuery_nothing_asksForAUserOfTheSettingsAudience() {
    assertThat(requirements.ofQuery(null))
        .isSameAs(requirements.ofQuery(""))
        .isInstanceOfSatisfying(
            Rules.class,
            rules ->
                assertThat(rules.inTurn())
                    .containsExactly(
                        PrincipalIs.USER,
                        new OneOf(
                            Attribute.AUDIENCE, "AUTHGEAR_AUDIENCE", List.of("https://api"))));
  }

  @Test
  void ofQuery_ownAudience_takesThePlaceOfTheSettings_butClientsAddUp() {
    Requirements strict =
        new Requirements(Map.of(), List.of("https://api"), Set.of("web", "app"), "https://api");
    assertThat(strict.ofQuery("client_id=web&audience=x&principal=any"))
        .isInstanceOfSatisfying(
            Rules.class,
            rules ->
                assertThat(rules.inTurn())
                    .containsExactly(
                        PrincipalIs.ANY,
                        OneOf.of(Attribute.AUDIENCE, List.of("x")),
                        new OneOf(
                            Attribute.CLIENT_ID,
                            "AUTHGEAR_CLIENT_IDS",
                            List.of("app", "web"),
                            Set.of(Principal.Proof.SESSION)),
                        OneOf.of(Attribute.CLIENT_ID, List.of("web"))));
  }

  @Test
  void ofQuery_sameText_isParsedOnce() {
    assertThat(requirements.ofQuery("role=a")).isSameAs(requirements.ofQuery("role=a"));
    assertThat(requirements.ofQuery("rolle=a"))
        .isInstanceOf(Mistake.class)
        .isSameAs(requirements.ofQuery("rolle=a"));
  }

  @Test
  void ofQuery_endlessTexts_takeBoundedRoom() {
    for (int i = 0; i < 10 * Requirements.MAX_CACHED; i++) {
      requirements.ofQuery("role=r" + i);
    }
    assertThat(requirements.cached()).isLessThanOrEqualTo(Requirements.MAX_CACHED);
  }

  @Test
  void ofQuery_longText_isNotKept() {
    String text = "role=" + "a,".repeat(300) + "a";
    assertThat(requirements.ofQuery(text)).isEqualTo(requirements.ofQuery(text));
    assertThat(requirements.cached()).isZero();
  }

  @Test
  void ofQuery_veryLongText_isAMistake() {
    assertThat(requirements.ofQuery("role=" + "a,".repeat(50_000) + "a"))
        .isInstanceOfSatisfying(
            Mistake.class, mistake -> assertThat(mistake.message()).hasSizeLessThan(300));
  }

  @Test
  void ofPolicy_knowsNamesExactly() {
    assertThat(requirements.ofPolicy("user")).isEqualTo(requirements.ofQuery(""));
    assertThat(requirements.ofPolicy("User")).isNull();
    assertThat(requirements.ofPolicy("")).isNull();
  }
}
