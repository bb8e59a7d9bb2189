package com.authgear.authrequest.check.nginx;

import java.util.List;

/**
 * What hurts, where, why, and what to write instead.
 *
 * @param locations the locations that suffer, as a reader would call them
 */
public record NginxFinding(
    Hazard hazard, SourceLine place, List<String> locations, String why, String fix) {
  public NginxFinding {
    locations = List.copyOf(locations);
  }
}
