package com.authgear.authrequest.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/** The packaged service as a process that can be stopped and started again at the same address. */
public final class ServiceProcess implements AutoCloseable {

  private final HttpClient http = HttpClient.newHttpClient();
  private final int port = FreePort.find();
  private final int managementPort = FreePort.find();
  private final List<String> options;
  private RunningProgram process;

  /** Starts it with these settings in addition to where to listen. */
  public ServiceProcess(Map<String, String> settings) throws IOException {
    this(List.of(), settings);
  }

  /**
   * @param options of the JVM
   */
  public ServiceProcess(List<String> options, Map<String, String> settings) throws IOException {
    this.options = List.copyOf(options);
    process = run(settings);
  }

  private RunningProgram run(Map<String, String> settings) throws IOException {
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("AUTHGEAR_LISTEN", "127.0.0.1:" + port);
    environment.put("AUTHGEAR_MANAGEMENT_LISTEN", "127.0.0.1:" + managementPort);
    return RunningProgram.start(
        Files.createTempDirectory("service"), JavaProgram.service(options), environment);
  }

  public InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  public ServiceProcess awaitReady() {
    awaitReadiness(200);
    return this;
  }

  public void awaitReadiness(int status) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(90))
        .ignoreExceptionsInstanceOf(IOException.class)
        .until(() -> management("/readyz").statusCode() == status);
  }

  public HttpResponse<String> management(String path) throws Exception {
    URI url = URI.create("http://127.0.0.1:" + managementPort + path);
    return http.send(HttpRequest.newBuilder(url).build(), BodyHandlers.ofString());
  }

  /** The sum of a metric's series that have a label. */
  public double metric(String name, String label) throws Exception {
    return management("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + "{") && line.contains(label))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  /** The status of a request with a token. */
  public int ask(String token) throws Exception {
    URI url = URI.create("http://127.0.0.1:" + port + "/auth");
    return http.send(
            HttpRequest.newBuilder(url).header("Authorization", "Bearer " + token).build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  /** Where a project's webhooks go. */
  public String hooks() {
    return "http://127.0.0.1:" + port + "/hooks/authgear";
  }

  /** The memory that it has now, in KiB. */
  public long residentKib() throws IOException {
    return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** As a supervisor does: SIGTERM. */
  public void terminate() {
    process.terminate();
  }

  /** Waits until it has ended, with 0. */
  public void awaitExit() {
    assertThat(process.awaitExit(Duration.ofSeconds(60))).isZero();
  }

  /** Starts it again, at the same address; it must have ended. */
  public void start(Map<String, String> settings) throws IOException {
    process.close();
    process = run(settings);
  }

  /** Ends it with SIGKILL. */
  @Override
  public void close() {
    process.kill();
    process.close();
    http.close();
  }
}
