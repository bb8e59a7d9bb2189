package com.authgear.authrequest.check.nginx;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The result for people and for machines. */
final class CheckNginxReport {
  private CheckNginxReport() {}

  static String text(NginxCheck result) {
    return switch (result) {
      case NginxCheck.Unusable(String why) -> "cannot be checked: " + why + "\n";
      case NginxCheck.Checked(List<NginxFinding> findings, int guarded) -> {
        StringBuilder text = new StringBuilder();
        for (NginxFinding finding : findings) {
          text.append(word(finding.hazard().severity()))
              .append(' ')
              .append(finding.hazard().id())
              .append(' ')
              .append(finding.place())
              .append('\n');
          finding
              .locations()
              .forEach(location -> text.append("  in ").append(location).append('\n'));
          text.append("  ").append(finding.why()).append('\n');
          text.append("  fix: ").append(finding.fix().replace("\n", "\n       ")).append("\n\n");
        }
        String counts =
            Arrays.stream(Severity.values())
                .map(severity -> count(findings, severity))
                .filter(count -> !count.isEmpty())
                .collect(Collectors.joining(", "));
        yield text.append(counts.isEmpty() ? "nothing found" : counts)
            .append(", protected locations: ")
            .append(guarded)
            .append('\n')
            .toString();
      }
    };
  }

  private static String count(List<NginxFinding> findings, Severity severity) {
    long count =
        findings.stream().filter(finding -> finding.hazard().severity() == severity).count();
    return count == 0 ? "" : count + " " + word(severity) + (count == 1 ? "" : "s");
  }

  private static String word(Severity severity) {
    return severity.name().toLowerCase(Locale.ROOT);
  }

  static String json(NginxCheck result) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    switch (result) {
      case NginxCheck.Unusable(String why) -> json.put("unusable", why);
      case NginxCheck.Checked(List<NginxFinding> findings, int guarded) -> {
        json.put("protected_locations", guarded);
        ArrayNode list = json.putArray("findings");
        for (NginxFinding finding : findings) {
          ObjectNode entry = list.addObject();
          entry.put("severity", word(finding.hazard().severity()));
          entry.put("id", finding.hazard().id());
          entry.put("file", finding.place().file());
          entry.put("line", finding.place().line());
          ArrayNode locations = entry.putArray("locations");
          finding.locations().forEach(locations::add);
          entry.put("why", finding.why());
          entry.put("fix", finding.fix());
        }
      }
    }
    return json + "\n";
  }

  /** 0: nothing, or only notes. 1: errors or warnings. 2: cannot be checked. */
  static int status(NginxCheck result) {
    return switch (result) {
      case NginxCheck.Unusable _ -> 2;
      case NginxCheck.Checked(List<NginxFinding> findings, int _) ->
          findings.stream().allMatch(finding -> finding.hazard().severity() == Severity.NOTE)
              ? 0
              : 1;
    };
  }
}
