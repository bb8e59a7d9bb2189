package com.authgear.authrequest.support;

import com.authgear.authrequest.demo.Demo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A port of loopback for a program that must be told a number. It stays held until this JVM ends:
 * bound, but not listening. Linux gives such a port to no socket that asks for any port, refuses
 * connections to it, and lets a program that sets {@code SO_REUSEADDR} listen on it, as servers do.
 * So a program may also end and start again at the same address.
 */
public final class FreePort {

  private static final boolean LINUX = System.getProperty("os.name").equals("Linux");
  private static final Collection<Socket> HELD = new ConcurrentLinkedQueue<>();

  private FreePort() {}

  public static int find() {
    try {
      Socket socket = new Socket(); // a ServerSocket would listen
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      int port = socket.getLocalPort();
      if (LINUX) {
        HELD.add(socket);
      } else {
        socket.close(); // elsewhere the program could not listen
      }
      return port;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One for each part of the demo. */
  public static Demo.Ports ofDemo() {
    return new Demo.Ports(find(), find(), find(), find(), find(), find(), find());
  }
}
