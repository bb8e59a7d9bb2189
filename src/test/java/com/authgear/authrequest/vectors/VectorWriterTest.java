package com.authgear.authrequest.vectors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class VectorWriterTest {

  private static final Path FOLDER = Path.of("src/test/resources/vectors");

  /** If one differs on purpose, run {@code VectorWriter.main} and commit the files. */
  @Test
  void files_areThoseOfTheRepository() throws IOException {
    for (Map.Entry<String, String> file : VectorWriter.files().entrySet()) {
      assertThat(file.getValue())
          .as(file.getKey())
          .isEqualTo(Files.readString(FOLDER.resolve(file.getKey())));
    }
  }

  @Test
  void files_areAllButTheKeys() throws IOException {
    Set<String> there = new TreeSet<>();
    try (Stream<Path> files = Files.list(FOLDER)) {
      files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(".json") && !file.equals("keys.json"))
          .forEach(there::add);
    }
    assertThat(VectorWriter.files().keySet()).isEqualTo(there);
  }
}
