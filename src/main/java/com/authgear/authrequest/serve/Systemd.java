package com.authgear.authrequest.serve;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd that the service listens, where a unit has {@code Type=notify} (sd_notify(3)): one
 * datagram to the Unix socket that {@code NOTIFY_SOCKET} names. Java has no such sockets, so the C
 * library is called.
 */
public final class Systemd {

  private static final Logger LOG = LoggerFactory.getLogger(Systemd.class);

  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM_CLOEXEC = 2 | 02000000;

  /** {@code sizeof(sockaddr_un.sun_path)} of Linux. */
  private static final int LONGEST_PATH = 108;

  private Systemd() {}

  /**
   * Does nothing where systemd does not wait for it. A failure is logged: systemd then gives up.
   */
  public static void ready(Map<String, String> environment) {
    String address = environment.getOrDefault("NOTIFY_SOCKET", "");
    if (address.isEmpty()) {
      return;
    }
    try {
      send(address, "READY=1");
    } catch (Throwable e) {
      LOG.error("systemd cannot be told that the service is ready", e);
    }
  }

  @SuppressWarnings("restricted") // the manifest has Enable-Native-Access
  private static void send(String address, String state) throws Throwable {
    byte[] path = address.getBytes(StandardCharsets.UTF_8);
    if (path.length > LONGEST_PATH || (path[0] != '/' && path[0] != '@')) {
      throw new IllegalArgumentException("NOTIFY_SOCKET is no address of a Unix socket");
    }
    if (path[0] == '@') {
      path[0] = 0; // the abstract namespace
    }
    byte[] message = state.getBytes(StandardCharsets.UTF_8);
    MethodHandle socket = function("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    MethodHandle sendto =
        function("sendto", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
    MethodHandle close = function("close", JAVA_INT, JAVA_INT);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment to = arena.allocate(2L + LONGEST_PATH, JAVA_SHORT.byteAlignment());
      to.set(JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(path, 0, to, JAVA_BYTE, 2, path.length);
      int descriptor = (int) socket.invokeExact(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
      if (descriptor < 0) {
        throw new IllegalStateException("no socket");
      }
      try {
        long sent =
            (long)
                sendto.invokeExact(
                    descriptor,
                    arena.allocateFrom(JAVA_BYTE, message),
                    (long) message.length,
                    0,
                    to,
                    2 + path.length);
        if (sent != message.length) {
          throw new IllegalStateException("the socket does not take it");
        }
      } finally {
        int closed = (int) close.invokeExact(descriptor);
        assert closed == 0;
      }
    }
  }

  @SuppressWarnings("restricted")
  private static MethodHandle function(
      String name, MemoryLayout result, MemoryLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
  }
}
