package com.authgear.authrequest.serve;

import com.authgear.authrequest.http.Tls;
import com.authgear.authrequest.settings.Problem;
import com.authgear.authrequest.telemetry.Meters;
import com.authgear.authrequest.telemetry.TlsMeters;
import com.authgear.authrequest.tls.Contents;
import com.authgear.authrequest.tls.Material;
import com.authgear.authrequest.tls.Material.Bad;
import com.authgear.authrequest.tls.Material.Good;
import com.authgear.authrequest.tls.PemFiles;
import com.authgear.authrequest.tls.TlsFault;
import com.authgear.authrequest.tls.WatchedFiles;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** TLS of the main listener, from files to handshakes. Loaded only if it is on. */
final class ServedTls implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ServedTls.class);

  /** What changed is in use after two to three of these. */
  private static final Duration LOOK = Duration.ofSeconds(5);

  /** As for a request's header. */
  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

  private final InstantSource clock;
  private final TlsMeters meters;
  private final Tls tls;
  private final WatchedFiles watched;
  private final AtomicLong silentUntil = new AtomicLong(System.nanoTime());
  private volatile Material current;

  private ServedTls(
      PemFiles files, Contents contents, Material first, InstantSource clock, Meters meters) {
    this.clock = clock;
    current = first;
    this.meters = new TlsMeters(meters, () -> current.end());
    tls =
        new Tls(
            first.context(),
            first.needsClientCertificates(),
            HANDSHAKE_TIMEOUT,
            this::handshakeEnded);
    watched =
        new WatchedFiles(
            files,
            contents,
            clock,
            new WatchedFiles.FileChangeListener() {
              @Override
              public void taken(Material material) {
                tls.replace(material.context());
                current = material;
                ServedTls.this.meters.taken(material);
              }

              @Override
              public void refused() {
                ServedTls.this.meters.refused();
              }
            });
  }

  /**
   * Reads the files.
   *
   * @throws IOException if they cannot be used; its message says all that is wrong with them
   */
  static ServedTls read(PemFiles files, InstantSource clock, Meters meters) throws IOException {
    Contents contents = Contents.read(files);
    return switch (Material.of(contents)) {
      case Good(Material material) -> {
        LOG.atInfo()
            .addKeyValue("ends", material.end())
            .addKeyValue("client_certificates", material.needsClientCertificates())
            .log("TLS is on");
        material
            .unfitAt(clock.instant())
            .ifPresent(
                unfit ->
                    LOG.atError()
                        .addKeyValue("problem", unfit)
                        .log("a proxy that verifies the certificate will refuse it"));
        yield new ServedTls(files, contents, material, clock, meters);
      }
      case Bad bad ->
          throw new IOException(
              Problem.report(bad.faults().stream().map(fault -> problem(fault, files)).toList()));
    };
  }

  private static Problem problem(TlsFault fault, PemFiles files) {
    String key =
        switch (fault.file()) {
          case CERTIFICATE -> "AUTHGEAR_TLS_CERTIFICATE";
          case KEY -> "AUTHGEAR_TLS_KEY";
          case CLIENT_CA -> "AUTHGEAR_TLS_CLIENT_CA";
        };
    return new Problem(
        key,
        Problem.quote(files.of(fault.file()).toString()) + " " + fault.what(),
        "accepted: " + fault.remedy());
  }

  Tls tls() {
    return tls;
  }

  /** Begins to look for changes. */
  void watch() {
    watched.start(LOOK);
  }

  /** What an operator should fix, though connections may still be made. */
  Optional<String> problem() {
    return watched
        .problem()
        .map(problem -> "changed TLS files are not in use: " + problem)
        .or(() -> current.unfitAt(clock.instant()).map(unfit -> "the TLS certificate " + unfit));
  }

  private void handshakeEnded(@Nullable Throwable failure, String peer) {
    meters.handshake(failure == null);
    if (failure == null || !(failure instanceof SSLException)) {
      return;
    }
    long due = silentUntil.get();
    long now = System.nanoTime();
    if (now - due >= 0 && silentUntil.compareAndSet(due, now + LOG_INTERVAL.toNanos())) {
      Throwable root = failure;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      LOG.atWarn()
          .addKeyValue("peer", peer)
          .addKeyValue("problem", root.getMessage())
          .log("a TLS handshake failed; further ones in this minute are only counted");
    }
  }

  @Override
  public void close() {
    watched.close();
  }
}
