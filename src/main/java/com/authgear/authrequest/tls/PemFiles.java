package com.authgear.authrequest.tls;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the PEM files are.
 *
 * @param certificate the server's certificate, then the intermediate ones
 * @param key of the first certificate
 * @param clientCa certificates of whom a client's must be signed by; empty: clients need none
 */
public record PemFiles(Path certificate, Path key, Optional<Path> clientCa) {

  /** The file of a role; there must be one. */
  public Path of(TlsFault.Role role) {
    return switch (role) {
      case CERTIFICATE -> certificate;
      case KEY -> key;
      case CLIENT_CA -> clientCa.orElseThrow();
    };
  }
}
