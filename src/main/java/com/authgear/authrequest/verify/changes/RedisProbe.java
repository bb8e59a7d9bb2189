package com.authgear.authrequest.verify.changes;

import com.authgear.authrequest.redis.RedisUrl;
import com.authgear.authrequest.redis.RedisUrl.Node;
import com.authgear.authrequest.redis.RedisUrl.Standalone;
import com.authgear.authrequest.verify.changes.RedisNodes.Link;
import com.authgear.authrequest.verify.changes.RedisNodes.UnknownPrimaryException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Locale;
import javax.net.ssl.SSLException;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisMovedDataException;

/** One look at the Redis that replicas are to share, as the service would use it. */
public final class RedisProbe {

  private static final Duration TIMEOUT = Duration.ofSeconds(3);

  private RedisProbe() {}

  /** What became of it. */
  public sealed interface RedisProbeResult {}

  /**
   * It answers.
   *
   * @param address host and port
   * @param version as it says; empty if it does not tell
   * @param replica whether it says that it takes no writes
   * @param mayUse whether marks can be read there
   */
  public record Answered(String address, String version, boolean replica, boolean mayUse)
      implements RedisProbeResult {}

  /**
   * It does not.
   *
   * @param address host and port
   * @param detail what was said about it, without the password
   */
  public record Failed(String address, Failure failure, String detail)
      implements RedisProbeResult {}

  /** Why not. */
  public enum Failure {
    UNKNOWN_NAME,
    NO_CONNECTION,
    TIMEOUT,
    TLS,
    REFUSED_PASSWORD,
    UNKNOWN_PRIMARY,
    NEEDS_SENTINEL_URL,
    NEEDS_CLUSTER_URL,
    OTHER
  }

  /**
   * Connects with the password, if there is one, and asks for its version.
   *
   * @param url as in the settings
   * @param project as {@link RedisMarks} has it
   */
  public static RedisProbeResult ask(String url, String project) {
    RedisUrl parsed = RedisUrl.parse(url);
    String key = RedisMarks.key(project);
    String address = parsed.toString();
    try (RedisNodes nodes = new RedisNodes(parsed, key, TIMEOUT)) {
      Node node = nodes.locate();
      address = node.toString();
      try (Link link = nodes.connect(node)) {
        boolean _ = link.ping();
        String info = info(link);
        if (parsed.topology() instanceof Standalone
            && value(info, "redis_mode").equals("sentinel")) {
          return new Failed(address, Failure.NEEDS_SENTINEL_URL, "a Sentinel");
        }
        return new Answered(
            address,
            value(info, "redis_version"),
            value(info, "role").equals("slave"),
            mayUse(link, key));
      }
    } catch (JedisException e) {
      return failed(address, e, parsed);
    }
  }

  private static String info(Link link) {
    try {
      return RedisNodes.text(link.executeCommand(Command.INFO));
    } catch (JedisDataException _) {
      return "";
    }
  }

  private static boolean mayUse(Link link, String key) {
    try {
      Object _ = link.executeCommand(new CommandArguments(Command.ZCARD).add(key));
      return true;
    } catch (JedisMovedDataException e) {
      throw e;
    } catch (JedisDataException _) {
      return false;
    }
  }

  private static String value(String info, String name) {
    for (String line : info.split("\r?\n", -1)) {
      if (line.startsWith(name + ":")) {
        return line.substring(name.length() + 1).strip();
      }
    }
    return "";
  }

  private static Failed failed(String address, JedisException failure, RedisUrl url) {
    Throwable root = RedisNodes.root(failure);
    String message = String.valueOf(root.getMessage());
    Failure kind =
        switch (root) {
          case UnknownHostException _ -> Failure.UNKNOWN_NAME;
          case SocketTimeoutException _ -> Failure.TIMEOUT;
          case ConnectException e
              when String.valueOf(e.getMessage()).toUpperCase(Locale.ROOT).contains("TIMED OUT") ->
              Failure.TIMEOUT;
          case ConnectException _ -> Failure.NO_CONNECTION;
          case SSLException _ -> Failure.TLS;
          case GeneralSecurityException _ -> Failure.TLS;
          case UnknownPrimaryException _ -> Failure.UNKNOWN_PRIMARY;
          case JedisMovedDataException _ -> Failure.NEEDS_CLUSTER_URL;
          default -> refusesPassword(root, message) ? Failure.REFUSED_PASSWORD : Failure.OTHER;
        };
    return new Failed(address, kind, url.withoutPassword(message));
  }

  private static boolean refusesPassword(Throwable root, String message) {
    String upper = message.toUpperCase(Locale.ROOT);
    return root instanceof JedisException
        && (upper.contains("WRONGPASS")
            || upper.contains("NOAUTH")
            || upper.contains("INVALID PASSWORD")
            || upper.contains("WITHOUT ANY PASSWORD"));
  }
}
