package com.authgear.authrequest.requirement;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.requirement.RequirementParser.Mistake;
import com.authgear.authrequest.requirement.RequirementParser.Valid;
import com.authgear.authrequest.requirement.Rule.Attribute;
import com.authgear.authrequest.requirement.Rule.IsVerified;
import com.authgear.authrequest.requirement.Rule.MaxAge;
import com.authgear.authrequest.requirement.Rule.NotAnonymous;
import com.authgear.authrequest.requirement.Rule.OneOf;
import com.authgear.authrequest.requirement.Rule.PrincipalIs;
import java.net.URI;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
                    List.of(
                        OneOf.of(Attribute.ROLE, List.of("admin", "owner")),
                        OneOf.of(Attribute.ROLE, List.of("staff")),
                        OneOf.of(Attribute.SCOPE, List.of("read:orders")),
                        OneOf.of(Attribute.AUDIENCE, List.of("https://api")),
                        OneOf.of(Attribute.CLIENT_ID, List.of("c")),
                        OneOf.of(Attribute.AMR, List.of("otp")),
                        new IsVerified(),
                        new NotAnonymous(),
                        new MaxAge(300),
                        PrincipalIs.ANY),
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
        "verified=true&verified=true | given twice",
        "resource=https://a.example&resource=https://a.example | given twice",
        "resource=https://a.example&audience=https://a.example | leave out audience",
        "audience=b&resource=https://a.example/x | leave out audience",
        "resource= | not an absolute URL",
        "resource=api | not an absolute URL",
        "resource=mailto:a@b | not an absolute URL",
        "resource=https:///x | not an absolute URL",
        "resource=http://a.example/x | neither https",
        "resource=ftp://localhost/x | neither https",
        "resource=https://A.example/x | capital letters",
        "resource=https://a.example:443/x | default port",
        "resource=https://a.example/x?y | a query or",
        "resource=https://a.example/x%23y | a fragment",
        "resource=https://u:p@a.example/x | user name",
        "resource=https://a.example/%22 | character that no URL has",
        "resource=https://a.example/%C3%A9 | character that no URL has",
        "resource=https://a.example/%25 | not a URL",
        "Resource=https://a.example | unknown key",
        "resource_name=x | there is none",
        "resource_documentation=https://a.example | there is none",
        "resource=https://a.example&resource_name= | empty",
        "resource=https://a.example&resource_name=a%0Ab | control character",
        "resource=https://a.example&resource_name=a&resource_name=a | given twice",
        "resource=https://a.example&resource_documentation=docs | http(s) URL",
        "resource=https://a.example&resource_documentation=javascript:x | http(s) URL"
      })
  void parse_mistake_isNamed(String text, String problem) {
    assertThat(RequirementParser.parse(text))
        .isInstanceOfSatisfying(
            Mistake.class, mistake -> assertThat(mistake.message()).contains(problem));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://a.example",
        "https://a.example/",
        "https://a.example:8443/v1/mcp",
        "https://a.example/a,b+c%20d",
        "http://localhost:3000/mcp",
        "http://127.0.0.1/x",
        "http://[::1]:1/x"
      })
  void parse_resource_isTakenLetterByLetter(String resource) {
    String written = resource.replace("%", "%25");
    assertThat(RequirementParser.parse("resource=" + written))
        .isEqualTo(
            new Valid(
                new Requirement(
                    List.of(PrincipalIs.USER), false, Resource.of(URI.create(resource)))));
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
