package com.authgear.authrequest.sandbox;

import java.util.Map;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Closes the connection of a request to an endpoint that is down, which a servlet cannot. */
final class DownGate extends Handler.Wrapper {

  private final Traffic traffic;
  private final Map<String, AuthgearEndpoint> endpoints;

  /**
   * @param endpoints by their paths
   */
  DownGate(Traffic traffic, Map<String, AuthgearEndpoint> endpoints) {
    this.traffic = traffic;
    this.endpoints = Map.copyOf(endpoints);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    AuthgearEndpoint endpoint = endpoints.get(Request.getPathInContext(request));
    if (endpoint != null && traffic.isDown(endpoint)) {
      callback.failed(new Request.Handler.AbortException("the endpoint is down"));
      return true;
    }
    return super.handle(request, response, callback);
  }
}
