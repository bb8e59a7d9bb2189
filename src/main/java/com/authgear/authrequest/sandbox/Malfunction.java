package com.authgear.authrequest.sandbox;

import java.time.Duration;
import java.util.Map;

/** How an {@link AuthgearEndpoint} fails, for tests. */
public sealed interface Malfunction {

  /** Answers this instead, whatever was asked. */
  record CannedAnswer(int status, Map<String, String> headers, String body) implements Malfunction {
    public CannedAnswer {
      headers = Map.copyOf(headers);
    }
  }

  /** Answers 200 with what no client can make sense of: no JSON, no known header value. */
  record Garbage() implements Malfunction {}

  /** Answers as usual, but only after this time, or once the fault is repaired. */
  record Hang(Duration time) implements Malfunction {}

  /** Closes the connection without an answer. */
  record Down() implements Malfunction {}

  /** Answers with this status and a short text. */
  static Malfunction status(int status) {
    return new CannedAnswer(status, Map.of(), "sandbox: told to answer " + status + "\n");
  }
}
