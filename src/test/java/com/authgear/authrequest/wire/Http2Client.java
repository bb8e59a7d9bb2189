package com.authgear.authrequest.wire;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Sends one request over HTTP/2 without TLS (RFC 9113, prior knowledge), with the path and the
 * headers just as they are given, and waits for the end of the answer. What arrived tells the
 * backend.
 */
public final class Http2Client {

  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;
  private static final int ACK_OR_END_STREAM = 1;
  private static final int END_HEADERS = 4;
  private static final int STREAM = 1;

  private Http2Client() {}

  /**
   * @param headerLines as in HTTP/1.1; names are sent in small letters, as HTTP/2 demands
   */
  public static void get(int port, String path, String... headerLines) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(20_000);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      out.writeBytes(frame(SETTINGS, 0, 0, new byte[0]));
      ByteArrayOutputStream fields = new ByteArrayOutputStream();
      field(fields, ":method", "GET");
      field(fields, ":scheme", "http");
      field(fields, ":authority", "localhost");
      field(fields, ":path", path);
      for (String line : headerLines) {
        int colon = line.indexOf(':');
        field(
            fields,
            line.substring(0, colon).toLowerCase(Locale.ROOT),
            line.substring(colon + 1).strip());
      }
      out.writeBytes(frame(HEADERS, ACK_OR_END_STREAM | END_HEADERS, STREAM, fields.toByteArray()));
      socket.getOutputStream().write(out.toByteArray());
      await(socket);
    } catch (EOFException | SocketException hungUp) {
      // The proxy refused in its own way; the backend tells whether anything arrived.
    }
  }

  private static void await(Socket socket) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    while (true) {
      int lengthAndType = in.readInt();
      int flags = in.readUnsignedByte();
      in.readInt();
      in.skipNBytes(lengthAndType >>> 8);
      boolean endsStream = (flags & ACK_OR_END_STREAM) != 0;
      int type = lengthAndType & 0xff;
      if (type == SETTINGS && !endsStream) {
        socket.getOutputStream().write(frame(SETTINGS, ACK_OR_END_STREAM, 0, new byte[0]));
      }
      if (type == RST_STREAM
          || type == GOAWAY
          || ((type == HEADERS || type == DATA) && endsStream)) {
        return;
      }
    }
  }

  private static byte[] frame(int type, int flags, int stream, byte[] payload) {
    return ByteBuffer.allocate(9 + payload.length)
        .putInt(payload.length << 8 | type)
        .put((byte) flags)
        .putInt(stream)
        .put(payload)
        .array();
  }

  /** A literal without indexing and with a new name (RFC 7541, 6.2.2). */
  private static void field(ByteArrayOutputStream to, String name, String value) {
    to.write(0);
    text(to, name);
    text(to, value);
  }

  private static void text(ByteArrayOutputStream to, String text) {
    byte[] octets = text.getBytes(StandardCharsets.ISO_8859_1);
    if (octets.length < 127) {
      to.write(octets.length);
    } else {
      to.write(127);
      int rest = octets.length - 127;
      while (rest >= 128) {
        to.write(rest % 128 + 128);
        rest /= 128;
      }
      to.write(rest);
    }
    to.writeBytes(octets);
  }
}
