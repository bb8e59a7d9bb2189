package com.authgear.authrequest.proxies;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that is shipped, with this machine's addresses in place of the examples'.
 *
 * @param text what is left of the shipped text
 */
record ShippedFile(String text) {

  static ShippedFile read(String path) throws IOException {
    return new ShippedFile(Files.readString(Path.of(path)));
  }

  /** Replaces a text that must stand there. */
  ShippedFile with(String shipped, String replacement) {
    assertThat(text).contains(shipped);
    return new ShippedFile(text.replace(shipped, replacement));
  }

  ShippedFile with(String shipped, InetSocketAddress replacement) {
    return with(shipped, replacement.getAddress().getHostAddress() + ":" + replacement.getPort());
  }
}
