package com.authgear.authrequest.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchedFilesTest {

  private final Authority authority = new Authority();
  private final HeldCertificate first = authority.sign();
  private final HeldCertificate second = authority.sign();
  private final List<Material> taken = new ArrayList<>();
  private int refusals;
  private Instant now = Instant.now();

  @TempDir private Path folder;

  private PemFiles files;
  private WatchedFiles watched;

  @BeforeEach
  void start() {
    files = authority.write(folder, first);
    watched = watch(files);
  }

  @AfterEach
  void stop() {
    watched.close();
  }

  private WatchedFiles watch(PemFiles watchedFiles) {
    return new WatchedFiles(
        watchedFiles,
        Contents.read(watchedFiles),
        () -> now,
        new WatchedFiles.FileChangeListener() {
          @Override
          public void taken(Material material) {
            taken.add(material);
          }

          @Override
          public void refused() {
            refusals++;
          }
        });
  }

  private void look(int times) {
    for (int i = 0; i < times; i++) {
      watched.look();
    }
  }

  @Test
  void look_nothingChanged_doesNothing() {
    look(3);
    assertThat(taken).isEmpty();
    assertThat(refusals).isZero();
    assertThat(watched.problem()).isEmpty();
  }

  @Test
  void look_changed_takesItOnceWhenItWasTheSameTwice() {
    authority.write(folder, second);
    look(1);
    assertThat(taken).isEmpty();
    look(1);
    assertThat(taken).hasSize(1);
    look(3);
    assertThat(taken).hasSize(1);
    assertThat(refusals).isZero();
  }

  @Test
  void look_filesChangeOneAfterTheOther_showsNeitherHalf() throws IOException {
    Files.writeString(files.certificate(), second.certificatePem());
    look(1);
    Files.writeString(files.certificate(), authority.chainPem(second));
    look(1);
    Files.writeString(files.key(), second.privateKeyPkcs8Pem());
    look(1);
    assertThat(taken).isEmpty();
    look(1);
    assertThat(taken).hasSize(1);
    assertThat(refusals).isZero();
  }

  @Test
  void look_halfAFileThatStays_keepsWhatThereWasAndSaysSo() throws IOException {
    String key = second.privateKeyPkcs8Pem();
    Files.writeString(files.certificate(), authority.chainPem(second));
    Files.writeString(files.key(), key.substring(0, key.length() / 2));
    look(3);
    assertThat(taken).isEmpty();
    assertThat(refusals).isEqualTo(2);
    assertThat(watched.problem()).contains(files.key() + " is cut off or damaged");

    Files.writeString(files.key(), key);
    look(2);
    assertThat(taken).hasSize(1);
    assertThat(watched.problem()).isEmpty();
  }

  @Test
  void look_removed_keepsWhatThereWas() throws IOException {
    Files.delete(files.certificate());
    look(2);
    assertThat(watched.problem()).contains(files.certificate() + " cannot be read: no such file");

    authority.write(folder, first);
    look(1);
    assertThat(watched.problem()).isEmpty();
    assertThat(taken).isEmpty();
  }

  @Test
  void look_expired_keepsWhatThereWas() {
    authority.write(folder, authority.signFrom(now.minus(Duration.ofDays(1))));
    look(2);
    assertThat(taken).isEmpty();
    assertThat(watched.problem())
        .hasValueSatisfying(why -> assertThat(why).contains("has expired"));
  }

  @Test
  void look_notYetValid_isTakenWhenItIs() {
    authority.write(folder, authority.signFrom(now.plus(Duration.ofHours(1))));
    look(2);
    assertThat(taken).isEmpty();
    assertThat(refusals).isEqualTo(1);

    now = now.plus(Duration.ofMinutes(61));
    look(1);
    assertThat(taken).hasSize(1);
  }

  @Test
  void look_clientCaAdded_isTaken() throws IOException {
    Authority another = new Authority();
    Files.writeString(files.clientCa().orElseThrow(), authority.rootPem() + another.rootPem());
    look(2);
    assertThat(taken).hasSize(1);
  }

  /** As the kubelet does with a mounted Secret: the files are links through ..data. */
  @Test
  void look_linkOfTheFolderMoved_isTaken() throws IOException {
    Path mount = Files.createDirectory(folder.resolve("mount"));
    Path old = Files.createDirectory(mount.resolve("..1"));
    Path fresh = Files.createDirectory(mount.resolve("..2"));
    authority.write(old, first);
    authority.write(fresh, second);
    Files.createSymbolicLink(mount.resolve("..data"), Path.of("..1"));
    for (String name : List.of("tls.crt", "tls.key", "ca.crt")) {
      Files.createSymbolicLink(mount.resolve(name), Path.of("..data", name));
    }
    watched.close();
    watched =
        watch(
            new PemFiles(
                mount.resolve("tls.crt"),
                mount.resolve("tls.key"),
                Optional.of(mount.resolve("ca.crt"))));
    look(2);
    assertThat(taken).isEmpty();

    Path swapped = Files.createSymbolicLink(mount.resolve("..data_tmp"), Path.of("..2"));
    Files.move(swapped, mount.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    look(2);
    assertThat(taken).hasSize(1);
    assertThat(refusals).isZero();
  }
}
