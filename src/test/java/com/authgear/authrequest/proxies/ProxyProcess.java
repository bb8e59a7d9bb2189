package com.authgear.authrequest.proxies;

import com.authgear.authrequest.support.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A proxy that runs in the foreground, with its files in a folder of its own. */
final class ProxyProcess implements RunningProxy {

  private static final int ATTEMPTS = 3;

  /** What to run. */
  record Setup(List<String> command, Map<String, String> environment) {}

  /** Writes the files. */
  @FunctionalInterface
  interface Installation {
    Setup install(Path folder, int port) throws IOException;
  }

  private final Path folder;
  private final Process process;
  private final int port;

  private ProxyProcess(Path folder, Process process, int port) {
    this.folder = folder;
    this.process = process;
    this.port = port;
  }

  /** Starts the program and waits until it accepts connections on the port that it was given. */
  static ProxyProcess start(Installation installation) {
    for (int attempt = 1; ; attempt++) {
      try {
        int port = FreePort.find();
        Path folder = Files.createTempDirectory("proxy");
        Setup setup = installation.install(folder, port);
        ProcessBuilder builder = new ProcessBuilder(setup.command);
        builder.environment().putAll(setup.environment);
        Process process =
            builder
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
        ProxyProcess proxy = new ProxyProcess(folder, process, port);
        Awaitility.await("the proxy to listen")
            .atMost(20, TimeUnit.SECONDS)
            .until(() -> !process.isAlive() || proxy.accepts());
        if (process.isAlive()) {
          return proxy;
        }
        String log = proxy.log();
        proxy.close();
        // Another process may have taken the port in the meantime.
        if (attempt == ATTEMPTS) {
          throw new AssertionError(setup.command + " did not start: " + log);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private boolean accepts() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public String log() {
    try {
      return Files.readString(folder.resolve("output"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("the proxy did not stop");
      }
      try (Stream<Path> paths = Files.walk(folder)) {
        for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
