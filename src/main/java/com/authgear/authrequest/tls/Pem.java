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
record Pem(List<PemBlock> blocks, boolean whole) {

  /**
   * One of them.
   *
   * @param label such as {@code CERTIFICATE}
   * @param der null if it is encrypted in the manner of RFC 1421, which has headers
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record PemBlock(String label, byte @Nullable [] der) {}

  private static final Pattern LINE =
      Pattern.compile("^-----(?<edge>BEGIN|END) (?<label>[A-Z0-9 ]+)-----\\s*$", Pattern.MULTILINE);

  static Pem read(String text) {
    List<PemBlock> blocks = new ArrayList<>();
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
    String last = text.substring(text.lastIndexOf('\n') + 1);
    return new Pem(
        blocks,
        whole
            && open == null
            && !isBroken(last, "-")
            && text.lines().noneMatch(each -> isBroken(each, "-----")));
  }

  /** Whether a line begins like one around a block, but is none: it may be cut off. */
  private static boolean isBroken(String line, String begin) {
    return line.startsWith(begin) && !LINE.matcher(line).matches();
  }

  private static boolean add(String label, String body, List<PemBlock> blocks) {
    if (body.contains("Proc-Type:")) {
      blocks.add(new PemBlock(label, null));
      return true;
    }
    try {
      blocks.add(new PemBlock(label, Base64.getDecoder().decode(body.replaceAll("\\s", ""))));
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  List<PemBlock> labelled(String label) {
    return blocks.stream().filter(block -> block.label().equals(label)).toList();
  }
}
