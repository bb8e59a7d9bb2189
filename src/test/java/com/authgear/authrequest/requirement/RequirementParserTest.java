package com.authgear.authrequest.requirement;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.requirement.Requirement.Alternatives;
import com.authgear.authrequest.requirement.Requirement.PrincipalRule;
import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import com.authgear.authrequest.requirement.RequirementParser.Valid;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequirementParserTest {

  @Test
  void parse_nothing_requiresAUser() {
    assertThat(RequirementParser.parse(null)).isEqualTo(new Valid(Requirement.USER));
    assertThat(RequirementParser.parse("")).isEqualTo(new Valid(Requirement.USER));
  }

  @Test
  void parse_everyKey_isUnderstood() {
    assertThat(
            RequirementParser.parse(
                "role=admin,owner&role=staff&scope=read%3Aorders&audience=https://api&client_id=c"
                    + "&amr=otp&verified=true&anonymous=false&max_age=300&principal=any"
                    + "&optional=true"))
        .isEqualTo(
            new Valid(
                new Requirement(
                    PrincipalRule.ANY,
                    List.of(new Alternatives(List.of("https://api"))),
                    List.of(new Alternatives(List.of("c"))),
                    List.of(
                        new Alternatives(List.of("admin", "owner")),
                        new Alternatives(List.of("staff"))),
                    List.of(new Alternatives(List.of("read:orders"))),
                    List.of(new Alternatives(List.of("otp"))),
                    true,
                    true,
                    OptionalLong.of(300),
                    true)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "roles=admin | unknown key \"roles\"",
        "Role=admin | unknown key \"Role\"",
        "role | not key=value",
        "role= | empty alternative",
        "role=a,,b | empty alternative",
        "role=a& | not key=value",
        "role=a%2 | broken percent escape",
        "role=a%0Ab | outside ASCII",
        "scope=a%22b | quote",
        "verified=false | can only be \"true\"",
        "anonymous=true | can only be \"false\"",
        "optional=yes | can only be \"true\"",
        "max_age=-1 | number of seconds",
        "max_age=5m | number of seconds",
        "max_age=1&max_age=1 | given twice",
        "principal=admin | user, client or any",
        "verified=true&verified=true | given twice"
      })
  void parse_mistake_isNamed(String text, String problem) {
    assertThat(RequirementParser.parse(text))
        .isInstanceOfSatisfying(
            Mistake.class, mistake -> assertThat(mistake.message()).contains(problem));
  }

  @Test
  void print_readBack_isTheSame() {
    Random random = new Random(20_261_124);
    for (int i = 0; i < 2000; i++) {
      Requirement requirement = RandomRequirements.next(random);
      assertThat(RequirementParser.parse(requirement.print()))
          .as(requirement.print())
          .isEqualTo(new Valid(requirement));
    }
  }
}
