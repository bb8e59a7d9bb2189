package com.authgear.authrequest.settings;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything that an operator can choose for the command {@code follow}, checked.
 *
 * @param endpoint the project's public origin
 * @param adminApi where the audit log is read
 * @param interval how often it is read; more than zero
 * @param overlap how late an entry may appear; more than zero
 * @param rolesRefuse whether services that cannot ask the resolver refuse tokens that are older
 *     than a change of roles
 * @param tell who is told
 * @param managementListen where metrics and probes are served
 * @param log how it logs
 */
public record FollowSettings(
    URI endpoint,
    AdminApi adminApi,
    Duration interval,
    Duration overlap,
    boolean rolesRefuse,
    Tell tell,
    ListenAddress managementListen,
    Log log) {

  /**
   * How the Admin API is asked.
   *
   * @param graphql the URL, {@code /graphql} included
   * @param appId {@code aud} of its tokens
   * @param keyId {@code kid} of its tokens
   */
  public record AdminApi(URI graphql, String appId, String keyId, AdminApiKey key) {}

  /**
   * Who is told; at least one of both.
   *
   * @param redisUrl the Redis that the services share; empty if there is none
   * @param targets origins of services; empty for none
   * @param secret signs what targets are told; null if there are none
   */
  public record Tell(Optional<Secret> redisUrl, List<URI> targets, @Nullable Secret secret) {
    public Tell {
      targets = List.copyOf(targets);
    }
  }

  /** How it logs. */
  public record Log(LogFormat format, LogLevel level) {}
}
