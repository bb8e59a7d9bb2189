package com.authgear.authrequest.verify.changes;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.ConnectionFuture;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScoredValue;
import io.lettuce.core.ScoredValueScanCursor;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
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
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
  private final RedisURI uri;
  private final String password;
  private final ClientResources resources;
  private final RedisClient client;
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
      String url,
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
    uri = uri(url);
    password = password(url);
    resources =
        ClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            // As every other client in this process looks up names.
            .addressResolverGroup(DefaultAddressResolverGroup.INSTANCE)
            .build();
    client = RedisClient.create(resources, uri);
    client.setOptions(
        ClientOptions.builder()
            // Every connection begins with a comparison, so none is mended silently.
            .autoReconnect(false)
            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
            .socketOptions(SocketOptions.builder().connectTimeout(TIMEOUT).keepAlive(true).build())
            .maintNotificationsConfig(MaintNotificationsConfig.disabled())
            .timeoutOptions(TimeoutOptions.enabled(TIMEOUT))
            .build());
    thread = Thread.ofPlatform().name("redis-marks").daemon().unstarted(this::run);
  }

  private static String beatKey(String project) {
    return "authgear-auth-request:{" + project + "}:beat";
  }

  static String key(String project) {
    return "authgear-auth-request:{" + project + "}:marks";
  }

  /**
   * The parts of a Redis URL. Neither {@link URI} nor Lettuce finds user and port beside a host
   * with an underscore, so they are taken from the authority by hand.
   */
  record Parts(URI url, String user, @Nullable String password, String host, int port) {

    private static final int DEFAULT_PORT = 6379;

    static Parts of(String text) {
      URI url = URI.create(text);
      String authority = String.valueOf(url.getRawAuthority());
      int at = authority.lastIndexOf('@');
      String before = at < 0 ? "" : authority.substring(0, at);
      String address = authority.substring(at + 1);
      int colon =
          address.lastIndexOf(':') > address.lastIndexOf(']') ? address.lastIndexOf(':') : -1;
      int secret = before.indexOf(':');
      return new Parts(
          url,
          decoded(secret < 0 ? "" : before.substring(0, secret)),
          at < 0 ? null : decoded(before.substring(secret + 1)),
          colon < 0 ? address : address.substring(0, colon),
          colon < 0 || colon == address.length() - 1
              ? DEFAULT_PORT
              : Integer.parseInt(address.substring(colon + 1)));
    }

    /** Percent-decoded; a plus is a plus. */
    private static String decoded(String text) {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    int database() {
      String path = url.getRawPath();
      return path.length() > 1 ? Integer.parseInt(path.substring(1)) : 0;
    }
  }

  static RedisURI uri(String url) {
    try {
      Parts parts = Parts.of(url);
      RedisURI.Builder builder =
          RedisURI.builder()
              .withHost(parts.host())
              .withPort(parts.port())
              .withSsl(parts.url().getScheme().equals("rediss"))
              .withDatabase(parts.database());
      char[] password = parts.password() == null ? new char[0] : parts.password().toCharArray();
      if (!parts.user().isEmpty()) {
        builder.withAuthentication(parts.user(), password);
      } else if (parts.password() != null) {
        builder.withPassword(password);
      }
      RedisURI uri = builder.build();
      uri.setTimeout(TIMEOUT);
      uri.setClientName("authgear-auth-request");
      return uri;
    } catch (IllegalArgumentException _) {
      // Its message and cause hold the password.
      throw new IllegalArgumentException("the URL of Redis is not understood");
    }
  }

  static String password(String url) {
    String password = Parts.of(url).password();
    return password == null ? "" : password;
  }

  /**
   * Connects in the background, now and whenever the connection is lost.
   *
   * @param url {@code redis://} or {@code rediss://}, with user and password where needed
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
    RedisMarks shared = new RedisMarks(url, project, marks, listener, followed);
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
        } catch (RedisException | ExecutionException | TimeoutException e) {
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
    try (StatefulRedisPubSubConnection<String, String> subscription =
            connected(client.connectPubSubAsync(StringCodec.UTF8, uri));
        StatefulRedisConnection<String, String> commands =
            connected(client.connectAsync(StringCodec.UTF8, uri))) {
      subscription.addListener(
          new RedisPubSubAdapter<String, String>() {
            @Override
            public void message(String from, String text) {
              if (Heartbeat.isOne(text)) {
                receiveBeat(text);
              } else {
                UserEvent _ = receive(text);
              }
            }
          });
      await(subscription.async().subscribe(channel));
      // From here on marks are both compared and put into the queue: none can slip through.
      outgoing.clear();
      collecting = true;
      // Read before the marks: what it says is told is among them.
      Heartbeat last = lastBeat(commands);
      long read = System.nanoTime();
      compare(commands);
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
          await(commands.async().ping());
          await(subscription.async().ping());
        } else {
          List<Message> batch = new ArrayList<>();
          batch.add(first);
          outgoing.drainTo(batch, BATCH - 1);
          tell(commands, batch);
        }
        if (overflowed) {
          overflowed = false;
          compare(commands);
        }
      }
    }
  }

  private void tell(StatefulRedisConnection<String, String> commands, List<Message> batch)
      throws InterruptedException, ExecutionException, TimeoutException {
    List<UserEvent> events = new ArrayList<>();
    for (Message message : batch) {
      switch (message) {
        case Marked marked -> events.add(marked.event());
        case Beat beat -> {
          publish(commands, events);
          events.clear();
          if (!overflowed) {
            String[] keys = {beatKey};
            RedisFuture<Long> told =
                commands
                    .async()
                    .eval(BEAT, ScriptOutputType.INTEGER, keys, beat.heartbeat().text(), channel);
            Long _ = await(told);
          }
        }
      }
    }
    publish(commands, events);
  }

  private static <C extends AutoCloseable> C connected(ConnectionFuture<C> connecting)
      throws InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture<C> connection = connecting.toCompletableFuture();
    try {
      return connection.get(2 * TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException | TimeoutException e) {
      // One that comes too late is not kept.
      CompletableFuture<Void> _ = connection.thenAccept(RedisMarks::closeQuietly);
      throw e;
    }
  }

  private static void closeQuietly(AutoCloseable connection) {
    try {
      connection.close();
    } catch (Exception e) {
      LOG.atDebug().setCause(e).log("closing a late connection");
    }
  }

  /** Takes what is there and this replica lacks, and adds what is not. */
  private void compare(StatefulRedisConnection<String, String> commands)
      throws InterruptedException, ExecutionException, TimeoutException {
    Map<String, Told> there = new HashMap<>();
    long members = 0;
    double firstEnd = Double.POSITIVE_INFINITY;
    ScanArgs page = ScanArgs.Builder.limit(1_000);
    ScoredValueScanCursor<String> cursor = await(commands.async().zscan(key, page));
    while (true) {
      for (ScoredValue<String> member : cursor.getValues()) {
        members++;
        firstEnd = Math.min(firstEnd, member.getScore());
        UserEvent event = receive(member.getValue());
        if (event != null && there.size() <= 2 * ChangeMarks.CAPACITY) {
          there.merge(event.userId(), Told.by(event), Told::and);
        }
      }
      if (cursor.isFinished() || closed.getCount() == 0) {
        break;
      }
      cursor = await(commands.async().zscan(key, cursor, page));
    }
    if (members >= ChangeMarks.CAPACITY) {
      // There was no room for those whose end came first.
      marks.mayLack((long) ((firstEnd - ChangeMarks.RETENTION.toMillis()) / 1000));
    }
    List<UserEvent> missing =
        marks.snapshot().stream()
            .filter(event -> !there.getOrDefault(event.userId(), Told.NOTHING).says(event))
            .toList();
    for (int i = 0; i < missing.size(); i += BATCH) {
      publish(commands, missing.subList(i, Math.min(i + BATCH, missing.size())));
    }
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

  private void publish(StatefulRedisConnection<String, String> commands, List<UserEvent> events)
      throws InterruptedException, ExecutionException, TimeoutException {
    List<RedisFuture<Long>> answers = new ArrayList<>();
    for (UserEvent event : events) {
      answers.add(
          commands
              .async()
              .eval(
                  ADD,
                  ScriptOutputType.INTEGER,
                  new String[] {key},
                  EventText.write(event),
                  Long.toString(Math.min(marks.end(event), LAST_END)),
                  Integer.toString(ChangeMarks.CAPACITY),
                  channel));
    }
    for (RedisFuture<Long> answer : answers) {
      Long _ = await(answer);
      listener.moved(Transit.PUBLISHED);
    }
  }

  /** What followers said last, as old as it is by now; null if that is long ago. */
  private @Nullable Heartbeat lastBeat(StatefulRedisConnection<String, String> commands)
      throws InterruptedException, ExecutionException, TimeoutException {
    if (followed == null) {
      return null;
    }
    String[] keys = {beatKey};
    RedisFuture<List<String>> answer =
        commands.async().eval(LAST_BEAT, ScriptOutputType.MULTI, keys);
    List<String> last = await(answer);
    try {
      return last.size() == 2
          ? Heartbeat.read(last.getFirst()).afterMore(Long.parseLong(last.getLast()))
          : null;
    } catch (IllegalArgumentException _) {
      listener.moved(Transit.MALFORMED);
      return null;
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

  private static <T> T await(Future<T> answer)
      throws InterruptedException, ExecutionException, TimeoutException {
    return answer.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Once for each time that the connection is lost. */
  private void complain(Exception e) {
    if (closed.getCount() == 0 || complained) {
      return;
    }
    complained = true;
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    LOG.atWarn()
        .addKeyValue("cause", root.getClass().getSimpleName())
        .addKeyValue("detail", withoutPassword(String.valueOf(root.getMessage())))
        .log("no connection to Redis: marks are not shared until it is back");
  }

  private String withoutPassword(String message) {
    return password.isEmpty() ? message : message.replace(password, "(not shown)");
  }

  /** Takes a second or two at most, whatever Redis does. */
  @Override
  public void close() {
    closed.countDown();
    thread.interrupt();
    try {
      thread.join(Duration.ofSeconds(1));
      client.shutdownAsync(0, 500, TimeUnit.MILLISECONDS).get(1, TimeUnit.SECONDS);
      resources.shutdown(0, 500, TimeUnit.MILLISECONDS).get(1, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.atWarn().setCause(e).log("the connection to Redis did not close in time");
    }
  }
}
