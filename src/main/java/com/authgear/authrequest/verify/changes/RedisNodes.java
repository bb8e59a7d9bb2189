package com.authgear.authrequest.verify.changes;

import com.authgear.authrequest.redis.RedisUrl;
import com.authgear.authrequest.redis.RedisUrl.Cluster;
import com.authgear.authrequest.redis.RedisUrl.Node;
import com.authgear.authrequest.redis.RedisUrl.Sentinels;
import com.authgear.authrequest.redis.RedisUrl.Standalone;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Connection;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.DefaultJedisSocketFactory;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.SslVerifyMode;
import redis.clients.jedis.exceptions.JedisAccessControlException;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisMovedDataException;

/**
 * Finds the node that has the marks, and connects to it. Whatever fails is a {@link
 * JedisException}; nothing is tried again here.
 */
final class RedisNodes implements AutoCloseable {

  /** No Sentinel knows a primary of the name that the URL has. */
  static final class UnknownPrimaryException extends JedisException {
    private static final long serialVersionUID = 1;

    UnknownPrimaryException(String primary) {
      super("no Sentinel knows a primary named " + primary);
    }
  }

  /** A connection that one thread may read while another one writes to it. */
  final class Link extends Connection {
    private boolean connected;

    private Link(DefaultJedisSocketFactory sockets, JedisClientConfig config) {
      super(sockets, config);
      open.add(this);
    }

    /**
     * Once only: Jedis would connect again where a closed connection is used, without user,
     * password and database.
     */
    @Override
    public void connect() {
      if (!connected) {
        super.connect();
        connected = true;
      } else if (!isConnected()) {
        throw new JedisConnectionException("the connection is closed");
      }
    }

    /** Sends a command whose answer another thread reads. */
    void send(CommandArguments command) {
      sendCommand(command);
      flush();
    }

    /** At once, also while another thread reads or writes. */
    @Override
    public void close() {
      open.remove(this);
      try {
        forceDisconnect();
      } catch (IOException e) {
        LOG.atDebug().setCause(e).log("closing a connection to Redis");
      }
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(RedisNodes.class);

  /** As many as a Cluster sends a client on while it changes. */
  private static final int MAX_REDIRECTS = 5;

  private final RedisUrl url;
  private final String key;
  private final Duration timeout;
  private final Set<Link> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * @param key whose node is meant, in a Cluster
   * @param timeout of a connection that is made, and of an answer
   */
  RedisNodes(RedisUrl url, String key, Duration timeout) {
    this.url = url;
    this.key = key;
    this.timeout = timeout;
  }

  /** The node that has the key and takes writes. */
  Node locate() {
    return switch (url.topology()) {
      case Standalone(Node node) -> node;
      case Sentinels(List<Node> sentinels, String primary) -> primary(sentinels, primary);
      case Cluster(List<Node> seeds) -> owner(seeds);
    };
  }

  /** Whether the node is still the one: only Sentinels may know that without saying so. */
  boolean mustAskAgain() {
    return url.topology() instanceof Sentinels;
  }

  /** The first Sentinel that knows is believed, as Redis' guide for clients says. */
  private Node primary(List<Node> sentinels, String name) {
    JedisException failure = new JedisConnectionException("no Sentinel answers");
    for (Node sentinel : sentinels) {
      try (Link link = connectToSentinel(sentinel)) {
        if (link.executeCommand(
                new CommandArguments(Command.SENTINEL).add("get-master-addr-by-name").add(name))
            instanceof List<?> address) {
          return new Node(host(text(address.get(0))), Integer.parseInt(text(address.get(1))));
        }
        failure = new UnknownPrimaryException(name);
      } catch (JedisException e) {
        e.addSuppressed(failure);
        failure = e;
      }
    }
    throw failure;
  }

  /** Without user and password, unless it asks for them: most Sentinels have none. */
  private Link connectToSentinel(Node sentinel) {
    Link link = connect(sentinel, config(false, 0, timeout));
    try {
      boolean _ = link.ping();
      return link;
    } catch (JedisAccessControlException e) {
      link.close();
      if (url.password().isEmpty()) {
        throw e;
      }
      return connect(sentinel, config(true, 0, timeout));
    } catch (JedisException e) {
      link.close();
      throw e;
    }
  }

  private Node owner(List<Node> seeds) {
    JedisException failure = new JedisConnectionException("no node of the Cluster answers");
    for (Node seed : seeds) {
      try {
        return owner(seed);
      } catch (JedisException e) {
        e.addSuppressed(failure);
        failure = e;
      }
    }
    throw failure;
  }

  private Node owner(Node seed) {
    Node node = seed;
    for (int i = 0; i < MAX_REDIRECTS; i++) {
      try (Link link = connect(node)) {
        Object _ = link.executeCommand(new CommandArguments(Command.ZSCAN).add(key).add("0"));
        return node;
      } catch (JedisMovedDataException e) {
        HostAndPort target = e.getTargetNode();
        // Without a host it is the one that was asked (Redis 7, cluster-preferred-endpoint-type).
        node =
            new Node(
                target.getHost().isEmpty() ? node.host() : host(target.getHost()),
                target.getPort());
      }
    }
    throw new JedisConnectionException("the Cluster sends us from node to node");
  }

  /** An IPv6 address in brackets, as in a URL. */
  private static String host(String host) {
    return host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
  }

  static String text(Object bulk) {
    return new String((byte[]) bulk, StandardCharsets.UTF_8);
  }

  /** Connects with user and password, in the database of the URL. */
  Link connect(Node node) {
    return connect(node, timeout);
  }

  /**
   * @param silence how long it may say nothing
   */
  Link connect(Node node, Duration silence) {
    return connect(node, config(!url.password().isEmpty(), url.database(), silence));
  }

  private Link connect(Node node, JedisClientConfig config) {
    Link link =
        new Link(
            new DefaultJedisSocketFactory(new HostAndPort(node.address(), node.port()), config),
            config);
    if (closed) {
      link.close();
      throw new JedisConnectionException("closed");
    }
    return link;
  }

  private JedisClientConfig config(boolean authenticated, int database, Duration silence) {
    DefaultJedisClientConfig.Builder config =
        DefaultJedisClientConfig.builder()
            // RESP2 without HELLO, which some servers that speak Redis' protocol do not know.
            .serverDefaultProtocol()
            .connectionTimeoutMillis(Math.toIntExact(timeout.toMillis()))
            .socketTimeoutMillis(Math.toIntExact(silence.toMillis()))
            .clientName("authgear-auth-request")
            .clientSetInfoConfig(ClientSetInfoConfig.DISABLED)
            .database(database);
    if (url.tls()) {
      config.sslOptions(SslOptions.builder().sslVerifyMode(SslVerifyMode.FULL).build());
    }
    if (authenticated) {
      config.password(url.password());
      if (!url.user().isEmpty()) {
        config.user(url.user());
      }
    }
    return config.build();
  }

  /** What went wrong at the bottom of it. */
  static Throwable root(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    // Jedis tries each address of a host, and keeps what came of each in this way.
    return root instanceof JedisConnectionException
            && root.getSuppressed().length > 0
            && root.getSuppressed()[0] instanceof IOException first
        ? first
        : root;
  }

  /** Ends every connection at once; none is made any more. */
  @Override
  public void close() {
    closed = true;
    open.forEach(Link::close);
  }
}
