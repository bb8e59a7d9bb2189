package com.authgear.authrequest.sandbox;

import com.authgear.authrequest.principal.IdentityHeader;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Counts what comes in and fails where it was told to. Thread-safe. */
final class Traffic {

  /**
   * @param repaired completes when the fault ends
   */
  private record Broken(Malfunction fault, CompletableFuture<@Nullable Void> repaired) {}

  private static final Malfunction.CannedAnswer GARBAGE =
      new Malfunction.CannedAnswer(
          200, Map.of("x-authgear-session-valid", "perhaps"), "<html>no answer to you</html>\n");

  /**
   * What was answered to one call.
   *
   * @param status 0 if the connection was closed instead
   * @param identity the identity headers of the answer
   */
  record RecordedCall(AuthgearEndpoint endpoint, int status, Map<String, String> identity) {}

  private static final int REMEMBERED = 256;

  private final Object lock = new Object();
  private final Deque<RecordedCall> answered = new ArrayDeque<>();
  private long answers;
  private final Map<AuthgearEndpoint, Long> calls = new EnumMap<>(AuthgearEndpoint.class);
  private final Map<AuthgearEndpoint, Map<String, List<String>>> lastHeaders =
      new EnumMap<>(AuthgearEndpoint.class);
  private final Map<AuthgearEndpoint, Broken> broken = new EnumMap<>(AuthgearEndpoint.class);

  long calls(AuthgearEndpoint endpoint) {
    synchronized (lock) {
      return calls.getOrDefault(endpoint, 0L);
    }
  }

  /** How many calls were answered so far. */
  long answers() {
    synchronized (lock) {
      return answers;
    }
  }

  /**
   * The calls that were answered in between; the oldest may be forgotten.
   *
   * @param from what {@link #answers} said before
   * @param to what it said after
   */
  List<RecordedCall> answeredBetween(long from, long to) {
    synchronized (lock) {
      long forgotten = answers - answered.size();
      return answered.stream()
          .skip(Math.max(0, from - forgotten))
          .limit(Math.max(0, to - Math.max(from, forgotten)))
          .toList();
    }
  }

  boolean isBroken(AuthgearEndpoint endpoint) {
    synchronized (lock) {
      return broken.containsKey(endpoint);
    }
  }

  Map<String, List<String>> lastHeaders(AuthgearEndpoint endpoint) {
    synchronized (lock) {
      return lastHeaders.getOrDefault(endpoint, Map.of());
    }
  }

  void setFault(AuthgearEndpoint endpoint, Malfunction fault) {
    clearFault(endpoint);
    synchronized (lock) {
      broken.put(endpoint, new Broken(fault, new CompletableFuture<>()));
    }
  }

  void clearFault(AuthgearEndpoint endpoint) {
    @Nullable Broken ended;
    synchronized (lock) {
      ended = broken.remove(endpoint);
    }
    if (ended != null) {
      ended.repaired().complete(null);
    }
  }

  /** Counts a call to an endpoint that is down; false, and nothing counted, if it is not. */
  boolean isDown(AuthgearEndpoint endpoint) {
    synchronized (lock) {
      Broken now = broken.get(endpoint);
      if (now == null || !(now.fault() instanceof Malfunction.Down)) {
        return false;
      }
      calls.merge(endpoint, 1L, Long::sum);
      remember(new RecordedCall(endpoint, 0, Map.of()));
      return true;
    }
  }

  /** Wraps what an endpoint answers. */
  Handler through(AuthgearEndpoint endpoint, Handler answer) {
    return ctx -> {
      @Nullable Broken now;
      synchronized (lock) {
        calls.merge(endpoint, 1L, Long::sum);
        lastHeaders.put(endpoint, headers(ctx));
        now = broken.get(endpoint);
      }
      if (now == null) {
        answer.handle(ctx);
        remember(endpoint, ctx);
        return;
      }
      switch (now.fault()) {
        case Malfunction.CannedAnswer told -> {
          send(ctx, told);
          remember(endpoint, ctx);
        }
        case Malfunction.Garbage() -> {
          send(ctx, GARBAGE);
          remember(endpoint, ctx);
        }
        case Malfunction.Hang(var time) -> {
          CompletableFuture<@Nullable Void> end =
              now.repaired().copy().completeOnTimeout(null, time.toMillis(), TimeUnit.MILLISECONDS);
          ctx.future(
              () ->
                  end.thenRun(
                      () -> {
                        handle(answer, ctx);
                        remember(endpoint, ctx);
                      }));
        }
        case Malfunction.Down() -> ctx.status(500); // went down while this request was on its way
      }
    };
  }

  private void remember(AuthgearEndpoint endpoint, Context ctx) {
    Map<String, String> identity = new LinkedHashMap<>();
    for (IdentityHeader header : IdentityHeader.values()) {
      String value = ctx.res().getHeader(header.headerName());
      if (value != null) {
        identity.put(header.headerName(), value);
      }
    }
    remember(
        new RecordedCall(endpoint, ctx.res().getStatus(), Collections.unmodifiableMap(identity)));
  }

  private void remember(RecordedCall call) {
    synchronized (lock) {
      answers++;
      answered.addLast(call);
      if (answered.size() > REMEMBERED) {
        answered.removeFirst();
      }
    }
  }

  private static void handle(Handler answer, Context ctx) {
    try {
      answer.handle(ctx);
    } catch (Exception e) {
      throw new IllegalStateException("an endpoint failed after its delay", e);
    }
  }

  private static void send(Context ctx, Malfunction.CannedAnswer told) {
    ctx.status(told.status());
    told.headers().forEach(ctx::header);
    ctx.result(told.body());
  }

  private static Map<String, List<String>> headers(Context ctx) {
    Map<String, List<String>> headers = new HashMap<>();
    for (String name : Collections.list(ctx.req().getHeaderNames())) {
      headers.put(
          name.toLowerCase(Locale.ROOT), List.copyOf(Collections.list(ctx.req().getHeaders(name))));
    }
    return Map.copyOf(headers);
  }
}
