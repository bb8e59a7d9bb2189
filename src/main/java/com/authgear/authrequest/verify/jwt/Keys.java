package com.authgear.authrequest.verify.jwt;

import com.authgear.authrequest.trace.Tracing;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
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
 * Keeps the project's keys at hand. They are fetched in the background, so that no request waits
 * for a refresh; only a token with an unknown {@code kid} makes its request wait for one fetch, and
 * then no other unknown {@code kid} causes one until the cool-down has passed. Through an outage
 * the last keys stay in use for a bounded time.
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
  public interface Listener {
    void fetched(Trigger trigger, boolean success);
  }

  /**
   * How often keys are fetched and how long they last.
   *
   * @param refresh between two successful fetches
   * @param firstRetry after a failure; doubles with each further one
   * @param lastRetry longest wait after a failure
   * @param coolDown between two fetches for an unknown {@code kid}
   * @param outage how long keys are used after the last successful fetch
   */
  public record Timing(
      Duration refresh,
      Duration firstRetry,
      Duration lastRetry,
      Duration coolDown,
      Duration outage) {
    public static final Timing DEFAULT =
        new Timing(
            Duration.ofMinutes(5),
            Duration.ofSeconds(1),
            Duration.ofSeconds(15),
            Duration.ofSeconds(10),
            Duration.ofHours(4));
  }

  private static final Logger LOG = LoggerFactory.getLogger(Keys.class);

  private final KeyFetcher fetcher;
  private final InstantSource clock;
  private final Timing timing;
  private final Listener listener;
  private final ScheduledExecutorService background =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("key-set").factory());

  /** Held while fetching, so that all who need the same fetch wait for one. */
  private final ReentrantLock fetching = new ReentrantLock();

  private volatile @Nullable KeySet current;
  private volatile @Nullable String problem = "the key set has not been fetched yet";
  private volatile long coolUntilMillis = Long.MIN_VALUE;
  private volatile boolean lastFetchFailed;
  private int failures;

  Keys(KeyFetcher fetcher, InstantSource clock, Timing timing, Listener listener) {
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
      Listener listener,
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
  private boolean fetch(Trigger trigger) {
    boolean success = false;
    try {
      KeySet fetched = fetcher.fetch();
      if (problem != null) {
        LOG.atInfo().addKeyValue("keys", fetched.keys().size()).log("key set loaded");
      }
      current = fetched.after(current);
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

  /** Whether an unknown {@code kid} may cause a fetch now. */
  boolean mayFetchForUnknownKey() {
    return clock.millis() >= coolUntilMillis;
  }

  /** Whether the latest fetch, whatever caused it, failed: then an unknown key may well be good. */
  boolean lastFetchFailed() {
    return lastFetchFailed;
  }

  /**
   * Fetches the keys because {@code kid} is unknown, unless someone else just did. Waits for the
   * network.
   */
  void fetchFor(String kid) {
    fetching.lock();
    try {
      KeySet keys = current;
      boolean arrived = keys != null && keys.keys().containsKey(kid);
      if (!arrived && mayFetchForUnknownKey()) {
        fetch(Trigger.UNKNOWN_KEY);
        coolUntilMillis = clock.millis() + timing.coolDown().toMillis();
      }
    } finally {
      fetching.unlock();
    }
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
    return keys == null ? 0 : keys.keys().size();
  }

  /** The keys in use by {@code kid}: the JWS algorithms that each of them is good for. */
  public SortedMap<String, Set<String>> algorithms() {
    SortedMap<String, Set<String>> algorithms = new TreeMap<>();
    KeySet keys = current();
    if (keys != null) {
      keys.keys().forEach((id, key) -> algorithms.put(id, key.algorithms()));
    }
    return algorithms;
  }

  @Override
  public void close() {
    background.shutdownNow();
  }
}
