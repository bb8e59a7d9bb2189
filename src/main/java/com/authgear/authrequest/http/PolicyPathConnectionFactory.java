package com.authgear.authrequest.http;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.internal.HttpConnection;

/**
 * Connections that end those of clients whose header does not come to an end, and cut off what a
 * proxy appends to {@code /ext-authz/{policy}}: the client's path and query. Jetty would refuse
 * some of them (dots above the root, encoded slashes) before any handler could say that they mean
 * nothing here.
 */
final class PolicyPathConnectionFactory extends HttpConnectionFactory {

  private final Duration headerTimeout;

  /**
   * @param headerTimeout how long the rest of a request's header may take once its first part is
   *     here
   */
  PolicyPathConnectionFactory(HttpConfiguration configuration, Duration headerTimeout) {
    super(configuration);
    this.headerTimeout = headerTimeout;
  }

  @Override
  public Connection newConnection(Connector connector, EndPoint endPoint) {
    HttpConnection connection =
        new PolicyPathConnection(getHttpConfiguration(), connector, endPoint);
    connection.setTransferEncodingChunkMaxLength(getTransferEncodingChunkMaxLength());
    return configure(connection, connector, endPoint);
  }

  static String policyPath(String uri) {
    if (!uri.startsWith(AuthHandler.BY_PREFIX)) {
      return uri;
    }
    int end = AuthHandler.BY_PREFIX.length();
    while (end < uri.length() && uri.charAt(end) != '/' && uri.charAt(end) != '?') {
      end++;
    }
    return uri.substring(0, end);
  }

  private final class PolicyPathConnection extends HttpConnection {

    private static final long NONE = -1;

    /** The number of the request whose header has a deadline. */
    private volatile long timed = NONE;

    PolicyPathConnection(HttpConfiguration configuration, Connector connector, EndPoint endPoint) {
      super(configuration, connector, endPoint);
    }

    @Override
    protected HttpParser newHttpParser(HttpCompliance compliance) {
      HttpParser.HttpHandler handler = super.newHttpParser(compliance).getHandler();
      return new CredentialFieldsParser(
          (HttpParser.RequestHandler) handler,
          getHttpConfiguration().getRequestHeaderSize(),
          compliance);
    }

    @Override
    protected HttpStreamOverHTTP1 newHttpStream(String method, String uri, HttpVersion version) {
      return super.newHttpStream(method, policyPath(uri), version);
    }

    /**
     * The idle timeout begins anew with each byte; one byte now and then would hold a connection
     * for ever. A request that arrives in one piece, as proxies send them, costs nothing here.
     */
    @Override
    public void onFillable() {
      super.onFillable();
      long request = getMessagesIn();
      if (isWithinHeader() && timed != request) {
        timed = request;
        getConnector()
            .getScheduler()
            .schedule(
                () -> {
                  if (getMessagesIn() == request && isWithinHeader()) {
                    getEndPoint().close();
                  }
                },
                headerTimeout.toMillis(),
                TimeUnit.MILLISECONDS);
      }
    }

    private boolean isWithinHeader() {
      return getParser().inHeaderState() && !getParser().isStart();
    }
  }
}
