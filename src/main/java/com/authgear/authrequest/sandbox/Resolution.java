package com.authgear.authrequest.sandbox;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What the resolver makes of a request's credentials. */
sealed interface Resolution {

  /** There is a session, and its user may use it. */
  record Valid(User user, @Nullable Instant authenticatedAt) implements Resolution {}

  /** {@code x-authgear-session-valid: false}; a {@code session} cookie that came is cleared. */
  record Invalid() implements Resolution {}

  /** No session at all: no header. An invalid bearer token counts as none. */
  record Absent() implements Resolution {}
}
