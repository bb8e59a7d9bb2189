package com.authgear.authrequest.redis;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Where Redis is and how to come in:
 *
 * <pre>
 * redis://[user:password@]host[:port][/database]
 * redis-sentinel://[user:password@]host[:port],host[:port][/database]#primary
 * redis-cluster://[user:password@]host[:port],host[:port]
 * </pre>
 *
 * <p>With {@code rediss} in the place of {@code redis} each connection is TLS. The form with
 * Sentinels is Lettuce's, which names the primary after {@code #} or as {@code
 * ?sentinelMasterId=primary}. User, password and primary are percent-encoded; a plus is a plus. A
 * password alone may stand without its colon.
 *
 * @param user empty if there is none
 * @param password empty if there is none
 * @param database 0 in a Cluster, which has no other
 */
public record RedisUrl(Topology topology, boolean tls, String user, String password, int database) {

  private static final Pattern FORM =
      Pattern.compile(
          "(?<scheme>rediss?(-sentinel|-cluster)?)://(?<authority>[^/?#]*)"
              + "(?<path>/[^?#]*)?(\\?(?<query>[^#]*))?(#(?<fragment>.*))?");

  /** What no URL has unless it is percent-encoded. */
  private static final Pattern FOREIGN =
      Pattern.compile("[\\p{Cntrl}\\p{Z}\"<>\\\\^`{|}]|%(?![0-9A-Fa-f]{2})");

  private static final Pattern DATABASE = Pattern.compile("/?|/(?<number>[0-9]{1,5})");
  private static final Pattern ADDRESS =
      Pattern.compile("(?<host>\\[[^\\]]*]|[^:\\[\\]]+)(:(?<port>[0-9]{0,5}))?");
  private static final String PRIMARY_IN_QUERY = "sentinelMasterId=";

  /** What the nodes of the URL are to each other. */
  public sealed interface Topology {

    /** The nodes that the URL names, at least one. */
    List<Node> nodes();
  }

  /** One server, which has everything. */
  public record Standalone(Node node) implements Topology {
    @Override
    public List<Node> nodes() {
      return List.of(node);
    }
  }

  /**
   * Sentinels, each of which knows the address of the primary.
   *
   * @param primary what the Sentinels call it
   */
  public record Sentinels(List<Node> nodes, String primary) implements Topology {}

  /** Nodes of a Cluster, each of which knows which node has a key. */
  public record Cluster(List<Node> nodes) implements Topology {}

  /**
   * The address of one server.
   *
   * @param host a name, an IPv4 address, or an IPv6 address in brackets
   */
  public record Node(String host, int port) {

    /** For the resolver of names and for TLS: without brackets. */
    public String address() {
      return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException if it is none; the message says what the text has or lacks
   *     ("has no valid host and port"), never the text itself, and there is no cause
   */
  public static RedisUrl parse(String text) {
    Matcher url = FORM.matcher(text);
    if (!url.matches()) {
      throw new IllegalArgumentException(
          "does not start with redis:// or rediss://, nor with redis-sentinel://,"
              + " rediss-sentinel://, redis-cluster:// or rediss-cluster://");
    }
    if (FOREIGN.matcher(text).find()) {
      throw new IllegalArgumentException("has a character that must be percent-encoded");
    }
    String scheme = url.group("scheme");
    String authority = url.group("authority");
    int at = authority.lastIndexOf('@');
    String before = at < 0 ? "" : authority.substring(0, at);
    int colon = before.indexOf(':');
    String hosts = authority.substring(at + 1);
    return new RedisUrl(
        topology(scheme, hosts, part(url, "query"), part(url, "fragment")),
        scheme.startsWith("rediss"),
        decoded(colon < 0 ? "" : before.substring(0, colon)),
        decoded(before.substring(colon + 1)),
        database(scheme, part(url, "path")));
  }

  private static Topology topology(String scheme, String hosts, String query, String fragment) {
    if (scheme.endsWith("-sentinel")) {
      return new Sentinels(nodes(hosts, 26_379), primary(query, fragment));
    }
    if (!query.isEmpty() || !fragment.isEmpty()) {
      throw new IllegalArgumentException("has a query or fragment");
    }
    if (scheme.endsWith("-cluster")) {
      return new Cluster(nodes(hosts, 6_379));
    }
    if (hosts.indexOf(',') >= 0) {
      throw new IllegalArgumentException(
          "names several hosts, which only redis-sentinel:// and redis-cluster:// do");
    }
    return new Standalone(nodes(hosts, 6_379).getFirst());
  }

  private static String primary(String query, String fragment) {
    String name =
        query.startsWith(PRIMARY_IN_QUERY) ? query.substring(PRIMARY_IN_QUERY.length()) : fragment;
    boolean once = query.isEmpty() || (query.startsWith(PRIMARY_IN_QUERY) && fragment.isEmpty());
    if (!once || name.indexOf('&') >= 0) {
      throw new IllegalArgumentException("has a query that is more than the name of the primary");
    }
    if (name.isEmpty()) {
      throw new IllegalArgumentException("does not name the primary: #name at its end does");
    }
    return decoded(name);
  }

  private static List<Node> nodes(String hosts, int defaultPort) {
    List<Node> nodes = new ArrayList<>();
    for (String host : hosts.split(",", -1)) {
      Matcher address = ADDRESS.matcher(host);
      if (!address.matches()) {
        throw new IllegalArgumentException("has no valid host and port");
      }
      String digits = part(address, "port");
      int port = digits.isEmpty() ? defaultPort : Integer.parseInt(digits);
      if (port == 0 || port > 65_535) {
        throw new IllegalArgumentException("has no valid host and port");
      }
      nodes.add(new Node(address.group("host"), port));
    }
    return List.copyOf(nodes);
  }

  private static int database(String scheme, String path) {
    Matcher matcher = DATABASE.matcher(path);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("has a path that is no database number");
    }
    String number = part(matcher, "number");
    int database = number.isEmpty() ? 0 : Integer.parseInt(number);
    if (database != 0 && scheme.endsWith("-cluster")) {
      throw new IllegalArgumentException("has a database number, and a Cluster knows only 0");
    }
    return database;
  }

  private static String part(Matcher matcher, String group) {
    String text = matcher.group(group);
    return text == null ? "" : text;
  }

  /** Percent-decoded; a plus is a plus. */
  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** The text without the password. */
  public String withoutPassword(String text) {
    return password.isEmpty() ? text : text.replace(password, "(not shown)");
  }

  /** The addresses, with neither user nor password. */
  @Override
  public String toString() {
    return topology.nodes().stream().map(Node::toString).collect(Collectors.joining(","));
  }
}
