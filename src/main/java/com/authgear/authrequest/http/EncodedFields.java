package com.authgear.authrequest.http;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.PreEncodedHttpField;

/**
 * Several header fields in the bytes of the answer, for Jetty to write at once where it would write
 * one: ten fields one by one are ten times as many objects to touch.
 */
final class EncodedFields extends PreEncodedHttpField {

  private static final String SEPARATOR = ": ";
  private static final String END = "\r\n";

  private final byte[] encoded;

  private EncodedFields(byte[] encoded) {
    super("x-authgear", ""); // never written
    this.encoded = encoded;
  }

  /** What a field takes on the wire. */
  static int bytes(String name, String value) {
    return name.length() + SEPARATOR.length() + value.length() + END.length();
  }

  /** What all of them take on the wire. */
  int bytes() {
    return encoded.length;
  }

  /** The values by name, as they are written. */
  Map<String, String> byName() {
    Map<String, String> fields = new LinkedHashMap<>();
    new String(encoded, StandardCharsets.ISO_8859_1)
        .lines()
        .map(line -> line.split(SEPARATOR, 2))
        .forEach(field -> fields.put(field[0], field[1]));
    return fields;
  }

  @Override
  public void putTo(ByteBuffer answer, HttpVersion version) {
    answer.put(encoded);
  }

  @Override
  public int getEncodedLength(HttpVersion version) {
    return encoded.length;
  }

  /** Collects fields. */
  static final class Builder {
    private final ByteArrayOutputStream encoded = new ByteArrayOutputStream(512);

    /** Nothing after this looks at the value, so a line break would begin a new field. */
    void add(String name, String value) {
      for (int i = 0; i < value.length(); i++) {
        char c = value.charAt(i);
        if (c < ' ' || c == 0x7f || c > 0xff) {
          throw new IllegalStateException("a verifier let a character pass, for " + name);
        }
      }
      encoded.writeBytes((name + SEPARATOR + value + END).getBytes(StandardCharsets.ISO_8859_1));
    }

    EncodedFields build() {
      return new EncodedFields(encoded.toByteArray());
    }
  }
}
