package com.authgear.authrequest.telemetry;

import static java.util.Objects.requireNonNull;

import com.authgear.authrequest.http.FollowHandler;
import com.authgear.authrequest.http.FollowResult;
import com.authgear.authrequest.http.HookHandler;
import com.authgear.authrequest.http.HookResult;
import com.authgear.authrequest.verify.changes.Followed;
import com.authgear.authrequest.verify.changes.RedisMarks;
import com.authgear.authrequest.verify.changes.RedisMarks.Transit;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The part of the {@link Meters} about changed users and how they are heard of. */
public final class MarkMeters {

  private final Meters meters;

  /** The registry holds what it counts by a weak reference. */
  private final LongSupplier dropped;

  /**
   * @param inForce how many users are marked
   * @param dropped how many marks there was no room for
   */
  public MarkMeters(Meters meters, IntSupplier inForce, LongSupplier dropped) {
    this.meters = meters;
    this.dropped = dropped;
    Gauge.builder(Metric.MARKS.meterName(), () -> inForce.getAsInt())
        .description(Metric.MARKS.help())
        .register(meters.registry());
    FunctionCounter.builder(
            Metric.MARKS_DROPPED.meterName(), this, self -> self.dropped.getAsLong())
        .description(Metric.MARKS_DROPPED.help())
        .register(meters.registry());
  }

  /** Registers a series for every result that a call of the webhook can have, and counts them. */
  public HookHandler.WebhookListener webhooks() {
    Map<HookResult, Counter> counters =
        counters(Metric.WEBHOOKS, HookResult.class, HookResult::code);
    return result -> requireNonNull(counters.get(result)).increment();
  }

  /**
   * Registers a series for everything that can happen to a mark on its way through Redis, and
   * counts it.
   *
   * @param up whether there is a connection
   */
  public RedisMarks.TransitListener redis(BooleanSupplier up) {
    Gauge.builder(Metric.REDIS_UP.meterName(), () -> up.getAsBoolean() ? 1 : 0)
        .description(Metric.REDIS_UP.help())
        .register(meters.registry());
    Map<Transit, Counter> counters = counters(Metric.REDIS_MARKS, Transit.class, Transit::code);
    return transit -> requireNonNull(counters.get(transit)).increment();
  }

  /** Registers a series for every result that a post of a follower can have, and counts them. */
  public FollowHandler.FollowListener follower() {
    Map<FollowResult, Counter> counters =
        counters(Metric.FOLLOW_POSTS, FollowResult.class, FollowResult::code);
    return result -> requireNonNull(counters.get(result)).increment();
  }

  /**
   * Registers how the follower's heartbeat stands, if it matters.
   *
   * @param followed null: it does not
   */
  public void bindFollowed(@Nullable Followed followed) {
    if (followed == null) {
      return;
    }
    Gauge.builder(Metric.FOLLOWED.meterName(), () -> followed.standing() == null ? 0 : 1)
        .description(Metric.FOLLOWED.help())
        .register(meters.registry());
    Gauge.builder(Metric.HEARTBEAT_AGE.meterName(), followed::ageSeconds)
        .description(Metric.HEARTBEAT_AGE.help())
        .register(meters.registry());
  }

  private <E extends Enum<E>> Map<E, Counter> counters(
      Metric metric, Class<E> results, Function<E, String> code) {
    Map<E, Counter> counters = new EnumMap<>(results);
    for (E result : results.getEnumConstants()) {
      counters.put(
          result,
          Counter.builder(metric.meterName())
              .description(metric.help())
              .tag("result", code.apply(result))
              .register(meters.registry()));
    }
    return counters;
  }
}
