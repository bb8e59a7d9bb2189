package com.authgear.authrequest.follow;

import com.authgear.authrequest.follow.FollowMeters.Target;
import com.authgear.authrequest.follow.FollowMeters.TellResult;
import com.authgear.authrequest.http.FollowHandler;
import com.authgear.authrequest.verify.changes.ChangeMarks;
import com.authgear.authrequest.verify.changes.FollowMessage;
import com.authgear.authrequest.verify.changes.Heartbeat;
import com.authgear.authrequest.verify.changes.UserEvent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells services by posts to {@code /hooks/follow}: every address of every target, each by itself,
 * so that one that hangs keeps no other waiting. A process that was not told everything before is
 * told everything first, and only then that it is all.
 */
final class Posts implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Posts.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  /** What is older is told by everything that is known. */
  private static final int JOURNAL = 10_000;

  /** A line has less than 1,024 bytes, and a post less than {@link FollowHandler#MAX_BODY}. */
  private static final int EVENTS_A_POST = 250;

  /** A process that is replaced while it is told. */
  private static final int TRIES = 3;

  private static final long NOTHING = -1;

  private record PostTarget(URI target, InetAddress address) {}

  private final List<URI> targets;
  private final ChangeMarks marks;
  private final FollowMeters meters;
  private final HookClient client;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<PostTarget, Recipient> listeners = new ConcurrentHashMap<>();
  private final Map<URI, AtomicBoolean> resolving = new ConcurrentHashMap<>();

  /** Guarded by itself: the last events, and how many came before them. */
  private final List<UserEvent> journal = new ArrayList<>();

  private long dropped;

  /**
   * @param marks everything that is known
   */
  Posts(
      List<URI> targets,
      String secret,
      ChangeMarks marks,
      InstantSource clock,
      FollowMeters meters) {
    this.targets = targets;
    this.marks = marks;
    this.meters = meters;
    this.client = new HookClient(secret, TIMEOUT, clock);
  }

  /** To be told with the next heartbeat. */
  void add(UserEvent event) {
    synchronized (journal) {
      journal.add(event);
      if (journal.size() > JOURNAL) {
        journal.subList(0, JOURNAL / 10).clear();
        dropped += JOURNAL / 10;
      }
    }
  }

  /**
   * Tells every address what it does not know yet, and then that it is all. Waits for nothing.
   *
   * @param heartbeat is made when it is sent
   */
  void tell(Supplier<Heartbeat> heartbeat) {
    for (URI target : targets) {
      AtomicBoolean busy = resolving.computeIfAbsent(target, _ -> new AtomicBoolean());
      if (busy.compareAndSet(false, true)) {
        threads.execute(
            () -> {
              try {
                resolve(target).forEach(place -> tell(place, heartbeat));
              } finally {
                busy.set(false);
              }
            });
      }
    }
  }

  private Set<PostTarget> resolve(URI target) {
    Set<PostTarget> places = new HashSet<>();
    try {
      for (InetAddress address : InetAddress.getAllByName(target.getHost())) {
        places.add(new PostTarget(target, address));
      }
    } catch (UnknownHostException _) {
      LOG.atWarn().addKeyValue("target", target).log("a service is not told: its name is unknown");
      meters.sent(Target.POST, TellResult.FAILURE, 1);
      return Set.of();
    }
    listeners.keySet().removeIf(place -> place.target.equals(target) && !places.contains(place));
    return places;
  }

  private void tell(PostTarget place, Supplier<Heartbeat> heartbeat) {
    Recipient listener = listeners.computeIfAbsent(place, Recipient::new);
    if (listener.busy.compareAndSet(false, true)) {
      threads.execute(
          () -> {
            try {
              listener.tell(heartbeat);
            } finally {
              listener.busy.set(false);
            }
          });
    }
  }

  /** One address. */
  private final class Recipient {
    private final HookClient.Recipient sender;
    private final AtomicBoolean busy = new AtomicBoolean();

    /** Only by the thread that has made it busy. */
    private String instance = FollowMessage.NOBODY;

    private long position = NOTHING;
    private volatile boolean complained;

    Recipient(PostTarget place) {
      sender = client.at(place.target, place.address);
    }

    void tell(Supplier<Heartbeat> heartbeat) {
      try {
        for (int i = 0; i < TRIES; i++) {
          if (instance.equals(FollowMessage.NOBODY)) {
            instance = sender.post(new FollowMessage(FollowMessage.NOBODY, List.of(), null));
            position = NOTHING;
          }
          if (tellRest(heartbeat)) {
            complained = false;
            return;
          }
        }
      } catch (IOException e) {
        meters.sent(Target.POST, TellResult.FAILURE, 1);
        if (!complained) {
          complained = true;
          LOG.atWarn()
              .addKeyValue("target", sender.url())
              .addKeyValue("cause", e.getMessage())
              .log("a service is not told; it is tried again");
        }
      } catch (RuntimeException bug) {
        LOG.atError().setCause(bug).log("a service is not told because of a bug");
      }
    }

    /** False if another process answered. */
    private boolean tellRest(Supplier<Heartbeat> heartbeat) throws IOException {
      List<UserEvent> events;
      long end;
      synchronized (journal) {
        end = dropped + journal.size();
        events =
            position < dropped
                ? null
                : List.copyOf(journal.subList((int) (position - dropped), journal.size()));
      }
      if (events == null) {
        events = marks.snapshot();
      }
      for (int i = 0; i < events.size(); i += EVENTS_A_POST) {
        List<UserEvent> some = events.subList(i, Math.min(i + EVENTS_A_POST, events.size()));
        if (!isStill(sender.post(new FollowMessage(instance, some, null)))) {
          return false;
        }
        meters.sent(Target.POST, TellResult.SUCCESS, some.size());
      }
      if (!isStill(sender.post(new FollowMessage(instance, List.of(), heartbeat.get())))) {
        return false;
      }
      position = end;
      return true;
    }

    private boolean isStill(String answered) {
      boolean same = answered.equals(instance);
      if (!same) {
        instance = answered;
        position = NOTHING;
      }
      return same;
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
    client.close();
  }
}
