package com.authgear.authrequest.verify.changes;

import com.authgear.authrequest.redis.RedisUrl;
import com.authgear.authrequest.redis.RedisUrl.Node;
import com.authgear.authrequest.verify.changes.RedisNodes.Link;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.Protocol.Keyword;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.util.DoublePrecision;

/**
 * Carries marks between replicas through Redis (6.2 or newer). Every event in force is a member of
 * one sorted set, by the time its mark ends, and is published on a channel when it is added. On
 * every new connection the set is read and what it lacks is added, so that whatever was missed
 * while there was no connection is caught up in both directions; the same happens when Redis lost
 * its data.
 *
 * <p>One thread of its own talks to Redis. Nothing here is waited for by a request or a webhook,
 * and without Redis each replica goes on with its own marks. What comes from Redis is checked like
 * any input from outside.
 */
public final class RedisMarks implements AutoCloseable {

  /** What happened to a mark on its way. */
  public enum Transit {
    /** A mark that this replica did not have came from another one. */
    RECEIVED,
    /** One of this replica was added. */
    PUBLISHED,
    /** What came is no mark. */
    MALFORMED;

    /** The value of the metric's label. */
    public String code() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Hears of every mark on its way. */
  @FunctionalInterface
  public interface TransitListener {
    void moved(Transit transit);
  }

  /** A service that starts waits so long for the marks in force while Redis is there. */
  static final Duration LOAD_TIME = Duration.ofSeconds(10);

  /** And so long once a first try has failed. */
  static final Duration LOAD_TIME_WITHOUT_REDIS = Duration.ofSeconds(3);

  private static final Logger LOG = LoggerFactory.getLogger(RedisMarks.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

  /** A subscription that says nothing for so long is dead: it is asked at each check. */
  private static final Duration SILENCE = CHECK_INTERVAL.plus(TIMEOUT);

  /** So often a Sentinel is asked whether the primary is still the one. */
  private static final Duration SEARCH_INTERVAL = Duration.ofSeconds(2);

  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final long LONGEST_PAUSE_MILLIS = 2_000;
  private static final int BATCH = 100;

  /** More than that waits for the next comparison with what is in Redis. */
  private static final int MAX_OUTGOING = 1_000;

  /** The end of the year 9999, for marks without an end. */
  private static final long LAST_END = 253_402_300_799_999L;

  /**
   * Adds a mark, removes those that are over and those there is no room for, lets the set end with
   * its last mark, tells the others.
   */
  private static final String ADD =
      """
      redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
      local time = redis.call('TIME')
      redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time[1] * 1000)
      redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(ARGV[3] + 1))
      local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
      if last[2] then redis.call('PEXPIREAT', KEYS[1], last[2]) end
      redis.call('PUBLISH', ARGV[4], ARGV[1])
      return 1
      """;

  /** Tells the others a heartbeat, and keeps it with Redis' own time for those who start. */
  private static final String BEAT =
      """
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1)
      redis.call('ZADD', KEYS[1], now, ARGV[1])
      redis.call('PEXPIREAT', KEYS[1], now + 60000)
      redis.call('PUBLISH', ARGV[2], ARGV[1])
      return 1
      """;

  /** The newest heartbeat, and for how many milliseconds it has been there. */
  private static final String LAST_BEAT =
      """
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
      if not last[2] then return {} end
      return {last[1], string.format('%d', math.max(0, now - last[2]))}
      """;

  /** What is told to the others, in its order. */
  private sealed interface Message {}

  private record Marked(UserEvent event) implements Message {}

  private record Beat(Heartbeat heartbeat) implements Message {}

  private final ChangeMarks marks;
  private final TransitListener listener;
  private final @Nullable Followed followed;
  private final String key;
  private final String beatKey;
  private final String channel;
  private final RedisUrl url;
  private final RedisNodes nodes;
  private final BlockingQueue<Message> outgoing = new LinkedBlockingQueue<>(MAX_OUTGOING);
  private final CountDownLatch closed = new CountDownLatch(1);
  private final long started = System.nanoTime();
  private final Thread thread;
  private volatile boolean collecting;
  private volatile boolean overflowed;
  private volatile boolean loaded;
  private volatile boolean failed;
  private volatile boolean up;
  private boolean complained;

  private RedisMarks(
      RedisUrl url,
      String project,
      ChangeMarks marks,
      TransitListener listener,
      @Nullable Followed followed) {
    this.followed = followed;
    this.marks = marks;
    this.listener = listener;
    key = key(project);
    beatKey = beatKey(project);
    channel = key;
    this.url = url;
    nodes = new RedisNodes(url, key, TIMEOUT);
    thread = Thread.ofPlatform().name("redis-marks").daemon().unstarted(this::run);
  }

  private static String beatKey(String project) {
    return "authgear-auth-request:{" + project + "}:beat";
  }

  static String key(String project) {
    return "authgear-auth-request:{" + project + "}:marks";
  }

  /**
   * Connects in the background, now and whenever the connection is lost.
   *
   * @param url as {@link RedisUrl} has it, with user and password where needed
   * @param project keeps projects apart that share a Redis
   * @throws IllegalArgumentException if the URL is not understood; the message does not show it
   */
  public static RedisMarks start(
      String url, String project, ChangeMarks marks, TransitListener listener) {
    return start(url, project, marks, listener, null);
  }

  /**
   * The same, and hears followers of the audit log.
   *
   * @param followed is told of heartbeats while there is a connection and nothing is missing; null:
   *     they do not matter
   */
  public static RedisMarks start(
      String url,
      String project,
      ChangeMarks marks,
      TransitListener listener,
      @Nullable Followed followed) {
    RedisMarks shared = new RedisMarks(RedisUrl.parse(url), project, marks, listener, followed);
    shared.thread.start();
    return shared;
  }

  /**
   * Tells the others, after all that was told before. It is lost if something of that waits for a
   * comparison, or while there is no connection; there is another one soon.
   *
   * @return whether it is on its way
   */
  public boolean beat(Heartbeat heartbeat) {
    return collecting && !overflowed && outgoing.offer(new Beat(heartbeat));
  }

  /** Marks the user of an event, here at once and elsewhere soon. */
  public ChangeMarks.Effect learn(UserEvent event) {
    ChangeMarks.Effect effect = marks.learn(event);
    if (effect == ChangeMarks.Effect.MARKED && collecting && !outgoing.offer(new Marked(event))) {
      overflowed = true;
    }
    return effect;
  }

  /** Whether the marks of the other replicas may still come; false after {@link #LOAD_TIME}. */
  public boolean isLoading() {
    Duration patience = failed ? LOAD_TIME_WITHOUT_REDIS : LOAD_TIME;
    return !loaded && System.nanoTime() - started < patience.toNanos();
  }

  /** Whether marks come and go. */
  public boolean isUp() {
    return up;
  }

  private void run() {
    long pause = FIRST_PAUSE_MILLIS;
    try {
      while (closed.getCount() > 0) {
        try {
          exchange();
        } catch (JedisException | ExecutionException | TimeoutException e) {
          pause = complained ? Math.min(pause * 2, LONGEST_PAUSE_MILLIS) : FIRST_PAUSE_MILLIS;
          failed = true;
          complain(e);
        } catch (RuntimeException bug) {
          failed = true;
          pause = LONGEST_PAUSE_MILLIS;
          LOG.atError().setCause(bug).log("marks are not shared because of a bug");
        } finally {
          up = false;
          collecting = false;
          if (followed != null) {
            followed.forget(); // what is told meanwhile does not come
          }
        }
        if (closed.await(pause, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns when closed, fails when a connection does. */
  private void exchange() throws InterruptedException, ExecutionException, TimeoutException {
    Node node = nodes.locate();
    try (Link commands = nodes.connect(node);
        Subscription subscription = new Subscription(node, commands)) {
      try {
        exchange(new Exchange(node, commands, subscription));
      } catch (JedisException e) {
        subscription.check(); // what ends it closes the other connection, and says why
        throw e;
      }
    }
  }

  private void exchange(Exchange exchange)
      throws InterruptedException, ExecutionException, TimeoutException {
    exchange.awaitSubscription();
    // From here on marks are both compared and put into the queue: none can slip through.
    outgoing.clear();
    collecting = true;
    exchange.refuseReplica();
    // Read before the marks: what it says is told is among them.
    Heartbeat last = exchange.lastBeat();
    long read = System.nanoTime();
    exchange.compare();
    if (followed != null && last != null) {
      Duration since = Duration.ofNanos(System.nanoTime() - read);
      boolean _ = followed.learn(last.afterMore(since.toMillis()));
    }
    up = true;
    loaded = true;
    complained = false;
    LOG.atInfo().addKeyValue("marks", marks.inForce()).log("marks are shared by Redis");
    while (closed.getCount() > 0) {
      Message first = outgoing.poll(CHECK_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
      if (first == null) {
        exchange.ping();
      } else {
        List<Message> batch = new ArrayList<>();
        batch.add(first);
        outgoing.drainTo(batch, BATCH - 1);
        exchange.tell(batch);
      }
      exchange.check();
      if (overflowed) {
        overflowed = false;
        exchange.compare();
      }
    }
  }

  /** Hears what others tell, on a connection and a thread of its own. */
  private final class Subscription implements AutoCloseable {
    private final Link link;
    private final CompletableFuture<Void> confirmed = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Thread reader;

    /**
     * @param commands is closed when this connection fails, because who waits for it would not know
     */
    Subscription(Node node, Link commands) {
      link = nodes.connect(node, SILENCE);
      reader =
          Thread.ofPlatform().name("redis-marks-heard").daemon().unstarted(() -> read(commands));
      reader.start();
    }

    private void read(Link commands) {
      try {
        link.send(new CommandArguments(Command.SUBSCRIBE).add(channel));
        while (true) {
          hear((List<?>) link.getUnflushedObject());
        }
      } catch (RuntimeException e) {
        confirmed.completeExceptionally(e);
        ended.completeExceptionally(e);
        commands.close();
      }
    }

    /** Redis says one of three things here: that it has subscribed us, "pong", and messages. */
    private void hear(List<?> push) {
      switch (RedisNodes.text(push.get(0))) {
        case "subscribe" -> confirmed.complete(null);
        case "message" -> {
          String text = RedisNodes.text(push.get(2));
          if (Heartbeat.isOne(text)) {
            receiveBeat(text);
          } else {
            UserEvent _ = receive(text);
          }
        }
        default -> {}
      }
    }

    void awaitConfirmation() throws InterruptedException, ExecutionException, TimeoutException {
      Void _ = confirmed.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Its answer comes to the reader, which gives up without one. */
    void ping() {
      link.send(new CommandArguments(Command.PING));
    }

    void check() throws ExecutionException, InterruptedException {
      if (ended.isDone()) {
        Void _ = ended.get();
      }
    }

    @Override
    public void close() {
      link.close();
      try {
        boolean _ = reader.join(TIMEOUT);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What the thread of the marks does on one connection. */
  private final class Exchange {
    private final Node node;
    private final Link commands;
    private final Subscription subscription;
    private long lastCheck = System.nanoTime();
    private long lastSearch = System.nanoTime();
    private @Nullable CompletableFuture<Node> search;

    Exchange(Node node, Link commands, Subscription subscription) {
      this.node = node;
      this.commands = commands;
      this.subscription = subscription;
    }

    void awaitSubscription() throws InterruptedException, ExecutionException, TimeoutException {
      subscription.awaitConfirmation();
    }

    void ping() {
      boolean _ = commands.ping();
    }

    /** Sees now and then that the subscription lives, and that this is still the primary. */
    void check() throws InterruptedException, ExecutionException {
      subscription.check();
      long now = System.nanoTime();
      if (now - lastCheck >= CHECK_INTERVAL.toNanos()) {
        lastCheck = now;
        subscription.ping();
      }
      if (nodes.mustAskAgain() && now - lastSearch >= SEARCH_INTERVAL.toNanos()) {
        lastSearch = now;
        search = CompletableFuture.supplyAsync(nodes::locate, RedisMarks::inBackground);
      }
      CompletableFuture<Node> done = search;
      if (done != null && done.isDone()) {
        search = null;
        if (!done.isCompletedExceptionally() && !done.join().equals(node)) {
          throw new JedisConnectionException("the primary is " + done.join() + " now");
        }
      }
    }

    /**
     * A Sentinel may name one that has just been made a replica. It would take subscribers, and its
     * own heartbeats would reach nobody else; a write, here of nothing, is what it refuses.
     */
    void refuseReplica() {
      if (nodes.mustAskAgain()) {
        Object _ =
            commands.executeCommand(
                new CommandArguments(Command.ZREMRANGEBYSCORE).add(key).add("-inf").add("0"));
      }
    }

    void tell(List<Message> batch) throws InterruptedException, ExecutionException {
      List<UserEvent> events = new ArrayList<>();
      for (Message message : batch) {
        switch (message) {
          case Marked marked -> events.add(marked.event());
          case Beat beat -> {
            publish(events);
            events.clear();
            if (!overflowed) {
              Object _ =
                  commands.executeCommand(
                      script(BEAT, beatKey).add(beat.heartbeat().text()).add(channel));
            }
          }
        }
      }
      publish(events);
    }

    /** What followers said last, as old as it is by now; null if that is long ago. */
    @Nullable Heartbeat lastBeat() {
      if (followed == null) {
        return null;
      }
      List<?> last = (List<?>) commands.executeCommand(script(LAST_BEAT, beatKey));
      try {
        return last.size() == 2
            ? Heartbeat.read(RedisNodes.text(last.getFirst()))
                .afterMore(Long.parseLong(RedisNodes.text(last.getLast())))
            : null;
      } catch (IllegalArgumentException _) {
        listener.moved(Transit.MALFORMED);
        return null;
      }
    }

    /** Takes what is there and this replica lacks, and adds what is not. */
    void compare() throws InterruptedException, ExecutionException {
      Map<String, Told> there = new HashMap<>();
      long members = 0;
      double firstEnd = Double.POSITIVE_INFINITY;
      String cursor = "0";
      do {
        List<?> page =
            (List<?>)
                commands.executeCommand(
                    new CommandArguments(Command.ZSCAN)
                        .add(key)
                        .add(cursor)
                        .add(Keyword.COUNT)
                        .add("1000"));
        cursor = RedisNodes.text(page.get(0));
        List<?> found = (List<?>) page.get(1);
        for (int i = 0; i < found.size(); i += 2) {
          members++;
          firstEnd =
              Math.min(
                  firstEnd,
                  DoublePrecision.parseFloatingPointNumber(RedisNodes.text(found.get(i + 1))));
          UserEvent event = receive(RedisNodes.text(found.get(i)));
          if (event != null && there.size() <= 2 * ChangeMarks.CAPACITY) {
            there.merge(event.userId(), Told.by(event), Told::and);
          }
        }
        check();
      } while (!cursor.equals("0") && closed.getCount() > 0);
      if (members >= ChangeMarks.CAPACITY) {
        // There was no room for those whose end came first.
        marks.mayLack((long) ((firstEnd - ChangeMarks.RETENTION.toMillis()) / 1000));
      }
      List<UserEvent> missing =
          marks.snapshot().stream()
              .filter(event -> !there.getOrDefault(event.userId(), Told.NOTHING).says(event))
              .toList();
      for (int i = 0; i < missing.size(); i += BATCH) {
        publish(missing.subList(i, Math.min(i + BATCH, missing.size())));
        check();
      }
    }

    private void publish(List<UserEvent> events) {
      for (UserEvent event : events) {
        commands.sendCommand(
            script(ADD, key)
                .add(EventText.write(event))
                .add(Long.toString(Math.min(marks.end(event), LAST_END)))
                .add(Integer.toString(ChangeMarks.CAPACITY))
                .add(channel));
      }
      for (Object answer : commands.getMany(events.size())) {
        if (answer instanceof JedisException refused) {
          throw refused;
        }
        listener.moved(Transit.PUBLISHED);
      }
    }
  }

  private static CommandArguments script(String text, String key) {
    return new CommandArguments(Command.EVAL).add(text).add("1").add(key);
  }

  private static void inBackground(Runnable task) {
    Thread _ = Thread.ofPlatform().name("redis-sentinel").daemon().start(task);
  }

  /** What the events of one user say together. */
  private record Told(long seq, long sessionsEnded) {
    private static final Told NOTHING = new Told(-1, UserEvent.NO_END);

    static Told by(UserEvent event) {
      return new Told(event.seq(), event.sessionsEnded());
    }

    Told and(Told other) {
      return new Told(Math.max(seq, other.seq), Math.max(sessionsEnded, other.sessionsEnded));
    }

    boolean says(UserEvent event) {
      return event.seq() <= seq && event.sessionsEnded() <= sessionsEnded;
    }
  }

  /** One that comes while the set is still being read says nothing of what is still missing. */
  private void receiveBeat(String text) {
    try {
      Heartbeat heartbeat = Heartbeat.read(text);
      if (followed != null && up) {
        boolean _ = followed.learn(heartbeat);
      }
    } catch (IllegalArgumentException _) {
      listener.moved(Transit.MALFORMED);
    }
  }

  private @Nullable UserEvent receive(String text) {
    try {
      UserEvent event = EventText.read(text);
      if (marks.learn(event) == ChangeMarks.Effect.MARKED) {
        listener.moved(Transit.RECEIVED);
      }
      return event;
    } catch (IllegalArgumentException _) {
      listener.moved(Transit.MALFORMED);
      return null;
    }
  }

  /** Once for each time that the connection is lost. */
  private void complain(Exception e) {
    if (closed.getCount() == 0 || complained) {
      return;
    }
    complained = true;
    Throwable root = RedisNodes.root(e);
    LOG.atWarn()
        .addKeyValue("cause", root.getClass().getSimpleName())
        .addKeyValue("detail", url.withoutPassword(String.valueOf(root.getMessage())))
        .log("no connection to Redis: marks are not shared until it is back");
  }

  /** Takes a second or two at most, whatever Redis does. */
  @Override
  public void close() {
    closed.countDown();
    thread.interrupt();
    nodes.close();
    try {
      if (!thread.join(Duration.ofSeconds(1))) {
        LOG.atWarn().log("the connection to Redis did not close in time");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
