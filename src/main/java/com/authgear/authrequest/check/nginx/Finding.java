package com.authgear.authrequest.check.nginx;

import java.util.List;

/**
 * What hurts, where, why, and what to write instead.
 *
 * @param locations the locations that suffer, as a reader would call them
 */
public record Finding(
    Hazard hazard, SourceLine place, List<String> locations, String why, String fix) {
  public Finding {
    locations = List.copyOf(locations);
  }
}
