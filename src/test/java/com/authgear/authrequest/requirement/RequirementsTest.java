package com.authgear.authrequest.requirement;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RequirementsTest {
  private final Requirements requirements = new Requirements(Map.of("user", Requirement.USER));

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
    assertThat(requirements.ofPolicy("user")).isEqualTo(Requirement.USER);
    assertThat(requirements.ofPolicy("User")).isNull();
    assertThat(requirements.ofPolicy("")).isNull();
  }
}
