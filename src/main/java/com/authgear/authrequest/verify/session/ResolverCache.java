package com.authgear.authrequest.verify.session;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.verify.CacheCounts;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Finding;
import com.authgear.authrequest.verify.Pending;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Anonymous;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.changes.Changes;
import com.authgear.authrequest.verify.changes.Changes.Change;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.resolver.SentCredential;
import com.authgear.authrequest.verify.session.ResolverQuery.Within;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The resolver's answers, by the digest of the credentials that were sent. An answer is as old as
 * the asking, and is never given past the time it is good for, nor where a user's change has been
 * learned since it was asked for. Identical questions in flight are one call.
 *
 * <p>Refusals are kept for a second at most, in a place of their own; one ends whatever was good
 * before, also for stale use. That no one could say is never kept.
 *
 * <p>While the resolver cannot say, the last good answer may serve somewhat longer ({@link
 * CacheLimits#staleIfError}), but not past the end of the credential, and not where the user has
 * changed since: then only a new answer counts, and without one the request is refused as
 * unavailable. An answer that was asked for after the change, but so soon that Authgear may not
 * have known it everywhere, is asked for once more and may serve until then.
 *
 * <p>Ages are measured by the wall clock and by the steady one, and the greater counts. If the wall
 * clock says that an answer is from the future, it is not used.
 */
public final class ResolverCache implements AutoCloseable {

  /** Asks the resolver; blocks for a bounded time. */
  @FunctionalInterface
  public interface Asker {
    ResolverAnswer ask(SentCredential presented, Caller caller);
  }

  /** Hears what happens in addition to hits and misses; by itself it does nothing. */
  public interface CacheListener {
    /** A request shared the call of another one. */
    default void coalesced() {}

    /** An answer was given past its time because the resolver could not be asked. */
    default void servedStale() {}

    /** An answer of this age was given. */
    default void used(long ageNanos) {}
  }

  /**
   * @param goodFor how long after it was asked for a good answer is given; zero: to those who asked
   *     only; {@link #UNTIL_THE_END}: until the credential ends or the user changes
   * @param refreshAhead whether an answer in its second half is replaced in the background
   * @param staleIfError how much longer while no one can say
   * @param size most good answers that are remembered; 0 for none
   * @param patience how long a request waits for a call that another one made
   * @param calls how many calls at once may be made in the background
   */
  public record CacheLimits(
      Duration goodFor,
      boolean refreshAhead,
      Duration staleIfError,
      int size,
      Duration patience,
      int calls) {}

  /** No time bound. */
  public static final Duration UNTIL_THE_END = Duration.ofNanos(Long.MAX_VALUE);

  /** Most requests that wait for a call at once, of those who are known and of all others. */
  public static final int MAX_WAITING = 1024;

  private static final Logger LOG = LoggerFactory.getLogger(ResolverCache.class);
  private static final Duration LONGEST_REFUSAL = Duration.ofSeconds(1);
  private static final int MOST_REFUSALS = 10_000;

  /** A user who changes again while a request waits is asked about this often. */
  private static final int ROUNDS = 3;

  private final Asker asker;
  private final Changes changes;
  private final InstantSource wall;
  private final LongSupplier nanoTime;
  private final CacheCounts counts;
  private final CacheListener listener;
  private final long goodForNanos;
  private final long refusedForNanos;
  private final long staleNanos;
  private final long patienceNanos;
  private final boolean refreshAhead;
  private final @Nullable Cache<Digest, CachedAnswer> good;
  private final @Nullable Cache<Digest, CachedAnswer> refused;
  private final ConcurrentMap<Digest, PendingCall> inFlight = new ConcurrentHashMap<>();
  private final Semaphore places = new Semaphore(MAX_WAITING);

  /** For credentials whose last answer was good. */
  private final Semaphore placesOfKnown = new Semaphore(MAX_WAITING);

  private final Semaphore refreshes;
  private final ExecutorService background = Executors.newVirtualThreadPerTaskExecutor();

  public ResolverCache(
      Asker asker,
      CacheLimits limits,
      Changes changes,
      InstantSource wall,
      LongSupplier nanoTime,
      CacheCounts counts,
      CacheListener listener) {
    this.asker = asker;
    this.changes = changes;
    this.wall = wall;
    this.nanoTime = nanoTime;
    this.counts = counts;
    this.listener = listener;
    this.goodForNanos = limits.goodFor().toNanos();
    this.refusedForNanos = Math.min(goodForNanos, LONGEST_REFUSAL.toNanos());
    this.staleNanos = limits.staleIfError().toNanos();
    this.patienceNanos = limits.patience().toNanos();
    this.refreshAhead = limits.refreshAhead();
    this.refreshes = new Semaphore(Math.max(1, limits.calls()));
    boolean remembers = limits.size() > 0 && goodForNanos > 0;
    this.good =
        remembers
            ? Caffeine.newBuilder()
                .executor(Runnable::run) // as in TokenCache
                .maximumSize(limits.size())
                .evictionListener(
                    (@Nullable Digest _, @Nullable CachedAnswer _, RemovalCause _) ->
                        counts.evicted())
                .build()
            : null;
    this.refused =
        remembers
            ? Caffeine.newBuilder()
                .executor(Runnable::run)
                .maximumSize(Math.min(limits.size(), MOST_REFUSALS))
                .build()
            : null;
  }

  /** What one call told, without what only its maker may hear. */
  private static final class CachedAnswer {
    private final Verification verification;
    private final long askedMillis;
    private final long askedNanos;

    /** The number of the newest change that had been heard of when this was asked for. */
    private final long covers;

    /** When to ask again in the background at the earliest, by the steady clock. */
    private volatile long refreshAt;

    private CachedAnswer(Verification verification, PendingCall call) {
      this.verification = verification;
      this.askedMillis = call.askedMillis;
      this.askedNanos = call.askedNanos;
      this.covers = call.covers;
      this.refreshAt = call.askedNanos;
    }
  }

  /** A call in flight. */
  private static final class PendingCall {
    private final long askedMillis;
    private final long askedNanos;
    private final long covers;
    private final CompletableFuture<CachedAnswer> answer = new CompletableFuture<>();

    /**
     * @param covers the number of the newest change that the asker knows of
     */
    private PendingCall(long millis, long nanos, long covers) {
      this.askedMillis = millis;
      this.askedNanos = nanos;
      this.covers = covers;
    }
  }

  private static final long NO_CHANGE = Long.MIN_VALUE;

  /**
   * What is known and still good; null if only {@link #ask} can tell. Neither blocks nor hands over
   * to another thread, but may start a call in the background.
   */
  public @Nullable Verification known(Digest credentials, ResolverQuery question) {
    if (good == null || refused == null) {
      return null;
    }
    long millis = wall.millis();
    long nanos = nanoTime.getAsLong();
    CachedAnswer answer = good.getIfPresent(credentials);
    if (answer != null
        && isWithin(answer, goodFor(question), millis, nanos)
        && answer.askedMillis >= askedFrom(question)
        && isBeforeItsEnd(answer, millis)
        && (coversChanges(answer)
            // Someone is making sure already; that call decides for those who come after it.
            || (inFlight.containsKey(credentials) && isAfterChanges(answer)))) {
      counts.hit();
      listener.used(age(answer, millis, nanos));
      if (refreshAhead
          && nanos - answer.askedNanos >= goodFor(question) / 2
          && nanos - answer.refreshAt >= 0) {
        refresh(credentials, question, answer, nanos);
      }
      return answer.verification;
    }
    CachedAnswer refusal = refused.getIfPresent(credentials);
    if (refusal != null && isWithin(refusal, refusedForNanos, millis, nanos)) {
      counts.hit();
      return refusal.verification;
    }
    return null;
  }

  /** What is known and still good, or else what an answer of the resolver will tell. */
  public Finding find(Digest credentials, ResolverQuery question) {
    Verification known = known(credentials, question);
    return known != null ? known : (Pending) () -> ask(credentials, question);
  }

  /** Asks, or waits for whoever is asking the same, for a bounded time. */
  public Verification ask(Digest credentials, ResolverQuery question) {
    // Whoever makes credentials up must not take the places of those who were let in before.
    boolean known = good != null && good.getIfPresent(credentials) != null;
    Semaphore mine = known ? placesOfKnown : places;
    if (!mine.tryAcquire()) {
      return new Unavailable(VerifiedBy.RESOLVER, Reason.OVERLOADED);
    }
    try {
      return waitFor(credentials, question);
    } finally {
      mine.release();
    }
  }

  private Verification waitFor(Digest credentials, ResolverQuery question) {
    Verification known = known(credentials, question);
    if (known != null) {
      return known; // it came while this request changed threads
    }
    counts.miss();
    long deadline = nanoTime.getAsLong() + patienceNanos;
    long seen = number(question.userId());
    for (int round = 0; round < ROUNDS; round++) {
      PendingCall mine = call(seen);
      PendingCall call = join(credentials, mine, seen, question);
      Verification answer;
      if (call == mine) {
        answer = make(credentials, question.presented(), question.caller(), question, mine);
      } else {
        listener.coalesced();
        CachedAnswer shared = await(call, deadline);
        answer =
            shared == null
                ? new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_UNAVAILABLE)
                : shared.verification;
      }
      switch (answer) {
        case Verified verified -> {
          Change change = change(verified.principal().userId());
          if (change == null
              || change.number() <= call.covers
              || change.isBefore(call.covers, call.askedMillis)) {
            return verified;
          }
          seen = change.number();
        }
        case Rejected _, Anonymous _ -> {
          return answer;
        }
        case Unavailable _ -> {
          Verified last = stale(credentials, question);
          return last == null ? answer : last;
        }
      }
    }
    return new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_UNAVAILABLE);
  }

  /** The call in flight if its answer will do; else {@code mine}, which takes its place. */
  private PendingCall join(
      Digest credentials, PendingCall mine, long seen, ResolverQuery question) {
    PendingCall call =
        inFlight.compute(
            credentials,
            (_, there) -> there != null && isJoinable(there, mine, seen, question) ? there : mine);
    return call;
  }

  private boolean isJoinable(
      PendingCall there, PendingCall mine, long seen, ResolverQuery question) {
    long age = mine.askedNanos - there.askedNanos;
    long bound = goodFor(question);
    return seen <= there.covers
        // One that must be newer than the clock says is the newest there can be.
        && there.askedMillis >= Math.min(mine.askedMillis, askedFrom(question))
        && mine.askedMillis >= there.askedMillis
        && (age < bound || (bound == 0 && age < patienceNanos));
  }

  private static final class Failed extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private Failed(Throwable cause) {
      super("the call that this request waited for failed", cause);
    }
  }

  private @Nullable CachedAnswer await(PendingCall call, long deadline) {
    try {
      long left = Math.max(0, deadline - nanoTime.getAsLong());
      return call.answer.get(left, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (ExecutionException e) {
      throw new Failed(e.getCause() == null ? e : e.getCause());
    }
  }

  /** Makes a call; gives its answer as its maker may hear it, and the rest to all others. */
  private Verification make(
      Digest credentials,
      SentCredential presented,
      Caller caller,
      ResolverQuery question,
      PendingCall call) {
    try {
      ResolverAnswer outcome = question.meaning(asker.ask(presented, caller));
      Verification answer = outcome.verification();
      CachedAnswer shared = new CachedAnswer(shared(answer, call, goodFor(question)), call);
      settle(credentials, call, shared);
      call.answer.complete(shared);
      return hasCookies(answer) ? answer : shared.verification;
    } catch (RuntimeException | Error bug) {
      inFlight.remove(credentials, call);
      call.answer.completeExceptionally(bug);
      throw bug;
    }
  }

  private static boolean hasCookies(Verification answer) {
    return switch (answer) {
      case Verified verified -> !verified.setCookie().isEmpty();
      case Rejected rejected -> !rejected.setCookie().isEmpty();
      case Unavailable _, Anonymous _ -> false;
    };
  }

  private Verification shared(Verification answer, PendingCall call, long bound) {
    return switch (answer) {
      case Verified verified -> verified.freshUntil(endOf(call, bound));
      case Rejected rejected -> rejected.withoutCookies();
      case Unavailable _, Anonymous _ -> answer;
    };
  }

  private long endOf(PendingCall call, long bound) {
    if (good == null) {
      return Verified.NEVER_CACHED;
    }
    return bound == Long.MAX_VALUE
        ? Long.MAX_VALUE
        : call.askedMillis + TimeUnit.NANOSECONDS.toMillis(bound);
  }

  private long goodFor(ResolverQuery question) {
    Within within = question.within();
    return within == null ? goodForNanos : within.goodForNanos();
  }

  private static long askedFrom(ResolverQuery question) {
    Within within = question.within();
    return within == null ? Long.MIN_VALUE : within.askedFrom();
  }

  /** Keeps an answer, unless a newer call took this one's place. */
  private void settle(Digest credentials, PendingCall call, CachedAnswer answer) {
    inFlight.computeIfPresent(
        credentials,
        (_, there) -> {
          if (there != call) {
            return there;
          }
          keep(credentials, answer);
          return null;
        });
  }

  private void keep(Digest credentials, CachedAnswer answer) {
    if (good == null || refused == null) {
      return;
    }
    switch (answer.verification) {
      case Verified _ -> {
        good.put(credentials, answer);
        refused.invalidate(credentials);
      }
      case Rejected _ -> {
        refused.put(credentials, answer);
        good.invalidate(credentials);
      }
      case Unavailable _, Anonymous _ -> {}
    }
  }

  /** At most one call at a time per question; a try that fails is repeated after a while. */
  private void refresh(
      Digest credentials, ResolverQuery question, CachedAnswer answer, long nanos) {
    answer.refreshAt = nanos + goodFor(question) / 8;
    if (inFlight.containsKey(credentials) || !refreshes.tryAcquire()) {
      return;
    }
    SentCredential presented = question.presented();
    Caller caller = question.caller();
    try {
      background.execute(
          () -> {
            try {
              PendingCall mine = call(number(question.userId()));
              if (inFlight.putIfAbsent(credentials, mine) == null) {
                make(credentials, presented, caller, question, mine);
              }
            } catch (RuntimeException | Error bug) {
              LOG.atError().setCause(bug).log("an answer was not refreshed");
            } finally {
              refreshes.release();
            }
          });
    } catch (RejectedExecutionException e) {
      refreshes.release(); // stopping
    }
  }

  /**
   * The last good answer, for where the resolver cannot say: within its time if a change asks for
   * another one that would only make sure, and somewhat longer if the settings say so.
   */
  private @Nullable Verified stale(Digest credentials, ResolverQuery question) {
    CachedAnswer answer = good == null ? null : good.getIfPresent(credentials);
    long millis = wall.millis();
    long nanos = nanoTime.getAsLong();
    if (answer == null
        || !isWithin(answer, sum(goodFor(question), staleNanos), millis, nanos)
        || answer.askedMillis < askedFrom(question)
        || !isBeforeItsEnd(answer, millis)
        || !isAfterChanges(answer)
        || !(answer.verification instanceof Verified verified)) {
      return null;
    }
    if (!isWithin(answer, goodFor(question), millis, nanos)) {
      listener.servedStale();
    }
    return verified.freshUntil(Verified.NEVER_CACHED);
  }

  private static long sum(long a, long b) {
    return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
  }

  private static boolean isWithin(CachedAnswer answer, long boundNanos, long millis, long nanos) {
    long wallAge = millis - answer.askedMillis;
    return wallAge >= 0
        && wallAge < TimeUnit.NANOSECONDS.toMillis(boundNanos)
        && nanos - answer.askedNanos < boundNanos;
  }

  private static boolean isBeforeItsEnd(CachedAnswer answer, long millis) {
    return !(answer.verification instanceof Verified verified)
        || millis / 1000 < verified.expiresAt();
  }

  private static long age(CachedAnswer answer, long millis, long nanos) {
    return Math.max(
        TimeUnit.MILLISECONDS.toNanos(millis - answer.askedMillis), nanos - answer.askedNanos);
  }

  /** A call that is made now. The number is read first: what is heard of later is not covered. */
  private PendingCall call(long seen) {
    return new PendingCall(wall.millis(), nanoTime.getAsLong(), Math.max(seen, changes.number()));
  }

  private boolean coversChanges(CachedAnswer answer) {
    return !(answer.verification instanceof Verified verified)
        || number(verified.principal().userId()) <= answer.covers;
  }

  /** Whether it was asked for after the user's newest change, though perhaps too soon after it. */
  private boolean isAfterChanges(CachedAnswer answer) {
    if (!(answer.verification instanceof Verified verified)) {
      return true;
    }
    Change change = change(verified.principal().userId());
    return change == null
        || change.number() <= answer.covers
        || change.isBefore(answer.covers, answer.askedMillis);
  }

  private @Nullable Change change(String userId) {
    return userId.isEmpty() ? null : changes.latest(userId);
  }

  /** The number of the newest change of a user. */
  private long number(String userId) {
    Change change = change(userId);
    return change == null ? NO_CHANGE : change.number();
  }

  /** How many good answers are remembered, about. */
  public long size() {
    return good == null ? 0 : good.estimatedSize();
  }

  /** How many different questions wait for an answer. */
  public int callsInFlight() {
    return inFlight.size();
  }

  /** Ends what happens in the background. */
  @Override
  public void close() {
    background.shutdownNow();
  }
}
