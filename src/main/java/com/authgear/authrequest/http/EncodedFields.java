package com.authgear.authrequest.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.PreEncodedHttpField;

/**
 * Several header fields in the bytes of the answer, for Jetty to write at once where it would write
 * one: ten fields one by one are ten times as many objects to touch.
 */
final class EncodedFields extends PreEncodedHttpField {

  private static final String SEPARATOR = ": ";
  private static final String END = "\r\n";

  private final byte[][] around;
  private final byte[][] values;
  private final int length;

  private EncodedFields(byte[][] around, byte[][] values, int length) {
    super("x-authgear", ""); // never written
    this.around = around;
    this.values = values;
    this.length = length;
  }

  /** What a field takes on the wire. */
  static int bytes(String name, String value) {
    return name.length() + SEPARATOR.length() + value.length() + END.length();
  }

  /** What all of them take on the wire. */
  int bytes() {
    return length;
  }

  /** The values by name, as they are written. */
  Map<String, String> byName() {
    ByteBuffer written = ByteBuffer.allocate(length);
    putTo(written, HttpVersion.HTTP_1_1);
    Map<String, String> fields = new LinkedHashMap<>();
    new String(written.array(), StandardCharsets.ISO_8859_1)
        .lines()
        .map(line -> line.split(SEPARATOR, 2))
        .forEach(field -> fields.put(field[0], field[1]));
    return fields;
  }

  @Override
  public void putTo(ByteBuffer answer, HttpVersion version) {
    for (int i = 0; i < values.length; i++) {
      answer.put(around[i]).put(values[i]);
    }
    answer.put(around[values.length]);
  }

  @Override
  public int getEncodedLength(HttpVersion version) {
    return length;
  }

  /**
   * Fields of which some have the same value in many answers. Those are encoded once; what stands
   * around the others is kept in pieces.
   */
  static final class Template {
    private final byte[][] around;
    private final int length;

    /**
     * @param fields by name, in their order; a value that is empty here is filled in each time
     */
    Template(SequencedMap<String, Optional<String>> fields) {
      List<byte[]> pieces = new ArrayList<>();
      StringBuilder piece = new StringBuilder();
      fields.forEach(
          (name, value) -> {
            piece.append(name).append(SEPARATOR);
            if (value.isPresent()) {
              piece.append(oneLine(value.get()));
            } else {
              pieces.add(encoded(piece.toString()));
              piece.setLength(0);
            }
            piece.append(END);
          });
      pieces.add(encoded(piece.toString()));
      this.around = pieces.toArray(byte[][]::new);
      this.length = pieces.stream().mapToInt(bytes -> bytes.length).sum();
    }

    /**
     * @param values one for each that is filled in, in their order
     */
    EncodedFields with(String... values) {
      if (values.length != around.length - 1) {
        throw new IllegalArgumentException(values.length + " values");
      }
      byte[][] encoded = new byte[values.length][];
      int all = length;
      for (int i = 0; i < values.length; i++) {
        encoded[i] = encoded(oneLine(values[i]));
        all += encoded[i].length;
      }
      return new EncodedFields(around, encoded, all);
    }

    /** Nothing after this looks at a value, so a line break would begin a new field. */
    private static String oneLine(String value) {
      for (int i = 0; i < value.length(); i++) {
        char c = value.charAt(i);
        if (c < ' ' || c == 0x7f || c > 0xff) {
          throw new IllegalStateException("a verifier let a character pass");
        }
      }
      return value;
    }

    private static byte[] encoded(String text) {
      return text.getBytes(StandardCharsets.ISO_8859_1);
    }
  }
}
