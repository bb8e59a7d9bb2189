package com.authgear.authrequest.settings;

/** How a log line looks. */
public enum LogFormat {
  /**
   * A JSON object: {@code time} (ISO 8601, UTC, milliseconds), {@code level}, {@code logger},
   * {@code message}, the event's key-value pairs, and {@code error}, {@code error_message} and, at
   * level ERROR only, {@code stack}.
   */
  JSON,
  /** The same for people: {@code time level logger message key=value ...}. */
  TEXT
}
