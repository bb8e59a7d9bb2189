package com.authgear.authrequest.check.nginx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Collects findings; what a file that is included several times says is one finding. */
final class Findings {
  private final Map<NginxFinding, List<String>> found = new LinkedHashMap<>();

  void add(Hazard hazard, Block block, String why, String fix) {
    add(hazard, block.directive().place(), block, why, fix);
  }

  void add(Hazard hazard, SourceLine place, Block block, String why, String fix) {
    List<String> locations =
        found.computeIfAbsent(
            new NginxFinding(hazard, place, List.of(), why, fix), _ -> new ArrayList<>());
    if (!locations.contains(block.title())) {
      locations.add(block.title());
    }
  }

  /** The gravest first, else as they were found. */
  List<NginxFinding> sorted() {
    List<NginxFinding> sorted = new ArrayList<>();
    found.forEach(
        (finding, locations) ->
            sorted.add(
                new NginxFinding(
                    finding.hazard(), finding.place(), locations, finding.why(), finding.fix())));
    sorted.sort((one, other) -> one.hazard().severity().compareTo(other.hazard().severity()));
    return sorted;
  }
}
