package com.authgear.authrequest.proxies;

import com.authgear.authrequest.support.FreePort;
import com.authgear.authrequest.support.RunningProgram;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A proxy that runs in the foreground, with its files in a folder of its own. */
record ProxyProcess(RunningProgram program, int port) implements RunningProxy {

  /** What to run. */
  record Setup(List<String> command, Map<String, String> environment) {}

  /** Writes the files. */
  @FunctionalInterface
  interface Installation {
    Setup install(Path folder, int port) throws IOException;
  }

  /** Starts the program and waits until it accepts connections on the port that it was given. */
  static ProxyProcess start(Installation installation) {
    try {
      int port = FreePort.find();
      Path folder = Files.createTempDirectory("proxy");
      Setup setup = installation.install(folder, port);
      RunningProgram program = RunningProgram.start(folder, setup.command, setup.environment);
      return new ProxyProcess(program.awaitPort(port), port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String log() {
    return program.output();
  }

  @Override
  public void close() {
    program.close();
  }
}
