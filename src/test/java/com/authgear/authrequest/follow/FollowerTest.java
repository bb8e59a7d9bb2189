package com.authgear.authrequest.follow;

import static org.assertj.core.api.Assertions.assertThat;

import com.authgear.authrequest.follow.AuditLog.Failed;
import com.authgear.authrequest.follow.AuditLog.Page;
import com.authgear.authrequest.follow.Follower.Poll;
import com.fasterxml.jackson.databind.node.NullNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is read of an audit log that is kept here, in pages as Authgear makes them. */
class FollowerTest {

  private static final Instant START = Instant.parse("2026-11-28T12:00:00Z");
  private static final int PAGE = 100;

  private final Log log = new Log();
  private final List<String> read = new ArrayList<>();
  private Instant now = START;
  private final Follower follower =
      new Follower(
          log,
          Duration.ofSeconds(60),
          Duration.ofHours(1),
          () -> now,
          entry -> read.add(entry.id()));

  @Test
  void poll_firstTime_looksBack() {
    log.add("old", START.minusSeconds(3600));
    log.add("older", START.minusSeconds(3700));
    log.add("new", START);

    Poll poll = follower.poll();

    assertThat(read).containsExactly("old", "new");
    assertThat(poll.since()).isEqualTo(START.minusSeconds(3600).getEpochSecond());
    assertThat(poll.until()).isEqualTo(START);
  }

  @Test
  void poll_again_handsOnEachEntryOnce() {
    log.add("a", START);
    follower.poll();
    later(1);
    log.add("b", now);

    follower.poll();

    assertThat(read).containsExactly("a", "b");
  }

  @Test
  void poll_entryAppearsLate_isReadWithinTheOverlap() {
    follower.poll();
    later(59);
    log.add("late", START);

    follower.poll();

    assertThat(read).containsExactly("late");
  }

  @Test
  void poll_moreThanAPage_readsOnByTime() {
    for (int i = 0; i < 350; i++) {
      log.add("e" + i, START.minusSeconds(350 - i));
    }

    follower.poll();

    assertThat(read).hasSize(350).doesNotHaveDuplicates();
    assertThat(log.cursors).isZero();
  }

  @Test
  void poll_moreThanAPageInOneSecond_readsOnByCursor() {
    for (int i = 0; i < 350; i++) {
      log.add("e" + i, START.minusSeconds(10));
    }
    log.add("last", START);

    follower.poll();

    assertThat(read).hasSize(351).doesNotHaveDuplicates().contains("last");
    assertThat(log.cursors).isPositive();
  }

  @Test
  void poll_exactlyAPage_ends() {
    for (int i = 0; i < PAGE; i++) {
      log.add("e" + i, START.minusSeconds(5));
    }

    assertThat(follower.poll().failure()).isNull();
    assertThat(read).hasSize(PAGE);
  }

  @Test
  void poll_failsInBetween_keepsTheTimeAndReadsTheRestLater() {
    follower.poll();
    later(600);
    for (int i = 0; i < 150; i++) {
      log.add("e" + i, START.plusSeconds(1 + i));
    }
    log.failAfter = 1;

    Poll failed = follower.poll();

    assertThat(failed.until()).isEqualTo(START);
    assertThat(failed.failure()).isInstanceOf(Failed.class);
    assertThat(read).hasSize(PAGE);
    log.failAfter = Integer.MAX_VALUE;
    Poll good = follower.poll();
    assertThat(good.until()).isEqualTo(now);
    assertThat(read).hasSize(150).doesNotHaveDuplicates();
  }

  @Test
  void poll_clockHereIsWrong_countsByAuthgears() {
    log.servedAt = START.minusSeconds(7200);
    follower.poll();
    log.add("now", START.minusSeconds(7199));
    log.servedAt = START.minusSeconds(7198);

    Poll poll = follower.poll();

    assertThat(read).containsExactly("now");
    assertThat(poll.until()).isEqualTo(START.minusSeconds(7198));
  }

  @Test
  void poll_forALongTime_forgetsWhatIsNotReadAgain() {
    for (int i = 0; i < 300; i++) {
      log.add("e" + i, now);
      follower.poll();
      later(1);
    }

    assertThat(read).hasSize(300).doesNotHaveDuplicates();
    assertThat(follower.remembered()).isLessThanOrEqualTo(62);
  }

  private void later(long seconds) {
    now = now.plusSeconds(seconds);
  }

  /** Sorted by time, at most a page at once, cursors are offsets. */
  private final class Log implements AuditLog {
    private final List<AuditEntry> entries = new ArrayList<>();
    private @Nullable Instant servedAt;
    private int cursors;
    private int failAfter = Integer.MAX_VALUE;

    void add(String id, Instant at) {
      entries.add(
          new AuditEntry(id, at.getEpochSecond(), "USER_SIGNED_OUT", "u", NullNode.getInstance()));
      entries.sort(Comparator.comparingLong(AuditEntry::createdAt));
    }

    @Override
    public AuditResult read(Instant from, @Nullable String after) {
      if (failAfter-- <= 0) {
        return new Failed("down");
      }
      List<AuditEntry> all =
          entries.stream().filter(entry -> entry.createdAt() >= from.getEpochSecond()).toList();
      int offset = 0;
      if (after != null) {
        cursors++;
        offset = Integer.parseInt(after);
      }
      int end = Math.min(all.size(), offset + PAGE);
      List<AuditEntry> page = all.subList(Math.min(offset, end), end);
      return new Page(
          page, page.size() >= PAGE, Integer.toString(end), servedAt == null ? now : servedAt);
    }
  }
}
