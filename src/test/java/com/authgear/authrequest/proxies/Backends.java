package com.authgear.authrequest.proxies;

import com.authgear.authrequest.support.Folders;
import com.authgear.authrequest.support.Installed;
import com.authgear.authrequest.support.Programs;
import com.authgear.authrequest.wire.HttpMessage;
import com.authgear.authrequest.wire.RawClient;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;

/**
 * Backends that read paths in different ways: Express 5 and 4, a router by {@code new URL()}, two
 * that decode and then clean, Flask, and Tomcat's mapping of servlets. Each knows the same four
 * areas, and says which one it serves.
 */
final class Backends implements AutoCloseable {

  /** A part of the site, as a backend names it. */
  enum Area {
    ADMIN,
    CATALOG,
    PUBLIC,
    /** Everything else. */
    SITE
  }

  /** Kept, so that its level is. */
  private static final Logger TOMCAT = Logger.getLogger("org.apache");

  private static final Path SOURCES = Path.of("src/test/backends");

  private final List<Process> processes = new ArrayList<>();
  private final Tomcat tomcat = new Tomcat();
  private final Path folder;
  private final Map<String, Integer> ports = new TreeMap<>();
  private final Map<String, Map<String, Area>> known = new HashMap<>();

  private Backends(Path folder) {
    this.folder = folder;
  }

  static Backends start() throws IOException {
    Path node = Installed.node(SOURCES.resolve("node/server.mjs"));
    Path python = Installed.python(SOURCES.resolve("python/requirements.txt"));
    Backends backends = new Backends(Files.createTempDirectory("tomcat"));
    try {
      backends.run(List.of(Programs.require("node").toString(), node.toString()));
      backends.run(List.of(python.toString(), SOURCES.resolve("python/server.py").toString()));
      backends.startTomcat();
      return backends;
    } catch (IOException | LifecycleException | RuntimeException e) {
      backends.close();
      throw new AssertionError(e);
    }
  }

  /** Each process prints the ports of its backends on a line, and ends with its input. */
  private void run(List<String> command) throws IOException {
    Path errors = folder.resolve("errors-" + processes.size());
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    processes.add(process);
    BufferedReader output = process.inputReader();
    String line = output.readLine();
    if (line == null) {
      throw new IOException(command + ": " + Files.readString(errors));
    }
    JsonNode said = new JsonMapper().readTree(line);
    said.propertyStream().forEach(entry -> ports.put(entry.getKey(), entry.getValue().asInt()));
  }

  /** As lenient as Tomcat can be about what a path means. */
  private void startTomcat() throws LifecycleException {
    TOMCAT.setLevel(Level.OFF);
    tomcat.setBaseDir(folder.toString());
    tomcat.setHostname("localhost");
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    tomcat.getConnector().setProperty("relaxedPathChars", "\"<>[\\]^`{|}");
    tomcat.getConnector().setEncodedSolidusHandling(EncodedSolidusHandling.DECODE.getValue());
    tomcat.getConnector().setAllowBackslash(true);
    Context context = tomcat.addContext("", folder.toString());
    for (Area area : Area.values()) {
      String name = area.name().toLowerCase(Locale.ROOT);
      Tomcat.addServlet(context, name, new Serve(name))
          .addMapping(area == Area.SITE ? "/" : "/" + name + "/*");
    }
    tomcat.start();
    ports.put("tomcat", tomcat.getConnector().getLocalPort());
  }

  private static final class Serve extends HttpServlet {
    private static final long serialVersionUID = 1;
    private final String area;

    Serve(String area) {
      this.area = area;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.getOutputStream().print(area);
    }
  }

  /**
   * What each backend serves when it gets just this request line; one that serves nothing is not in
   * there.
   */
  Map<String, Area> served(String startLine) {
    return known.computeIfAbsent(startLine, this::ask);
  }

  private Map<String, Area> ask(String startLine) {
    Map<String, Area> served = new TreeMap<>();
    ports.forEach(
        (name, port) -> {
          try (RawClient client = new RawClient(port)) {
            HttpMessage answer =
                client.sendHead(
                    startLine
                        + "\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            if (answer.status() == 200 && !answer.body().isEmpty()) {
              served.put(name, Area.valueOf(answer.body().toUpperCase(Locale.ROOT)));
            }
          } catch (IOException e) {
            throw new AssertionError(name + ", asked \"" + startLine + "\"", e);
          }
        });
    return served;
  }

  @Override
  public void close() throws IOException {
    try {
      tomcat.stop();
      tomcat.destroy();
      for (Process process : processes) {
        process.outputWriter().close();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      }
    } catch (LifecycleException | InterruptedException e) {
      throw new AssertionError(e);
    }
    Folders.delete(folder);
  }
}
