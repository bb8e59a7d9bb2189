package com.authgear.authrequest.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
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

  /** The same names with ever other values. */
  static final class Names {
    private final List<String> names;

    Names(List<String> names) {
      this.names = List.copyOf(names);
    }

    /**
     * Nothing after this looks at a value, so a line break would begin a new field.
     *
     * @param values one for each name, in their order
     */
    EncodedFields with(String... values) {
      int length = 0;
      for (int i = 0; i < values.length; i++) {
        length += EncodedFields.bytes(names.get(i), values[i]);
      }
      byte[] encoded = new byte[length];
      int at = 0;
      for (int i = 0; i < values.length; i++) {
        at = put(names.get(i), encoded, at);
        at = put(SEPARATOR, encoded, at);
        requireOneLine(names.get(i), values[i]);
        at = put(values[i], encoded, at);
        at = put(END, encoded, at);
      }
      return new EncodedFields(encoded);
    }

    private static void requireOneLine(String name, String value) {
      for (int i = 0; i < value.length(); i++) {
        char c = value.charAt(i);
        if (c < ' ' || c == 0x7f || c > 0xff) {
          throw new IllegalStateException("a verifier let a character pass, for " + name);
        }
      }
    }

    private static int put(String text, byte[] encoded, int from) {
      for (int i = 0; i < text.length(); i++) {
        encoded[from + i] = (byte) text.charAt(i);
      }
      return from + text.length();
    }
  }
}
