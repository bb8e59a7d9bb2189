package com.authgear.authrequest.sandbox;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * Where and as what the sandbox listens.
 *
 * @param clock the time of tokens and sessions
 * @param host address to listen on
 * @param port of the main listener; 0 for any free one
 * @param resolverPort of the resolver's listener; 0 for any free one
 * @param adminApiPort of the Admin API's listener; 0 for any free one
 * @param publicOrigin what the project believes its origin to be, such as {@code
 *     https://my-project.authgear.cloud}; the address it listens on if null
 * @param cookiePrefix the project's {@code http.cookie_prefix}
 * @param anyAddress whether an address that others can reach is really meant
 * @param edge whether the main listener passes {@code /_resolver/resolve} on to the resolver, as
 *     the edge of Authgear's SaaS does; without it that path is 404 there, as where Authgear is
 *     self-hosted
 */
public record SandboxOptions(
    InstantSource clock,
    String host,
    int port,
    int resolverPort,
    int adminApiPort,
    @Nullable String publicOrigin,
    String cookiePrefix,
    boolean anyAddress,
    boolean edge) {

  /**
   * @throws IllegalArgumentException if the address is not loopback and {@code anyAddress} is not
   *     set, or if the public origin is more or less than scheme and host
   */
  public SandboxOptions {
    if (!anyAddress && !isLoopback(host)) {
      throw new IllegalArgumentException(
          "the sandbox gives credentials to whoever asks, so it listens on loopback only, not on "
              + host);
    }
    if (publicOrigin != null && !isOrigin(publicOrigin)) {
      throw new IllegalArgumentException(
          "'" + publicOrigin + "' is no origin: http(s)://host[:port], nothing after it");
    }
  }

  /** Any free ports of 127.0.0.1, whose main one is also the project's origin. */
  public static SandboxOptions loopback(InstantSource clock) {
    return new SandboxOptions(clock, "127.0.0.1", 0, 0, 0, null, "", false, false);
  }

  public SandboxOptions withPort(int value) {
    return new SandboxOptions(
        clock,
        host,
        value,
        resolverPort,
        adminApiPort,
        publicOrigin,
        cookiePrefix,
        anyAddress,
        edge);
  }

  /** Another address of loopback. */
  public SandboxOptions withHost(String value) {
    return new SandboxOptions(
        clock,
        value,
        port,
        resolverPort,
        adminApiPort,
        publicOrigin,
        cookiePrefix,
        anyAddress,
        edge);
  }

  public SandboxOptions withResolverPort(int value) {
    return new SandboxOptions(
        clock, host, port, value, adminApiPort, publicOrigin, cookiePrefix, anyAddress, edge);
  }

  public SandboxOptions withAdminApiPort(int value) {
    return new SandboxOptions(
        clock, host, port, resolverPort, value, publicOrigin, cookiePrefix, anyAddress, edge);
  }

  public SandboxOptions withPublicOrigin(String value) {
    return new SandboxOptions(
        clock, host, port, resolverPort, adminApiPort, value, cookiePrefix, anyAddress, edge);
  }

  public SandboxOptions withCookiePrefix(String value) {
    return new SandboxOptions(
        clock, host, port, resolverPort, adminApiPort, publicOrigin, value, anyAddress, edge);
  }

  /** Listens on an address that others may reach: only for one who knows why. */
  public SandboxOptions withAnyAddress(String value) {
    return new SandboxOptions(
        clock, value, port, resolverPort, adminApiPort, publicOrigin, cookiePrefix, true, edge);
  }

  /** As Authgear's SaaS, whose edge answers for the resolver at the public origin. */
  public SandboxOptions withEdge() {
    return new SandboxOptions(
        clock,
        host,
        port,
        resolverPort,
        adminApiPort,
        publicOrigin,
        cookiePrefix,
        anyAddress,
        true);
  }

  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static boolean isOrigin(String text) {
    try {
      URI uri = URI.create(text);
      return uri.getHost() != null
          && (text.equals("http://" + uri.getAuthority())
              || text.equals("https://" + uri.getAuthority()));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
