package com.authgear.authrequest.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names that operators choose: of policies, of headers, of the realm and the resource. */
class ChosenNamesTest {

  @Test
  void read_policies_haveTheirNamesInLowerCase() {
    assertThat(
            Reads.accepted(
                    "AUTHGEAR_POLICY_ADMIN", "role=admin", "AUTHGEAR_POLICY_STEP_UP2", "max_age=60")
                .protection()
                .policies())
        .hasEntrySatisfying("admin", policy -> assertThat(policy.print()).startsWith("role=admin&"))
        .containsOnlyKeys("admin", "step_up2");
  }

  @Test
  void read_mistakenPolicies_areAllReportedWithTheirMistake() {
    List<Problem> problems =
        Reads.refused("AUTHGEAR_POLICY_A", "rolle=admin", "AUTHGEAR_POLICY_B", "max_age=5m");
    assertThat(problems)
        .extracting(Problem::key)
        .containsExactly("AUTHGEAR_POLICY_A", "AUTHGEAR_POLICY_B");
    assertThat(problems.getFirst().fault()).contains("\"rolle=admin\"", "unknown key \"rolle\"");
    assertThat(problems.getLast().fault()).contains("number of seconds");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "AUTHGEAR_POLICY_",
        "AUTHGEAR_POLICY_admin",
        "AUTHGEAR_POLICY_A-B",
        "AUTHGEAR_POLICY__A"
      })
  void read_policyWithoutAProperName_isAProblem(String key) {
    assertThat(Reads.refused(key, "role=a"))
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.key()).isEqualTo(key);
              assertThat(problem.remedy()).contains("AUTHGEAR_POLICY_<NAME>");
            });
  }

  @Test
  void read_policyFromAMissingFile_isAProblem() {
    assertThat(Reads.refused("AUTHGEAR_POLICY_ADMIN_FILE", "/does/not/exist"))
        .extracting(Problem::key)
        .containsExactly("AUTHGEAR_POLICY_ADMIN_FILE");
  }

  @Test
  void read_serviceLinksOfAServiceNamedLikeAPolicy_areNoPolicies() {
    Map<String, String> environment =
        Reads.environment(
            "AUTHGEAR_POLICY_SERVICE_HOST", "10.0.0.1", "AUTHGEAR_POLICY_SERVICE_PORT", "80");
    assertThat(SettingsReader.read(environment)).isInstanceOf(SettingsReader.Accepted.class);
  }

  @ParameterizedTest
  @CsvSource({
    "email, not claim=header",
    "=x-a, not claim=header",
    "email=, other characters",
    "email=x_email, other characters",
    "email=x email, other characters",
    "email=x-authgear-user-id, identity header",
    "email=X-Authgear-Session-Valid, identity header",
    "email=connection, meaning of its own",
    "email=Transfer-Encoding, meaning of its own",
    "email=set-cookie, meaning of its own",
    "email=x-accel-redirect, meaning of its own",
    "email=x-accel-expires, meaning of its own",
    "email=x-auth-reason, meaning of its own",
    "email=x-forwarded-for, meaning of its own",
    "'email=x-a,name=X-A', header twice",
    "'email=x-a,', not claim=header"
  })
  void read_claimHeaders_thatWouldDoHarm_areProblems(String given, String fault) {
    assertThat(Reads.fault("AUTHGEAR_CLAIM_HEADERS", given)).contains(fault);
  }

  @ParameterizedTest
  @ValueSource(strings = {"authorization", "cookie", "x-authgear-user-id", "a b", "x_token"})
  void read_tokenHeader_thatMeansSomethingElse_isAProblem(String given) {
    assertThat(Reads.fault("AUTHGEAR_TOKEN_HEADER", given)).isNotEmpty();
    assertThat(Reads.fault("AUTHGEAR_TOKEN_QUERY_FROM", given)).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\"b", "a\\b", "ä", "a\nb"})
  void read_realm_thatNeedsEscapes_isAProblem(String given) {
    assertThat(Reads.fault("AUTHGEAR_REALM", given)).contains("quote");
  }

  @ParameterizedTest
  @CsvSource({
    "https://api.example.com/, https://api.example.com",
    "https://API.example.com/v1/, https://api.example.com/v1/",
    "http://127.0.0.1:9/x, http://127.0.0.1:9/x"
  })
  void read_resource(String given, String resource) {
    assertThat(Reads.accepted("AUTHGEAR_RESOURCE", given).protection().resource())
        .hasToString(resource);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"api", "http://api.example.com", "https://a.example/?b", "https://a.example#c"})
  void read_otherResource_isAProblem(String given) {
    assertThat(Reads.fault("AUTHGEAR_RESOURCE", given)).isNotEmpty();
  }
}
