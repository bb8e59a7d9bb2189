package com.authgear.authrequest.http.jetty;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.internal.HttpConnection;

/**
 * Connections that bound what headers cost, end those of clients whose header does not come to an
 * end, and cut off what a proxy appends to a prefix and a policy's name, such as {@code
 * /ext-authz/{policy}}: the client's path and query. Jetty would refuse some of them (dots above
 * the root, encoded slashes) before any handler could say that they mean nothing here.
 */
public final class PolicyPathConnectionFactory extends HttpConnectionFactory {

  /** A proxy passes on some dozens; each takes many times its own bytes of the heap. */
  static final int MOST_FIELDS = 512;

  /** Jetty's parser keeps room for the longest part of a header as long as its connection lives. */
  static final int LONGEST_KEPT = 8 * 1024;

  private final String prefix;
  private final Duration headerTimeout;
  private final UnfinishedHeaders unfinished;

  /**
   * @param prefix of the paths that end with a policy's name, such as {@code /ext-authz/}
   * @param headerTimeout how long the rest of a request's header may take once its first part is
   *     here
   * @param unfinished the headers of which only a part is here, of all connections
   */
  public PolicyPathConnectionFactory(
      HttpConfiguration configuration,
      String prefix,
      Duration headerTimeout,
      UnfinishedHeaders unfinished) {
    super(configuration);
    this.prefix = prefix;
    this.headerTimeout = headerTimeout;
    this.unfinished = unfinished;
  }

  @Override
  public Connection newConnection(Connector connector, EndPoint endPoint) {
    HttpConnection connection =
        new PolicyPathConnection(getHttpConfiguration(), connector, endPoint);
    connection.setTransferEncodingChunkMaxLength(getTransferEncodingChunkMaxLength());
    return configure(connection, connector, endPoint);
  }

  private String policyPath(String uri) {
    if (!uri.startsWith(prefix)) {
      return uri;
    }
    int end = prefix.length();
    while (end < uri.length() && uri.charAt(end) != '/' && uri.charAt(end) != '?') {
      end++;
    }
    return uri.substring(0, end);
  }

  private final class PolicyPathConnection extends HttpConnection
      implements UnfinishedHeaders.Header {

    private static final long NONE = -1;

    /** The number of the last request whose header came in parts; only it has a deadline. */
    private volatile long inParts = NONE;

    /** A request had a longer part than is worth keeping room for. */
    private volatile boolean last;

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
      if (uri.length() > LONGEST_KEPT) {
        last = true;
      }
      return new HttpStreamOverHTTP1(method, policyPath(uri), version) {
        @Override
        public void succeeded() {
          super.succeeded();
          if (last) {
            getEndPoint().close(); // or it would live on until the client closes it too
          }
        }
      };
    }

    @Override
    protected RequestHandler newRequestHandler() {
      return new BoundedRequests();
    }

    /**
     * The idle timeout begins again with each byte; one byte now and then would hold a connection
     * for ever. A request that arrives in one piece, as proxies send them, costs nothing here.
     */
    @Override
    public void onFillable() {
      super.onFillable();
      long request = getMessagesIn();
      if (isWithinHeader() && inParts != request) {
        inParts = request;
        unfinished.begin(this);
        if (!isUnfinished(request)) {
          unfinished.end(this); // another thread read the rest meanwhile
          return;
        }
        getConnector()
            .getScheduler()
            .schedule(
                () -> {
                  if (isUnfinished(request)) {
                    getEndPoint().close();
                  }
                },
                headerTimeout.toMillis(),
                TimeUnit.MILLISECONDS);
      }
    }

    @Override
    public void onClose(Throwable cause) {
      unfinished.end(this);
      super.onClose(cause);
    }

    @Override
    public void displace() {
      if (isUnfinished(inParts)) {
        getEndPoint().close();
      }
    }

    private boolean isUnfinished(long request) {
      return getMessagesIn() == request && isWithinHeader();
    }

    private boolean isWithinHeader() {
      return getParser().inHeaderState() && !getParser().isStart();
    }

    /** Bounds the fields of a request, and says when its header has ended. */
    private final class BoundedRequests extends RequestHandler {

      private int fields;

      @Override
      public void startRequest(String method, String uri, HttpVersion version) {
        fields = 0;
        super.startRequest(method, uri, version);
      }

      @Override
      public void parsedHeader(HttpField field) {
        count();
        if (field.getValue() != null && field.getValue().length() > LONGEST_KEPT) {
          last = true;
        }
        super.parsedHeader(field);
      }

      @Override
      public void parsedTrailer(HttpField field) {
        count();
        super.parsedTrailer(field);
      }

      private void count() {
        fields++;
        if (fields > MOST_FIELDS) {
          throw new HttpException.RuntimeException(HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE_431);
        }
      }

      @Override
      public boolean headerComplete() {
        if (inParts == getMessagesIn()) {
          unfinished.end(PolicyPathConnection.this);
        }
        if (last) {
          getGenerator().setPersistent(false); // the answer says so
        }
        return super.headerComplete();
      }
    }
  }
}
