package com.authgear.authrequest.verify.changes;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

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
    OTHER
  }

  /**
   * Connects with the password, if there is one, and asks for its version.
   *
   * @param url as in the settings
   * @param project as {@link RedisMarks} has it
   */
  public static RedisProbeResult ask(String url, String project) {
    RedisURI uri = RedisMarks.uri(url);
    uri.setTimeout(TIMEOUT);
    String address = uri.getHost() + ":" + uri.getPort();
    ClientResources resources =
        ClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            .addressResolverGroup(DefaultAddressResolverGroup.INSTANCE)
            .build();
    RedisClient client = RedisClient.create(resources, uri);
    client.setOptions(
        ClientOptions.builder()
            .autoReconnect(false)
            .socketOptions(SocketOptions.builder().connectTimeout(TIMEOUT).build())
            .maintNotificationsConfig(MaintNotificationsConfig.disabled())
            .timeoutOptions(TimeoutOptions.enabled(TIMEOUT))
            .build());
    try (StatefulRedisConnection<String, String> connection =
        client.connect(StringCodec.UTF8, uri)) {
      RedisCommands<String, String> redis = connection.sync();
      String _ = redis.ping();
      String info = info(redis);
      return new Answered(
          address,
          value(info, "redis_version"),
          value(info, "role").equals("slave"),
          mayUse(redis, RedisMarks.key(project)));
    } catch (RedisException e) {
      return failed(address, e, RedisMarks.password(url));
    } finally {
      client.shutdown(0, 500, TimeUnit.MILLISECONDS);
      var _ = resources.shutdown(0, 500, TimeUnit.MILLISECONDS);
    }
  }

  private static String info(RedisCommands<String, String> redis) {
    try {
      return redis.info();
    } catch (RedisCommandExecutionException _) {
      return "";
    }
  }

  private static boolean mayUse(RedisCommands<String, String> redis, String key) {
    try {
      return redis.zcard(key) >= 0;
    } catch (RedisCommandExecutionException _) {
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

  private static Failed failed(String address, RedisException failure, String password) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message = String.valueOf(root.getMessage());
    String upper = message.toUpperCase(Locale.ROOT);
    Failure kind =
        switch (root) {
          case UnknownHostException _ -> Failure.UNKNOWN_NAME;
          case ConnectException e when upper.contains("TIMED OUT") -> Failure.TIMEOUT;
          case ConnectException _ -> Failure.NO_CONNECTION;
          case SSLException _ -> Failure.TLS;
          case java.security.GeneralSecurityException _ -> Failure.TLS;
          default ->
              upper.contains("WRONGPASS")
                      || upper.contains("NOAUTH")
                      || upper.contains("INVALID PASSWORD")
                      || upper.contains("CALLED WITHOUT ANY PASSWORD")
                  ? Failure.REFUSED_PASSWORD
                  : upper.contains("TIMED OUT") || upper.contains("TIMEOUT")
                      ? Failure.TIMEOUT
                      : Failure.OTHER;
        };
    return new Failed(
        address, kind, password.isEmpty() ? message : message.replace(password, "(not shown)"));
  }
}
