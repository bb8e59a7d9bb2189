package com.authgear.authrequest.verify.changes;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableSet;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The users that changed, in memory.
 *
 * <p><b>Order.</b> What events say is merged so that their order does not matter: the newest time
 * counts, the event with the highest {@code seq} says when the account is of no use, and sessions
 * that ended stay ended. Whether an answer of the resolver is newer than a change is told by the
 * numbers that {@link Changes} gives, and never by a clock.
 *
 * <p><b>Replay.</b> A mark knows the events of its user that it was told ({@link HeardEvents}), and
 * one that comes once more asks for nothing. So whoever sends genuine events once more gets one
 * confirmation for each at most, while an entry of the audit log that comes late is not lost. Where
 * there is no room for another user, the one with the lowest {@code seq} goes: old events push out
 * no newer ones.
 *
 * <p><b>A second look.</b> Authgear delivers an event before it has thrown away what its resolver
 * remembers of the user, so the answer to a question asked at once may be old. {@link #SECOND_LOOK}
 * after a fresh event its user needs another confirmation.
 *
 * <p><b>Clocks.</b> A JWT's {@code iat} and an event's time are told by different machines of
 * Authgear, so a JWT that seems up to a margin younger than the change is taken for older. An event
 * that was given a higher {@code seq} than all others happened after them, also where its time says
 * otherwise.
 *
 * <p>A mark is kept for {@link #RETENTION} after the change, or after the last moment at which the
 * account's state changes by itself. There is room for {@link #CAPACITY} of them. One that goes
 * before its time loses the acceleration for this user and never a guarantee: no event at all would
 * have the same effect.
 *
 * <p>Thread-safe; reading takes a lock only at the moments at which a mark changes by itself.
 */
public final class ChangeMarks implements Changes {

  /** No access token lives longer, so none that is older than a change outlives its mark. */
  public static final Duration RETENTION = Duration.ofDays(28);

  /** A mark has about 400 bytes, and 16 for each event of its user. */
  public static final int CAPACITY = 50_000;

  /** Authgear's resolver knows of a change by then, unless it is in trouble. */
  public static final Duration SECOND_LOOK = Duration.ofSeconds(2);

  /** Authgear waits so long for a delivery; an event that is older has no need of a second look. */
  private static final long LONGEST_DELIVERY_SECONDS = 60;

  /** How far ahead of this clock an event's time may be; what is beyond is taken for this. */
  private static final long MAX_AHEAD_SECONDS = 300;

  /** Also where clocks are said to be the same. */
  public static final long LEAST_MARGIN_SECONDS = 2;

  /** Over at least so long after a change that concerns everyone the second looks are spread. */
  static final Duration SECOND_LOOK_OF_ALL = Duration.ofSeconds(10);

  private static final long SWEEP_MILLIS = 60_000;
  private static final long UNKNOWN = Long.MAX_VALUE;

  /** What became of an event. */
  public enum Effect {
    /** The user is marked. */
    MARKED,
    /** It came before. */
    KNOWN,
    /** No token that it could matter to is alive, or it is older than all there is room for. */
    TOO_OLD
  }

  /** By which a mark goes when there is no room. */
  private record Rank(long seq, String userId) {}

  /** A user who needs another confirmation at a time of the steady clock. */
  private record Look(long nanos, String userId) {}

  private final InstantSource clock;
  private final LongSupplier nanoTime;
  private final long skewMillis;
  private final long marginSeconds;
  private final int capacity;
  private final LongSupplier leftMillis;
  private final ConcurrentMap<String, Mark> marks = new ConcurrentHashMap<>();

  private final Object lock = new Object();

  /** Guarded by the lock: every mark. */
  private final NavigableSet<Rank> ranks =
      new TreeSet<>(Comparator.comparingLong(Rank::seq).thenComparing(Rank::userId));

  /** Guarded by the lock, in the order in which they are due. */
  private final Queue<Look> looks = new ArrayDeque<>();

  /** Guarded by the lock: the highest {@code seq} of any event, and the latest time of one. */
  private long highestSeq = -1;

  private long latestAt;

  private long sweptAt;
  private final AtomicLong number = new AtomicLong();
  private volatile boolean looking;
  private volatile long nextLook;

  /** Written under the lock: what concerns everyone, as it counts for one after another. */
  private volatile Waves<Mark> ofAll = Waves.none();

  /** Guarded by the lock: over how many nanoseconds the newest of these does. */
  private long spreadOver;

  private volatile long dropped;

  /** The latest time of a change whose mark there was no room for, Unix seconds. */
  private volatile long forgotten = Change.NEVER;

  /**
   * @param nanoTime a steady clock
   * @param skew how far clocks may be apart: a bound passes at Authgear up to this much later, and
   *     a JWT may be this much older than it seems
   */
  public ChangeMarks(InstantSource clock, LongSupplier nanoTime, Duration skew) {
    this(clock, nanoTime, skew, CAPACITY, () -> 0);
  }

  /**
   * @param leftMillis how long it may take until a change that is heard of now has to count: over
   *     that time one that concerns everyone begins to count for one user after another
   */
  public ChangeMarks(
      InstantSource clock, LongSupplier nanoTime, Duration skew, LongSupplier leftMillis) {
    this(clock, nanoTime, skew, CAPACITY, leftMillis);
  }

  ChangeMarks(InstantSource clock, LongSupplier nanoTime, Duration skew, int capacity) {
    this(clock, nanoTime, skew, capacity, () -> 0);
  }

  private ChangeMarks(
      InstantSource clock,
      LongSupplier nanoTime,
      Duration skew,
      int capacity,
      LongSupplier leftMillis) {
    this.leftMillis = leftMillis;
    this.clock = clock;
    this.nanoTime = nanoTime;
    this.skewMillis = skew.toMillis();
    this.marginSeconds = Math.max(skew.toSeconds(), LEAST_MARGIN_SECONDS);
    this.capacity = capacity;
  }

  /** Marks the user of an event. */
  public Effect learn(UserEvent event) {
    long now = clock.millis();
    synchronized (lock) {
      sweep(now, false);
      UserEvent placed = event.at(time(event.seq(), event.at(), now));
      if (end(placed) <= now) {
        return Effect.TOO_OLD;
      }
      Mark known = marks.get(event.userId());
      if (known == null
          && !event.userId().equals(UserEvent.EVERYONE)
          && ranks.size() >= capacity
          && event.seq() < ranks.first().seq()) {
        forget(placed.at());
        return Effect.TOO_OLD;
      }
      Mark alone = Mark.of(placed, event.at());
      // Another replica may say more in one event than this one was told.
      Mark merged = known == null ? alone : known.and(alone, placed, now);
      if (known != null && !known.isNews(event, now)) {
        put(merged);
        if (event.userId().equals(UserEvent.EVERYONE) && !merged.equals(known)) {
          spread(0);
        }
        return Effect.KNOWN;
      }
      long next = number.incrementAndGet();
      // What came after it has been heard of already: one more look, and no more than that.
      boolean late = known != null && event.seq() < known.seq && event.at() <= known.statedAt;
      put(late ? merged.numbered(next) : merged.heardOf(next, now));
      if (event.userId().equals(UserEvent.EVERYONE)) {
        spreadOver = TimeUnit.MILLISECONDS.toNanos(Math.max(0, leftMillis.getAsLong()));
        spread(spreadOver);
      }
      if (ranks.size() > capacity) {
        Mark gone = marks.remove(ranks.removeFirst().userId());
        forget(gone == null ? Math.floorDiv(now, 1000) : gone.at);
      }
      if (event.at() >= Math.floorDiv(now, 1000) - LONGEST_DELIVERY_SECONDS) {
        lookAgain(event.userId());
      }
      return Effect.MARKED;
    }
  }

  /** Guarded by the lock. */
  private void spread(long nanos) {
    Mark newest = marks.get(UserEvent.EVERYONE);
    if (newest != null) {
      ofAll = ofAll.and(newest, nanoTime.getAsLong(), nanos);
    }
  }

  private void forget(long at) {
    synchronized (lock) {
      dropped++;
      forgotten = Math.max(forgotten, at);
    }
  }

  /** An event that marks nobody tells the order of those that do. */
  public void pass(long seq, long at) {
    synchronized (lock) {
      long _ = time(seq, at, clock.millis());
    }
  }

  /** Guarded by the lock. An event with the highest {@code seq} is not older than the others. */
  private long time(long seq, long stated, long now) {
    long at = Math.min(stated, Math.floorDiv(now, 1000) + MAX_AHEAD_SECONDS);
    if (seq < highestSeq) {
      return at;
    }
    highestSeq = seq;
    latestAt = Math.max(latestAt, at);
    return latestAt;
  }

  private void put(Mark mark) {
    Mark before = marks.put(mark.userId, mark);
    if (before == null || before.seq != mark.seq) {
      if (before != null) {
        ranks.remove(new Rank(before.seq, before.userId));
      }
      // What concerns everyone makes room for nobody.
      if (!mark.userId.equals(UserEvent.EVERYONE)) {
        ranks.add(new Rank(mark.seq, mark.userId));
      }
    }
  }

  private void lookAgain(String userId) {
    looks.add(new Look(nanoTime.getAsLong() + SECOND_LOOK.toNanos(), userId));
    if (looks.size() == 1) {
      nextLook = looks.element().nanos;
      looking = true;
    } else if (looks.size() > capacity) {
      look(looks.remove().userId);
      nextLook = looks.element().nanos;
    }
  }

  /** Gives a new number to whom it is time to look at again. */
  private void lookAgainWhereItIsTime() {
    if (!looking || nanoTime.getAsLong() - nextLook < 0) {
      return;
    }
    synchronized (lock) {
      long nanos = nanoTime.getAsLong();
      Set<String> users = new HashSet<>();
      for (Look look = looks.peek(); look != null && nanos - look.nanos >= 0; look = looks.peek()) {
        users.add(looks.remove().userId);
      }
      users.forEach(this::look);
      Look next = looks.peek();
      nextLook = next == null ? 0 : next.nanos;
      looking = next != null;
    }
  }

  private void look(String userId) {
    long next = number.incrementAndGet();
    marks.computeIfPresent(userId, (_, mark) -> mark.numbered(next));
    if (userId.equals(UserEvent.EVERYONE)) {
      spread(Math.max(spreadOver, SECOND_LOOK_OF_ALL.toNanos()));
    }
  }

  @Override
  public long number() {
    lookAgainWhereItIsTime();
    return number.get();
  }

  @Override
  public @Nullable Change latest(String userId) {
    Change everyone = ofAll(userId);
    Change own = userId.equals(UserEvent.EVERYONE) ? null : ofMark(userId);
    return own == null ? everyone : everyone == null ? own : own.and(everyone);
  }

  @Override
  public long untilNext(String userId) {
    return ofAll.untilNext(userId, nanoTime.getAsLong());
  }

  @Override
  public long forgotten() {
    return forgotten;
  }

  /** What concerns everyone, as far as it counts for this user already. */
  private @Nullable Change ofAll(String userId) {
    Change newest = ofMark(UserEvent.EVERYONE);
    Mark own = newest == null ? null : ofAll.of(userId, nanoTime.getAsLong());
    return newest == null || own == null ? null : own.change(clock.millis(), marginSeconds);
  }

  private @Nullable Change ofMark(String userId) {
    Mark mark = marks.get(userId);
    if (mark == null) {
      return null;
    }
    lookAgainWhereItIsTime();
    long now = clock.millis();
    mark = marks.get(userId);
    if (mark != null && mark.passesABound(now, skewMillis)) {
      mark = passBounds(userId, now);
    }
    return mark == null || mark.end(skewMillis) <= now ? null : mark.change(now, marginSeconds);
  }

  /** Every bound that has passed is a change of its own. */
  private @Nullable Mark passBounds(String userId, long now) {
    synchronized (lock) {
      Mark passed =
          marks.computeIfPresent(
              userId,
              (_, mark) ->
                  mark.passesABound(now, skewMillis)
                      ? mark.heardOf(number.incrementAndGet(), now)
                      : mark);
      if (userId.equals(UserEvent.EVERYONE)) {
        spread(0);
      }
      return passed;
    }
  }

  /** How many users are marked. */
  public int inForce() {
    synchronized (lock) {
      sweep(clock.millis(), true);
      return marks.size();
    }
  }

  /** How many marks went before their time because there was no room. */
  public long dropped() {
    return dropped;
  }

  /** All marks in force, each as one event, or two, that say the same. */
  public List<UserEvent> snapshot() {
    synchronized (lock) {
      sweep(clock.millis(), true);
      return marks.values().stream().flatMap(mark -> mark.told().stream()).toList();
    }
  }

  /**
   * The state of a store that has no room for more than it holds: what was older may be missing.
   */
  void mayLack(long changesUntil) {
    forgotten = Math.max(forgotten, changesUntil);
  }

  /** Unix milliseconds at which the mark of an event ends. */
  long end(UserEvent event) {
    return Mark.end(event.at(), event.disabled(), skewMillis);
  }

  private void sweep(long now, boolean always) {
    long passed = now - sweptAt;
    // A clock that was set back must not hinder the sweep.
    if (always || passed < 0 || passed > SWEEP_MILLIS) {
      marks.values().removeIf(mark -> mark.end(skewMillis) <= now);
      ranks.removeIf(rank -> !marks.containsKey(rank.userId));
      sweptAt = now;
    }
  }

  /**
   * @param at the latest time of an event, Unix seconds
   * @param statedAt the same as the events themselves say it
   * @param events those that this is made of, as far as they are known again
   * @param seq the highest one
   * @param seqAt the time of that event
   * @param accountSeq the highest one of those that tell of the account; -1 for none
   * @param disabled what the event of that {@code seq} says
   * @param ended what was issued until then belongs to sessions that are gone, Unix seconds
   * @param endedSeq of the event that says so
   * @param usableAt when the account was of use again after that, Unix seconds
   * @param number what an answer has to cover
   * @param heard the number when the newest event was heard of
   * @param seenAt Unix milliseconds; bounds until then have their number
   */
  private record Mark(
      String userId,
      long at,
      long statedAt,
      HeardEvents events,
      long seq,
      long seqAt,
      long accountSeq,
      List<Interval> disabled,
      long ended,
      long endedSeq,
      long usableAt,
      long number,
      long heard,
      long seenAt) {

    static Mark of(UserEvent event, long statedAt) {
      long ended = event.sessionsEnded();
      return new Mark(
          event.userId(),
          event.at(),
          statedAt,
          HeardEvents.of(event.seq(), statedAt),
          event.seq(),
          event.at(),
          event.tellsAccount() ? event.seq() : -1,
          event.tellsAccount() ? event.disabled() : List.of(),
          ended,
          event.seq(),
          ended != UserEvent.NO_END && event.isUsable()
              // Where it only tells of an end, what came after that second is good.
              ? (event.tellsAccount() ? event.at() : ended + 1)
              : UNKNOWN,
          0,
          0,
          0);
    }

    boolean isNews(UserEvent event, long now) {
      return events.isNews(event.seq(), event.at(), Math.floorDiv(now, 1000));
    }

    /**
     * Both.
     *
     * @param alone what the event says by itself
     */
    Mark and(Mark alone, UserEvent event, long now) {
      boolean newer = alone.seq > seq;
      boolean endsMore = alone.ended > ended;
      long usable = endsMore ? alone.usableAt : usableAt;
      // Whichever of the two came after the end may say that the account is of use again.
      if (endsMore && accountSeq > alone.seq && event().isUsable()) {
        usable = Math.min(usable, seqAt);
      } else if (!endsMore && alone.seq > endedSeq && event.tellsAccount() && event.isUsable()) {
        usable = Math.min(usable, alone.at);
      }
      return new Mark(
          userId,
          Math.max(at, alone.at),
          Math.max(statedAt, alone.statedAt),
          events.and(alone.seq, alone.statedAt, Math.floorDiv(now, 1000)),
          newer ? alone.seq : seq,
          newer ? alone.seqAt : seqAt,
          Math.max(accountSeq, alone.accountSeq),
          alone.accountSeq > accountSeq ? alone.disabled : disabled,
          Math.max(ended, alone.ended),
          endsMore ? alone.endedSeq : endedSeq,
          usable,
          number,
          heard,
          seenAt);
    }

    Mark heardOf(long newNumber, long now) {
      return with(newNumber, newNumber, Math.max(seenAt, now));
    }

    Mark numbered(long newNumber) {
      return with(newNumber, heard, seenAt);
    }

    private Mark with(long newNumber, long newHeard, long newSeenAt) {
      return new Mark(
          userId,
          at,
          statedAt,
          events,
          seq,
          seqAt,
          accountSeq,
          disabled,
          ended,
          endedSeq,
          usableAt,
          newNumber,
          newHeard,
          newSeenAt);
    }

    /** What is known of the account; sessions that ended are a span that is over. */
    private UserEvent event() {
      UserEvent newest = new UserEvent(userId, Math.max(0, accountSeq), at, disabled);
      if (ended <= newest.sessionsEnded() || disabled.size() == UserEvent.MAX_SPANS) {
        return newest;
      }
      List<Interval> spans = new ArrayList<>(disabled);
      spans.add(new Interval(Interval.ALWAYS, (ended + 1) * 1000));
      return new UserEvent(userId, newest.seq(), at, spans);
    }

    /** One event for what is known of the account, and one for what came after that. */
    List<UserEvent> told() {
      if (accountSeq == seq) {
        return List.of(event());
      }
      UserEvent newest =
          new UserEvent(
              userId,
              seq,
              at,
              ended == UserEvent.NO_END
                  ? List.of()
                  : List.of(new Interval(Interval.ALWAYS, ended * 1000 + 1)),
              false);
      return accountSeq < 0 ? List.of(newest) : List.of(event(), newest);
    }

    /**
     * Whether a bound has passed by both clocks, or by one of them, that had not before. A span
     * that was over in the second of the newest event had passed at Authgear when that was heard
     * of.
     */
    boolean passesABound(long now, long skew) {
      for (Interval span : disabled) {
        if (span.until() <= (at + 1) * 1000) {
          continue;
        }
        for (long bound : new long[] {span.from(), span.until()}) {
          if (isTime(bound) && (isNew(bound, now) || isNew(saturatedSum(bound, skew), now))) {
            return true;
          }
        }
      }
      return false;
    }

    private boolean isNew(long bound, long now) {
      return seenAt < bound && bound <= now;
    }

    Change change(long now, long margin) {
      long newestAt = at;
      long usable = usableAt;
      boolean isDisabled = false;
      // A bound that has passed stays so where the clock is set back.
      long passed = Math.max(now, seenAt);
      for (Interval span : disabled) {
        isDisabled |= span.contains(now);
        for (long bound : new long[] {span.from(), span.until()}) {
          if (isTime(bound) && bound <= passed) {
            newestAt = Math.max(newestAt, Math.floorDiv(bound, 1000));
          }
        }
        if (isTime(span.until()) && span.until() <= passed) {
          usable = Math.min(usable, Math.max(ended + 1, Math.floorDiv(span.until(), 1000)));
        }
      }
      return new Change(
          newestAt + margin, refuseUntil(newestAt, isDisabled, usable, margin), number, heard);
    }

    /**
     * As long as the account is of no use nobody logs in, so all that seems older is refused, with
     * the margin. Afterwards the margin ends where the account was of use again.
     */
    private long refuseUntil(long newestAt, boolean isDisabled, long usable, long margin) {
      if (isDisabled) {
        return newestAt + margin;
      }
      return ended == UserEvent.NO_END
          ? Change.NEVER
          : Math.max(ended, Math.min(usable - 1, ended + margin));
    }

    long end(long skew) {
      return end(at, disabled, skew);
    }

    static long end(long at, List<Interval> disabled, long skew) {
      long last = at * 1000;
      for (Interval span : disabled) {
        for (long bound : new long[] {span.from(), span.until()}) {
          if (isTime(bound)) {
            last = Math.max(last, saturatedSum(bound, skew));
          }
        }
      }
      return saturatedSum(last, RETENTION.toMillis());
    }

    private static boolean isTime(long bound) {
      return bound != Interval.ALWAYS && bound != Interval.NEVER;
    }

    private static long saturatedSum(long a, long b) {
      return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
  }
}
