package com.authgear.authrequest.support;

import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.awaitility.Awaitility;

/** The real service and the project that it asks, on loopback. */
public final class ServiceWithSandbox implements AutoCloseable {

  private final Sandbox sandbox;
  private final Service service;

  private ServiceWithSandbox(Sandbox sandbox, Service service) {
    this.sandbox = sandbox;
    this.service = service;
  }

  /**
   * Starts both and waits until the service can decide.
   *
   * @param more settings besides where to listen and whom to ask
   */
  public static ServiceWithSandbox start(Map<String, String> more) throws IOException {
    return start(more, InstantSource.system());
  }

  /**
   * The same, both by a clock.
   *
   * @param clock may be one that stands still until it is moved
   */
  public static ServiceWithSandbox start(Map<String, String> more, InstantSource clock)
      throws IOException {
    Sandbox sandbox = Sandbox.start(SandboxOptions.loopback(clock));
    Map<String, String> environment = new HashMap<>(more);
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_LOG_LEVEL", "warn");
    environment.put("AUTHGEAR_DRAIN", "1s");
    Service service =
        switch (SettingsReader.read(environment)) {
          case Accepted accepted -> Service.start(accepted.settings(), clock, "test");
          case Refused refused -> throw new AssertionError(refused.report());
        };
    URI ready = URI.create("http://127.0.0.1:" + service.managementPort() + "/readyz");
    try (HttpClient http = HttpClient.newHttpClient()) {
      Awaitility.await("the service to be ready")
          .until(
              () ->
                  http.send(HttpRequest.newBuilder(ready).build(), BodyHandlers.discarding())
                          .statusCode()
                      == 200);
    }
    return new ServiceWithSandbox(sandbox, service);
  }

  /** Where proxies ask. */
  public InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
  }

  /** Who can come. */
  public Project project() {
    return sandbox.project();
  }

  /** Whom the service asks. */
  public Sandbox sandbox() {
    return sandbox;
  }

  @Override
  public void close() {
    service.close();
    sandbox.close();
  }
}
