package com.authgear.authrequest.http;

import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.internal.HttpConnection;

/**
 * Connections that cut off what a proxy appends to {@code /ext-authz/{policy}}: the client's path
 * and query. Jetty would refuse some of them (dots above the root, encoded slashes) before any
 * handler could say that they mean nothing here.
 */
final class PolicyPathConnectionFactory extends HttpConnectionFactory {

  PolicyPathConnectionFactory(HttpConfiguration configuration) {
    super(configuration);
  }

  @Override
  public Connection newConnection(Connector connector, EndPoint endPoint) {
    HttpConnection connection =
        new HttpConnection(getHttpConfiguration(), connector, endPoint) {
          @Override
          protected HttpStreamOverHTTP1 newHttpStream(
              String method, String uri, HttpVersion version) {
            return super.newHttpStream(method, policyPath(uri), version);
          }
        };
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
}
