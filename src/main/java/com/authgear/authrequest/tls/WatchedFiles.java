package com.authgear.authrequest.tls;

import com.authgear.authrequest.tls.Material.Bad;
import com.authgear.authrequest.tls.Material.Good;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks again and again whether the files have changed. What changed is taken when it was found the
 * same twice in a row, so that nobody is shown half of a file, or a new certificate with the old
 * key; what cannot be used is not taken at all.
 */
public final class WatchedFiles implements AutoCloseable {

  /** Hears of changes. Called by one thread. */
  public interface FileChangeListener {

    /** New handshakes must use it. */
    void taken(Material material);

    /** What is there cannot be used; told again at each look. */
    void refused();
  }

  private static final Logger LOG = LoggerFactory.getLogger(WatchedFiles.class);

  private final PemFiles files;
  private final InstantSource clock;
  private final FileChangeListener listener;
  private final ScheduledExecutorService background =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("tls-files").factory());

  private Contents inUse;
  private Contents seen;
  private volatile @Nullable String problem;

  /**
   * @param inUse what is used already
   */
  public WatchedFiles(
      PemFiles files, Contents inUse, InstantSource clock, FileChangeListener listener) {
    this.files = files;
    this.inUse = inUse;
    this.seen = inUse;
    this.clock = clock;
    this.listener = listener;
  }

  /** Looks each time that an interval has passed; returns at once. */
  public void start(Duration interval) {
    ScheduledFuture<?> _ =
        background.scheduleWithFixedDelay(
            this::lookAndSurvive, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Why what the files hold is not in use; empty if it is. */
  public Optional<String> problem() {
    return Optional.ofNullable(problem);
  }

  private void lookAndSurvive() {
    try {
      look();
    } catch (RuntimeException e) {
      LOG.atError().setCause(e).log("looking for changed TLS files");
    }
  }

  void look() {
    Contents now = Contents.read(files);
    boolean settled = now.equals(seen);
    seen = now;
    if (now.equals(inUse)) {
      problem = null;
    } else if (settled) {
      switch (Material.of(now)) {
        case Good(Material material) ->
            material
                .unfitAt(clock.instant())
                .ifPresentOrElse(
                    unfit -> refuse("the certificate " + unfit), () -> take(now, material));
        case Bad bad ->
            refuse(bad.faults().stream().map(this::sentence).collect(Collectors.joining("; ")));
      }
    }
  }

  private String sentence(TlsFault fault) {
    return files.of(fault.file()) + " " + fault.what();
  }

  private void take(Contents contents, Material material) {
    listener.taken(material);
    inUse = contents;
    problem = null;
    LOG.atInfo().addKeyValue("ends", material.end()).log("changed TLS files are in use");
  }

  private void refuse(String why) {
    if (!why.equals(problem)) {
      LOG.atError()
          .addKeyValue("problem", why)
          .log("changed TLS files cannot be used, those before stay in use");
      problem = why;
    }
    listener.refused();
  }

  @Override
  public void close() {
    background.shutdownNow();
  }
}
