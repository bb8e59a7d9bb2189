package com.authgear.authrequest.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.authgear.authrequest.redis.RedisUrl.Cluster;
import com.authgear.authrequest.redis.RedisUrl.Node;
import com.authgear.authrequest.redis.RedisUrl.Sentinels;
import com.authgear.authrequest.redis.RedisUrl.Standalone;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedisUrlTest {

  @ParameterizedTest
  @CsvSource({
    "redis://my_redis, my_redis, 6379, 0, , ",
    "redis://my_redis:6380/2, my_redis, 6380, 2, , ",
    "redis://my_redis:/, my_redis, 6379, 0, , ",
    "rediss://user:p%40ss@my_redis:6380/2, my_redis, 6380, 2, user, p@ss",
    "redis://:a+b@redis.svc, redis.svc, 6379, 0, , a+b",
    "redis://:a@b:c@redis.svc, redis.svc, 6379, 0, , a@b:c",
    "redis://:pässword@redis.svc, redis.svc, 6379, 0, , pässword",
    "redis://secret@redis.svc:6379/, redis.svc, 6379, 0, , secret",
    "redis://@redis.svc, redis.svc, 6379, 0, , ",
    "redis://[::1]:6380, [::1], 6380, 0, , ",
    "redis://[::1], [::1], 6379, 0, , "
  })
  void parse_ofOneNode_hasThePartsOfTheUrl(
      String text,
      String host,
      int port,
      int database,
      @Nullable String user,
      @Nullable String password) {
    assertThat(RedisUrl.parse(text))
        .isEqualTo(
            new RedisUrl(
                new Standalone(new Node(host, port)),
                text.startsWith("rediss:"),
                user == null ? "" : user,
                password == null ? "" : password,
                database));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "redis-sentinel://user:p%40ss@one,two:26380,[::1]:26381/2#my-primary",
        "redis-sentinel://user:p%40ss@one,two:26380,[::1]:26381/2?sentinelMasterId=my-primary",
        "rediss-sentinel://user:p%40ss@one,two:26380,[::1]:26381/2#my%2Dprimary"
      })
  void parse_ofSentinels_hasThePrimarysName(String text) {
    assertThat(RedisUrl.parse(text))
        .isEqualTo(
            new RedisUrl(
                new Sentinels(
                    List.of(
                        new Node("one", 26_379),
                        new Node("two", 26_380),
                        new Node("[::1]", 26_381)),
                    "my-primary"),
                text.startsWith("rediss-"),
                "user",
                "p@ss",
                2));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"redis-cluster://:pw@one,two:7000", "rediss-cluster://:pw@one,two:7000/0"})
  void parse_ofCluster_hasItsNodes(String text) {
    assertThat(RedisUrl.parse(text))
        .isEqualTo(
            new RedisUrl(
                new Cluster(List.of(new Node("one", 6_379), new Node("two", 7_000))),
                text.startsWith("rediss-"),
                "",
                "pw",
                0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http://:hunter2@host | does not start with redis://",
        "redis:hunter2 | does not start with redis://",
        "REDIS://:hunter2@host | does not start with redis://",
        "redis+sentinel://:hunter2@host/x | does not start with redis://",
        "redis-socket:///hunter2 | does not start with redis://",
        "redis://:hunter2@host:port | has no valid host and port",
        "redis://:hunter2@ | has no valid host and port",
        "redis:// | has no valid host and port",
        "redis://:hunter2@host:0 | has no valid host and port",
        "redis://:hunter2@host:65536 | has no valid host and port",
        "redis://:hunter2@host:123456 | has no valid host and port",
        "redis://:hunter2@a:1:2 | has no valid host and port",
        "redis://:hunter2@::1 | has no valid host and port",
        "redis://:hunter2@host/x | has a path that is no database number",
        "redis://:hunter2@host/1/2 | has a path that is no database number",
        "redis://:hunter2@host?timeout=9s | has a query or fragment",
        "redis://:hunter2@host#primary | has a query or fragment",
        "redis://:hunter2@one,two | names several hosts",
        "redis://:hunter2%@host | must be percent-encoded",
        "redis://:hunter2^@host | must be percent-encoded",
        "redis-sentinel://:hunter2@one,two | does not name the primary",
        "redis-sentinel://:hunter2@one,two# | does not name the primary",
        "redis-sentinel://:hunter2@one,,two#p | has no valid host and port",
        "redis-sentinel://:hunter2@one,two,#p | has no valid host and port",
        "redis-sentinel://:hunter2@one/p#p | has a path that is no database number",
        "redis-sentinel://:hunter2@one?timeout=9s#p | has a query that is more",
        "redis-sentinel://:hunter2@one?sentinelMasterId=p#p | has a query that is more",
        "redis-sentinel://:hunter2@one?sentinelMasterId=p&timeout=9s | has a query that is more",
        "redis-cluster://:hunter2@one,two/1 | a Cluster knows only 0",
        "redis-cluster://:hunter2@one,two#p | has a query or fragment",
      })
  void parse_notUnderstood_saysWhyAndQuotesNothing(String text, String problem) {
    assertThatThrownBy(() -> RedisUrl.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessageContaining(problem)
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void toString_showsNeitherUserNorPassword() {
    RedisUrl url = RedisUrl.parse("redis-sentinel://alice:hunter2@one,[::1]:26380#p");
    assertThat(url).hasToString("one:26379,[::1]:26380");
    assertThat(url.withoutPassword("WRONG hunter2")).isEqualTo("WRONG (not shown)");
    assertThat(url.topology().nodes().get(1).address()).isEqualTo("::1");
  }
}
