package com.authgear.authrequest.bench;

import com.authgear.authrequest.sandbox.Project;
import com.authgear.authrequest.sandbox.TokenOptions;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Files of header lines, one credential each. */
final class Credentials {

  /** Makes an access token of the sandbox about 1 KB long, as real ones with a few roles are. */
  private static final TokenOptions ONE_KILOBYTE =
      TokenOptions.DEFAULTS
          .withExpiresIn(Duration.ofHours(12))
          .withClaim("https://example.com/tenant", "0123456789abcdef".repeat(3));

  private static final int BATCH = 2000;

  private final Project project;
  private final Path folder;

  Credentials(Project project, Path folder) {
    this.project = project;
    this.folder = folder;
  }

  /** Each of a login of its own, as tokens of many users are. */
  Path accessTokens(int count) throws IOException {
    Instant now = Instant.now();
    Path file = folder.resolve("tokens-" + count);
    try (BufferedWriter writer = Files.newBufferedWriter(file)) {
      for (int written = 0; written < count; written += BATCH) {
        // Machine tokens too would do, but a location refuses them unless it says otherwise.
        List<String> batch =
            IntStream.range(written, Math.min(written + BATCH, count))
                .parallel()
                .mapToObj(
                    i ->
                        project.accessToken(
                            "alice", ONE_KILOBYTE.withAuthTime(now.minusSeconds(i))))
                .toList();
        for (String token : batch) {
          writer.write("Authorization: Bearer " + token + "\n");
        }
        // Only the resolver would need them, and a million of them would fill this process.
        if (count > 10_000) {
          batch.forEach(project::endSession);
          batch.forEach(project::revoke);
        }
      }
    }
    return file;
  }

  Path cookies(int count) throws IOException {
    return write(
        "cookies-" + count,
        IntStream.range(0, count)
            .mapToObj(_ -> "Cookie: " + project.sessionCookie("alice"))
            .toList());
  }

  /** Tokens that are none: what scanners and broken clients send. */
  Path garbage(int count) throws IOException {
    return write(
        "garbage-" + count,
        IntStream.range(0, count)
            .mapToObj(i -> "Authorization: Bearer garbage." + i + "." + "A1b2-C3d4_".repeat(95))
            .toList());
  }

  Path none() throws IOException {
    return write("none", List.of());
  }

  private Path write(String name, List<String> lines) throws IOException {
    return Files.write(folder.resolve(name), new ArrayList<>(lines));
  }
}
