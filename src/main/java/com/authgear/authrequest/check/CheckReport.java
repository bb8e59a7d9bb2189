package com.authgear.authrequest.check;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result for people and for machines.
 *
 * @param checks what the service depends on
 * @param decision null if no credential was given
 */
record CheckReport(List<CheckResult> checks, @Nullable DecisionExplanation decision) {

  CheckReport {
    checks = List.copyOf(checks);
  }

  boolean isGood() {
    return checks.stream().noneMatch(CheckResult::isFailed)
        && (decision == null || decision.status() == 200);
  }

  String text() {
    StringBuilder text = new StringBuilder();
    checks.forEach(line -> append(text, line));
    text.append('\n').append(summary()).append('\n');
    if (decision != null) {
      text.append("\nThe decision about ").append(decision.subject()).append(":\n\n");
      decision.steps().forEach(line -> append(text, line));
      text.append('\n').append(decision.status() == 200 ? "allowed: " : "denied: ");
      text.append(decision.status());
      if (decision.reason() != null) {
        text.append(' ').append(decision.reason().code());
      }
      text.append('\n');
      decision
          .headers()
          .forEach(
              (name, value) ->
                  text.append(("  " + name + ": " + Printable.text(value)).stripTrailing())
                      .append('\n'));
    }
    return text.toString();
  }

  private static void append(StringBuilder text, CheckResult line) {
    text.append(line.status().mark()).append(' ').append(line.id()).append(": ");
    text.append(line.text()).append('\n');
    if (!line.fix().isEmpty()) {
      text.append("    fix: ").append(line.fix()).append('\n');
    }
  }

  private String summary() {
    long failed = count(CheckStatus.FAILED);
    long warnings = count(CheckStatus.WARNING);
    return (failed == 0 ? "nothing failed" : failed + " failed")
        + (warnings == 0 ? "" : warnings == 1 ? ", 1 warning" : ", " + warnings + " warnings");
  }

  private long count(CheckStatus status) {
    return checks.stream().filter(line -> line.status() == status).count();
  }

  String json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("ok", isGood());
    lines(json.putArray("checks"), checks);
    if (decision != null) {
      ObjectNode about = json.putObject("decision");
      about.put("status", decision.status());
      if (decision.reason() != null) {
        about.put("reason", decision.reason().code());
      }
      lines(about.putArray("steps"), decision.steps());
      ObjectNode headers = about.putObject("headers");
      decision.headers().forEach(headers::put);
    }
    return json + "\n";
  }

  private static void lines(ArrayNode array, List<CheckResult> lines) {
    for (CheckResult line : lines) {
      ObjectNode entry = array.addObject();
      entry.put("id", line.id());
      entry.put("status", line.status().code());
      entry.put("text", line.text());
      if (!line.fix().isEmpty()) {
        entry.put("fix", line.fix());
      }
      if (line.reason() != null) {
        entry.put("reason", line.reason().code());
      }
    }
  }
}
