package com.authgear.authrequest.tls;

import com.authgear.authrequest.tls.TlsFault.Role;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What the files held when they were read. Two are equal if they held the same.
 *
 * @param texts of the files that could be read
 * @param faults of the others
 */
public record Contents(Map<Role, String> texts, List<TlsFault> faults) {

  /** The certificates of all public authorities are a quarter of this. */
  private static final int LARGEST = 1024 * 1024;

  public Contents {
    texts = Map.copyOf(texts);
    faults = List.copyOf(faults);
  }

  /** Reads them now. */
  public static Contents read(PemFiles files) {
    Map<Role, String> texts = new EnumMap<>(Role.class);
    List<TlsFault> faults = new ArrayList<>();
    read(Role.CERTIFICATE, files.certificate(), texts, faults);
    read(Role.KEY, files.key(), texts, faults);
    files.clientCa().ifPresent(path -> read(Role.CLIENT_CA, path, texts, faults));
    return new Contents(texts, faults);
  }

  private static void read(Role role, Path path, Map<Role, String> texts, List<TlsFault> faults) {
    String cause;
    // A pipe would wait for its writer.
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      cause = "it is no regular file";
    } else {
      try (InputStream in = Files.newInputStream(path)) {
        byte[] bytes = in.readNBytes(LARGEST + 1);
        if (bytes.length <= LARGEST) {
          texts.put(role, new String(bytes, StandardCharsets.ISO_8859_1));
          return;
        }
        cause = "it is larger than 1 MiB";
      } catch (NoSuchFileException _) {
        cause = "no such file";
      } catch (AccessDeniedException _) {
        cause = "permission denied";
      } catch (IOException e) {
        cause = String.valueOf(e.getMessage());
      }
    }
    faults.add(
        new TlsFault(role, "cannot be read: " + cause, "a PEM file that this process may read"));
  }

  /** Not the texts: one of them is a private key. */
  @Override
  public String toString() {
    return "Contents" + texts.keySet() + faults;
  }
}
