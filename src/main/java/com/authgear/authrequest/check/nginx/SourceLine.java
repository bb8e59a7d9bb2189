package com.authgear.authrequest.check.nginx;

/**
 * Where something stands.
 *
 * @param file the name as {@code nginx -T} gives it
 * @param line from 1
 */
public record SourceLine(String file, int line) {
  @Override
  public String toString() {
    return file + ":" + line;
  }
}
