package com.authgear.authrequest.verify.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisURI;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedisUrlTest {

  @ParameterizedTest
  @CsvSource({
    "redis://my_redis, my_redis, 6379, 0, , ",
    "redis://my_redis:6380/2, my_redis, 6380, 2, , ",
    "rediss://user:p%40ss@my_redis:6380/2, my_redis, 6380, 2, user, p@ss",
    "redis://:a+b@redis.svc, redis.svc, 6379, 0, , a+b",
    "redis://secret@redis.svc:6379/, redis.svc, 6379, 0, , secret",
    "redis://[::1]:6380, [::1], 6380, 0, , ",
    "redis://[::1], [::1], 6379, 0, , "
  })
  void uri_hasThePartsOfTheUrl(
      String url,
      String host,
      int port,
      int database,
      @Nullable String user,
      @Nullable String password) {
    RedisURI uri = RedisMarks.uri(url);
    RedisMarks.Parts parts = RedisMarks.Parts.of(url);

    assertThat(uri.getHost()).isEqualTo(host);
    assertThat(uri.getPort()).isEqualTo(port);
    assertThat(uri.getDatabase()).isEqualTo(database);
    assertThat(uri.isSsl()).isEqualTo(url.startsWith("rediss:"));
    assertThat(parts.user()).isEqualTo(user == null ? "" : user);
    assertThat(parts.password()).isEqualTo(password);
    assertThat(RedisMarks.password(url)).isEqualTo(password == null ? "" : password);
  }

  @Test
  void uri_notUnderstood_isNotQuoted() {
    assertThatThrownBy(() -> RedisMarks.uri("redis://:hunter2@host:port"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessageNotContaining("hunter2");
  }
}
