package com.authgear.authrequest.wire;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** One connection to a proxy over which a test sends what no well-behaved client would. */
public final class RawClient implements AutoCloseable {

  private final Socket socket;
  private final InputStream in;

  public RawClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(20_000);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** Sends a request with {@code Host} and the given header lines, and reads the response. */
  public HttpMessage send(String method, String target, String... headerLines) throws IOException {
    return sendWithBody("", method, target, headerLines);
  }

  /** The same with content; the header lines must say how long it is. */
  public HttpMessage sendWithBody(
      String content, String method, String target, String... headerLines) throws IOException {
    StringBuilder head =
        new StringBuilder(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n");
    for (String line : headerLines) {
      head.append(line).append("\r\n");
    }
    write(head + "\r\n" + content);
    return HttpMessage.readResponse(in, method.equals("HEAD"));
  }

  /** Sends a request as it stands. */
  public HttpMessage sendHead(String head) throws IOException {
    write(head);
    return HttpMessage.readResponse(in, head.startsWith("HEAD "));
  }

  private void write(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Sends octets after an upgrade and reads as many back. */
  public String echo(String text) throws IOException {
    write(text);
    return new String(in.readNBytes(text.length()), StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
