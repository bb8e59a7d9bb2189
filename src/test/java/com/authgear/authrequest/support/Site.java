package com.authgear.authrequest.support;

import com.authgear.authrequest.sandbox.AuthgearEndpoint;
import com.authgear.authrequest.sandbox.Sandbox;
import com.authgear.authrequest.sandbox.SandboxOptions;
import com.authgear.authrequest.serve.Service;
import com.authgear.authrequest.settings.SettingsReader;
import com.authgear.authrequest.settings.SettingsReader.Accepted;
import com.authgear.authrequest.settings.SettingsReader.Refused;
import com.authgear.authrequest.wire.RecordingServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;

/**
 * The real service behind a real nginx with the shipped files, in front of a backend that remembers
 * what reached it. The sandbox and the service share a clock that stands still until it is moved.
 */
public final class Site implements AutoCloseable {

  private final HttpClient http = HttpClient.newBuilder().version(Version.HTTP_1_1).build();
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final SettableClock clock = new SettableClock();
  private final Sandbox sandbox;
  private final RecordingServer backend;
  private final Service service;
  private final Nginx nginx;

  /** Starts all of it with the shipped nginx.conf and waits until the service is ready. */
  public Site() throws IOException {
    this(Map.of(), UnaryOperator.identity());
  }

  /** The same with settings of the service. */
  public Site(Map<String, String> settings) throws IOException {
    this(settings, UnaryOperator.identity());
  }

  /**
   * Starts all of it and waits until the service is ready.
   *
   * @param settings besides where to listen and whom to ask
   * @param nginxConf what a user might have changed in nginx.conf
   */
  public Site(Map<String, String> settings, UnaryOperator<String> nginxConf) throws IOException {
    try {
      sandbox = Sandbox.start(SandboxOptions.loopback(clock));
      parts.push(sandbox);
      backend = RecordingServer.start(_ -> RecordingServer.answer(200));
      parts.push(backend);
      service = serve(sandbox, clock, settings);
      parts.push(service);
      nginx = Nginx.start(serviceAddress(), backend.address(), nginxConf);
      parts.push(nginx);
      Awaitility.await("the service to be ready")
          .until(() -> management("/readyz").startsWith("ready"));
    } catch (IOException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private static Service serve(Sandbox sandbox, SettableClock clock, Map<String, String> settings)
      throws IOException {
    Map<String, String> environment = new HashMap<>();
    environment.put("AUTHGEAR_ENDPOINT", sandbox.origin());
    environment.put("AUTHGEAR_RESOLVER_URL", sandbox.resolverUrl());
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:0");
    environment.put("AUTHGEAR_DRAIN", "0s");
    environment.putAll(settings);
    return switch (SettingsReader.read(environment)) {
      case Accepted accepted -> Service.start(accepted.settings(), clock, "test");
      case Refused refused -> throw new AssertionError(refused.report());
    };
  }

  public SettableClock clock() {
    return clock;
  }

  public Sandbox sandbox() {
    return sandbox;
  }

  public RecordingServer backend() {
    return backend;
  }

  public Service service() {
    return service;
  }

  public int nginxPort() {
    return nginx.port();
  }

  /** The access log as nginx.conf has it. */
  public String nginxLog() {
    return nginx.accessLog();
  }

  /**
   * Begins to close the service and returns when it denies what comes. It is closed once the
   * sandbox has answered, and at the latest after AUTHGEAR_DRAIN.
   */
  public void beginToClose() {
    Thread closing = Thread.ofVirtual().start(service::close);
    parts.push(
        () -> {
          reset();
          closing.join();
        });
    Awaitility.await("the service to drain")
        .until(() -> management("/readyz").contains("draining"));
  }

  public InetSocketAddress serviceAddress() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
  }

  /** Lets the backend forget and mends the sandbox. */
  public void reset() {
    backend.reset(_ -> RecordingServer.answer(200));
    for (AuthgearEndpoint endpoint : AuthgearEndpoint.values()) {
      sandbox.repair(endpoint);
    }
  }

  /** The status by which nginx answers a request with one further header. */
  public int status(String header, String value) {
    return sendAsync(header, value).join();
  }

  public int statusWith(String token) {
    return status("Authorization", "Bearer " + token);
  }

  public CompletableFuture<Integer> sendAsync(String header, String value) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + nginx.port() + "/orders"))
            .header(header, value)
            .build();
    return http.sendAsync(request, BodyHandlers.discarding())
        .thenApply(response -> response.statusCode());
  }

  /** What the management listener says at a path. */
  public String management(String path) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.managementPort() + path))
            .build();
    return http.sendAsync(request, BodyHandlers.ofString()).join().body();
  }

  /** The sum of a metric's series that have a label. */
  public double metric(String name, String label) {
    return management("/metrics")
        .lines()
        .filter(line -> line.startsWith(name + "{") && line.contains(label))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  @Override
  public void close() {
    http.close();
    for (AutoCloseable part : parts) {
      try {
        part.close();
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }
}
