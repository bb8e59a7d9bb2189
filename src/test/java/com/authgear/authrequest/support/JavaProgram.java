package com.authgear.authrequest.support;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How tests start one of the jars. The JVM compiles with C1 only: these programs live for seconds,
 * and what C2 would do in that time is two fifths of the processor time that a start costs.
 */
public final class JavaProgram {

  private JavaProgram() {}

  /** The words of the service's command line. */
  public static List<String> service(List<String> options, String... arguments) {
    return command(requireNonNull(System.getProperty("service.jar")), options, arguments);
  }

  /**
   * The same of any jar.
   *
   * @param options of the JVM
   */
  public static List<String> command(String jar, List<String> options, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(options);
    command.addAll(List.of("-jar", jar));
    command.addAll(List.of(arguments));
    return command;
  }
}
