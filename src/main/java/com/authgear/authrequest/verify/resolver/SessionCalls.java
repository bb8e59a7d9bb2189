package com.authgear.authrequest.verify.resolver;

import com.authgear.authrequest.verify.Digest;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;

/**
 * What single sessions may cost all others. Authgear works on one session at a time: calls about
 * the same one wait for its lock and end with 500 if there are many (authgear-server {@code
 * pkg/lib/session/access}).
 *
 * <p>A session is known here by the digest of each credential by itself, so that other credentials
 * next to it make no second session of it. Short values are no sessions of Authgear's, and many
 * users may share them: {@code Bearer null}, an emptied cookie.
 *
 * <p>Holds digests only, and a bounded number of them.
 */
final class SessionCalls {

  /** Calls in flight about one session. */
  static final int MOST_CALLS = 4;

  /** Authgear's opaque tokens have 32 characters, its session tokens more. */
  private static final int SHORTEST = 16;

  private static final Duration MOMENT = Duration.ofMinutes(10);
  private static final Duration FAILURE = Duration.ofMinutes(1);
  private static final int MOST_VALID = 50_000;
  private static final int MOST_FAILED = 4_096;

  private final ConcurrentMap<Digest, Integer> inFlight = new ConcurrentHashMap<>();
  private final Cache<Digest, Boolean> valid;
  private final Cache<Digest, Boolean> failed;

  SessionCalls(LongSupplier nanoTime) {
    valid = remembering(MOST_VALID, MOMENT, nanoTime);
    failed = remembering(MOST_FAILED, FAILURE, nanoTime);
  }

  private static Cache<Digest, Boolean> remembering(int most, Duration time, LongSupplier clock) {
    return Caffeine.newBuilder()
        .executor(Runnable::run)
        .maximumSize(most)
        .expireAfterWrite(time)
        .ticker(clock::getAsLong)
        .build();
  }

  /** The sessions that may be meant. */
  static Set<Digest> of(SentCredential presented) {
    Set<Digest> sessions = new HashSet<>();
    String token = presented.bearerToken();
    if (token != null) {
      add(sessions, token);
    }
    String cookies = presented.cookies();
    if (cookies != null) {
      for (String cookie : cookies.split("; ", -1)) {
        String value = cookie.substring(cookie.indexOf('=') + 1);
        boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
        add(sessions, quoted ? value.substring(1, value.length() - 1) : value);
      }
    }
    return sessions;
  }

  private static void add(Set<Digest> sessions, String credential) {
    if (credential.length() >= SHORTEST) {
      sessions.add(Digest.ofToken(credential));
    }
  }

  /** Whether a call may be made about all of them; if so, {@link #leave} must follow. */
  boolean enter(Set<Digest> sessions) {
    Set<Digest> entered = new HashSet<>();
    for (Digest session : sessions) {
      if (inFlight.merge(session, 1, Integer::sum) > MOST_CALLS) {
        leave(Set.of(session));
        leave(entered);
        return false;
      }
      entered.add(session);
    }
    return true;
  }

  void leave(Set<Digest> sessions) {
    for (Digest session : sessions) {
      inFlight.computeIfPresent(session, (_, calls) -> calls == 1 ? null : calls - 1);
    }
  }

  /** How many sessions have calls in flight. */
  int inFlight() {
    return inFlight.size();
  }

  /**
   * Whether exactly these credentials were valid a moment ago. By all of them together: one that
   * stood next to a good one proves nothing by itself.
   */
  boolean wereValid(SentCredential presented) {
    return valid.getIfPresent(all(presented)) != null;
  }

  private static Digest all(SentCredential presented) {
    String cookies = presented.cookies();
    String token = presented.bearerToken();
    if (cookies == null) {
      return Digest.ofToken(Objects.requireNonNull(token));
    }
    return Digest.ofCookie(token == null ? "" : token, cookies);
  }

  void answered(SentCredential presented, ResolverResult result) {
    Digest all = all(presented);
    switch (result) {
      case VALID -> valid.put(all, true);
      case INVALID, ABSENT -> valid.invalidate(all);
      case UNAVAILABLE,
          ORIGIN_MISMATCH,
          UNKNOWN_PROJECT,
          ERROR,
          BAD_ANSWER,
          OVERLOADED,
          BREAKER_OPEN -> {}
    }
  }

  /** Whether none of these failed within the last minute: a session's own lock fails it again. */
  boolean failFirst(Set<Digest> sessions) {
    boolean first = true;
    for (Digest session : sessions) {
      first &= failed.asMap().put(session, true) == null;
    }
    return first;
  }
}
