package com.authgear.authrequest.settings;

/**
 * A value that must never be shown.
 *
 * @param value the value itself
 */
public record Secret(String value) {
  @Override
  public String toString() {
    return "(not shown)";
  }
}
