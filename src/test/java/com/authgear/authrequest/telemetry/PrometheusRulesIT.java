package com.authgear.authrequest.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.support.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The shipped rules by Prometheus' own tool: well-formed, and firing when they should. */
class PrometheusRulesIT {

  private static final String RULES = "prometheus/authgear-auth-request.rules.yaml";
  private static final String TESTS = "prometheus/authgear-auth-request.test.yaml";

  @Test
  void check_rules_findsNothing() throws Exception {
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES);
  }

  @Test
  void test_rules_holds() throws Exception {
    promtool("test", "rules", TESTS);
  }

  private static void promtool(String... arguments) throws IOException, InterruptedException {
    ProcessBuilder promtool = new ProcessBuilder(Programs.require("promtool").toString());
    promtool.command().addAll(List.of(arguments));
    Process process = promtool.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).contains("SUCCESS");
  }
}
