package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.trace.Tracing;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the project's keys at hand. They are fetched in the background, so that requests never wait
 * for a refresh; only a token with an unknown {@code kid} makes its request wait for a fetch.
 * Authgear signs with a new key at once, so an unknown {@code kid} may well be a good one: it is
 * looked up as soon as the pace of these fetches allows, and only a set that was fetched since says
 * that there is no such key. Through an outage the last keys stay in use for a bounded time.
 */
public final class Keys implements AutoCloseable {

  /** What made a fetch happen. */
  public enum Trigger {
    START,
    SCHEDULED,
    UNKNOWN_KEY
  }

  /** Hears of every fetch. */
  @FunctionalInterface
  public interface KeyFetchListener {
    void fetched(Trigger trigger, boolean success);
  }

  /**
   * How often keys are fetched and how long they last.
   *
   * @param refresh between two successful fetches
   * @param firstRetry after a failure; doubles with each further one
   * @param lastRetry longest wait after a failure
   * @param pace between two fetches for unknown {@code kid}s
   * @param absence how long a {@code kid} that a fetched set did not have is not looked up again
   * @param outage how long keys are used after the last successful fetch
   */
  public record Timing(
      Duration refresh,
      Duration firstRetry,
      Duration lastRetry,
      Duration pace,
      Duration absence,
      Duration outage) {
    public static final Timing DEFAULT =
        new Timing(
            Duration.ofMinutes(5),
            Duration.ofSeconds(1),
            Duration.ofSeconds(15),
            Duration.ofSeconds(1),
            Duration.ofSeconds(10),
            Duration.ofHours(4));
  }

  /** What is known of a {@code kid}. */
  enum Lookup {
    /** The keys in use have it. */
    FOUND,
    /** A fetch may tell, and may be made now. */
    WORTH_A_FETCH,
    /** A set that was fetched since did not have it. */
    ABSENT,
    /** Nobody could look it up yet: it may be a good one. */
    NOT_LOOKED_UP
  }

  /** So many absent {@code kid}s are remembered; a flood of made-up ones displaces the oldest. */
  private static final int MOST_ABSENT = 4_096;

  /** Authgear's are UUIDs; a longer one is none of its keys. */
  private static final int LONGEST_ID = 256;

  private static final Logger LOG = LoggerFactory.getLogger(Keys.class);

  private final KeyFetcher fetcher;
  private final InstantSource clock;
  private final Timing timing;
  private final KeyFetchListener listener;
  private final ScheduledExecutorService background =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("key-set").factory());

  /** Held while fetching, so that all who need the same fetch wait for one. */
  private final ReentrantLock fetching = new ReentrantLock();

  private volatile @Nullable KeySet current;
  private volatile @Nullable String problem = "the key set has not been fetched yet";

  /** Unix milliseconds; empty before the first. */
  private volatile OptionalLong lookedUpAt = OptionalLong.empty();

  private volatile boolean lastFetchFailed;
  private int failures;

  /** How many fetches have begun; changed only while {@link #fetching} is held. */
  private volatile long begun;

  /**
   * Guarded by itself: {@code kid}s that are not in the set that was fetched for them, and when.
   */
  private final Map<String, Long> absent =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
          return size() > MOST_ABSENT;
        }
      };

  Keys(KeyFetcher fetcher, InstantSource clock, Timing timing, KeyFetchListener listener) {
    this.fetcher = fetcher;
    this.clock = clock;
    this.timing = timing;
    this.listener = listener;
  }

  /**
   * Keys found by OpenID Connect discovery.
   *
   * @param issuer the project's public origin
   * @param connectTo the origin to connect to in its stead, the same by default
   * @param timeout of each call
   * @param crypto verifies signatures with the keys; not asked before there are any
   * @param tracing makes a span of each fetch
   */
  public static Keys discover(
      URI issuer,
      URI connectTo,
      Duration timeout,
      InstantSource clock,
      Timing timing,
      Supplier<CryptoProvider> crypto,
      KeyFetchListener listener,
      Tracing tracing) {
    KeyFetcher fetcher = new DiscoveredKeys(timeout, issuer, connectTo, clock, crypto);
    HttpUrl server = HttpUrl.get(connectTo.toString());
    return new Keys(
        () -> tracing.keyFetch(server.host(), server.port(), fetcher::fetch),
        clock,
        timing,
        listener);
  }

  /** Starts fetching in the background; returns at once. */
  public void start() {
    background.execute(() -> fetchAndSchedule(Trigger.START));
  }

  /**
   * Fetches once, on this thread, in place of {@link #start}.
   *
   * @return what {@link #problem} says then
   */
  public @Nullable String load() {
    fetching.lock();
    try {
      fetch(Trigger.START);
    } finally {
      fetching.unlock();
    }
    return problem();
  }

  private void fetchAndSchedule(Trigger trigger) {
    boolean fetched;
    fetching.lock();
    try {
      fetched = fetch(trigger);
    } finally {
      fetching.unlock();
    }
    failures = fetched ? 0 : failures + 1;
    Duration wait = fetched ? timing.refresh() : backoff(failures);
    if (!background.isShutdown()) {
      var _ =
          background.schedule(
              () -> fetchAndSchedule(Trigger.SCHEDULED), wait.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private Duration backoff(int failure) {
    Duration wait = timing.firstRetry().multipliedBy(1L << Math.min(failure - 1, 16));
    return wait.compareTo(timing.lastRetry()) < 0 ? wait : timing.lastRetry();
  }

  /** Only while {@link #fetching} is held. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // the lock is held
  private boolean fetch(Trigger trigger) {
    begun++;
    boolean success = false;
    try {
      KeySet fetched = fetcher.fetch();
      if (problem != null) {
        LOG.atInfo().addKeyValue("keys", fetched.size()).log("key set loaded");
      }
      KeySet former = current;
      current = fetched.after(former);
      if (former != null) {
        former.ids().stream().filter(id -> fetched.withId(id).isEmpty()).forEach(this::isAbsent);
      }
      problem = null;
      success = true;
    } catch (KeyFetchException e) {
      problem = e.getMessage();
      LOG.atWarn().log("key set not fetched: {}", e.getMessage());
    } catch (RuntimeException | Error e) { // whatever it is, there must be a next time
      problem = "the key set could not be understood";
      LOG.atError().setCause(e).log("key set not fetched");
    }
    lastFetchFailed = !success;
    tell(trigger, success);
    return success;
  }

  /** A listener that fails must not end the fetching. */
  private void tell(Trigger trigger, boolean success) {
    try {
      listener.fetched(trigger, success);
    } catch (RuntimeException e) {
      LOG.atError().setCause(e).log("the listener of the key set failed");
    }
  }

  /** The keys in use; null if there are none or they are too old. */
  @Nullable KeySet current() {
    KeySet keys = current;
    boolean usable =
        keys != null
            && clock.instant().getEpochSecond() - keys.fetchedAt() <= timing.outage().toSeconds();
    return usable ? keys : null;
  }

  /** Looks a {@code kid} up. Does not wait. */
  Lookup lookUp(String kid) {
    if (kid.length() > LONGEST_ID) {
      return Lookup.ABSENT;
    }
    long now = clock.millis();
    OptionalLong last = lookedUpAt;
    boolean mayFetch =
        last.isEmpty()
            || hasPassed(timing.pace(), last.getAsLong(), now)
            || (fetching.isLocked() && !fetching.isHeldByCurrentThread()); // it may bring the key
    synchronized (absent) {
      Long since = absent.get(kid);
      if (since != null && (!mayFetch || !hasPassed(timing.absence(), since, now))) {
        return has(kid) ? Lookup.FOUND : Lookup.ABSENT;
      }
    }
    // Asked last: another request's fetch may have brought it just now.
    return has(kid) ? Lookup.FOUND : mayFetch ? Lookup.WORTH_A_FETCH : Lookup.NOT_LOOKED_UP;
  }

  /** A clock that was set back must not make anything last longer. */
  private static boolean hasPassed(Duration time, long since, long now) {
    return now - since >= time.toMillis() || now < since;
  }

  /**
   * Fetches the keys because {@code kid} is unknown, unless someone else does so now: then their
   * fetch tells. Waits for the network.
   *
   * @return anything but {@link Lookup#WORTH_A_FETCH}
   */
  Lookup fetchFor(String kid) {
    long arrived = begun;
    fetching.lock();
    try {
      if (begun == arrived && lookUp(kid) == Lookup.WORTH_A_FETCH) {
        lookedUpAt = OptionalLong.of(clock.millis());
        fetch(Trigger.UNKNOWN_KEY);
      }
      if (begun != arrived && !lastFetchFailed && !has(kid)) {
        isAbsent(kid);
      }
      Lookup now = lookUp(kid);
      return now == Lookup.WORTH_A_FETCH ? Lookup.NOT_LOOKED_UP : now;
    } finally {
      fetching.unlock();
    }
  }

  private void isAbsent(String kid) {
    synchronized (absent) {
      absent.remove(kid); // to the end
      absent.put(kid, clock.millis());
    }
  }

  /** How many absent {@code kid}s are remembered. */
  int absentKeys() {
    synchronized (absent) {
      return absent.size();
    }
  }

  private boolean has(String kid) {
    KeySet keys = current;
    return keys != null && !keys.withId(kid).isEmpty();
  }

  /** Why no token can be verified now; null if tokens can be. */
  public @Nullable String problem() {
    if (current() != null) {
      return null;
    }
    String last = problem;
    return last != null ? last : "the key set is older than " + timing.outage();
  }

  /** Seconds since the keys in use were fetched; empty if there are none. */
  public OptionalLong ageSeconds() {
    KeySet keys = current;
    return keys == null
        ? OptionalLong.empty()
        : OptionalLong.of(clock.instant().getEpochSecond() - keys.fetchedAt());
  }

  /** How many keys are in use. */
  public int size() {
    KeySet keys = current();
    return keys == null ? 0 : keys.size();
  }

  /** The keys in use by {@code kid}: the JWS algorithms that each of them is good for. */
  public SortedMap<String, Set<String>> algorithms() {
    SortedMap<String, Set<String>> algorithms = new TreeMap<>();
    KeySet keys = current();
    if (keys != null) {
      for (String id : keys.ids()) {
        Set<String> all = new TreeSet<>();
        keys.withId(id).forEach(key -> all.addAll(key.algorithms()));
        algorithms.put(id, all);
      }
    }
    return algorithms;
  }

  @Override
  public void close() {
    background.shutdownNow();
  }
}
