package com.authgear.authrequest.verify.session;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.authgear.authrequest.bearer.Reason;
import com.authgear.authrequest.principal.Principal;
import com.authgear.authrequest.principal.VerifiedBy;
import com.authgear.authrequest.support.PrincipalBuilder;
import com.authgear.authrequest.support.SettableClock;
import com.authgear.authrequest.verify.CacheCounts;
import com.authgear.authrequest.verify.Caller;
import com.authgear.authrequest.verify.Digest;
import com.authgear.authrequest.verify.Verification;
import com.authgear.authrequest.verify.Verification.Rejected;
import com.authgear.authrequest.verify.Verification.Unavailable;
import com.authgear.authrequest.verify.Verification.Verified;
import com.authgear.authrequest.verify.changes.Changes;
import com.authgear.authrequest.verify.changes.Changes.Change;
import com.authgear.authrequest.verify.resolver.ResolverAnswer;
import com.authgear.authrequest.verify.resolver.ResolverResult;
import com.authgear.authrequest.verify.resolver.SentCredential;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ResolverCacheTest {

  private static final String USER = "user-1";
  private static final Digest KEY = Digest.ofCookie("session", "a");
  private static final long TTL = 5000;

  private final SettableClock clock = new SettableClock();
  private final CacheCounts counts = new CacheCounts();
  private final Map<String, Change> changes = new ConcurrentHashMap<>();
  private final AtomicLong changeNumber = new AtomicLong();
  private final AtomicInteger coalesced = new AtomicInteger();
  private final AtomicInteger stale = new AtomicInteger();
  private final List<Long> ages = new CopyOnWriteArrayList<>();
  private final List<Caller> callers = new CopyOnWriteArrayList<>();
  private final AtomicInteger calls = new AtomicInteger();
  private final List<ResolverCache> opened = new ArrayList<>();
  private volatile Supplier<ResolverAnswer> resolver = () -> valid("admin");

  @AfterEach
  void close() {
    opened.forEach(ResolverCache::close);
  }

  private ResolverCache answers(long goodFor, boolean refreshAhead, long staleIfError) {
    return answers(Duration.ofMillis(goodFor), refreshAhead, staleIfError, 100, 10_000);
  }

  private ResolverCache answers(
      Duration goodFor, boolean refreshAhead, long staleIfError, int size, long patience) {
    ResolverCache answers =
        new ResolverCache(
            (_, caller) -> {
              calls.incrementAndGet();
              callers.add(caller);
              return resolver.get();
            },
            new ResolverCache.CacheLimits(
                goodFor,
                refreshAhead,
                Duration.ofMillis(staleIfError),
                size,
                Duration.ofMillis(patience),
                4),
            new Changes() {
              @Override
              public @Nullable Change latest(String userId) {
                return changes.get(userId);
              }

              @Override
              public long number() {
                return changeNumber.get();
              }
            },
            clock,
            clock::nanoTime,
            counts,
            new ResolverCache.CacheListener() {
              @Override
              public void coalesced() {
                coalesced.incrementAndGet();
              }

              @Override
              public void servedStale() {
                stale.incrementAndGet();
              }

              @Override
              public void used(long ageNanos) {
                ages.add(ageNanos);
              }
            });
    opened.add(answers);
    return answers;
  }

  private static Principal principal(String role) {
    return PrincipalBuilder.user(USER)
        .anonymous(false)
        .verified(true)
        .canReauthenticate(true)
        .roles(List.of(role))
        .audiences(List.of("https://project"))
        .build();
  }

  private static ResolverAnswer valid(String role, String... setCookie) {
    return new ResolverAnswer(
        ResolverResult.VALID,
        new Verified(
            VerifiedBy.RESOLVER,
            principal(role),
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            Verified.NEVER_CACHED,
            List.of(setCookie)),
        "");
  }

  private static ResolverAnswer invalid(String... setCookie) {
    return new ResolverAnswer(
        ResolverResult.INVALID,
        new Rejected(VerifiedBy.RESOLVER, Reason.SESSION_INVALID, List.of(setCookie)),
        "");
  }

  private static ResolverAnswer down() {
    return new ResolverAnswer(
        ResolverResult.UNAVAILABLE,
        new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_UNAVAILABLE),
        "");
  }

  private static ResolverQuery by(String address) {
    return new ResolverQuery() {
      @Override
      public SentCredential presented() {
        return new SentCredential(null, "session=a");
      }

      @Override
      public Caller caller() {
        return new Caller(address, null, null);
      }
    };
  }

  private static final ResolverQuery ANY = by("192.0.2.1");

  /** As a request does: what is known, else asking. */
  private static Verification request(ResolverCache answers) {
    Verification known = answers.known(KEY, ANY);
    return known != null ? known : answers.ask(KEY, ANY);
  }

  private static @Nullable List<String> roles(@Nullable Verification verification) {
    return verification instanceof Verified verified ? verified.principal().roles() : null;
  }

  private void changed() {
    long number = changeNumber.incrementAndGet();
    changes.put(USER, new Change(clock.millis() / 1000, Change.NEVER, number, number));
  }

  /** What was heard of before has to be confirmed once more. */
  private void lookAgain() {
    Change change = requireNonNull(changes.get(USER));
    changes.put(
        USER,
        new Change(
            change.confirmUntil(),
            change.refuseUntil(),
            changeNumber.incrementAndGet(),
            change.heard()));
  }

  @Nested
  class SecondLook {

    @Test
    void changeThatIsToBeConfirmedOnceMore_isAskedAboutOnce() {
      ResolverCache answers = answers(TTL, false, 0);
      changed();
      request(answers);
      lookAgain();
      resolver = () -> valid("reader");

      assertThat(roles(request(answers))).containsExactly("reader");
      request(answers);
      assertThat(calls).hasValue(2);
    }

    @Test
    void resolverCannotSay_theAnswerSinceTheChangeServes() {
      ResolverCache answers = answers(TTL, false, 0);
      changed();
      request(answers);
      lookAgain();
      resolver = () -> down();
      assertThat(roles(request(answers))).containsExactly("admin");

      changed();
      assertThat(request(answers))
          .as("the one of before does not")
          .isEqualTo(down().verification());
    }
  }

  @Nested
  class Age {

    @Test
    void known_withinTheTtl_isTheAnswerWithoutACall() {
      ResolverCache answers = answers(TTL, false, 0);
      assertThat(answers.known(KEY, ANY)).isNull();
      request(answers);
      clock.pass(TTL - 1);

      assertThat(roles(answers.known(KEY, ANY))).containsExactly("admin");
      assertThat(calls).hasValue(1);
      assertThat(counts.hits()).isEqualTo(1);
      assertThat(counts.misses()).isEqualTo(1);
      assertThat(ages).containsExactly(TimeUnit.MILLISECONDS.toNanos(TTL - 1));
    }

    @Test
    void known_atTheTtl_isNothing() {
      ResolverCache answers = answers(TTL, false, 0);
      request(answers);
      clock.pass(TTL);

      assertThat(answers.known(KEY, ANY)).isNull();
    }

    @Test
    void known_answerThatTookLong_isAsOldAsTheAsking() {
      ResolverCache answers = answers(TTL, false, 0);
      resolver =
          () -> {
            clock.pass(2000);
            return valid("admin");
          };
      request(answers);
      clock.pass(TTL - 2000 - 1);
      assertThat(answers.known(KEY, ANY)).isNotNull();

      clock.pass(1);
      assertThat(answers.known(KEY, ANY)).isNull();
    }

    @Test
    void known_wallClockSetBack_isNothingUntilAskedAgain() {
      ResolverCache answers = answers(TTL, false, 0);
      request(answers);
      clock.jump(-1);

      assertThat(answers.known(KEY, ANY)).isNull();
      request(answers);
      assertThat(answers.known(KEY, ANY)).isNotNull();
    }

    @Test
    void known_wallClockSetBackAndCaughtUp_isStillTooOld() {
      ResolverCache answers = answers(TTL, false, 0);
      request(answers);
      clock.jump(-60_000);
      clock.pass(60_000);

      assertThat(answers.known(KEY, ANY)).isNull();
    }

    @Test
    void known_wallClockSetForward_isNothing() {
      ResolverCache answers = answers(TTL, false, 0);
      request(answers);
      clock.jump(TTL);

      assertThat(answers.known(KEY, ANY)).isNull();
    }

    @Test
    void known_refusal_isForgottenAfterASecond() {
      ResolverCache answers = answers(TTL, false, 0);
      resolver = ResolverCacheTest::invalid;
      request(answers);
      clock.pass(999);
      assertThat(answers.known(KEY, ANY))
          .isEqualTo(new Rejected(VerifiedBy.RESOLVER, Reason.SESSION_INVALID));

      clock.pass(1);
      assertThat(answers.known(KEY, ANY)).isNull();
    }

    @Test
    void known_refusalWithAShorterTtl_isForgottenWithIt() {
      ResolverCache answers = answers(300, false, 0);
      resolver = ResolverCacheTest::invalid;
      request(answers);
      clock.pass(299);
      assertThat(answers.known(KEY, ANY)).isNotNull();

      clock.pass(1);
      assertThat(answers.known(KEY, ANY)).isNull();
    }

    @Test
    void known_unavailable_isNeverKept() {
      ResolverCache answers = answers(TTL, false, 0);
      resolver = ResolverCacheTest::down;
      request(answers);

      assertThat(answers.known(KEY, ANY)).isNull();
      resolver = () -> valid("admin");
      assertThat(request(answers)).isInstanceOf(Verified.class);
    }

    @Test
    void known_ttlZero_isNothing() {
      ResolverCache answers = answers(0, false, 0);
      request(answers);

      assertThat(answers.known(KEY, ANY)).isNull();
      assertThat(answers.size()).isZero();
    }

    @Test
    void known_otherCredentials_isNothing() {
      ResolverCache answers = answers(TTL, false, 0);
      request(answers);

      assertThat(answers.known(Digest.ofToken("a"), ANY)).isNull();
      assertThat(answers.known(Digest.ofCookie("app_session", "a"), ANY)).isNull();
      assertThat(answers.known(Digest.ofCookie("session", "b"), ANY)).isNull();
    }

    @Test
    void freshUntil_isTheEndOfTheTtlFromTheAsking() {
      ResolverCache answers = answers(TTL, false, 0);
      Verified asked = (Verified) request(answers);
      clock.pass(100);

      assertThat(asked.freshUntil()).isEqualTo(SettableClock.START_SECONDS * 1000 + TTL);
      assertThat(((Verified) request(answers)).freshUntil())
          .isEqualTo(SettableClock.START_SECONDS * 1000 + TTL);
      assertThat(((Verified) request(answers(0, false, 0))).freshUntil())
          .isEqualTo(Verified.NEVER_CACHED);
    }

    @Test
    void ask_moreThanTheSize_evictsAndCounts() {
      ResolverCache answers = answers(Duration.ofMillis(TTL), false, 0, 10, 1000);
      for (int i = 0; i < 1000; i++) {
        answers.ask(Digest.ofCookie("session", "" + i), ANY);
      }

      await().until(() -> answers.size() <= 10 && counts.evictions() >= 990);
    }

    @Test
    void ask_manyRefusals_evictNoGoodAnswer() {
      ResolverCache answers = answers(Duration.ofMillis(TTL), false, 0, 10, 1000);
      request(answers);
      resolver = ResolverCacheTest::invalid;
      for (int i = 0; i < 1000; i++) {
        answers.ask(Digest.ofCookie("session", "" + i), ANY);
      }

      assertThat(answers.known(KEY, ANY)).isInstanceOf(Verified.class);
      assertThat(counts.evictions()).isZero();
    }
  }

  @Nested
  class SetCookie {

    @Test
    void ask_goodAnswerWithSetCookie_onlyTheAskerGetsIt() {
      ResolverCache answers = answers(TTL, false, 0);
      resolver = () -> valid("admin", "session=new");
      Verified asked = (Verified) request(answers);
      Verified later = (Verified) request(answers);

      assertThat(asked.setCookie()).containsExactly("session=new");
      assertThat(asked.freshUntil()).isEqualTo(Verified.NEVER_CACHED);
      assertThat(later.setCookie()).isEmpty();
      assertThat(calls).hasValue(1);
    }

    @Test
    void ask_refusalWithSetCookie_onlyTheAskerGetsIt() {
      ResolverCache answers = answers(TTL, false, 0);
      resolver = () -> invalid("session=; Max-Age=0");

      assertThat(((Rejected) request(answers)).setCookie()).containsExactly("session=; Max-Age=0");
      assertThat(((Rejected) request(answers)).setCookie()).isEmpty();
    }
  }

  @Nested
  class Coalescing {

    private final CountDownLatch answer = new CountDownLatch(1);

    private void answerWhenTold(Supplier<ResolverAnswer> outcome) {
      resolver =
          () -> {
            try {
              answer.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            return outcome.get();
          };
    }

    @Test
    void ask_thousandAtOnce_isOneCallWithTheFirstCaller() throws Exception {
      ResolverCache answers = answers(0, false, 0);
      answerWhenTold(() -> valid("admin", "session=new"));
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<Verification>> all = new ArrayList<>();
        all.add(threads.submit(() -> answers.ask(KEY, by("first"))));
        await().until(() -> calls.get() == 1);
        for (int i = 1; i < 1000; i++) {
          all.add(threads.submit(() -> answers.ask(KEY, by("later"))));
        }
        await().until(() -> coalesced.get() == 999);
        answer.countDown();

        int withCookie = 0;
        for (Future<Verification> one : all) {
          Verified verified = (Verified) one.get(10, TimeUnit.SECONDS);
          withCookie += verified.setCookie().size();
        }
        assertThat(withCookie).isEqualTo(1);
      }
      assertThat(callers).containsExactly(new Caller("first", null, null));
      assertThat(answers.callsInFlight()).isZero();
    }

    @Test
    void ask_callThatDoesNotEnd_waitersGiveUpInTime() throws Exception {
      ResolverCache answers = answers(Duration.ZERO, false, 0, 100, 50);
      answerWhenTold(() -> valid("admin"));
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<Verification> first = threads.submit(() -> answers.ask(KEY, ANY));
        await().until(() -> calls.get() == 1);

        assertThat(threads.submit(() -> answers.ask(KEY, ANY)).get(10, TimeUnit.SECONDS))
            .isEqualTo(new Unavailable(VerifiedBy.RESOLVER, Reason.RESOLVER_UNAVAILABLE));
        answer.countDown();
        assertThat(first.get(10, TimeUnit.SECONDS)).isInstanceOf(Verified.class);
      }
    }

    @Test
    void ask_moreThanMayWait_isOverloadedAtOnce() throws Exception {
      ResolverCache answers = answers(0, false, 0);
      answerWhenTold(() -> valid("admin"));
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < ResolverCache.MAX_WAITING; i++) {
          var _ = threads.submit(() -> answers.ask(KEY, ANY));
        }
        await().until(() -> coalesced.get() == ResolverCache.MAX_WAITING - 1);

        assertThat(answers.ask(KEY, ANY))
            .isEqualTo(new Unavailable(VerifiedBy.RESOLVER, Reason.OVERLOADED));
        answer.countDown();
      }
      assertThat(answers.ask(KEY, ANY)).isInstanceOf(Verified.class);
    }

    @Test
    void ask_placesTakenByOnesMadeUp_thoseWhoWereGoodStillGetIn() throws Exception {
      ResolverCache answers = answers(TTL, false, 0);
      answers.ask(KEY, ANY);
      clock.pass(TTL);
      answerWhenTold(() -> valid("admin"));
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<Verification>> strangers = new ArrayList<>();
        for (int i = 0; i < ResolverCache.MAX_WAITING; i++) {
          Digest madeUp = Digest.ofCookie("session", "made-up-" + i);
          strangers.add(threads.submit(() -> answers.ask(madeUp, ANY)));
        }
        await().until(() -> answers.callsInFlight() == ResolverCache.MAX_WAITING);
        assertThat(answers.ask(Digest.ofCookie("session", "x"), ANY))
            .isEqualTo(new Unavailable(VerifiedBy.RESOLVER, Reason.OVERLOADED));

        Future<Verification> known = threads.submit(() -> answers.ask(KEY, ANY));
        await().until(() -> answers.callsInFlight() == ResolverCache.MAX_WAITING + 1);
        answer.countDown();
        assertThat(known.get(10, TimeUnit.SECONDS)).isInstanceOf(Verified.class);
        for (Future<Verification> one : strangers) {
          one.get(10, TimeUnit.SECONDS);
        }
      }
    }

    @Test
    void ask_bugInTheCall_failsAllAndLeavesNothingBehind() throws Exception {
      ResolverCache answers = answers(TTL, false, 0);
      answerWhenTold(
          () -> {
            throw new IllegalStateException("a bug");
          });
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<Verification> first = threads.submit(() -> answers.ask(KEY, ANY));
        await().until(() -> calls.get() == 1);
        Future<Verification> second = threads.submit(() -> answers.ask(KEY, ANY));
        await().until(() -> coalesced.get() == 1);
        answer.countDown();

        assertThatThrownBy(() -> first.get(10, TimeUnit.SECONDS)).hasRootCauseMessage("a bug");
        assertThatThrownBy(() -> second.get(10, TimeUnit.SECONDS)).hasRootCauseMessage("a bug");
      }
      resolver = () -> valid("admin");
      assertThat(answers.ask(KEY, ANY)).isInstanceOf(Verified.class);
    }

    @Test
    void ask_changeLearnedWhileACallIsInFlight_asksAnewAndTheOldAnswerIsNotKept() throws Exception {
      ResolverCache answers = answers(TTL, false, 0);
      answerWhenTold(() -> valid("before"));
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<Verification> first = threads.submit(() -> answers.ask(KEY, ANY));
        await().until(() -> calls.get() == 1);
        clock.pass(10);
        changed();
        resolver = () -> valid("after");
        answer.countDown();

        assertThat(roles(first.get(10, TimeUnit.SECONDS))).containsExactly("after");
      }
      assertThat(roles(answers.known(KEY, ANY))).containsExactly("after");
      assertThat(calls).hasValue(2);
    }
  }

  @Nested
  class ChangedUser {

    @Test
    void known_askedBeforeTheChangeWasLearned_isNothing() {
      ResolverCache answers = answers(TTL, false, 0);
      request(answers);
      changed();
      assertThat(answers.known(KEY, ANY)).as("the same millisecond").isNull();

      clock.pass(1);
      changed();
      assertThat(answers.known(KEY, ANY)).isNull();
    }

    @Test
    void known_askedAfterTheChangeWasLearned_isTheAnswer() {
      ResolverCache answers = answers(TTL, false, 0);
      changed();
      clock.pass(1);
      request(answers);

      assertThat(answers.known(KEY, ANY)).isNotNull();
      assertThat(calls).hasValue(1);
    }

    @Test
    void ask_inTheMillisecondOfTheChange_isAnsweredByACallThatKnowsOfIt() {
      ResolverCache answers = answers(TTL, false, 0);
      request(answers);
      changed();

      assertThat(request(answers)).isInstanceOf(Verified.class);
      assertThat(answers.known(KEY, ANY)).as("asked for knowing the change").isNotNull();
    }

    @Test
    void known_sameChangeAgain_asksAgainAndDoesNoHarm() {
      ResolverCache answers = answers(TTL, false, 0);
      request(answers);
      for (int i = 0; i < 3; i++) {
        clock.pass(10);
        changed();
        assertThat(roles(request(answers))).containsExactly("admin");
      }
      assertThat(calls.get()).isBetween(4, 7);
    }

    @Test
    void known_untilTheEnd_lastsUntilTheNextChange() {
      ResolverCache answers = answers(ResolverCache.UNTIL_THE_END, false, 0, 100, 1000);
      changed();
      request(answers);
      clock.pass(Duration.ofDays(20).toMillis());
      assertThat(answers.known(KEY, ANY)).isNotNull();

      changed();
      assertThat(answers.known(KEY, ANY)).isNull();
    }
  }

  @Nested
  class RefreshAhead {

    @Test
    void known_beforeHalf_makesNoCall() {
      ResolverCache answers = answers(TTL, true, 0);
      request(answers);
      clock.pass(TTL / 2 - 1);
      answers.known(KEY, ANY);
      answers.close();

      assertThat(calls).hasValue(1);
    }

    @Test
    void known_fromHalf_isGivenAndRefreshedForTheNext() {
      ResolverCache answers = answers(TTL, true, 0);
      request(answers);
      clock.pass(TTL / 2);
      resolver = () -> valid("fresher");

      assertThat(roles(answers.known(KEY, by("192.0.2.9")))).containsExactly("admin");
      await().until(() -> List.of("fresher").equals(roles(answers.known(KEY, ANY))));
      assertThat(calls).hasValue(2);
      assertThat(callers).last().isEqualTo(new Caller("192.0.2.9", null, null));
      clock.pass(TTL - 1);
      assertThat(answers.known(KEY, ANY)).as("its own interval").isNotNull();
    }

    @Test
    void known_refreshedToARefusal_isRefused() {
      ResolverCache answers = answers(TTL, true, 60_000);
      request(answers);
      clock.pass(TTL / 2);
      resolver = ResolverCacheTest::invalid;
      answers.known(KEY, ANY);

      await().until(() -> answers.known(KEY, ANY) instanceof Rejected);
    }

    @Test
    void known_refreshThatFails_isTriedAgainLaterAndEndsNothingEarly() {
      ResolverCache answers = answers(8000, true, 0);
      request(answers);
      resolver = ResolverCacheTest::down;
      clock.pass(4000);
      answers.known(KEY, ANY);
      await().until(() -> calls.get() == 2 && answers.callsInFlight() == 0);
      clock.pass(999);
      assertThat(answers.known(KEY, ANY)).isInstanceOf(Verified.class);
      assertThat(calls).hasValue(2);

      clock.pass(1);
      assertThat(answers.known(KEY, ANY)).isInstanceOf(Verified.class);
      await().until(() -> calls.get() == 3 && answers.callsInFlight() == 0);
      clock.pass(2999);
      assertThat(answers.known(KEY, ANY)).isInstanceOf(Verified.class);
      clock.pass(1);
      assertThat(answers.known(KEY, ANY)).isNull();
    }
  }

  @Nested
  class StaleIfError {

    private ResolverCache down(long staleIfError) {
      ResolverCache answers = answers(TTL, false, staleIfError);
      request(answers);
      resolver = ResolverCacheTest::down;
      return answers;
    }

    @Test
    void ask_withoutStale_isUnavailableAtTheTtl() {
      ResolverCache answers = down(0);
      clock.pass(TTL);

      assertThat(request(answers)).isInstanceOf(Unavailable.class);
      assertThat(stale).hasValue(0);
    }

    @Test
    void ask_withinStale_isTheLastGoodAnswerAndNotForCaches() {
      ResolverCache answers = down(3000);
      clock.pass(TTL + 3000 - 1);

      assertThat(request(answers))
          .isInstanceOfSatisfying(
              Verified.class,
              verified -> assertThat(verified.freshUntil()).isEqualTo(Verified.NEVER_CACHED));
      assertThat(stale).hasValue(1);
      clock.pass(1);
      assertThat(request(answers)).isInstanceOf(Unavailable.class);
      assertThat(stale).hasValue(1);
    }

    @Test
    void ask_userChangedSince_isUnavailable() {
      ResolverCache answers = down(3000);
      clock.pass(10);
      changed();

      assertThat(request(answers)).isInstanceOf(Unavailable.class);
    }

    @Test
    void ask_refusedSince_isNeverStale() {
      ResolverCache answers = answers(TTL, false, 60_000);
      request(answers);
      clock.pass(TTL);
      resolver = ResolverCacheTest::invalid;
      request(answers);
      clock.pass(2000);
      resolver = ResolverCacheTest::down;

      assertThat(request(answers)).isInstanceOf(Unavailable.class);
    }

    @Test
    void ask_credentialEnded_isUnavailable() {
      long end = SettableClock.START_SECONDS + 7;
      resolver =
          () ->
              new ResolverAnswer(
                  ResolverResult.VALID, new Verified(VerifiedBy.JWT, principal("admin"), end), "");
      ResolverCache answers = down(60_000);
      clock.pass(7000 - 1);
      assertThat(request(answers)).isInstanceOf(Verified.class);

      clock.pass(1);
      assertThat(request(answers)).isInstanceOf(Unavailable.class);
    }

    @Test
    void ask_resolverBack_isFreshAgain() {
      ResolverCache answers = down(3000);
      clock.pass(TTL);
      request(answers);
      resolver = () -> valid("fresh");

      assertThat(roles(request(answers))).containsExactly("fresh");
    }
  }
}
