package com.authgear.authrequest.tls;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a PEM file (RFC 7468), and the text around them left out.
 *
 * @param whole false if a block does not end or is not Base64
 */
record Pem(List<Block> blocks, boolean whole) {

  /**
   * One of them.
   *
   * @param label such as {@code CERTIFICATE}
   * @param der null if it is encrypted in the manner of RFC 1421, which has headers
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Block(String label, byte @Nullable [] der) {}

  private static final Pattern LINE =
      Pattern.compile("^-----(?<edge>BEGIN|END) (?<label>[A-Z0-9 ]+)-----\\s*$", Pattern.MULTILINE);

  static Pem read(String text) {
    List<Block> blocks = new ArrayList<>();
    Matcher line = LINE.matcher(text);
    String open = null;
    int begin = 0;
    boolean whole = true;
    while (line.find()) {
      String label = line.group("label");
      if (line.group("edge").equals("BEGIN")) {
        whole &= open == null;
        open = label;
        begin = line.end();
      } else if (label.equals(open)) {
        whole &= add(label, text.substring(begin, line.start()), blocks);
        open = null;
      } else {
        whole = false;
      }
    }
    // A file that is cut off within a line has no such line.
    whole &= open == null && count(text, "-----BEGIN ") == count(text, "-----END ");
    return new Pem(blocks, whole);
  }

  private static boolean add(String label, String body, List<Block> blocks) {
    if (body.contains("ENCRYPTED")) {
      blocks.add(new Block(label, null));
      return true;
    }
    try {
      blocks.add(new Block(label, Base64.getDecoder().decode(body.replaceAll("\\s", ""))));
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  private static int count(String text, String part) {
    int count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
      count++;
    }
    return count;
  }

  List<Block> labelled(String label) {
    return blocks.stream().filter(block -> block.label().equals(label)).toList();
  }
}
