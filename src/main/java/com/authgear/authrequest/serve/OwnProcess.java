package com.authgear.authrequest.serve;

import org.slf4j.LoggerFactory;

/** The process that this program runs in. */
public final class OwnProcess {
  private OwnProcess() {}

  /** Closes it when the process is told to end. */
  public static void closeAtTheEnd(AutoCloseable running) {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("drain")
                .unstarted(
                    () -> {
                      int status = 0;
                      try {
                        running.close();
                      } catch (Exception e) {
                        status = 1;
                        LoggerFactory.getLogger(OwnProcess.class)
                            .atError()
                            .setCause(e)
                            .log("stopping");
                      }
                      // Without this the JVM reports the signal instead of a clean end.
                      Runtime.getRuntime().halt(status);
                    }));
  }

  /** As the jar's manifest says. */
  public static String version() {
    String version = OwnProcess.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
