package com.authgear.authrequest.wire;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 request or response just as it was on the wire: names keep their case, lines their
 * order.
 *
 * @param startLine the request line or the status line
 * @param fields the header lines
 * @param body the content as ISO-8859-1, chunks joined
 */
public record HttpMessage(String startLine, List<Field> fields, String body) {

  public record Field(String name, String value) {}

  /** Null when the peer closed the connection instead of sending a request. */
  static @Nullable HttpMessage readRequest(InputStream in) throws IOException {
    return read(in, false, false);
  }

  /**
   * @param bodiless whether the response has no content whatever its headers say, as after HEAD
   */
  static HttpMessage readResponse(InputStream in, boolean bodiless) throws IOException {
    HttpMessage message = read(in, true, bodiless);
    if (message == null) {
      throw new EOFException("connection closed without a response");
    }
    return message;
  }

  private static @Nullable HttpMessage read(InputStream in, boolean response, boolean bodiless)
      throws IOException {
    String startLine = readLine(in);
    if (startLine == null) {
      return null;
    }
    List<Field> fields = new ArrayList<>();
    for (String line = readLine(in); line != null && !line.isEmpty(); line = readLine(in)) {
      int colon = line.indexOf(':');
      fields.add(new Field(line.substring(0, colon), line.substring(colon + 1).strip()));
    }
    HttpMessage head = new HttpMessage(startLine, List.copyOf(fields), "");
    if (bodiless || startLine.matches("HTTP/1.1 (101|204|304) .*")) {
      return head;
    }
    return new HttpMessage(startLine, head.fields, head.readBody(in, response));
  }

  private String readBody(InputStream in, boolean response) throws IOException {
    List<String> length = values("content-length");
    if (!length.isEmpty()) {
      return text(in.readNBytes(Integer.parseInt(length.getFirst())));
    }
    if (values("transfer-encoding").contains("chunked")) {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      for (int size = chunkSize(in); size > 0; size = chunkSize(in)) {
        body.writeBytes(in.readNBytes(size));
        readLine(in);
      }
      readLine(in);
      return text(body.toByteArray());
    }
    return response ? text(in.readAllBytes()) : "";
  }

  private static int chunkSize(InputStream in) throws IOException {
    String line = readLine(in);
    if (line == null) {
      throw new EOFException("connection closed within chunks");
    }
    return Integer.parseInt(line, 16);
  }

  private static @Nullable String readLine(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int octet = in.read(); octet >= 0; octet = in.read()) {
      if (octet == '\n') {
        return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
      }
      line.write(octet);
    }
    return null;
  }

  /** The status code of a response. */
  public int status() {
    return Integer.parseInt(startLine.split(" ", 3)[1]);
  }

  /** The values of all lines with a name, in any case. */
  public List<String> values(String name) {
    return fields.stream()
        .filter(field -> field.name.equalsIgnoreCase(name))
        .map(Field::value)
        .toList();
  }

  private static String text(byte[] octets) {
    return new String(octets, StandardCharsets.ISO_8859_1);
  }
}
